//! What each change of an entry does to the state.

use imbl::{OrdMap, OrdSet, Vector, vector};

use super::people::By;
use super::{
    Config, Done, Group, ImportedEvents, JournalInfo, Mapping, Project, ProjectKey, Secret, State,
    Token, User, Values,
};
use crate::digest::Digest;
use crate::entry::{Change, Entry, Idempotency};
use crate::idempotency::IDEMPOTENCY_MEMORY;

impl State {
    /// Makes this the state after `entry`, whose bytes have `hash`. Total: an entry that was written can always be
    /// applied; what it says about things that are not there has no effect.
    pub fn apply(&mut self, entry: &Entry, hash: Digest, values: &Values) {
        self.head = entry.head(hash);
        let by: By = entry.actor.id.as_str().into();
        for change in &entry.changes {
            self.apply_change(change, &by, values);
        }
        for id in entry.touched() {
            if let Some(config) = self.configs.get_mut(&id) {
                config.updated_at = entry.at;
                config.updated_by = by.clone();
            }
        }
        self.forget_long_done();
        let request = entry.request.as_ref();
        if let Some(idempotency) = request.and_then(|request| request.idempotency) {
            self.remember_done(idempotency, entry);
        }
        self.forget_long_dead_tokens();
    }

    fn remember_done(&mut self, Idempotency { key, body }: Idempotency, entry: &Entry) {
        let issued = entry.changes.iter().find_map(|change| match change {
            Change::TokenIssued { token_id, .. } => Some(*token_id),
            _ => None,
        });
        let done = Done {
            seq: entry.seq,
            at: entry.at,
            body,
            token_id: issued,
            config_id: entry.touched().first().copied(),
        };
        if let Some(before) = self.done.insert(key, done) {
            self.done_at.remove(&(before.at, key));
        }
        self.done_at.insert((done.at, key));
    }

    fn forget_long_done(&mut self) {
        while let Some((at, key)) = self.done_at.get_min().copied()
            && at.plus(IDEMPOTENCY_MEMORY) <= self.head.at
        {
            self.done_at.remove(&(at, key));
            self.done.remove(&key);
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm a change: what is not here does not happen"
    )]
    fn apply_change(&mut self, change: &Change, by: &By, values: &Values) {
        let at = self.head.at;
        match change {
            Change::JournalStarted {
                epoch,
                root_key,
                token_salt,
                signing_key,
            } => {
                self.journal = Some(JournalInfo {
                    workspace: *epoch,
                    epoch: *epoch,
                    root_key: root_key.clone(),
                    root_key_since: at,
                    token_salt: token_salt.clone(),
                    signing_key: *signing_key,
                });
            }
            Change::EpochStarted { epoch } => {
                if let Some(journal) = &mut self.journal {
                    journal.epoch = *epoch;
                }
            }
            Change::RootKeyRotated {
                root_key,
                signing_key,
            } => {
                if let Some(journal) = &mut self.journal {
                    journal.root_key.clone_from(root_key);
                    journal.root_key_since = at;
                    journal.signing_key = *signing_key;
                }
            }
            Change::SettingsChanged { settings } => {
                self.settings = *settings;
                self.rights_seq = self.head.seq;
            }
            Change::UserAdded {
                user_id,
                username,
                role,
                email,
                full_name,
                credential_id,
                credential,
            } => self.add_user(User {
                id: *user_id,
                username: username.clone(),
                email: email.clone(),
                full_name: full_name.clone(),
                role: *role,
                disabled: false,
                credential_id: *credential_id,
                credential: *credential,
                created_at: at,
            }),
            Change::UserUpdated {
                user_id,
                role,
                disabled,
                email,
                full_name,
            } => {
                if let Some(user) = self.users.get_mut(user_id) {
                    user.role = *role;
                    user.disabled = *disabled;
                    user.email.clone_from(email);
                    user.full_name.clone_from(full_name);
                }
                self.rights_seq = self.head.seq;
            }
            Change::PasswordChanged {
                user_id,
                credential_id,
                credential,
            } => {
                if let Some(user) = self.users.get_mut(user_id) {
                    user.credential_id = *credential_id;
                    user.credential = *credential;
                }
            }
            Change::GroupAdded {
                group_id,
                slug,
                name,
                description,
            } => self.add_group(Group {
                id: *group_id,
                slug: slug.clone(),
                name: name.clone(),
                description: description.clone(),
                created_at: at,
                members: OrdSet::new(),
            }),
            Change::GroupUpdated {
                group_id,
                slug,
                name,
                description,
            } => self.update_group(*group_id, slug, name, description.as_ref()),
            Change::GroupDeleted { group_id } => {
                self.delete_group(*group_id);
                self.rights_seq = self.head.seq;
            }
            Change::GroupMembersChanged {
                group_id,
                added,
                removed,
            } => {
                self.change_members(*group_id, added, removed);
                self.rights_seq = self.head.seq;
            }
            Change::ProjectRoleSet {
                project_id,
                subject,
                role,
            } => {
                self.roles.insert((*subject, *project_id), *role);
                self.rights_seq = self.head.seq;
            }
            Change::ProjectRoleRemoved {
                project_id,
                subject,
            } => {
                self.roles.remove(&(*subject, *project_id));
                self.rights_seq = self.head.seq;
            }
            Change::MappingAdded {
                mapping_id,
                external_key,
                group_id,
            } => {
                let mapping = Mapping {
                    id: *mapping_id,
                    external_key: external_key.clone(),
                    group_id: *group_id,
                    created_at: at,
                };
                self.mappings.insert(*mapping_id, mapping);
            }
            Change::MappingRemoved { mapping_id } => {
                self.mappings.remove(mapping_id);
            }
            Change::TokenIssued {
                token_id,
                subject,
                purpose,
                scopes,
                expires_at,
                cidrs,
                record,
            } => {
                self.add_token(Token {
                    id: *token_id,
                    subject: subject.clone(),
                    purpose: *purpose,
                    scopes: scopes.as_slice().into(),
                    created_at: at,
                    created_by: by.clone(),
                    expires_at: *expires_at,
                    revoked_at: None,
                    cidrs: cidrs.as_slice().into(),
                    record: *record,
                });
            }
            Change::TokenExpiring {
                token_id,
                expires_at,
            } => self.end_token_at(*token_id, *expires_at),
            Change::TokenRevoked { token_id } => self.revoke_token(*token_id),
            Change::ProjectAdded {
                project_id,
                slug,
                name,
                description,
                data_key,
            } => {
                self.add_project(Project {
                    id: *project_id,
                    slug: slug.clone(),
                    name: name.clone(),
                    description: description.clone(),
                    created_at: at,
                    data_keys: vector![ProjectKey {
                        key: data_key.clone(),
                        created_at: at,
                    }],
                    configs: OrdMap::new(),
                });
            }
            Change::ProjectUpdated {
                project_id,
                name,
                description,
            } => {
                if let Some(project) = self.projects.get_mut(project_id) {
                    project.name = name.clone();
                    project.description.clone_from(description);
                }
            }
            Change::DataKeyAdded {
                project_id,
                data_key,
            } => {
                if let Some(project) = self.projects.get_mut(project_id) {
                    project.data_keys.push_back(ProjectKey {
                        key: data_key.clone(),
                        created_at: at,
                    });
                }
            }
            Change::DataKeyRewrapped {
                project_id,
                data_key,
            } => self.rewrap(*project_id, data_key),
            Change::ProjectDeleted { project_id } => self.delete_project(*project_id),
            Change::ConfigAdded {
                config_id,
                project_id,
                slug,
                name,
                parent_id,
            } => {
                self.add_config(Config {
                    id: *config_id,
                    project_id: *project_id,
                    slug: slug.clone(),
                    name: name.clone(),
                    parent_id: *parent_id,
                    created_at: at,
                    revision: self.head.seq,
                    updated_at: at,
                    updated_by: by.clone(),
                    keys: 0,
                    secrets: OrdMap::new(),
                    former_slugs: Vector::new(),
                    last_versions: OrdMap::new(),
                    children: OrdSet::new(),
                });
            }
            Change::ConfigUpdated {
                config_id,
                slug,
                name,
            } => self.update_config(*config_id, slug, name),
            Change::ConfigReparented {
                config_id,
                parent_id,
            } => self.reparent(*config_id, *parent_id),
            Change::ConfigDeleted { config_id } => self.delete_config(*config_id),
            Change::SecretSet {
                config_id,
                key,
                version,
                value,
                refs,
                icon,
                note,
            } => {
                let secret = Secret {
                    version: *version,
                    value: values.get(value).cloned(),
                    updated_at: at,
                    updated_by: by.clone(),
                    icon: icon.as_deref().map(Into::into),
                    note: note.clone(),
                    refs: refs.as_deref().map(Into::into),
                };
                self.set_secret(*config_id, key, secret);
            }
            Change::SecretDeleted { config_id, key } => self.delete_secret(*config_id, key),
            Change::EventsImported { events } => {
                if let (Some(first), Some(last)) = (events.first(), events.last()) {
                    self.imported.push_back(ImportedEvents {
                        seq: self.head.seq,
                        first: first.position(),
                        last: last.position(),
                    });
                }
            }
        }
    }
}
