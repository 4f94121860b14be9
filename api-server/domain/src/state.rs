//! What the journal says is so now. Every map is persistent: a clone costs nothing and shares everything, so readers
//! keep the state that they began with while the writer goes on.

mod apply;
mod form;
mod people;
mod tokens;
mod tree;

use std::collections::HashMap;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::access_record::AccessPosition;
use crate::change::{DataKey, Reference};
use crate::digest::Digest;
use crate::entry::{Head, Purpose, Seq, Subject};
use crate::id::{ConfigId, DataKeyId, Epoch, GroupId, MappingId, ProjectId, TokenId, UserId};
use crate::idempotency::IDEMPOTENCY_MEMORY;
use crate::names::{Cidr, ConfigPath, Description, DisplayName, Key, Slug};
use crate::roles::{ProjectRole, RoleSubject};
use crate::seal::{Fingerprint, Sealed};
use crate::settings::Settings;
use crate::signing::PublicKey;
use crate::time::Timestamp;
use crate::users::SESSION_IDLE;

pub use people::{Group, Mapping, User};

/// Sealed values by their digest, as they lie beside the entries that name them.
pub type Values = HashMap<Digest, Sealed>;

/// The state after some entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    head: Head,
    journal: Option<JournalInfo>,
    settings: Settings,
    users: OrdMap<UserId, User>,
    usernames: OrdMap<Arc<str>, UserId>,
    /// Whoever was added first: times may be equal, and ids are in no order.
    first_user: Option<UserId>,
    groups: OrdMap<GroupId, Group>,
    group_slugs: OrdMap<Slug, GroupId>,
    roles: OrdMap<(RoleSubject, ProjectId), ProjectRole>,
    mappings: OrdMap<MappingId, Mapping>,
    /// The last entry that may have changed what some user may do.
    rights_seq: Seq,
    tokens: OrdMap<TokenId, Token>,
    /// Tokens by the time of their death, so that those long dead are found without looking at the living.
    deaths: OrdSet<(Timestamp, TokenId)>,
    projects: OrdMap<ProjectId, Project>,
    project_slugs: OrdMap<Slug, ProjectId>,
    configs: OrdMap<ConfigId, Config>,
    gone: OrdMap<ConfigId, GoneConfig>,
    /// How many secrets of the second config refer to the first, which may be gone.
    dependents: OrdMap<(ConfigId, ConfigId), u32>,
    /// What was done under idempotency keys, and the same by time, so that old ones are found.
    done: OrdMap<Digest, Done>,
    done_at: OrdSet<(Timestamp, Digest)>,
    /// Every living config by its effective revision and every gone one by the revision of its end, so that a reader
    /// who knows the state at one revision finds what changed since without looking at anything else.
    by_revision: OrdSet<(Seq, ConfigId)>,
    /// Where events lie that were imported, oldest first. There may be more of them than fit here.
    imported: Vector<ImportedEvents>,
}

/// What the journal's first entry says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalInfo {
    /// The lifetime that the journal began with. It names the workspace, which outlives every restore.
    pub workspace: Epoch,
    /// The lifetime that revisions belong to.
    pub epoch: Epoch,
    /// Fingerprint of the root key that new data keys are wrapped with.
    pub root_key: Fingerprint,
    /// Since when it is that one.
    pub root_key_since: Timestamp,
    /// Fingerprint of the token salt.
    pub token_salt: String,
    /// What the head's signature is verified with.
    pub signing_key: PublicKey,
}

/// A token, without anything that could be used in its place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub subject: Subject,
    /// What it is for.
    pub purpose: Purpose,
    /// What it allows.
    #[serde(with = "form")]
    pub scopes: Arc<[Scope]>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: Arc<str>,
    /// When it dies by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// From which addresses it is good; from all where there is none.
    pub cidrs: Arc<[Cidr]>,
    /// The digest of its record in the auth store.
    pub record: Digest,
}

impl Token {
    /// Whether the token is neither revoked nor expired at `now`.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it is a console's and has been left alone for so long that somebody else may sit there now.
    pub fn is_left_alone(&self, last_used: Option<Timestamp>, now: Timestamp) -> bool {
        let last = last_used.unwrap_or(self.created_at).max(self.created_at);
        self.purpose == Purpose::Console && now >= last.plus(SESSION_IDLE)
    }
}

/// A project and where its configs are.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// The keys that seal its values, oldest first; never empty. The last one seals new values.
    pub data_keys: Vector<ProjectKey>,
    configs: OrdMap<Slug, ConfigId>,
}

/// A data key of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProjectKey {
    /// The key, as the journal named it last.
    pub key: DataKey,
    /// Since when it is there; wrapping it anew does not make it younger.
    pub created_at: Timestamp,
}

impl Project {
    /// The key that seals new values.
    pub fn data_key(&self) -> Option<DataKeyId> {
        self.data_keys.last().map(|newest| newest.key.id)
    }
}

/// A config with its own secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// The greatest `seq` that touched it, anything that it inherits, or anything that these refer to.
    pub revision: Seq,
    /// When it or one of its own secrets was changed last.
    pub updated_at: Timestamp,
    /// Who did that.
    pub updated_by: Arc<str>,
    /// How many keys it comes to, inherited ones included. Kept, so that nobody has to count them.
    pub keys: usize,
    /// Its own secrets, by key.
    pub secrets: OrdMap<Key, Secret>,
    /// The slugs that it had, each with the entry that took it away, oldest first.
    pub former_slugs: Vector<(Seq, Slug)>,
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

    /// Whether configs inherit from this one.
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// What each placeholder of the value refers to; absent where the value is plain text.
    #[serde(with = "form::optional")]
    pub refs: Option<Arc<[Reference]>>,
}

impl Secret {
    /// How many bytes the value has.
    pub fn plaintext_bytes(&self) -> usize {
        self.value.as_ref().map_or(0, Sealed::plaintext_bytes)
    }
}

/// What is remembered of a config that was deleted, by itself or with its project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GoneConfig {
    /// The project that it was in.
    pub project_id: ProjectId,
    /// Its path at the time.
    pub path: ConfigPath,
    /// The slugs that it had before, each with the entry that took it away, oldest first.
    pub former_slugs: Vector<(Seq, Slug)>,
    /// The entry that deleted it.
    pub seq: Seq,
}

/// What was done under an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The entry.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// The digest of what was asked for.
    pub body: Digest,
    /// The token that was made, which the answer held.
    pub token_id: Option<TokenId>,
    /// The config that was changed.
    pub config_id: Option<ConfigId>,
}

/// Events that one entry brought from another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedEvents {
    /// The entry.
    pub seq: Seq,
    /// Where the oldest of them stands.
    pub first: AccessPosition,
    /// Where the newest of them stands.
    pub last: AccessPosition,
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
            settings: Settings::default(),
            users: OrdMap::new(),
            usernames: OrdMap::new(),
            first_user: None,
            groups: OrdMap::new(),
            group_slugs: OrdMap::new(),
            roles: OrdMap::new(),
            mappings: OrdMap::new(),
            rights_seq: 0,
            tokens: OrdMap::new(),
            deaths: OrdSet::new(),
            projects: OrdMap::new(),
            project_slugs: OrdMap::new(),
            configs: OrdMap::new(),
            gone: OrdMap::new(),
            dependents: OrdMap::new(),
            done: OrdMap::new(),
            done_at: OrdSet::new(),
            by_revision: OrdSet::new(),
            imported: Vector::new(),
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

    /// The configs with secrets that refer to `config`, itself included where its own do.
    pub fn dependents_of(&self, config: ConfigId) -> impl Iterator<Item = &Config> {
        self.dependents
            .range((config, ConfigId::MIN)..)
            .take_while(move |((target, _), _)| *target == config)
            .filter_map(|((_, source), _)| self.configs.get(source))
    }

    /// Where events lie that were imported, oldest first.
    pub fn imported(&self) -> &Vector<ImportedEvents> {
        &self.imported
    }

    /// What was done under an idempotency key in the 24 hours before `now`.
    pub fn done(&self, key: &Digest, now: Timestamp) -> Option<&Done> {
        let done = self.done.get(key);
        done.filter(|done| now < done.at.plus(IDEMPOTENCY_MEMORY))
    }

    /// What is remembered of a deleted config.
    pub fn gone(&self, id: ConfigId) -> Option<&GoneConfig> {
        self.gone.get(&id)
    }

    /// A config and what it inherits from, nearest first.
    pub fn lineage<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a Config> {
        std::iter::successors(Some(config), |config| self.configs.get(&config.parent_id?))
    }

    /// How many configs stand above each other from `config` downwards, itself included.
    pub fn height(&self, config: &Config) -> usize {
        let children = config.children.iter().filter_map(|id| self.configs.get(id));
        1 + children.map(|child| self.height(child)).max().unwrap_or(0)
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
