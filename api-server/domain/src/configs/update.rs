//! Giving a config another name or another parent.

use super::{ConfigWritten, check_depth, readable_parent, target};
use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::Change;
use crate::id::ConfigId;
use crate::names::{ConfigPath, DisplayName, Slug};
use crate::rejection::{Noun, Rejection};
use crate::secrets::{Edit, ExpectedRevision, check_expected};
use crate::state::{Config, State};

/// Calls a config otherwise, or makes it inherit from another one.
///
/// A slug is a name in the project, so to take another one needs `configs:write` in all of it, as making a config does.
pub struct UpdateConfig {
    /// Which.
    pub path: ConfigPath,
    /// Its new name for people.
    pub name: Option<DisplayName>,
    /// Its new name in paths.
    pub slug: Option<Slug>,
    /// The config of the same project that it inherits from.
    pub parent: Edit<Slug>,
    /// Refuse where the config has another revision.
    pub expected: Option<ExpectedRevision>,
}

impl Command for UpdateConfig {
    type Answer = ConfigWritten;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<ConfigWritten>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let config = caller.config_for(Action::ConfigsWrite, &self.path)?;
        let slug = self.slug.as_ref().unwrap_or(&config.slug);
        if *slug != config.slug {
            caller.require(Action::ConfigsWrite, Place::project(config.project_id))?;
        }
        let parent_id = self.parent_id(state, &caller, config)?;
        check_expected(self.expected, state, config)?;
        let renamed = ConfigPath {
            config: slug.clone(),
            ..self.path.clone()
        };
        if *slug != config.slug && state.config_at(&renamed).is_some() {
            return Err(Rejection::AlreadyExists(Noun::Config));
        }
        let moves = *slug != config.slug || parent_id != config.parent_id;
        let parent = parent_id.and_then(|id| state.config(id));
        let mut written = ConfigWritten {
            id: config.id,
            slug: slug.clone(),
            name: self.name.clone().unwrap_or_else(|| config.name.clone()),
            parent: parent.map(|parent| parent.slug.clone()),
            created_at: config.created_at,
            revision: if moves {
                state.head().seq + 1
            } else {
                config.revision
            },
            updated_at: config.updated_at,
            updated_by: config.updated_by.clone(),
            keys: config.keys,
            own_keys: config.secrets.len(),
        };
        if moves || written.name != config.name {
            written.updated_at = env.written_at(state);
            written.updated_by = caller.name().id.into();
        }
        if parent_id != config.parent_id {
            written.keys = state.keys_under(parent_id, config);
        }
        let target = target(&self.path);
        let mut draft = Draft::new(caller.name(), "configs.update", target, written);
        if draft.answer.name != config.name || *slug != config.slug {
            draft.changes.push(Change::ConfigUpdated {
                config_id: config.id,
                slug: slug.clone(),
                name: draft.answer.name.clone(),
            });
        }
        if parent_id != config.parent_id {
            draft.changes.push(Change::ConfigReparented {
                config_id: config.id,
                parent_id,
            });
        }
        Ok(draft)
    }
}

impl UpdateConfig {
    /// The parent from now on. Everything below the config moves with it, so all of that must have room.
    fn parent_id(
        &self,
        state: &State,
        caller: &Caller<'_>,
        config: &Config,
    ) -> Result<Option<ConfigId>, Rejection> {
        const FIELD: &str = "inherits_from";
        let slug = match &self.parent {
            Edit::Keep => return Ok(config.parent_id),
            Edit::Clear => return Ok(None),
            Edit::Set(slug) => slug,
        };
        let project = caller.project(&self.path.project)?;
        let parent = readable_parent(caller, project, slug, FIELD)?;
        if state.lineage(parent).any(|above| above.id == config.id) {
            return Err(Rejection::InheritanceCycle);
        }
        check_depth(state, parent, state.height(config), FIELD)?;
        Ok(Some(parent.id))
    }
}
