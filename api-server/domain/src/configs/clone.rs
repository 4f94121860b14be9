//! Making a config like another one.

use super::{ConfigWritten, check_room, target};
use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::effective::open;
use crate::entry::Change;
use crate::id::ConfigId;
use crate::names::{ConfigPath, DisplayName, Slug};
use crate::rejection::{Noun, Rejection};
use crate::secrets::{NewSecret, push_set};
use crate::state::{Config, State};

/// Makes a config with the parent and the own secrets of another one. Who may read that one may read what it inherits,
/// so the parent needs no leave of its own.
pub struct CloneConfig {
    /// The config to be like.
    pub source: ConfigPath,
    /// The new one's name in paths, and for people.
    pub slug: Slug,
}

impl CloneConfig {
    /// Refuses a caller who may not clone the config.
    pub fn may<'a>(caller: &Caller<'a>, source: &ConfigPath) -> Result<&'a Config, Rejection> {
        let source = caller.config(source)?;
        let project = Place::project(source.project_id);
        caller.require(Action::ConfigsWrite, project)?;
        caller.require(Action::SecretsRead, source.place())?;
        caller.require(Action::SecretsWrite, project)?;
        Ok(source)
    }
}

impl Command for CloneConfig {
    type Answer = ConfigWritten;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<ConfigWritten>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let source = Self::may(&caller, &self.source)?;
        let project = state
            .project(source.project_id)
            .ok_or(Rejection::NotFound(Noun::Project))?;
        let path = ConfigPath {
            project: project.slug.clone(),
            config: self.slug.clone(),
        };
        check_room(state, project, &path)?;
        let config_id = ConfigId::random(env.rng);
        let parent = source.parent_id.and_then(|id| state.config(id));
        let made = ConfigWritten {
            id: config_id,
            slug: self.slug.clone(),
            name: DisplayName::of(&self.slug),
            parent: parent.map(|parent| parent.slug.clone()),
            created_at: env.written_at(state),
            revision: state.head().seq + 1,
            updated_at: env.written_at(state),
            updated_by: caller.name().id.into(),
            keys: source.keys,
            own_keys: source.secrets.len(),
        };
        let added = Change::ConfigAdded {
            config_id,
            project_id: project.id,
            slug: made.slug.clone(),
            name: made.name.clone(),
            parent_id: source.parent_id,
        };
        let mut draft = Draft::new(caller.name(), "configs.clone", target(&path), made);
        draft.changes.push(added);
        for (key, secret) in &source.secrets {
            let value = open(env.keys, source, key, secret)
                .map_err(|_| Rejection::Unopenable(key.to_string()))?;
            let copy = NewSecret {
                config_id,
                key,
                version: 1,
                value: &value,
                refs: secret.refs.as_deref().map(<[_]>::to_vec),
                icon: secret.icon.as_deref().map(str::to_owned),
                note: secret.note.clone(),
            };
            push_set(&mut draft, env, project, copy)?;
        }
        Ok(draft)
    }
}
