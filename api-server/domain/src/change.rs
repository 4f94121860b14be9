//! What an entry changes, one thing at a time. A change that was written can be read for ever: one that means something
//! else is a new variant.

use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::access_record::Access;
use crate::command::RecordName;
use crate::digest::Digest;
use crate::id::{
    ConfigId, CredentialId, DataKeyId, Epoch, GroupId, KeyRecordId, MappingId, ProjectId, TokenId,
    UserId,
};
use crate::names::{
    Cidr, Description, DisplayName, Email, ExternalKey, Key, ServiceName, Slug, Username,
};
use crate::roles::{ProjectRole, RoleSubject, WorkspaceRole};
use crate::seal::Fingerprint;
use crate::settings::Settings;
use crate::signing::PublicKey;
use crate::time::Timestamp;

/// One thing that an entry changes. Values, hashes of passwords and tokens, and wrapped keys lie beside the journal;
/// a change holds their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// The journal begins.
    JournalStarted {
        /// The lifetime that revisions belong to.
        epoch: Epoch,
        /// Fingerprint of the root key.
        root_key: Fingerprint,
        /// Fingerprint of the token salt.
        token_salt: String,
        /// What signatures are verified with.
        signing_key: PublicKey,
    },
    /// Revisions begin anew, after a restore: those of before cannot be compared with those to come.
    EpochStarted {
        /// The lifetime that revisions belong to from now on.
        epoch: Epoch,
    },
    /// Another root key wraps data keys from now on, and another key signs heads. This entry is signed with both.
    RootKeyRotated {
        /// Fingerprint of the root key.
        root_key: Fingerprint,
        /// What signatures are verified with from this entry on.
        signing_key: PublicKey,
    },
    /// The workspace has other settings.
    SettingsChanged {
        /// All of them as they are now.
        settings: Settings,
    },
    /// Somebody may sign in.
    UserAdded {
        /// The user.
        user_id: UserId,
        /// What they sign in with.
        username: Username,
        /// Their role in the workspace.
        role: WorkspaceRole,
        /// Where to write to them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<Email>,
        /// What they are called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        full_name: Option<DisplayName>,
        /// Their password's record.
        credential_id: CredentialId,
        /// The digest of that record.
        credential: Digest,
    },
    /// What is known of somebody is something else now, all of it as it is from now on.
    UserUpdated {
        /// The user.
        user_id: UserId,
        /// Their role in the workspace.
        role: WorkspaceRole,
        /// Whether they are kept from signing in.
        disabled: bool,
        /// Where to write to them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<Email>,
        /// What they are called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        full_name: Option<DisplayName>,
    },
    /// Somebody has another password.
    PasswordChanged {
        /// The user.
        user_id: UserId,
        /// The new password's record.
        credential_id: CredentialId,
        /// The digest of that record.
        credential: Digest,
    },
    /// A group begins, with nobody in it.
    GroupAdded {
        /// The group.
        group_id: GroupId,
        /// Its name in paths.
        slug: Slug,
        /// Its name for people.
        name: DisplayName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Description>,
    },
    /// A group is called otherwise.
    GroupUpdated {
        /// The group.
        group_id: GroupId,
        /// Its name in paths.
        slug: Slug,
        /// Its name for people.
        name: DisplayName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Description>,
    },
    /// A group ends, with its roles in projects and its mappings.
    GroupDeleted {
        /// The group.
        group_id: GroupId,
    },
    /// Others are in a group.
    GroupMembersChanged {
        /// The group.
        group_id: GroupId,
        /// Who came.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<UserId>,
        /// Who went.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<UserId>,
    },
    /// A user or a group has this role in a project.
    ProjectRoleSet {
        /// The project.
        project_id: ProjectId,
        /// Who.
        subject: RoleSubject,
        /// The role.
        role: ProjectRole,
    },
    /// A user or a group has no role of its own in a project any more.
    ProjectRoleRemoved {
        /// The project.
        project_id: ProjectId,
        /// Who.
        subject: RoleSubject,
    },
    /// A group of an identity provider stands for one of ours.
    MappingAdded {
        /// The mapping.
        mapping_id: MappingId,
        /// What the provider calls the group.
        external_key: ExternalKey,
        /// Our group.
        group_id: GroupId,
    },
    /// A mapping is gone.
    MappingRemoved {
        /// The mapping.
        mapping_id: MappingId,
    },
    /// A token was made.
    TokenIssued {
        /// The token.
        token_id: TokenId,
        /// Whose it is.
        subject: Subject,
        /// What it is for.
        purpose: Purpose,
        /// What it allows.
        scopes: Vec<Scope>,
        /// When it dies by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// From which addresses it is good; from all where there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cidrs: Vec<Cidr>,
        /// The digest of the token's record.
        record: Digest,
    },
    /// A token dies earlier than it would have.
    TokenExpiring {
        /// The token.
        token_id: TokenId,
        /// When it dies by itself.
        expires_at: Timestamp,
    },
    /// A token died.
    TokenRevoked {
        /// The token.
        token_id: TokenId,
    },
    /// A project begins.
    ProjectAdded {
        /// The project.
        project_id: ProjectId,
        /// Its name in paths.
        slug: Slug,
        /// Its name for people.
        name: DisplayName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Description>,
        /// The key that seals its values.
        data_key: DataKey,
    },
    /// A project is called otherwise.
    ProjectUpdated {
        /// The project.
        project_id: ProjectId,
        /// Its name for people.
        name: DisplayName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Description>,
    },
    /// New values of a project are sealed with another key; those before stay as they are.
    DataKeyAdded {
        /// The project.
        project_id: ProjectId,
        /// The key.
        data_key: DataKey,
    },
    /// A data key lies in another record now, wrapped with another root key; it is still the same key.
    DataKeyRewrapped {
        /// The project.
        project_id: ProjectId,
        /// The key.
        data_key: DataKey,
    },
    /// A project ends, with its configs, and its values can no longer be opened.
    ProjectDeleted {
        /// The project.
        project_id: ProjectId,
    },
    /// A config begins.
    ConfigAdded {
        /// The config.
        config_id: ConfigId,
        /// Its project.
        project_id: ProjectId,
        /// Its name in paths.
        slug: Slug,
        /// Its name for people.
        name: DisplayName,
        /// The config that it inherits from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_id: Option<ConfigId>,
    },
    /// A config is called otherwise.
    ConfigUpdated {
        /// The config.
        config_id: ConfigId,
        /// Its name in paths.
        slug: Slug,
        /// Its name for people.
        name: DisplayName,
    },
    /// A config inherits from another one, or from none.
    ConfigReparented {
        /// The config.
        config_id: ConfigId,
        /// The config that it inherits from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_id: Option<ConfigId>,
    },
    /// A config ends, with its secrets.
    ConfigDeleted {
        /// The config.
        config_id: ConfigId,
    },
    /// A secret has a new value.
    SecretSet {
        /// The config.
        config_id: ConfigId,
        /// The secret's key.
        key: Key,
        /// Counts the values that this key has had in this config, from 1; goes on after a deletion.
        version: u64,
        /// The digest of the sealed value.
        value: Digest,
        /// What the value refers to, one for each placeholder in its order. Absent where the value is plain text, with
        /// whatever looks like a placeholder in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refs: Option<Vec<Reference>>,
        /// The name of the icon that somebody chose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icon: Option<String>,
        /// A remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Description>,
    },
    /// A secret is gone from this config.
    SecretDeleted {
        /// The config.
        config_id: ConfigId,
        /// The secret's key.
        key: Key,
    },
    /// What another system had on record is on record here, too. Nothing of it was done here.
    EventsImported {
        /// What happened there, oldest first, and later than what such changes before held.
        events: Vec<Access>,
    },
}

impl Change {
    /// The record of the auth store that it names, and the digest that this record has.
    pub fn record(&self) -> Option<(RecordName, Digest)> {
        match self {
            Self::UserAdded {
                credential_id,
                credential,
                ..
            }
            | Self::PasswordChanged {
                credential_id,
                credential,
                ..
            } => Some((RecordName::credential(*credential_id), *credential)),
            Self::TokenIssued {
                token_id, record, ..
            } => Some((RecordName::token(*token_id), *record)),
            Self::ProjectAdded { data_key, .. }
            | Self::DataKeyAdded { data_key, .. }
            | Self::DataKeyRewrapped { data_key, .. } => {
                Some((RecordName::key(data_key.record_id), data_key.record))
            }
            Self::JournalStarted { .. }
            | Self::EpochStarted { .. }
            | Self::RootKeyRotated { .. }
            | Self::SettingsChanged { .. }
            | Self::UserUpdated { .. }
            | Self::GroupAdded { .. }
            | Self::GroupUpdated { .. }
            | Self::GroupDeleted { .. }
            | Self::GroupMembersChanged { .. }
            | Self::ProjectRoleSet { .. }
            | Self::ProjectRoleRemoved { .. }
            | Self::MappingAdded { .. }
            | Self::MappingRemoved { .. }
            | Self::TokenExpiring { .. }
            | Self::TokenRevoked { .. }
            | Self::ProjectUpdated { .. }
            | Self::ProjectDeleted { .. }
            | Self::ConfigAdded { .. }
            | Self::ConfigUpdated { .. }
            | Self::ConfigReparented { .. }
            | Self::ConfigDeleted { .. }
            | Self::SecretSet { .. }
            | Self::SecretDeleted { .. }
            | Self::EventsImported { .. } => None,
        }
    }

    /// What kind of change it is, as it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::JournalStarted { .. } => "journal_started",
            Self::EpochStarted { .. } => "epoch_started",
            Self::RootKeyRotated { .. } => "root_key_rotated",
            Self::SettingsChanged { .. } => "settings_changed",
            Self::UserAdded { .. } => "user_added",
            Self::UserUpdated { .. } => "user_updated",
            Self::PasswordChanged { .. } => "password_changed",
            Self::GroupAdded { .. } => "group_added",
            Self::GroupUpdated { .. } => "group_updated",
            Self::GroupDeleted { .. } => "group_deleted",
            Self::GroupMembersChanged { .. } => "group_members_changed",
            Self::ProjectRoleSet { .. } => "project_role_set",
            Self::ProjectRoleRemoved { .. } => "project_role_removed",
            Self::MappingAdded { .. } => "mapping_added",
            Self::MappingRemoved { .. } => "mapping_removed",
            Self::TokenIssued { .. } => "token_issued",
            Self::TokenExpiring { .. } => "token_expiring",
            Self::TokenRevoked { .. } => "token_revoked",
            Self::ProjectAdded { .. } => "project_added",
            Self::ProjectUpdated { .. } => "project_updated",
            Self::DataKeyAdded { .. } => "data_key_added",
            Self::DataKeyRewrapped { .. } => "data_key_rewrapped",
            Self::ProjectDeleted { .. } => "project_deleted",
            Self::ConfigAdded { .. } => "config_added",
            Self::ConfigUpdated { .. } => "config_updated",
            Self::ConfigReparented { .. } => "config_reparented",
            Self::ConfigDeleted { .. } => "config_deleted",
            Self::SecretSet { .. } => "secret_set",
            Self::SecretDeleted { .. } => "secret_deleted",
            Self::EventsImported { .. } => "events_imported",
        }
    }

    /// The secret that is changed, and the version that it has from then on.
    pub fn secret(&self) -> Option<(&Key, Option<u64>)> {
        match self {
            Self::SecretSet { key, version, .. } => Some((key, Some(*version))),
            Self::SecretDeleted { key, .. } => Some((key, None)),
            _ => None,
        }
    }
}

/// A data key as the journal names it: the key itself lies wrapped in the auth store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataKey {
    /// The name that sealed values carry.
    pub id: DataKeyId,
    /// Its record in the auth store.
    pub record_id: KeyRecordId,
    /// The digest of that record.
    pub record: Digest,
    /// Fingerprint of the root key that wraps it.
    pub root_key: Fingerprint,
}

/// What one placeholder of a value refers to. Configs are named by id, so that a new one of the same slug is not meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The config; absent for the one that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_id: Option<ConfigId>,
    /// The key in it.
    pub key: Key,
}

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A person's: it allows no more than the person may do at the time.
    User(UserId),
    /// A machine's.
    Service(ServiceName),
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Made by signing in.
    Session,
    /// Made by signing in to the console, whose browser keeps it in a cookie.
    Console,
    /// Made to be kept.
    Api,
}

impl Purpose {
    /// The purpose as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Console => "console",
            Self::Api => "api",
        }
    }
    /// Whether somebody proved a password for it: what only somebody who is signed in may do, it allows.
    pub fn is_sign_in(self) -> bool {
        match self {
            Self::Session | Self::Console => true,
            Self::Api => false,
        }
    }
}
