//! Configs: places for secrets within a project, each inheriting from at most one other.

mod clone;
mod update;

use std::sync::Arc;

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Seq, Target};
use crate::id::ConfigId;
use crate::names::{ConfigPath, DisplayName, Slug};
use crate::rejection::{Noun, Rejection};
use crate::state::{Config, Project, State};
use crate::time::Timestamp;

pub use clone::CloneConfig;
pub use update::UpdateConfig;

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

/// A config as a command left it, whatever has come since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigWritten {
    /// Its id.
    pub id: ConfigId,
    /// Its name in paths.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// The config that it inherits from.
    pub parent: Option<Slug>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its revision with this, and with nothing after it.
    pub revision: Seq,
    /// When it or one of its own secrets was changed last.
    pub updated_at: Timestamp,
    /// Who did that.
    pub updated_by: Arc<str>,
    /// How many keys it comes to, inherited ones included.
    pub keys: usize,
    /// How many keys of its own it has.
    pub own_keys: usize,
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
    type Answer = ConfigWritten;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<ConfigWritten>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let project = caller.project(&self.path.project)?;
        caller.require(Action::ConfigsWrite, Place::project(project.id))?;
        check_room(state, project, &self.path)?;
        let parent = self.parent.as_ref().map(|slug| {
            let parent = readable_parent(&caller, project, slug, "parent")?;
            check_depth(state, parent, 1, "parent").map(|()| parent)
        });
        let parent = parent.transpose()?;
        let slug = &self.path.config;
        let made = ConfigWritten {
            id: ConfigId::random(env.rng),
            slug: slug.clone(),
            name: self.name.clone().unwrap_or_else(|| DisplayName::of(slug)),
            parent: parent.map(|parent| parent.slug.clone()),
            created_at: env.written_at(state),
            revision: state.head().seq + 1,
            updated_at: env.written_at(state),
            updated_by: caller.name().id.into(),
            keys: parent.map_or(0, |parent| parent.keys),
            own_keys: 0,
        };
        let added = Change::ConfigAdded {
            config_id: made.id,
            project_id: project.id,
            slug: made.slug.clone(),
            name: made.name.clone(),
            parent_id: parent.map(|parent| parent.id),
        };
        let target = target(&self.path);
        let mut draft = Draft::new(caller.name(), "configs.write", target, made);
        draft.changes.push(added);
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

/// Deletes a config with its secrets, which takes the right to delete those too. Refused while others inherit from it
/// or refer to it.
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
        if state
            .dependents_of(config.id)
            .any(|other| other.id != config.id)
        {
            return Err(Rejection::HasDependents);
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
