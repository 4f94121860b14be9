//! Making a config's own secrets what they were.

use std::collections::BTreeMap;

use super::{ExpectedRevision, NewSecret, Outcome, Written, check_expected, push_set, written_key};
use crate::access::Action;
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::configs::target;
use crate::effective::open;
use crate::entry::Change;
use crate::id::ConfigId;
use crate::names::{ConfigPath, Key};
use crate::rejection::{Noun, Rejection};
use crate::secret::SecretValue;
use crate::state::{Config, Secret, State};

/// Sets and deletes what makes a config's own secrets the ones that it had before, as something new: history stays.
///
/// What it had is read from the journal beforehand and cannot change any more; what it has is looked at when this is
/// decided. References come back as they were stored, also those whose targets are gone.
pub struct Rollback {
    /// The config.
    pub path: ConfigPath,
    /// The config whose secrets these were, should another one have its name by now.
    pub config_id: ConfigId,
    /// Its own secrets as they were.
    pub secrets: BTreeMap<Key, Secret>,
    /// Refuse where the config has another revision.
    pub expected: Option<ExpectedRevision>,
}

impl Command for Rollback {
    type Answer = Written;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Written>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let config = caller.config_for(Action::SecretsRead, &self.path)?;
        let sets = !self
            .secrets
            .iter()
            .all(|(key, past)| is_untouched(config, key, past));
        let present = config.secrets.keys();
        let deleted: Vec<&Key> = present
            .filter(|key| !self.secrets.contains_key(*key))
            .collect();
        if sets || deleted.is_empty() {
            caller.require(Action::SecretsWrite, config.place())?;
        }
        if !deleted.is_empty() {
            caller.require(Action::SecretsDelete, config.place())?;
        }
        if config.id != self.config_id {
            return Err(Rejection::NotFound(Noun::Config));
        }
        check_expected(self.expected, state, config)?;

        let written = Written {
            revision: config.revision,
            keys: Vec::new(),
        };
        let target = target(&self.path);
        let mut draft = Draft::new(caller.name(), "secrets.rollback", target, written);
        for (key, past) in &self.secrets {
            let outcome = set(&mut draft, env, state, config, key, past)?;
            let told = written_key(state, config, key, outcome);
            draft.answer.keys.push(told);
        }
        for key in deleted {
            draft.changes.push(Change::SecretDeleted {
                config_id: config.id,
                key: key.clone(),
            });
            let told = written_key(state, config, key, Outcome::Deleted);
            draft.answer.keys.push(told);
        }
        if !draft.changes.is_empty() {
            draft.answer.revision = state.head().seq + 1;
        }
        Ok(draft)
    }
}

/// Versions never come back, so the same one is the same secret.
fn is_untouched(config: &Config, key: &Key, past: &Secret) -> bool {
    let current = config.secrets.get(key);
    current.is_some_and(|current| current.version == past.version)
}

/// Adds what setting one secret takes to the draft, unless it is so already.
fn set(
    draft: &mut Draft<Written>,
    env: &mut Env<'_>,
    state: &State,
    config: &Config,
    key: &Key,
    past: &Secret,
) -> Result<Outcome, Rejection> {
    if is_untouched(config, key, past) {
        return Ok(Outcome::Same);
    }
    let value =
        open(env.keys, config, key, past).map_err(|_| Rejection::Unopenable(key.to_string()))?;
    let current = config.secrets.get(key);
    if current.is_some_and(|current| is_same(env, config, key, current, past, &value)) {
        return Ok(Outcome::Same);
    }
    let project = state
        .project(config.project_id)
        .ok_or(Rejection::NotFound(Noun::Project))?;
    let back = NewSecret {
        config_id: config.id,
        key,
        version: config.next_version(key),
        value: &value,
        refs: past.refs.as_deref().map(<[_]>::to_vec),
        icon: past.icon.as_deref().map(str::to_owned),
        note: past.note.clone(),
    };
    push_set(draft, env, project, back)?;
    Ok(if current.is_some() {
        Outcome::Changed
    } else {
        Outcome::New
    })
}

fn is_same(
    env: &Env<'_>,
    config: &Config,
    key: &Key,
    current: &Secret,
    past: &Secret,
    value: &SecretValue,
) -> bool {
    (&current.icon, &current.note, &current.refs) == (&past.icon, &past.note, &past.refs)
        && open(env.keys, config, key, current).is_ok_and(|now| now.reveal() == value.reveal())
}
