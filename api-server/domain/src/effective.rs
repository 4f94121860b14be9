//! What a config comes to once it has taken over what it inherits: for each key the nearest value, where it is from,
//! and whose value it hides.

use std::collections::BTreeMap;

use crate::entry::Seq;
use crate::names::Key;
use crate::seal::{KeyRing, SealError, ValuePlace};
use crate::secret::SecretValue;
use crate::state::{Config, Secret, State};

/// A key of an effective config.
#[derive(Debug, Clone, Copy)]
pub struct EffectiveSecret<'a> {
    /// The value that counts.
    pub secret: &'a Secret,
    /// The config that it is from.
    pub source: &'a Config,
    /// The nearest config whose value it hides.
    pub overrides: Option<&'a Config>,
}

/// A config as its readers see it.
#[derive(Debug, Clone)]
pub struct EffectiveConfig<'a> {
    /// The config itself.
    pub config: &'a Config,
    /// What it comes to, by key.
    pub secrets: BTreeMap<&'a Key, EffectiveSecret<'a>>,
}

impl<'a> EffectiveConfig<'a> {
    /// The effective form of `config`; of its own secrets only, unless `inherited`.
    pub fn of(state: &'a State, config: &'a Config, inherited: bool) -> Self {
        let depth = if inherited { usize::MAX } else { 1 };
        let mut secrets = BTreeMap::new();
        for source in state.lineage(config).take(depth) {
            for (key, secret) in &source.secrets {
                secrets
                    .entry(key)
                    .and_modify(|nearer: &mut EffectiveSecret<'_>| {
                        nearer.overrides = nearer.overrides.or(Some(source));
                    })
                    .or_insert(EffectiveSecret {
                        secret,
                        source,
                        overrides: None,
                    });
            }
        }
        Self { config, secrets }
    }

    /// The greatest `seq` that touched anything that this depends on: only grows, and says nothing about values.
    pub fn revision(&self) -> Seq {
        self.config.revision
    }
}

impl<'a> EffectiveSecret<'a> {
    /// What `config` has under one key; its own only, unless `inherited`.
    pub fn find(state: &'a State, config: &'a Config, key: &Key, inherited: bool) -> Option<Self> {
        let depth = if inherited { usize::MAX } else { 1 };
        let lineage = state.lineage(config).take(depth);
        let mut having = lineage.filter(|config| config.secrets.contains_key(key));
        let source = having.next()?;
        Some(Self {
            secret: source.secrets.get(key)?,
            source,
            overrides: having.next(),
        })
    }

    /// Whether the value is from another config.
    pub fn is_inherited(&self, reading: &Config) -> bool {
        self.source.id != reading.id
    }

    /// Opens the value.
    pub fn open(&self, key: &Key, keys: &KeyRing) -> Result<SecretValue, SealError> {
        open(keys, self.source, key, self.secret)
    }
}

/// Opens the value that `secret` is in `config` under `key`.
pub fn open(
    keys: &KeyRing,
    config: &Config,
    key: &Key,
    secret: &Secret,
) -> Result<SecretValue, SealError> {
    let place = ValuePlace {
        project: config.project_id,
        config: config.id,
        key,
        version: secret.version,
    };
    keys.open(place, secret.value.as_ref().ok_or(SealError::DoesNotOpen)?)
}
