//! Configs: places for secrets within a project, each inheriting from at most one other.

mod clone;
mod update;

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Target};
use crate::id::ConfigId;
use crate::names::{ConfigPath, DisplayName, Slug};
use crate::rejection::{Noun, Rejection};
use crate::state::{Config, Project, State};

pub use clone::CloneConfig;
pub use update::{ConfigUpdate, UpdateConfig};

/// The most configs that stand above each other, the reading one included.
pub const MAX_DEPTH: usize = 16;
/// The most configs of one project.
pub const MAX_CONFIGS: usize = 1_000;

impl Config {
    /// The config as a place in which scopes hold.
    pub fn place(&self) -> Place {
        Place::config(self.project_id, self.id)
    }
}

/// Makes a config, empty but for what it inherits.
pub struct CreateConfig {
    /// Where.
    pub path: ConfigPath,
    /// Its name for people; the slug where there is none.
    pub name: Option<DisplayName>,
    /// The config of the same project that it inherits from.
    pub parent: Option<Slug>,
}

impl Command for CreateConfig {
    type Answer = ConfigId;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<ConfigId>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let project = caller.project(&self.path.project)?;
        caller.require(Action::ConfigsWrite, Place::project(project.id))?;
        check_room(state, project, &self.path)?;
        let parent = self.parent.as_ref().map(|slug| {
            let parent = readable_parent(&caller, project, slug, "parent")?;
            check_depth(state, parent, 1, "parent").map(|()| parent)
        });
        let parent = parent.transpose()?;
        let config_id = ConfigId::random(env.rng);
        let target = target(&self.path);
        let mut draft = Draft::new(caller.name(), "configs.write", target, config_id);
        draft.changes.push(Change::ConfigAdded {
            config_id,
            project_id: project.id,
            slug: self.path.config.clone(),
            name: self
                .name
                .clone()
                .unwrap_or_else(|| DisplayName::of(&self.path.config)),
            parent_id: parent.map(|parent| parent.id),
        });
        Ok(draft)
    }
}

/// Refuses a name that is taken, and one config too many.
fn check_room(state: &State, project: &Project, path: &ConfigPath) -> Result<(), Rejection> {
    if state.config_at(path).is_some() {
        return Err(Rejection::AlreadyExists(Noun::Config));
    }
    if state.configs_of(project).count() >= MAX_CONFIGS {
        return Err(Rejection::TooLarge("A project has at most 1000 configs"));
    }
    Ok(())
}

/// Whoever makes a config inherit must be able to read what it takes over.
fn readable_parent<'a>(
    caller: &Caller<'a>,
    project: &Project,
    slug: &Slug,
    field: &str,
) -> Result<&'a Config, Rejection> {
    let path = ConfigPath {
        project: project.slug.clone(),
        config: slug.clone(),
    };
    let parent = caller.config_for(Action::SecretsRead, &path);
    parent.map_err(|rejection| match rejection {
        Rejection::NotFound(_) | Rejection::ConfigDeleted => {
            Rejection::invalid(field, &"must be a config of the same project")
        }
        other => other,
    })
}

/// Refuses a parent under which `height` configs more would stand too deep.
fn check_depth(
    state: &State,
    parent: &Config,
    height: usize,
    field: &str,
) -> Result<(), Rejection> {
    if state.lineage(parent).count() + height > MAX_DEPTH {
        let why = "stands under as many configs as may stand above each other (16)";
        return Err(Rejection::invalid(field, &why));
    }
    Ok(())
}

/// Deletes a config with its secrets, which takes the right to delete those too. Refused while others inherit from it.
pub struct DeleteConfig {
    /// Which.
    pub path: ConfigPath,
}

impl Command for DeleteConfig {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let config = caller.config_for(Action::ConfigsWrite, &self.path)?;
        if !config.secrets.is_empty() {
            caller.require(Action::SecretsDelete, config.place())?;
        }
        if config.has_children() {
            return Err(Rejection::HasChildren);
        }
        let mut draft = Draft::new(caller.name(), "configs.delete", target(&self.path), ());
        draft.changes.push(Change::ConfigDeleted {
            config_id: config.id,
        });
        Ok(draft)
    }
}

/// An entry's target that is a config.
pub(crate) fn target(path: &ConfigPath) -> Target {
    Target {
        project: Some(path.project.clone()),
        config: Some(path.config.clone()),
        ..Target::default()
    }
}
