//! One reconcile: look at the resource, at what the feed holds and at the Secret, carry the plan out, and say so in the
//! status where that is news. It never waits for an upstream.

use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use rand::RngExt;
use ssm_client::Origin;
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::apply::{Failure, Writer, is_advance};
use crate::authorities;
use crate::crd::{RECONCILE_AT_ANNOTATION, SecretSync, Server, SourceStatus};
use crate::desired::{Fetched, desire};
use crate::events::Events;
use crate::feed::{ConfigRef, Feeds, Subscription, UpstreamKey, View};
use crate::held::Held;
use crate::kube_error::{Meaning, describe, meaning};
use crate::metrics;
use crate::plan::target_name;
use crate::problem::{Concern, Problem};
use crate::queue::{Key, Lane, Queue};
use crate::restart::Restarts;
use crate::status::{Outcome, Synced};
use crate::store::{Store, key_of};
use crate::sync_report::SyncReports;
use crate::tokens::{self, HeldToken, may_go};
use crate::verdict::{Verdict, verdict};

/// How long one reconcile may take, retries that the API server asks for by `Retry-After` included.
const LIMIT: Duration = Duration::from_secs(20);
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// What Kubernetes refuses is tried again now and then, since nobody tells when rights change; an API server that has
/// just started refuses everything until it has read its rules.
const REFUSED_AGAIN: Duration = Duration::from_secs(30);

/// What resources share.
pub struct Context {
    /// API server.
    pub client: Client,
    /// What is known of the cluster.
    pub store: Store,
    /// What wants a reconcile.
    pub queue: Arc<Queue>,
    /// What is known of upstreams.
    pub feeds: Feeds,
    /// What upstreams are to be told.
    pub sync_reports: SyncReports,
    /// What the cluster is called.
    pub cluster: String,
    /// Token Secrets that were read.
    pub tokens: Held<HeldToken>,
    /// Secrets with servers' certificates that were read.
    pub authorities: Held<Arc<[u8]>>,
    /// Where events go.
    pub events: Events,
    /// What is known about restarts.
    pub restarts: Restarts,
    /// Server of resources that name none.
    pub default_server: Option<Origin>,
    /// Certificates to trust for it.
    pub default_ca: Option<Arc<[u8]>>,
    /// Other servers that tokens may be sent to.
    pub allowed_servers: Vec<Origin>,
    /// For fingerprints; random for each process.
    pub hasher: RandomState,
}

/// What came of a look at a resource.
enum Step {
    /// Say so.
    Report(Box<Outcome>),
    /// The feed will wake it; there is nothing to say yet.
    Wait,
    /// Try again.
    Retry(String),
    /// Nothing matters any more.
    Ignore,
}

impl From<Problem> for Step {
    fn from(problem: Problem) -> Self {
        Self::Report(Box::new(Outcome::problem(problem)))
    }
}

/// Reconciles one resource. What it needs of the server is read as urgently as `lane` says.
pub async fn reconcile(context: &Context, key: &Key, lane: Lane) {
    let Some(sync) = context.store.sync(key) else {
        context.feeds.unsubscribe(key);
        context.sync_reports.gone(key);
        context.queue.cancel_later(key);
        context.restarts.forget(key);
        return;
    };
    // Cut short, it is like a crash: every write has a precondition, and the next attempt looks at what is there.
    let result = tokio::time::timeout(LIMIT, context.reconcile(key, &sync, lane))
        .await
        .unwrap_or_else(|_| Err("the Kubernetes API server does not answer in time".to_owned()));
    if let Some(sync) = context.store.sync(key) {
        context.restarts.consider(key, &sync);
    }
    match result {
        Ok(result) => {
            metrics::sync(result);
            context.store.succeeded(key);
        }
        Err(why) => {
            let failures = context.store.failed(key);
            let backoff = (FIRST_BACKOFF * 2u32.saturating_pow(failures.saturating_sub(1).min(16)))
                .min(MAX_BACKOFF);
            let wait = with_jitter(backoff);
            tracing::warn!(resource = %key, error = why, retry_in = ?wait, "reconcile failed");
            metrics::sync("failed");
            context.queue.add_after(key, wait);
        }
    }
}

impl Context {
    /// How it ended, for the metrics, or why it is to be tried again.
    async fn reconcile(
        &self,
        key: &Key,
        sync: &SecretSync,
        lane: Lane,
    ) -> Result<&'static str, String> {
        let step = if sync.metadata.deletion_timestamp.is_some() {
            Step::Ignore
        } else {
            self.step(key, sync, lane).await
        };
        match step {
            Step::Report(outcome) => {
                let result = self.report(key, sync, &outcome).await?;
                if let Some(synced) = &outcome.synced
                    && result != "superseded"
                {
                    self.tell_synced(key, &synced.sources);
                }
                Ok(result)
            }
            Step::Wait => Ok("waiting"),
            Step::Ignore => {
                self.feeds.unsubscribe(key);
                Ok("ignored")
            }
            Step::Retry(why) => Err(why),
        }
    }

    async fn step(&self, key: &Key, sync: &SecretSync, lane: Lane) -> Step {
        if sync.spec.suspend {
            self.feeds.unsubscribe(key);
            return Problem::Suspended.into();
        }
        // The schema asks for one; a resource that was stored before there was a schema must not empty its Secret.
        if sync.spec.sources.is_empty() {
            self.feeds.unsubscribe(key);
            let why = "spec.sources is empty".to_owned();
            return Problem::Malformed { why }.into();
        }
        let upstream = match self.upstream(key, sync).await {
            Ok(upstream) => upstream,
            Err(step) => {
                self.feeds.unsubscribe(key);
                self.sync_reports.forget(key);
                return step;
            }
        };
        let configs: Vec<ConfigRef> = sync
            .spec
            .sources
            .iter()
            .map(|source| ConfigRef {
                project: source.project.as_str().into(),
                config: source.config.as_str().into(),
            })
            .collect();
        let wanted = Subscription {
            configs: configs.clone(),
            mode: sync.spec.refresh.mode,
            interval: sync.spec.refresh.interval(),
        };
        match self
            .feeds
            .subscribe(key, &upstream, wanted, synced(sync), lane)
        {
            Ok(upstream) => {
                let wish = reconcile_at(sync);
                if wish.is_some() {
                    upstream.refresh(&configs);
                }
                let view = upstream.view(key, &configs, lane);
                let mut step = self.sync(sync, &view, wish.is_some()).await;
                if let Step::Report(outcome) = &mut step {
                    outcome.reconcile_at = wish.map(str::to_owned);
                    if outcome.synced.is_some() {
                        upstream.has_secret(key);
                    }
                }
                step
            }
            Err(problem) => named(problem, &sync.spec.server).into(),
        }
    }

    /// Which server with which token, if that is allowed.
    async fn upstream(&self, key: &Key, sync: &SecretSync) -> Result<UpstreamKey, Step> {
        let named = sync
            .spec
            .server
            .url
            .as_deref()
            .map(Origin::parse)
            .transpose();
        let named = named.map_err(|error| Problem::InvalidServer {
            why: error.to_string(),
        })?;
        let server = named
            .or_else(|| self.default_server.clone())
            .ok_or(Problem::NoServer)?;
        let reference = self.store.token_ref(sync).ok_or(Problem::NoTokenRef)?;
        if reference.name == target_name(sync) {
            return Err(Problem::TargetIsToken {
                name: reference.name.clone(),
            }
            .into());
        }
        let held = self.tokens.get(
            &self.client,
            &self.store,
            Key::new(&key.namespace, &reference.name),
            &reference.key,
            |secret| tokens::read(secret, reference),
        );
        let held = held
            .await
            .map_err(|error| unreadable(&error, &reference.name))??;
        if !may_go(
            &server,
            self.default_server.as_ref(),
            &self.allowed_servers,
            held.named.as_ref(),
        ) {
            return Err(Problem::TokenNotAllowed {
                name: reference.name.clone(),
                server: server.to_string(),
            }
            .into());
        }
        // Whoever may edit the resource must not be able to weaken how the default server is verified.
        let ca = if Some(&server) == self.default_server.as_ref() {
            self.default_ca.clone()
        } else {
            self.ca(key, &sync.spec.server).await?
        };
        Ok(UpstreamKey {
            server,
            ca,
            token: held.token,
        })
    }

    /// The certificates that the resource wants to be trusted.
    async fn ca(&self, key: &Key, server: &Server) -> Result<Option<Arc<[u8]>>, Step> {
        let Some(reference) = &server.ca_secret_ref else {
            return Ok(server.ca_bundle.as_deref().map(decode_ca).transpose()?);
        };
        let held = self.authorities.get(
            &self.client,
            &self.store,
            Key::new(&key.namespace, &reference.name),
            &reference.key,
            |secret| authorities::read(secret, reference),
        );
        let held = held
            .await
            .map_err(|error| unreadable(&error, &reference.name))?;
        Ok(Some(held?))
    }

    /// Brings the Secret up to date with what the feed holds. With `look`, the Secret is read in any case.
    async fn sync(&self, sync: &SecretSync, view: &View, look: bool) -> Step {
        let token = self
            .store
            .token_ref(sync)
            .map(|reference| reference.name.as_str());
        let (fetched, mut outcome) = match verdict(sync, view, token.unwrap_or_default()) {
            Verdict::Wait => return Step::Wait,
            Verdict::Report(outcome) => return Step::Report(Box::new(outcome)),
            Verdict::Remove { config, outcome } => return self.remove(sync, config, outcome).await,
            Verdict::Write { fetched, outcome } => (fetched, outcome),
        };
        match self.write(sync, &fetched, look).await {
            Ok(synced) => {
                let announced = view
                    .sources
                    .iter()
                    .filter_map(|source| source.announced_at)
                    .max();
                if let Some(at) = announced
                    && synced.changed
                    && is_advance(&synced.sources, sync)
                {
                    metrics::propagation(Instant::now() - at);
                }
                outcome.synced = Some(synced);
                Step::Report(Box::new(outcome))
            }
            Err(Failure::Problem(problem)) => {
                self.try_again(sync, &problem);
                outcome.problem = match outcome.problem {
                    Some(earlier) if earlier.concern() != Concern::Outage => Some(earlier),
                    _ => Some(problem),
                };
                Step::Report(Box::new(outcome))
            }
            Err(Failure::Transient(why)) => Step::Retry(why),
            Err(Failure::NamespaceGone) => Step::Ignore,
        }
    }

    /// The configs are gone, and the Secret goes with them.
    async fn remove(&self, sync: &SecretSync, config: String, mut outcome: Outcome) -> Step {
        match self.writer().remove(sync).await {
            Ok(then) => {
                outcome.removed = true;
                outcome.problem = Some(Problem::ConfigDeleted { config, then });
                Step::Report(Box::new(outcome))
            }
            Err(Failure::Problem(problem)) => {
                self.try_again(sync, &problem);
                outcome.problem = Some(problem);
                Step::Report(Box::new(outcome))
            }
            Err(Failure::Transient(why)) => Step::Retry(why),
            Err(Failure::NamespaceGone) => Step::Ignore,
        }
    }

    fn try_again(&self, sync: &SecretSync, problem: &Problem) {
        if matches!(problem, Problem::Refused { .. }) {
            self.queue
                .add_after(&key_of(sync), with_jitter(REFUSED_AGAIN));
        }
    }

    fn writer(&self) -> Writer<'_> {
        Writer {
            context: self,
            client: &self.client,
            store: &self.store,
            hasher: &self.hasher,
        }
    }

    async fn write(
        &self,
        sync: &SecretSync,
        fetched: &[Fetched<'_>],
        look: bool,
    ) -> Result<Synced, Failure> {
        let desire = || desire(sync, fetched, synced(sync));
        // A template takes a while at worst, and others are not to wait for it.
        let desired = if sync.spec.target.template.is_some() {
            block_in_place(desire)?
        } else {
            desire()?
        };
        let writer = self.writer();
        let applied = writer.apply(sync, &desired, look).await?;
        writer.release_former(sync).await?;
        Ok(Synced {
            keys: u32::try_from(desired.data.len()).unwrap_or(u32::MAX),
            sources: desired.sources,
            overlapping: desired.overlapping,
            target: applied.target,
            changed: applied.changed,
        })
    }
}

/// What it means that a Secret of this name cannot be read.
fn unreadable(error: &kube::Error, name: &str) -> Step {
    match meaning(error) {
        Meaning::Refused(why) => Problem::Refused {
            name: name.to_owned(),
            why,
        }
        .into(),
        _ => Step::Retry(describe(error)),
    }
}

/// A problem with certificates, by where the resource has them from.
fn named(problem: Problem, server: &Server) -> Problem {
    match (problem, &server.ca_secret_ref) {
        (Problem::InvalidCaBundle { why }, Some(reference)) => Problem::InvalidCaSecret {
            name: reference.name.clone(),
            key: reference.key.clone(),
            why,
        },
        (problem, _) => problem,
    }
}

/// Half of it to all of it, so that many do not come back at once.
pub(crate) fn with_jitter(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// The wish for a look at server and Secret, where it was not followed yet.
fn reconcile_at(sync: &SecretSync) -> Option<&str> {
    let annotations = sync.metadata.annotations.as_ref()?;
    let wish = annotations.get(RECONCILE_AT_ANNOTATION)?.as_str();
    let status = sync.status.as_ref();
    let last = status.and_then(|status| status.last_reconcile_at.as_deref());
    (last != Some(wish)).then_some(wish)
}

/// What is in the Secret, as far as the status knows.
fn synced(sync: &SecretSync) -> &[SourceStatus] {
    sync.status.as_ref().map_or(&[], |status| &status.sources)
}

fn decode_ca(text: &str) -> Result<Arc<[u8]>, Problem> {
    use base64::Engine;
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let pem = base64::engine::general_purpose::STANDARD
        .decode(compact)
        .map_err(|_| Problem::InvalidCaBundle {
            why: "it is not base64".to_owned(),
        })?;
    Ok(pem.into())
}

/// Reconciles, as a task of its own.
pub async fn work(context: Arc<Context>, key: Key, lane: Lane) {
    tracing::trace!(resource = %key, ?lane, "reconcile");
    reconcile(&context, &key, lane).await;
}
