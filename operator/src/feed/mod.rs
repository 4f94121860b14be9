//! The upstream, as resources see it: for each server and token one watch stream and one read of each config, however many
//! resources use them.
//!
//! A resource subscribes and looks at what is held; it never waits here. When something it subscribed to changes, the feed
//! puts it into the work queue. So a server that hangs holds up nobody who uses another one.

mod actor;
mod expiry;
mod slot;
mod state;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ssm_client::{Client, Origin, Token};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::copies::Copies;
use crate::crd::{Mode, SourceStatus};
use crate::problem::Problem;
use crate::queue::{Key, Lane, Queue};
use crate::snapshot::Snapshot;
use state::State;

pub use expiry::Expiry;

/// A config of a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConfigRef {
    /// Project.
    pub project: Arc<str>,
    /// Config.
    pub config: Arc<str>,
}

/// A server as a certain token sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpstreamKey {
    /// The server.
    pub server: Origin,
    /// Certificates to trust for it, in PEM.
    pub ca: Option<Arc<[u8]>>,
    /// The token.
    pub token: Token,
}

/// What a resource wants of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its configs.
    pub configs: Vec<ConfigRef>,
    /// How it wants to hear of changes.
    pub mode: Mode,
    /// How often, see [`crate::crd::Refresh`].
    pub interval: Duration,
}

/// How the feed behaves; the defaults are right except in tests.
#[derive(Debug, Clone)]
pub struct Timings {
    /// After which time without an answer an upstream counts as unreachable.
    pub unreachable_after: Duration,
    /// How often to read while the stream is down.
    pub safety_net: Duration,
    /// The longest wait between attempts.
    pub max_backoff: Duration,
    /// A stream that says nothing for so long is dead.
    pub stream_silence: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            unreachable_after: Duration::from_mins(1),
            safety_net: Duration::from_secs(30),
            max_backoff: Duration::from_secs(30),
            stream_silence: Duration::from_secs(45),
        }
    }
}

/// What is held for one source.
#[derive(Debug, Clone)]
pub struct SourceView {
    /// The last good copy.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Why there is none, or why it is not the newest.
    pub trouble: Option<Trouble>,
    /// When the server told of the change that led to this copy.
    pub announced_at: Option<Instant>,
}

/// What the server answered instead of a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// 403.
    Forbidden(String),
    /// 404.
    NotFound,
    /// 404 with `config_deleted`.
    Deleted,
    /// Anything else that makes no sense.
    Unusable(String),
}

/// What is known of an upstream.
#[derive(Debug, Clone)]
pub struct View {
    /// The last attempt failed, and why.
    pub failing: Option<String>,
    /// It has failed for so long that it counts as unreachable.
    pub unreachable: bool,
    /// The token is not accepted.
    pub unauthorized: bool,
    /// Whether the token was ever accepted.
    pub authorized: bool,
    /// When the token expires, as far as it is worth telling.
    pub expiry: Expiry,
    /// In the order that was asked for.
    pub sources: Vec<SourceView>,
}

/// A server as a certain token sees it, with what was read of it.
pub struct Upstream {
    state: Mutex<State>,
    commands: mpsc::UnboundedSender<Command>,
}

enum Command {
    /// A config has a first subscriber, or somebody wants to be sure: read it, as urgently as the lane says.
    Read(ConfigRef, Lane),
    /// Somebody wants these configs in this way.
    Timing(Subscription),
    /// Nobody is left.
    Stop,
}

impl Upstream {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held for these configs, for a resource that wants it as urgently as `lane` says. Where a copy was dropped to make room, it is
    /// read again, and its resources are woken then.
    pub fn view(&self, resource: &Key, configs: &[ConfigRef], lane: Lane) -> View {
        let (view, to_read) = self.lock().view(resource, configs, lane, Instant::now());
        for config in to_read {
            self.send(Command::Read(config, lane));
        }
        view
    }

    /// A resource has its Secret: from now on its changes can wait for those that have none.
    pub fn has_secret(&self, resource: &Key) {
        self.lock().has_secret(resource);
    }

    /// Asks for a fresh read of these configs; what comes of it is told as any change is.
    pub fn refresh(&self, configs: &[ConfigRef]) {
        for config in configs {
            self.send(Command::Read(config.clone(), Lane::First));
        }
    }

    fn send(&self, command: Command) {
        // The actor only ends after `Stop`, when nobody cares any more.
        let _ = self.commands.send(command);
    }
}

/// A server and the certificates to trust for it.
type ServerKey = (Origin, Option<Arc<[u8]>>);

#[derive(Default)]
struct Registry {
    upstreams: HashMap<Arc<UpstreamKey>, Arc<Upstream>>,
    subscriptions: HashMap<Key, (Arc<UpstreamKey>, Subscription)>,
    /// One pool of connections for each server, whatever the number of tokens.
    clients: HashMap<ServerKey, Client>,
}

/// All upstreams.
pub struct Feeds {
    registry: Mutex<Registry>,
    queue: Arc<Queue>,
    timings: Timings,
    copies: Arc<Copies>,
}

impl Feeds {
    /// None yet. Changes go into `queue`; last good copies take `max_copies` bytes.
    pub fn new(queue: Arc<Queue>, timings: Timings, max_copies: usize) -> Self {
        Self {
            registry: Mutex::default(),
            queue,
            timings,
            copies: Arc::new(Copies::new(max_copies)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `resource` hear of changes, and stop hearing of what it subscribed to before. `synced` is what is in its Secret:
    /// nothing older of the same epoch is given out. What it is the first to want is read as urgently as `lane` says. Must be called
    /// within a runtime.
    pub fn subscribe(
        &self,
        resource: &Key,
        upstream: &UpstreamKey,
        wanted: Subscription,
        synced: &[SourceStatus],
        lane: Lane,
    ) -> Result<Arc<Upstream>, Problem> {
        let mut registry = self.lock();
        let old = match registry.subscriptions.get(resource) {
            Some((key, old)) if **key == *upstream => {
                if *old == wanted
                    && let Some(found) = registry.upstreams.get(upstream)
                {
                    return Ok(Arc::clone(found));
                }
                old.configs.clone()
            }
            Some(_) => {
                registry.unsubscribe(resource);
                Vec::new()
            }
            None => Vec::new(),
        };
        let found = registry.upstreams.get_key_value(upstream);
        let found = found.map(|(key, found)| (Arc::clone(key), Arc::clone(found)));
        let (upstream, found) = if let Some(found) = found {
            found
        } else {
            let client = registry.client(upstream)?;
            let (commands, inbox) = mpsc::unbounded_channel();
            let made = Arc::new(Upstream {
                state: Mutex::new(State::new(Arc::clone(&self.copies))),
                commands,
            });
            let actor = actor::Actor::new(
                Arc::clone(&made),
                client,
                Arc::clone(&self.queue),
                self.timings.clone(),
            );
            tokio::spawn(actor.run(inbox));
            let upstream = Arc::new(upstream.clone());
            registry
                .upstreams
                .insert(Arc::clone(&upstream), Arc::clone(&made));
            (upstream, made)
        };
        let to_read = found.lock().subscribe(resource, &old, &wanted, synced);
        for config in to_read {
            found.send(Command::Read(config, lane));
        }
        found.send(Command::Timing(wanted.clone()));
        registry
            .subscriptions
            .insert(resource.clone(), (upstream, wanted));
        Ok(found)
    }

    /// Makes `resource` hear of nothing.
    pub fn unsubscribe(&self, resource: &Key) {
        self.lock().unsubscribe(resource);
    }

    /// Forgets all upstreams, and ends their streams.
    pub fn clear(&self) {
        let mut registry = self.lock();
        for upstream in registry.upstreams.values() {
            upstream.send(Command::Stop);
        }
        *registry = Registry::default();
    }

    /// How many bytes last good copies take.
    pub fn copies_held(&self) -> usize {
        self.copies.held()
    }

    /// Where a resource hears from.
    pub fn upstream_of(&self, resource: &Key) -> Option<Arc<UpstreamKey>> {
        let registry = self.lock();
        let (upstream, _) = registry.subscriptions.get(resource)?;
        Some(Arc::clone(upstream))
    }

    /// A client of an upstream, be it one that nobody hears from any more.
    pub fn client(&self, upstream: &UpstreamKey) -> Result<Client, Problem> {
        let mut registry = self.lock();
        let client = registry.client(upstream);
        registry.drop_unused(&upstream.server, upstream.ca.as_ref());
        client
    }

    /// What there is, for the metrics.
    pub fn counts(&self) -> Counts {
        let registry = self.lock();
        let mut counts = Counts {
            upstreams: registry.upstreams.len(),
            ..Counts::default()
        };
        for upstream in registry.upstreams.values() {
            let state = upstream.lock();
            counts.streams += usize::from(state.is_live());
            counts.failing += usize::from(state.is_failing());
            counts.configs += state.len();
        }
        counts
    }
}

/// How much a feed has of what.
#[derive(Debug, Default)]
pub struct Counts {
    /// Servers, each as one token sees it.
    pub upstreams: usize,
    /// Open streams.
    pub streams: usize,
    /// Upstreams that do not answer or do not accept the token.
    pub failing: usize,
    /// Configs.
    pub configs: usize,
}

impl Registry {
    fn unsubscribe(&mut self, resource: &Key) {
        let Some((key, subscription)) = self.subscriptions.remove(resource) else {
            return;
        };
        let Entry::Occupied(upstream) = self.upstreams.entry(key) else {
            return;
        };
        let is_unused = {
            let mut state = upstream.get().lock();
            state.unsubscribe(resource, &subscription.configs);
            state.len() == 0
        };
        if is_unused {
            let (key, upstream) = upstream.remove_entry();
            upstream.send(Command::Stop);
            self.drop_unused(&key.server, key.ca.as_ref());
        }
    }

    /// Drops the client of a server that no upstream is at.
    fn drop_unused(&mut self, server: &Origin, ca: Option<&Arc<[u8]>>) {
        let mut upstreams = self.upstreams.keys();
        if !upstreams.any(|other| other.server == *server && other.ca.as_ref() == ca) {
            self.clients.remove(&(server.clone(), ca.cloned()));
        }
    }

    fn client(&mut self, upstream: &UpstreamKey) -> Result<Client, Problem> {
        let place = (upstream.server.clone(), upstream.ca.clone());
        let base = match self.clients.entry(place) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(place) => {
                // The feed has its own idea of when to try again, across all configs of an upstream.
                let mut builder = Client::builder_for(upstream.server.clone())
                    .retries(0)
                    .request_timeout(Duration::from_secs(10))
                    .user_agent(concat!("ssm-operator/", env!("CARGO_PKG_VERSION")));
                if let Some(ca) = &upstream.ca {
                    builder = builder.ca_bundle(ca.to_vec());
                }
                place.insert(builder.build().map_err(|error| Problem::InvalidCaBundle {
                    why: error.to_string(),
                })?)
            }
        };
        base.with_token(&upstream.token)
            .map_err(|error| Problem::InvalidServer {
                why: error.to_string(),
            })
    }
}
