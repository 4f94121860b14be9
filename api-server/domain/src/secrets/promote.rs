//! Taking values from one config of a project over into another.

use super::{ExpectedRevision, SetSecret, WriteSecrets, Written};
use crate::access::Action;
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::effective::{EffectiveConfig, open};
use crate::names::{ConfigPath, Key, Slug};
use crate::references::Binding;
use crate::rejection::{Noun, Rejection};
use crate::seal::SealError;
use crate::secret::SecretValue;
use crate::state::{Config, Secret, State};

/// Sets the values of one config in another. What they refer to is what they referred to, and is checked anew where they
/// go.
pub struct Promote {
    /// The project of both.
    pub project: Slug,
    /// The config that has the values.
    pub from: Slug,
    /// The config that gets them.
    pub to: Slug,
    /// Which, inherited ones included; all that `from` has itself where it is not said.
    pub keys: Option<Vec<Key>>,
    /// Refuse where `to` has another revision.
    pub expected: Option<ExpectedRevision>,
}

impl Command for Promote {
    type Answer = Written;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Written>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let from = caller.config_for(Action::SecretsRead, &self.path(&self.from))?;
        let to = self.path(&self.to);
        if caller.config_for(Action::SecretsWrite, &to)?.id == from.id {
            return Err(Rejection::invalid("to", &"must be another config"));
        }
        let write = WriteSecrets {
            path: to,
            set: self.values(state, from, env)?,
            delete: Vec::new(),
            expected: self.expected,
        };
        let mut draft = write.decide(state, actor, env)?;
        draft.action = "secrets.promote";
        Ok(draft)
    }
}

impl Promote {
    fn path(&self, config: &Slug) -> ConfigPath {
        ConfigPath {
            project: self.project.clone(),
            config: config.clone(),
        }
    }

    fn values(
        &self,
        state: &State,
        from: &Config,
        env: &Env<'_>,
    ) -> Result<Vec<SetSecret>, Rejection> {
        let Some(keys) = &self.keys else {
            let own = from.secrets.iter();
            return own
                .map(|(key, secret)| set(key, secret, open(env.keys, from, key, secret)))
                .collect();
        };
        let effective = EffectiveConfig::of(state, from, true);
        let found = keys.iter().map(|key| {
            let secret = effective.secrets.get(key);
            let secret = secret.ok_or(Rejection::NotFound(Noun::Secret))?;
            set(key, secret.secret, secret.open(key, env.keys))
        });
        found.collect()
    }
}

fn set(
    key: &Key,
    secret: &Secret,
    opened: Result<SecretValue, SealError>,
) -> Result<SetSecret, Rejection> {
    let value = opened.map_err(|_| Rejection::Unopenable(key.to_string()))?;
    Ok(SetSecret {
        binding: Binding::As(secret.refs.as_deref().map(<[_]>::to_vec)),
        ..SetSecret::new(key.clone(), value)
    })
}
