//! What the journal says is so now. Every map is persistent: a clone costs nothing and shares everything, so readers
//! keep the state that they began with while the writer goes on.

mod apply;

use std::collections::HashMap;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::access::{Scope, WorkspaceRole};
use crate::digest::Digest;
use crate::entry::{Head, Purpose, Seq, Subject};
use crate::id::{ConfigId, CredentialId, DataKeyId, Epoch, ProjectId, TokenId, UserId};
use crate::names::{ConfigPath, Description, DisplayName, Key, Slug, Username};
use crate::seal::{Fingerprint, Sealed};
use crate::time::Timestamp;

/// Sealed values by their digest, as they lie beside the entries that name them.
pub type Values = HashMap<Digest, Sealed>;

/// The state after some entry.
#[derive(Debug, Clone)]
pub struct State {
    head: Head,
    journal: Option<JournalInfo>,
    users: OrdMap<UserId, User>,
    usernames: OrdMap<Arc<str>, UserId>,
    tokens: OrdMap<TokenId, Token>,
    /// Tokens by the time of their death, so that those long dead are found without looking at the living.
    deaths: OrdSet<(Timestamp, TokenId)>,
    projects: OrdMap<ProjectId, Project>,
    project_slugs: OrdMap<Slug, ProjectId>,
    configs: OrdMap<ConfigId, Config>,
    gone: OrdMap<ConfigId, GoneConfig>,
    /// Every living config by its effective revision and every gone one by the revision of its end, so that a reader
    /// who knows the state at one revision finds what changed since without looking at anything else.
    by_revision: OrdSet<(Seq, ConfigId)>,
}

/// What the journal's first entry says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalInfo {
    /// The lifetime that revisions belong to.
    pub epoch: Epoch,
    /// Fingerprint of the root key.
    pub root_key: Fingerprint,
    /// Fingerprint of the token salt.
    pub token_salt: String,
}

/// Somebody who may sign in.
#[derive(Debug, Clone)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What they sign in with.
    pub username: Username,
    /// Their role in the workspace.
    pub role: WorkspaceRole,
    /// Their password's record in the auth store.
    pub credential_id: CredentialId,
    /// The digest of that record.
    pub credential: Digest,
    /// Since when.
    pub created_at: Timestamp,
}

/// A token, without anything that could be used in its place.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub subject: Subject,
    /// What it is for.
    pub purpose: Purpose,
    /// What it allows.
    pub scopes: Arc<[Scope]>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Arc<str>,
    /// When it dies by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The digest of its record in the auth store.
    pub record: Digest,
}

impl Token {
    /// Whether the token is neither revoked nor expired at `now`.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A project and where its configs are.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name in paths.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// What it is about.
    pub description: Option<Description>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The key that seals new values.
    pub data_key_id: DataKeyId,
    /// The digest of that key's record in the auth store.
    pub data_key: Digest,
    configs: OrdMap<Slug, ConfigId>,
}

/// A config with its own secrets.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its id.
    pub id: ConfigId,
    /// Its project.
    pub project_id: ProjectId,
    /// Its name in paths.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// The config that it inherits from.
    pub parent_id: Option<ConfigId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The greatest `seq` that touched it or anything that it inherits.
    pub revision: Seq,
    /// Its own secrets, by key.
    pub secrets: OrdMap<Key, Secret>,
    /// The last version of each key that is deleted.
    last_versions: OrdMap<Key, u64>,
    children: OrdSet<ConfigId>,
}

impl Config {
    /// The version that the next value of `key` will have.
    pub fn next_version(&self, key: &Key) -> u64 {
        let last = self.secrets.get(key).map(|secret| secret.version);
        last.or_else(|| self.last_versions.get(key).copied())
            .unwrap_or(0)
            + 1
    }

    /// How many configs inherit from this one directly.
    pub fn has_children(&self) -> bool {
        !self.children.is_empty()
    }

    /// The bytes of its own keys and values.
    pub fn bytes(&self) -> usize {
        self.secrets
            .iter()
            .map(|(key, secret)| key.as_str().len() + secret.plaintext_bytes())
            .sum()
    }
}

/// A secret's current value and where it came from.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Counts the values of this key in this config, from 1.
    pub version: u64,
    /// The sealed value; absent where the store has lost it.
    pub value: Option<Sealed>,
    /// When it was set.
    pub updated_at: Timestamp,
    /// Who set it.
    pub updated_by: Arc<str>,
    /// The icon that somebody chose.
    pub icon: Option<Arc<str>>,
    /// A remark.
    pub note: Option<Description>,
}

impl Secret {
    /// How many bytes the value has.
    pub fn plaintext_bytes(&self) -> usize {
        self.value.as_ref().map_or(0, Sealed::plaintext_bytes)
    }
}

/// What is remembered of a config that was deleted, by itself or with its project.
#[derive(Debug, Clone)]
pub struct GoneConfig {
    /// The project that it was in.
    pub project_id: ProjectId,
    /// Its path at the time.
    pub path: ConfigPath,
    /// The entry that deleted it.
    pub seq: Seq,
}

/// A config that changed after some revision.
#[derive(Debug, Clone, Copy)]
pub enum Changed<'a> {
    /// It lives, and this is how it is now.
    Config(&'a Config),
    /// It was deleted.
    Gone(ConfigId, &'a GoneConfig),
}

impl Default for State {
    fn default() -> Self {
        Self {
            head: Head::EMPTY,
            journal: None,
            users: OrdMap::new(),
            usernames: OrdMap::new(),
            tokens: OrdMap::new(),
            deaths: OrdSet::new(),
            projects: OrdMap::new(),
            project_slugs: OrdMap::new(),
            configs: OrdMap::new(),
            gone: OrdMap::new(),
            by_revision: OrdSet::new(),
        }
    }
}

impl State {
    /// The entry that this state is the state after.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What the first entry says; absent before it.
    pub fn journal(&self) -> Option<&JournalInfo> {
        self.journal.as_ref()
    }

    /// Every user.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// A user.
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    /// A user by name, whatever its case.
    pub fn user_named(&self, username: &Username) -> Option<&User> {
        self.users.get(self.usernames.get(&*username.folded())?)
    }

    /// Every token, those dead for less than 30 days included.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }

    /// A token, dead or alive.
    pub fn token(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(&id)
    }

    /// Every project in the order of slugs.
    pub fn projects(&self) -> impl Iterator<Item = &Project> {
        self.project_slugs
            .values()
            .filter_map(|id| self.projects.get(id))
    }

    /// A project.
    pub fn project(&self, id: ProjectId) -> Option<&Project> {
        self.projects.get(&id)
    }

    /// A project by its name in paths.
    pub fn project_at(&self, slug: &Slug) -> Option<&Project> {
        self.projects.get(self.project_slugs.get(slug)?)
    }

    /// A project's configs in the order of slugs.
    pub fn configs_of<'a>(&'a self, project: &'a Project) -> impl Iterator<Item = &'a Config> {
        project
            .configs
            .values()
            .filter_map(|id| self.configs.get(id))
    }

    /// A config.
    pub fn config(&self, id: ConfigId) -> Option<&Config> {
        self.configs.get(&id)
    }

    /// A config by its path.
    pub fn config_at(&self, path: &ConfigPath) -> Option<&Config> {
        let id = self.project_at(&path.project)?.configs.get(&path.config)?;
        self.configs.get(id)
    }

    /// The path of a config.
    pub fn path_of(&self, config: &Config) -> Option<ConfigPath> {
        let project = self.projects.get(&config.project_id)?.slug.clone();
        Some(ConfigPath {
            project,
            config: config.slug.clone(),
        })
    }

    /// What is remembered of a deleted config.
    pub fn gone(&self, id: ConfigId) -> Option<&GoneConfig> {
        self.gone.get(&id)
    }

    /// A config and what it inherits from, nearest first.
    pub fn lineage<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a Config> {
        std::iter::successors(Some(config), |config| self.configs.get(&config.parent_id?))
    }

    /// The configs whose effective content may have changed, or that were deleted, after `revision`, oldest first.
    pub fn changed_since(&self, revision: Seq) -> impl Iterator<Item = Changed<'_>> {
        self.by_revision
            .range((revision.saturating_add(1), ConfigId::MIN)..)
            .filter_map(|(_, id)| match (self.configs.get(id), self.gone.get(id)) {
                (Some(config), _) => Some(Changed::Config(config)),
                (None, Some(gone)) => Some(Changed::Gone(*id, gone)),
                (None, None) => None,
            })
    }
}
