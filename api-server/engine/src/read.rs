//! Reading one config: who may, at which revision it is, and what it comes to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use ssm_domain::access::Action;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::compare::Survey;
use ssm_domain::effective::{EffectiveConfig, EffectiveSecret};
use ssm_domain::entry::{Seq, Subject};
use ssm_domain::id::{ConfigId, Epoch};
use ssm_domain::names::{ConfigPath, Key};
use ssm_domain::references::{Budget, Resolver};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secret::SecretValue;
use ssm_domain::state::{Config, State};

use crate::cache::{Followed, Rendered, wiped_when_dropped};
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

/// A body that has just been made, and where references led in it.
#[derive(Default)]
pub struct Fresh {
    /// The body.
    pub body: Vec<u8>,
    /// Where references led; absent where none were followed.
    pub references: Option<Followed>,
    /// Whether it lacks what another reader may know. Such a body is kept for nobody.
    pub is_partial: bool,
}

impl From<Vec<u8>> for Fresh {
    fn from(body: Vec<u8>) -> Self {
        Self {
            body,
            references: None,
            is_partial: false,
        }
    }
}

/// Tells readers apart without saying anything about them. Written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderMark([u8; 8]);

impl fmt::Display for ReaderMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// One config in one state, opened for somebody who may read it.
pub struct ConfigReader {
    pub(crate) shared: Arc<Shared>,
    pub(crate) state: Arc<State>,
    pub(crate) config: ConfigId,
    version: ConfigVersion,
    actor: Actor,
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

    /// What the config has under one key; its own only, unless `inherited`.
    pub fn secret(&self, key: &Key, inherited: bool) -> Result<EffectiveSecret<'_>, Rejection> {
        EffectiveSecret::find(&self.state, self.config(), key, inherited)
            .ok_or(Rejection::NotFound(Noun::Secret))
    }

    /// Where other configs are.
    pub fn paths_of(&self, configs: &[ConfigId]) -> Vec<ConfigPath> {
        let configs = configs.iter().filter_map(|id| self.state.config(*id));
        configs
            .filter_map(|config| self.state.path_of(config))
            .collect()
    }

    /// What the values of the config refer to, as the caller may know it.
    pub fn survey<'a>(&self, config: &EffectiveConfig<'a>) -> Result<Survey<'a>, Rejection> {
        let (caller, keys) = (self.caller()?, &self.shared.keys);
        Ok(Survey::of(&self.state, keys, caller.authority(), config))
    }

    /// Whether placeholders mean anything in this workspace.
    pub fn has_references(&self) -> bool {
        self.state.settings().referencing_enabled
    }

    /// Calls `read` with what resolves the config's references with the caller's rights, at most `max_depth` of them one
    /// after the other. Tells where they led.
    pub fn resolving<T, E: From<Rejection>>(
        &self,
        max_depth: usize,
        read: impl FnOnce(&mut Resolver<'_>) -> Result<T, E>,
    ) -> Result<(T, Followed), E> {
        let caller = self.caller()?;
        let (keys, mut budget) = (&self.shared.keys, Budget::default());
        let mut resolver = Resolver::new(
            &self.state,
            keys,
            caller.authority(),
            self.config(),
            max_depth,
            &mut budget,
        );
        let value = read(&mut resolver)?;
        let followed = Followed {
            hops: resolver.hops().collect(),
            unresolved: resolver.unresolved().map(str::to_owned).collect(),
        };
        Ok((value, followed))
    }

    /// Tells one reader, with the rights that they have now, from all others.
    pub fn mark(&self) -> ReaderMark {
        let mut digest = Sha256::new_with_prefix(b"ssm/reader/v1");
        let of_user = match &self.actor {
            Actor::Token(id) => {
                digest.update(id.as_bytes());
                let token = self.state.token(*id);
                token.is_some_and(|token| matches!(token.subject, Subject::User(_)))
            }
            Actor::User(id) => {
                digest.update(id.as_bytes());
                true
            }
            Actor::System | Actor::Anonymous => false,
        };
        // The scopes of a token never change; what its user may do does.
        if of_user {
            digest.update(self.state.rights_seq().to_be_bytes());
        }
        let digest: [u8; 32] = digest.finalize().into();
        ReaderMark(*digest.first_chunk().expect("32 bytes begin with 8"))
    }

    /// The config rendered by `render`, from the cache where it has been rendered before. What `render` makes may
    /// depend on the config, the revision, `key`, and what references lead to, alone.
    pub fn rendered<E: From<Rejection>>(
        &self,
        key: RenderKey,
        render: impl FnOnce(&EffectiveConfig<'_>) -> Result<Fresh, E>,
    ) -> Result<Rendered, E> {
        let (cache_key, revision) = ((self.config, key), self.version.revision);
        if let Some(rendered) = self.shared.cache.get(&cache_key, revision)
            && self.may_follow(rendered.references.as_deref())
        {
            return Ok(rendered);
        }
        let Fresh {
            body,
            references,
            is_partial,
        } = render(&self.effective(key.inherited))?;
        let rendered = Rendered {
            body: wiped_when_dropped(body),
            references: references.map(Arc::new),
        };
        if !is_partial {
            self.shared
                .cache
                .insert(cache_key, revision, rendered.clone());
        }
        Ok(rendered)
    }

    /// Who may read a config may read what it inherits; every config that references led to needs its own leave.
    fn may_follow(&self, references: Option<&Followed>) -> bool {
        let hops = references.map_or(&[][..], |followed| &followed.hops);
        if hops.is_empty() {
            return true;
        }
        self.caller().is_ok_and(|caller| {
            hops.iter().all(|id| {
                let config = self.state.config(*id);
                config.is_some_and(|config| {
                    caller.authority().may(Action::SecretsRead, config.place())
                })
            })
        })
    }

    fn caller(&self) -> Result<Caller<'_>, Rejection> {
        Caller::identify(&self.state, &self.actor, now(&self.state))
    }
}
