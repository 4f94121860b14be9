//! What each change of an entry does to the state.

use std::sync::Arc;
use std::time::Duration;

use imbl::{OrdMap, OrdSet};

use super::{Config, GoneConfig, JournalInfo, Project, Secret, State, Token, User, Values};
use crate::digest::Digest;
use crate::entry::{Change, Entry};
use crate::id::{ConfigId, ProjectId};
use crate::names::ConfigPath;

/// How long a token is remembered after its death.
const TOKEN_MEMORY: Duration = Duration::from_hours(30 * 24);

impl State {
    /// Makes this the state after `entry`, whose bytes have `hash`. Total: an entry that was written can always be
    /// applied; what it says about things that are not there has no effect.
    pub fn apply(&mut self, entry: &Entry, hash: Digest, values: &Values) {
        self.head = entry.head(hash);
        let by: Arc<str> = entry.actor.id.as_str().into();
        for change in &entry.changes {
            self.apply_change(change, &by, values);
        }
        self.forget_long_dead_tokens();
    }

    fn forget_long_dead_tokens(&mut self) {
        while let Some((died, id)) = self.deaths.get_min().copied()
            && died.plus(TOKEN_MEMORY) < self.head.at
        {
            self.deaths.remove(&(died, id));
            self.tokens.remove(&id);
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm a change: what is not here does not happen"
    )]
    fn apply_change(&mut self, change: &Change, by: &Arc<str>, values: &Values) {
        let at = self.head.at;
        match change {
            Change::JournalStarted {
                epoch,
                root_key,
                token_salt,
            } => {
                let (epoch, root_key, token_salt) = (*epoch, root_key.clone(), token_salt.clone());
                self.journal = Some(JournalInfo {
                    epoch,
                    root_key,
                    token_salt,
                });
            }
            Change::UserAdded {
                user_id,
                username,
                role,
                credential_id,
                credential,
            } => {
                self.usernames.insert(username.folded(), *user_id);
                let user = User {
                    id: *user_id,
                    username: username.clone(),
                    role: *role,
                    credential_id: *credential_id,
                    credential: *credential,
                    created_at: at,
                };
                self.users.insert(*user_id, user);
            }
            Change::TokenIssued {
                token_id,
                subject,
                purpose,
                scopes,
                expires_at,
                record,
            } => {
                let token = Token {
                    id: *token_id,
                    subject: subject.clone(),
                    purpose: *purpose,
                    scopes: scopes.as_slice().into(),
                    created_at: at,
                    created_by: by.clone(),
                    expires_at: *expires_at,
                    revoked_at: None,
                    record: *record,
                };
                self.deaths
                    .extend(token.expires_at.map(|end| (end, *token_id)));
                self.tokens.insert(*token_id, token);
            }
            Change::TokenRevoked { token_id } => {
                let Some(token) = self.tokens.get_mut(token_id) else {
                    return;
                };
                if token.revoked_at.is_none() {
                    token.revoked_at = Some(at);
                    if let Some(end) = token.expires_at {
                        self.deaths.remove(&(end, *token_id));
                    }
                    self.deaths.insert((at, *token_id));
                }
            }
            Change::ProjectAdded {
                project_id,
                slug,
                name,
                description,
                data_key_id,
                data_key,
            } => {
                self.project_slugs.insert(slug.clone(), *project_id);
                let project = Project {
                    id: *project_id,
                    slug: slug.clone(),
                    name: name.clone(),
                    description: description.clone(),
                    created_at: at,
                    data_key_id: *data_key_id,
                    data_key: *data_key,
                    configs: OrdMap::new(),
                };
                self.projects.insert(*project_id, project);
            }
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
                    secrets: OrdMap::new(),
                    last_versions: OrdMap::new(),
                    children: OrdSet::new(),
                });
            }
            Change::ConfigDeleted { config_id } => self.delete_config(*config_id),
            Change::SecretSet {
                config_id,
                key,
                version,
                value,
                icon,
                note,
            } => {
                let Some(config) = self.configs.get_mut(config_id) else {
                    return;
                };
                let secret = Secret {
                    version: *version,
                    value: values.get(value).cloned(),
                    updated_at: at,
                    updated_by: by.clone(),
                    icon: icon.as_deref().map(Into::into),
                    note: note.clone(),
                };
                config.secrets.insert(key.clone(), secret);
                config.last_versions.remove(key);
                self.touch(*config_id);
            }
            Change::SecretDeleted { config_id, key } => {
                let Some(config) = self.configs.get_mut(config_id) else {
                    return;
                };
                if let Some(secret) = config.secrets.remove(key) {
                    config.last_versions.insert(key.clone(), secret.version);
                }
                self.touch(*config_id);
            }
        }
    }

    fn add_config(&mut self, config: Config) {
        let Some(project) = self.projects.get_mut(&config.project_id) else {
            return;
        };
        project.configs.insert(config.slug.clone(), config.id);
        if let Some(parent) = config.parent_id.and_then(|id| self.configs.get_mut(&id)) {
            parent.children.insert(config.id);
        }
        self.by_revision.insert((config.revision, config.id));
        self.configs.insert(config.id, config);
    }

    fn delete_config(&mut self, id: ConfigId) {
        let Some(config) = self.configs.remove(&id) else {
            return;
        };
        if let Some(parent) = config.parent_id.and_then(|id| self.configs.get_mut(&id)) {
            parent.children.remove(&id);
        }
        let Some(project) = self.projects.get_mut(&config.project_id) else {
            return;
        };
        project.configs.remove(&config.slug);
        let path = ConfigPath {
            project: project.slug.clone(),
            config: config.slug,
        };
        self.gone.insert(
            id,
            GoneConfig {
                project_id: config.project_id,
                path,
                seq: self.head.seq,
            },
        );
        self.by_revision.remove(&(config.revision, id));
        self.by_revision.insert((self.head.seq, id));
    }

    fn delete_project(&mut self, id: ProjectId) {
        let Some(project) = self.projects.get(&id) else {
            return;
        };
        let (slug, configs) = (project.slug.clone(), project.configs.clone());
        for config in configs.values() {
            self.delete_config(*config);
        }
        self.project_slugs.remove(&slug);
        self.projects.remove(&id);
    }

    /// Moves a config, and everything that inherits from it, to the revision of the entry that is being applied.
    fn touch(&mut self, id: ConfigId) {
        let mut touched = vec![id];
        while let Some(id) = touched.pop() {
            let Some(config) = self.configs.get_mut(&id) else {
                continue;
            };
            if config.revision == self.head.seq {
                continue;
            }
            self.by_revision.remove(&(config.revision, id));
            self.by_revision.insert((self.head.seq, id));
            config.revision = self.head.seq;
            touched.extend(config.children.iter());
        }
    }
}
