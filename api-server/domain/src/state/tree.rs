//! What happens to projects, configs and secrets.

use super::{Config, GoneConfig, Project, Secret, State};
use crate::change::{DataKey, Reference};
use crate::id::{ConfigId, ProjectId};
use crate::names::{ConfigPath, DisplayName, Key, Slug};

impl State {
    pub(super) fn add_project(&mut self, project: Project) {
        self.project_slugs.insert(project.slug.clone(), project.id);
        self.projects.insert(project.id, project);
    }

    pub(super) fn set_secret(&mut self, id: ConfigId, key: &Key, secret: Secret) {
        let Some(config) = self.configs.get_mut(&id) else {
            return;
        };
        let refs = secret.refs.clone();
        let before = config.secrets.insert(key.clone(), secret);
        config.last_versions.remove(key);
        match before {
            Some(before) => self.unrefer(id, before.refs.as_deref()),
            None => self.count(id, key, |keys| keys + 1),
        }
        self.refer(id, refs.as_deref());
        self.touch(id);
    }

    pub(super) fn delete_secret(&mut self, id: ConfigId, key: &Key) {
        let Some(config) = self.configs.get_mut(&id) else {
            return;
        };
        if let Some(secret) = config.secrets.remove(key) {
            config.last_versions.insert(key.clone(), secret.version);
            self.unrefer(id, secret.refs.as_deref());
            self.count(id, key, |keys| keys.saturating_sub(1));
        }
        self.touch(id);
    }

    /// Counts a key that a config has from now on, or has no more, itself and whatever inherits it. Where there is one
    /// above as well, only the value is another.
    fn count(&mut self, id: ConfigId, key: &Key, counted: impl Fn(usize) -> usize) {
        let is_inherited = self.configs.get(&id).is_some_and(|config| {
            let mut above = self.lineage(config).skip(1);
            above.any(|config| config.secrets.contains_key(key))
        });
        let mut reached = if is_inherited { Vec::new() } else { vec![id] };
        while let Some(id) = reached.pop() {
            let Some(config) = self.configs.get_mut(&id) else {
                continue;
            };
            config.keys = counted(config.keys);
            let children: Vec<_> = config.children.iter().copied().collect();
            let inherits = |child: &ConfigId| {
                let child = self.configs.get(child);
                child.is_some_and(|child| !child.secrets.contains_key(key))
            };
            reached.extend(children.into_iter().filter(inherits));
        }
    }

    /// Counts all keys of a config that has another parent now, and of whatever inherits it.
    fn count_anew(&mut self, id: ConfigId) {
        let mut reached = vec![id];
        while let Some(id) = reached.pop() {
            let Some(config) = self.configs.get(&id) else {
                continue;
            };
            let keys = self.keys_under(config.parent_id, config);
            if let Some(config) = self.configs.get_mut(&id) {
                config.keys = keys;
                reached.extend(config.children.iter().copied());
            }
        }
    }

    /// How many keys `config` comes to with this parent.
    pub(crate) fn keys_under(&self, parent: Option<ConfigId>, config: &Config) -> usize {
        let Some(parent) = parent.and_then(|id| self.configs.get(&id)) else {
            return config.secrets.len();
        };
        let lineage: Vec<_> = self.lineage(parent).collect();
        let is_new = |key: &&Key| {
            let mut above = lineage.iter();
            !above.any(|above| above.secrets.contains_key(*key))
        };
        parent.keys + config.secrets.keys().filter(is_new).count()
    }

    pub(super) fn rewrap(&mut self, project: ProjectId, data_key: &DataKey) {
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

    pub(super) fn update_config(&mut self, id: ConfigId, slug: &Slug, name: &DisplayName) {
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

    pub(super) fn reparent(&mut self, id: ConfigId, parent_id: Option<ConfigId>) {
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
        self.count_anew(id);
        self.touch(id);
    }

    pub(super) fn add_config(&mut self, mut config: Config) {
        let Some(project) = self.projects.get_mut(&config.project_id) else {
            return;
        };
        project.configs.insert(config.slug.clone(), config.id);
        if let Some(parent) = config.parent_id.and_then(|id| self.configs.get_mut(&id)) {
            parent.children.insert(config.id);
            config.keys = parent.keys;
        }
        self.by_revision.insert((config.revision, config.id));
        self.configs.insert(config.id, config);
    }

    pub(super) fn delete_config(&mut self, id: ConfigId) {
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

    pub(super) fn delete_project(&mut self, id: ProjectId) {
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

    /// Moves a config, and everything that inherits from it or refers to one of these, to the revision of the entry that is
    /// being applied.
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
