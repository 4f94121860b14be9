//! What each change of an entry does to the state.

use std::sync::Arc;
use std::time::Duration;

use imbl::{OrdMap, OrdSet, Vector, vector};

use super::people::By;
use super::{
    Config, Done, GoneConfig, Group, JournalInfo, Mapping, Project, ProjectKey, Secret, State,
    Token, User, Values,
};
use crate::change::{DataKey, Reference};
use crate::digest::Digest;
use crate::entry::{Change, Entry, Idempotency};
use crate::id::{ConfigId, ProjectId};
use crate::idempotency::IDEMPOTENCY_MEMORY;
use crate::names::{ConfigPath, DisplayName, Slug};
use crate::time::Timestamp;

/// How long a token is remembered after its death.
const TOKEN_MEMORY: Duration = Duration::from_hours(30 * 24);

impl State {
    /// Makes this the state after `entry`, whose bytes have `hash`. Total: an entry that was written can always be
    /// applied; what it says about things that are not there has no effect.
    pub fn apply(&mut self, entry: &Entry, hash: Digest, values: &Values) {
        self.head = entry.head(hash);
        let by: By = entry.actor.id.as_str().into();
        for change in &entry.changes {
            self.apply_change(change, &by, values);
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
                let token = Token {
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
                };
                self.deaths
                    .extend(token.expires_at.map(|end| (end, *token_id)));
                self.tokens.insert(*token_id, token);
            }
            Change::TokenExpiring {
                token_id,
                expires_at,
            } => self.end_token_at(*token_id, *expires_at),
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
                data_key,
            } => {
                self.project_slugs.insert(slug.clone(), *project_id);
                let project = Project {
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
                };
                self.projects.insert(*project_id, project);
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
                let Some(config) = self.configs.get_mut(config_id) else {
                    return;
                };
                let refs: Option<Arc<[Reference]>> = refs.as_deref().map(Into::into);
                let secret = Secret {
                    version: *version,
                    value: values.get(value).cloned(),
                    updated_at: at,
                    updated_by: by.clone(),
                    icon: icon.as_deref().map(Into::into),
                    note: note.clone(),
                    refs: refs.clone(),
                };
                let before = config.secrets.insert(key.clone(), secret);
                config.last_versions.remove(key);
                if let Some(before) = before {
                    self.unrefer(*config_id, before.refs.as_deref());
                }
                self.refer(*config_id, refs.as_deref());
                self.touch(*config_id);
            }
            Change::SecretDeleted { config_id, key } => {
                let Some(config) = self.configs.get_mut(config_id) else {
                    return;
                };
                if let Some(secret) = config.secrets.remove(key) {
                    config.last_versions.insert(key.clone(), secret.version);
                    self.unrefer(*config_id, secret.refs.as_deref());
                }
                self.touch(*config_id);
            }
        }
    }

    /// A token never lives longer for this.
    fn end_token_at(&mut self, id: crate::id::TokenId, end: Timestamp) {
        let Some(token) = self.tokens.get_mut(&id) else {
            return;
        };
        if token.revoked_at.is_some() || token.expires_at.is_some_and(|before| before <= end) {
            return;
        }
        if let Some(before) = token.expires_at.replace(end) {
            self.deaths.remove(&(before, id));
        }
        self.deaths.insert((end, id));
    }

    fn rewrap(&mut self, project: ProjectId, data_key: &DataKey) {
        let Some(project) = self.projects.get_mut(&project) else {
            return;
        };
        let keys = project.data_keys.iter_mut();
        for known in keys.filter(|known| known.key.id == data_key.id) {
            known.key = data_key.clone();
        }
    }

    /// Counts what a secret of `source` refers to.
    fn refer(&mut self, source: ConfigId, refs: Option<&[Reference]>) {
        for target in targets(refs) {
            *self.dependents.entry((target, source)).or_insert(0) += 1;
        }
    }

    fn unrefer(&mut self, source: ConfigId, refs: Option<&[Reference]>) {
        for target in targets(refs) {
            let edge = (target, source);
            match self.dependents.get_mut(&edge) {
                Some(count) if *count > 1 => *count -= 1,
                _ => {
                    self.dependents.remove(&edge);
                }
            }
        }
    }

    fn update_config(&mut self, id: ConfigId, slug: &Slug, name: &DisplayName) {
        let Some(config) = self.configs.get_mut(&id) else {
            return;
        };
        config.name = name.clone();
        if config.slug != *slug {
            let former = std::mem::replace(&mut config.slug, slug.clone());
            let project_id = config.project_id;
            config
                .former_slugs
                .push_back((self.head.seq, former.clone()));
            if let Some(project) = self.projects.get_mut(&project_id) {
                project.configs.remove(&former);
                project.configs.insert(slug.clone(), id);
            }
            self.touch(id);
        }
    }

    fn reparent(&mut self, id: ConfigId, parent_id: Option<ConfigId>) {
        let Some(config) = self.configs.get_mut(&id) else {
            return;
        };
        let before = std::mem::replace(&mut config.parent_id, parent_id);
        if let Some(parent) = before.and_then(|id| self.configs.get_mut(&id)) {
            parent.children.remove(&id);
        }
        if let Some(parent) = parent_id.and_then(|id| self.configs.get_mut(&id)) {
            parent.children.insert(id);
        }
        self.touch(id);
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
                former_slugs: config.former_slugs,
                seq: self.head.seq,
            },
        );
        self.by_revision.remove(&(config.revision, id));
        self.by_revision.insert((self.head.seq, id));
        for secret in config.secrets.values() {
            self.unrefer(id, secret.refs.as_deref());
        }
        let dependents: Vec<ConfigId> = self.dependents_of(id).map(|config| config.id).collect();
        for dependent in dependents {
            self.touch(dependent);
        }
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
        let subjects: Vec<_> = self.roles_in(id).map(|(subject, _)| subject).collect();
        for subject in subjects {
            self.roles.remove(&(subject, id));
        }
    }

    /// Moves a config, and everything that inherits from it or refers to one of these, to the revision of the entry that is being applied.
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
            touched.extend(self.dependents_of(id).map(|config| config.id));
        }
    }
}

/// The configs that references name.
fn targets(refs: Option<&[Reference]>) -> impl Iterator<Item = ConfigId> {
    let refs = refs.unwrap_or_default().iter();
    refs.filter_map(|reference| reference.config_id)
}
