//! Writing secrets: any number of keys of one config in one entry, all or nothing.

mod promote;
mod rollback;
mod sealing;

use std::collections::BTreeSet;

use crate::access::Action;
use crate::caller::{Actor, Caller};
use crate::change::Reference;
use crate::command::{Command, Draft, Env};
use crate::configs::target;
use crate::effective::open;
use crate::entry::{Change, Seq, Target};
use crate::id::Epoch;
use crate::names::{ConfigPath, Description, Key};
use crate::references::{Binding, NewValue, bind};
use crate::rejection::{Noun, Rejection};
use crate::secret::SecretValue;
use crate::state::{Config, Secret, State};

pub use promote::Promote;
pub use rollback::Rollback;
pub(crate) use sealing::{NewSecret, push_set};

/// The most keys of its own that a config has.
pub const MAX_KEYS: usize = 5_000;
/// The most bytes of its own keys and values that a config has.
pub const MAX_BYTES: usize = 1024 * 1024;

/// What to do with something that a secret may have beside its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Take it away.
    Clear,
    /// Make it this.
    Set(T),
}

impl<T> Edit<T> {
    pub(crate) fn over(&self, current: Option<T>) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(new) => Some(new.clone()),
        }
    }
}

/// A secret to be set.
#[derive(Debug, Clone)]
pub struct SetSecret {
    /// Its key.
    pub key: Key,
    /// Its new value.
    pub value: SecretValue,
    /// What the value's placeholders mean.
    pub binding: Binding,
    /// The icon that somebody chose.
    pub icon: Edit<String>,
    /// A remark.
    pub note: Edit<Description>,
}

impl SetSecret {
    /// Sets a value and nothing else.
    pub fn new(key: Key, value: SecretValue) -> Self {
        Self {
            key,
            value,
            binding: Binding::ByName,
            icon: Edit::Keep,
            note: Edit::Keep,
        }
    }

    fn new_value(&self) -> NewValue<'_> {
        NewValue {
            key: &self.key,
            value: &self.value,
            binding: &self.binding,
        }
    }
}

/// The revision that a writer believes a config to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedRevision {
    /// The journal's lifetime.
    pub epoch: Epoch,
    /// The revision in it.
    pub revision: Seq,
}

/// Sets and deletes secrets of one config.
pub struct WriteSecrets {
    /// The config.
    pub path: ConfigPath,
    /// What to set.
    pub set: Vec<SetSecret>,
    /// What to delete; refused where one is absent.
    pub delete: Vec<Key>,
    /// Refuse where the config has another revision.
    pub expected: Option<ExpectedRevision>,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there.
    New,
    /// It had another value.
    Changed,
    /// It had this value already.
    Same,
    /// It is not there any more.
    Deleted,
}

/// What became of one key of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenKey {
    /// The key.
    pub key: Key,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether a config above has a value of this key, too.
    pub overrides_inherited: bool,
}

/// What a write came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The config's revision with this write, and with nothing after it.
    pub revision: Seq,
    /// What became of each key, in the order asked for; deletions last.
    pub keys: Vec<WrittenKey>,
}

impl Command for WriteSecrets {
    type Answer = Written;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Written>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let config = caller.config(&self.path)?;
        if !self.set.is_empty() || self.delete.is_empty() {
            caller.require(Action::SecretsWrite, config.place())?;
        }
        if !self.delete.is_empty() {
            caller.require(Action::SecretsDelete, config.place())?;
        }
        check_expected(self.expected, state, config)?;
        self.check_keys()?;
        self.check_new_keys(state, config)?;
        self.check_values()?;
        let new_values: Vec<_> = self.set.iter().map(SetSecret::new_value).collect();
        let references = bind(state, &caller, config, &new_values, &self.delete)?;

        let action = if self.set.is_empty() {
            "secrets.delete"
        } else {
            "secrets.write"
        };
        let written = Written {
            revision: config.revision,
            keys: Vec::new(),
        };
        let mut draft = Draft::new(caller.name(), action, self.target(), written);
        for (secret, refs) in self.set.iter().zip(references) {
            let outcome = set(&mut draft, env, state, config, secret, refs)?;
            draft
                .answer
                .keys
                .push(written_key(state, config, &secret.key, outcome));
        }
        for key in &self.delete {
            config
                .secrets
                .get(key)
                .ok_or(Rejection::NotFound(Noun::Secret))?;
            draft.changes.push(Change::SecretDeleted {
                config_id: config.id,
                key: key.clone(),
            });
            draft
                .answer
                .keys
                .push(written_key(state, config, key, Outcome::Deleted));
        }
        self.check_size(config)?;
        if !draft.changes.is_empty() {
            draft.answer.revision = state.head().seq + 1;
        }
        Ok(draft)
    }
}

impl WriteSecrets {
    fn target(&self) -> Target {
        let mut keys = self
            .set
            .iter()
            .map(|secret| &secret.key)
            .chain(&self.delete);
        let only = keys.next().filter(|_| keys.next().is_none());
        Target {
            key: only.cloned(),
            ..target(&self.path)
        }
    }

    fn check_keys(&self) -> Result<(), Rejection> {
        let mut seen = BTreeSet::new();
        match self
            .set
            .iter()
            .map(|secret| &secret.key)
            .chain(&self.delete)
            .find(|key| !seen.insert(*key))
        {
            Some(key) => Err(Rejection::invalid(key.as_str(), &"must be given once only")),
            None => Ok(()),
        }
    }

    /// What came from version 1.4 goes on, where it is, where it is overridden and where it is taken to.
    fn check_new_keys(&self, state: &State, config: &Config) -> Result<(), Rejection> {
        let is_known = |key| {
            state
                .lineage(config)
                .any(|above| above.secrets.contains_key(key))
        };
        let refused = self.set.iter().find(|new| {
            new.key.starts_with_digit() && new.binding == Binding::ByName && !is_known(&new.key)
        });
        refused.map_or(Ok(()), |new| {
            Err(Rejection::invalid(
                new.key.as_str(),
                &"must not start with a digit",
            ))
        })
    }

    fn check_values(&self) -> Result<(), Rejection> {
        self.set.iter().try_for_each(|secret| {
            secret
                .value
                .check()
                .map_err(|why| Rejection::invalid(secret.key.as_str(), &why))
        })
    }

    /// The limits hold for what the config will have.
    fn check_size(&self, config: &Config) -> Result<(), Rejection> {
        let size = |key: &Key| {
            config
                .secrets
                .get(key)
                .map(|secret| key.as_str().len() + secret.plaintext_bytes())
        };
        let (mut keys, mut bytes) = (config.secrets.len(), config.bytes());
        for key in &self.delete {
            keys -= 1;
            bytes -= size(key).unwrap_or(0);
        }
        let before = bytes;
        for new in &self.set {
            keys += usize::from(!config.secrets.contains_key(&new.key));
            bytes -= size(&new.key).unwrap_or(0);
            bytes += new.key.as_str().len() + new.value.reveal().len();
        }
        if keys > MAX_KEYS {
            Err(Rejection::TooLarge(
                "A config has at most 5000 keys of its own",
            ))
        } else if bytes > MAX_BYTES && bytes > before {
            Err(Rejection::TooLarge(
                "A config has at most 1 MiB of keys and values of its own",
            ))
        } else {
            Ok(())
        }
    }
}

/// Adds what setting one secret takes to the draft, unless it is so already.
fn set(
    draft: &mut Draft<Written>,
    env: &mut Env<'_>,
    state: &State,
    config: &Config,
    new: &SetSecret,
    refs: Option<Vec<Reference>>,
) -> Result<Outcome, Rejection> {
    let current = config.secrets.get(&new.key);
    let icon = new
        .icon
        .over(current.and_then(|secret| secret.icon.as_deref().map(str::to_owned)));
    let note = new
        .note
        .over(current.and_then(|secret| secret.note.clone()));
    if let Some(current) = current
        && current.icon.as_deref() == icon.as_deref()
        && current.note == note
        && current.refs.as_deref() == refs.as_deref()
        && has_value(env, config, current, new)
    {
        return Ok(Outcome::Same);
    }
    let project = state
        .project(config.project_id)
        .ok_or(Rejection::NotFound(Noun::Project))?;
    let sealing = NewSecret {
        config_id: config.id,
        key: &new.key,
        version: config.next_version(&new.key),
        value: &new.value,
        refs,
        icon,
        note,
    };
    push_set(draft, env, project, sealing)?;
    Ok(if current.is_some() {
        Outcome::Changed
    } else {
        Outcome::New
    })
}

/// Refuses a writer who believes the config to be at another revision.
pub(crate) fn check_expected(
    expected: Option<ExpectedRevision>,
    state: &State,
    config: &Config,
) -> Result<(), Rejection> {
    let epoch = state.journal().map(|journal| journal.epoch);
    match expected {
        Some(expected) if Some(expected.epoch) != epoch || expected.revision != config.revision => {
            Err(Rejection::RevisionMoved {
                current: config.revision,
            })
        }
        _ => Ok(()),
    }
}

/// A value that cannot be opened is replaced by whatever is set.
fn has_value(env: &Env<'_>, config: &Config, current: &Secret, new: &SetSecret) -> bool {
    open(env.keys, config, &new.key, current)
        .is_ok_and(|value| value.reveal() == new.value.reveal())
}

fn written_key(state: &State, config: &Config, key: &Key, outcome: Outcome) -> WrittenKey {
    let overrides_inherited = state
        .lineage(config)
        .skip(1)
        .any(|above| above.secrets.contains_key(key));
    WrittenKey {
        key: key.clone(),
        outcome,
        overrides_inherited,
    }
}
