//! Reading one config: who may, at which revision it is, and what it comes to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use ssm_domain::access::Action;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::effective::{EffectiveConfig, EffectiveSecret, open};
use ssm_domain::entry::Seq;
use ssm_domain::id::{ConfigId, Epoch};
use ssm_domain::names::{ConfigPath, Key};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secret::SecretValue;
use ssm_domain::state::{Config, State};

use crate::cache::{Rendered, wiped_when_dropped};
use crate::engine::{Engine, Shared, now};

/// A revision together with the journal's lifetime that it belongs to. Written `<epoch>.<revision>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigVersion {
    /// The journal's lifetime.
    pub epoch: Epoch,
    /// The revision in it.
    pub revision: Seq,
}

impl fmt::Display for ConfigVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.revision)
    }
}

/// The text is not `<epoch>.<revision>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an ETag that this server gave out")]
pub struct InvalidVersion;

impl FromStr for ConfigVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let (epoch, revision) = text.split_once('.').ok_or(InvalidVersion)?;
        let epoch = epoch.parse().map_err(|_| InvalidVersion)?;
        Ok(Self {
            epoch,
            revision: revision.parse().map_err(|_| InvalidVersion)?,
        })
    }
}

/// Everything that makes one rendering of a config differ from another at the same revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RenderKey {
    /// Whether inherited secrets are in it.
    pub inherited: bool,
    /// What else the renderer distinguishes.
    pub variant: u32,
}

/// One config in one state, opened for somebody who may read it.
pub struct ConfigReader {
    pub(crate) shared: Arc<Shared>,
    pub(crate) state: Arc<State>,
    pub(crate) config: ConfigId,
    version: ConfigVersion,
    actor: Actor,
    action: Action,
}

impl Engine {
    /// Opens a config for a caller who may do `action` in it.
    pub fn read(
        &self,
        actor: &Actor,
        action: Action,
        path: &ConfigPath,
    ) -> Result<ConfigReader, Rejection> {
        let state = self.state();
        let caller = Caller::identify(&state, actor, now(&state))?;
        let config = caller.config_for(action, path)?;
        let epoch = state
            .journal()
            .map(|journal| journal.epoch)
            .ok_or(Rejection::NotFound(Noun::Config))?;
        let (config, version) = (
            config.id,
            ConfigVersion {
                epoch,
                revision: config.revision,
            },
        );
        Ok(ConfigReader {
            shared: self.shared.clone(),
            state,
            config,
            version,
            actor: *actor,
            action,
        })
    }
}

impl ConfigReader {
    /// At which revision the config is.
    pub fn version(&self) -> ConfigVersion {
        self.version
    }

    /// The config.
    pub fn config(&self) -> &Config {
        self.state
            .config(self.config)
            .expect("the config was found in this very state")
    }

    /// What the config comes to; its own secrets only, unless `inherited`.
    pub fn effective(&self, inherited: bool) -> EffectiveConfig<'_> {
        EffectiveConfig::of(&self.state, self.config(), inherited)
    }

    /// Opens a value that the config comes to.
    pub fn open(&self, key: &Key, secret: &EffectiveSecret<'_>) -> Result<SecretValue, Rejection> {
        secret
            .open(key, &self.shared.keys)
            .map_err(|_| Rejection::Unopenable(key.to_string()))
    }

    /// Opens the config's own value of `key`.
    pub fn own(&self, key: &Key) -> Result<SecretValue, Rejection> {
        let secret = self
            .config()
            .secrets
            .get(key)
            .ok_or(Rejection::NotFound(Noun::Secret))?;
        open(&self.shared.keys, self.config(), key, secret)
            .map_err(|_| Rejection::Unopenable(key.to_string()))
    }

    /// The config rendered by `render`, from the cache where it has been rendered before. What `render` makes may
    /// depend on the config, the revision and `key` alone.
    pub fn rendered<E: From<Rejection>>(
        &self,
        key: RenderKey,
        render: impl FnOnce(&EffectiveConfig<'_>) -> Result<Vec<u8>, E>,
    ) -> Result<Bytes, E> {
        let cache_key = (self.config, self.version.revision, key);
        if let Some(rendered) = self.shared.cache.get(&cache_key)
            && self.may_read_all(&rendered.drawn_from)
        {
            return Ok(rendered.body);
        }
        let effective = self.effective(key.inherited);
        let body = wiped_when_dropped(render(&effective)?);
        let rendered = Rendered {
            body: body.clone(),
            drawn_from: effective.drawn_from.into(),
        };
        self.shared.cache.insert(cache_key, rendered);
        Ok(body)
    }

    /// Who may read a config may read what it inherits; anything else that a body was drawn from needs its own leave.
    fn may_read_all(&self, drawn_from: &[ConfigId]) -> bool {
        let inherited = |id: &ConfigId| {
            self.state
                .lineage(self.config())
                .any(|config| config.id == *id)
        };
        let mut others = drawn_from.iter().filter(|id| !inherited(id)).peekable();
        if others.peek().is_none() {
            return true;
        }
        let Ok(caller) = Caller::identify(&self.state, &self.actor, now(&self.state)) else {
            return false;
        };
        others.all(|id| {
            let config = self.state.config(*id);
            config.is_some_and(|config| caller.authority().may(self.action, config.place()))
        })
    }
}
