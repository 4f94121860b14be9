//! One reconcile: look at the resource, at what the feed holds and at the Secret, carry the plan out, and say so in the
//! status where that is news. It never waits for an upstream.

use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource};
use rand::RngExt;
use serde_json::json;
use ssm_client::Origin;
use tokio::time::Instant;

use crate::apply::{Failure, Writer, is_advance};
use crate::crd::{SecretSync, SecretSyncStatus};
use crate::events::Events;
use crate::feed::{ConfigRef, Feeds, Subscription, Trouble, UpstreamKey, View};
use crate::kube_error::{Meaning, describe, meaning};
use crate::metrics;
use crate::plan::{FIELD_MANAGER, Fetched, desire, target_name};
use crate::problem::{Concern, Problem};
use crate::queue::{Key, Lane, Queue};
use crate::status::{self, Known, Outcome, READY, Synced, next};
use crate::store::{Store, key_of};
use crate::tokens::{Tokens, may_go};

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// What Kubernetes refuses is tried again now and then, since nobody tells when rights change.
const REFUSED_AGAIN: Duration = Duration::from_secs(120);

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
    /// Token Secrets that were read.
    pub tokens: Tokens,
    /// Where events go.
    pub events: Events,
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
    Report(Outcome),
    /// The feed will wake it; there is nothing to say yet.
    Wait,
    /// Try again.
    Retry(String),
    /// Nothing matters any more.
    Ignore,
}

impl From<Problem> for Step {
    fn from(problem: Problem) -> Self {
        Self::Report(Outcome::problem(problem))
    }
}

/// Reconciles one resource.
pub async fn reconcile(context: &Context, key: &Key) {
    let Some(sync) = context.store.sync(key) else {
        context.feeds.unsubscribe(key);
        context.queue.cancel_later(key);
        return;
    };
    let step = if sync.metadata.deletion_timestamp.is_some() {
        Step::Ignore
    } else {
        context.step(key, &sync).await
    };
    let result = match step {
        Step::Report(outcome) => context.report(key, &sync, &outcome).await,
        Step::Wait => Ok("waiting"),
        Step::Ignore => {
            context.feeds.unsubscribe(key);
            Ok("ignored")
        }
        Step::Retry(why) => Err(why),
    };
    match result {
        Ok(result) => {
            metrics::sync(result);
            context.store.succeeded(key);
        }
        Err(why) => {
            let failures = context.store.failed(key);
            let backoff = (FIRST_BACKOFF * 2u32.saturating_pow(failures.saturating_sub(1).min(16)))
                .min(MAX_BACKOFF);
            let wait = backoff.mul_f64(rand::rng().random_range(0.5..=1.0));
            tracing::warn!(resource = %key, error = why, retry_in = ?wait, "reconcile failed");
            metrics::sync("failed");
            context.queue.add_after(key, wait);
        }
    }
}

impl Context {
    async fn step(&self, key: &Key, sync: &SecretSync) -> Step {
        if sync.spec.suspend {
            self.feeds.unsubscribe(key);
            return Problem::Suspended.into();
        }
        let upstream = match self.upstream(key, sync).await {
            Ok(upstream) => upstream,
            Err(step) => {
                self.feeds.unsubscribe(key);
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
        match self.feeds.subscribe(key, &upstream, wanted) {
            Ok(upstream) => self.sync(sync, &upstream.view(&configs)).await,
            Err(problem) => problem.into(),
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
        let held = self
            .tokens
            .get(&self.client, &self.store, &key.namespace, reference)
            .await
            .map_err(|error| match meaning(&error) {
                Meaning::Refused(why) => Problem::Refused {
                    name: reference.name.clone(),
                    why,
                }
                .into(),
                _ => Step::Retry(describe(&error)),
            })??;
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
            sync.spec
                .server
                .ca_bundle
                .as_deref()
                .map(decode_ca)
                .transpose()?
        };
        Ok(UpstreamKey {
            server,
            ca,
            token: held.token,
        })
    }

    /// Brings the Secret up to date with what the feed holds.
    async fn sync(&self, sync: &SecretSync, view: &View) -> Step {
        let trouble = self.trouble(sync, view);
        let reachable = match (&view.failing, view.unreachable) {
            (Some(why), true) => Known::No(why.clone()),
            (Some(why), false) if !has_status(sync) => Known::No(why.clone()),
            (Some(_), false) => Known::Unchanged,
            (None, _) if view.authorized || view.unauthorized || trouble.is_some() => Known::Yes,
            (None, _) => Known::Unchanged,
        };
        let auth = match &trouble {
            Some(problem) if problem.concern() == Concern::Token => Known::No(problem.to_string()),
            _ if view.authorized && !view.unauthorized => Known::Yes,
            _ => Known::Unchanged,
        };
        let fetched: Option<Vec<Fetched<'_>>> = sync
            .spec
            .sources
            .iter()
            .zip(&view.sources)
            .map(|(source, held)| {
                Some(Fetched {
                    source,
                    snapshot: held.snapshot.clone()?,
                })
            })
            .collect();
        let outage = view
            .failing
            .as_ref()
            .map(|why| Problem::Unreachable { why: why.clone() });
        let Some(fetched) = fetched else {
            let no_copy = |why: &String| {
                let why = why.clone();
                if is_synced(sync) {
                    Problem::NoCopy { why }
                } else {
                    Problem::Unreachable { why }
                }
            };
            let Some(problem) = trouble.or_else(|| view.failing.as_ref().map(no_copy)) else {
                return Step::Wait;
            };
            // An outage that has only begun changes nothing that was said before.
            if problem.concern() == Concern::Outage
                && has_status(sync)
                && !view.unreachable
                && !is_generation_new(sync)
            {
                return Step::Wait;
            }
            return Step::Report(Outcome {
                synced: None,
                problem: Some(problem),
                reachable,
                auth,
            });
        };
        // A copy that may no longer be read repairs what it made, and makes nothing new.
        if let Some(problem) = &trouble
            && (!is_synced(sync) || is_generation_new(sync))
        {
            return Step::Report(Outcome {
                synced: None,
                problem: Some(problem.clone()),
                reachable,
                auth,
            });
        }
        match self.write(sync, &fetched).await {
            Ok(synced) => {
                if synced.changed && is_advance(&synced.sources, sync) {
                    let announced = view
                        .sources
                        .iter()
                        .filter_map(|source| source.announced_at)
                        .max();
                    if let Some(at) = announced {
                        metrics::propagation(Instant::now() - at);
                    }
                }
                let problem = trouble.or(outage.filter(|_| view.unreachable));
                Step::Report(Outcome {
                    synced: Some(synced),
                    problem,
                    reachable,
                    auth,
                })
            }
            Err(Failure::Problem(problem)) => {
                if matches!(problem, Problem::Refused { .. }) {
                    self.queue.add_after(&key_of(sync), REFUSED_AGAIN);
                }
                Step::Report(Outcome {
                    synced: None,
                    problem: Some(trouble.unwrap_or(problem)),
                    reachable,
                    auth,
                })
            }
            Err(Failure::Transient(why)) => Step::Retry(why),
            Err(Failure::NamespaceGone) => Step::Ignore,
        }
    }

    async fn write(&self, sync: &SecretSync, fetched: &[Fetched<'_>]) -> Result<Synced, Failure> {
        let previous = sync
            .status
            .as_ref()
            .map(|status| status.sources.as_slice())
            .unwrap_or_default();
        let desired = desire(sync, fetched, previous)?;
        let writer = Writer {
            client: &self.client,
            store: &self.store,
            hasher: &self.hasher,
        };
        let applied = writer.apply(sync, &desired).await?;
        writer.delete_former(sync).await?;
        Ok(Synced {
            keys: u32::try_from(desired.data.len()).unwrap_or(u32::MAX),
            sources: desired.sources,
            target: applied.target,
            changed: applied.changed,
        })
    }

    /// What the server says against reading.
    fn trouble(&self, sync: &SecretSync, view: &View) -> Option<Problem> {
        if view.unauthorized {
            let name = self
                .store
                .token_ref(sync)
                .map(|reference| reference.name.clone())
                .unwrap_or_default();
            return Some(Problem::Unauthorized { name });
        }
        sync.spec
            .sources
            .iter()
            .zip(&view.sources)
            .find_map(|(source, held)| {
                let config = format!("{}/{}", source.project, source.config);
                Some(match held.trouble.clone()? {
                    Trouble::Forbidden(why) => Problem::Forbidden { config, why },
                    Trouble::NotFound => Problem::NotFound { config },
                    Trouble::Deleted => Problem::ConfigDeleted { config },
                    Trouble::Unusable(why) => Problem::UnusableAnswer { config, why },
                })
            })
    }

    /// Writes the status where it is news, then tells.
    async fn report(
        &self,
        key: &Key,
        sync: &SecretSync,
        outcome: &Outcome,
    ) -> Result<&'static str, String> {
        let previous = sync.status.as_ref();
        let status = next(
            previous,
            sync.metadata.generation,
            outcome,
            Timestamp::now(),
        );
        if previous != Some(&status) {
            let api: Api<SecretSync> = Api::namespaced(self.client.clone(), &key.namespace);
            match patch_status(&api, sync, &status).await {
                Ok(updated) => {
                    for (key, lane) in self.store.apply_sync(updated) {
                        self.queue.add(&key, lane);
                    }
                }
                Err(error) => match meaning(&error) {
                    Meaning::NotFound | Meaning::NamespaceGone => return Ok("ignored"),
                    // The resource was changed meanwhile; the watch is about to bring it.
                    Meaning::Conflict => {
                        self.queue.add_after(key, Duration::from_millis(100));
                        return Ok("superseded");
                    }
                    Meaning::Refused(why) | Meaning::Transient(why) => return Err(why),
                },
            }
            self.tell(key, sync, previous, &status, outcome);
        }
        Ok(match (&outcome.synced, &outcome.problem) {
            (Some(synced), _) if synced.changed => "written",
            (Some(_), None) => "unchanged",
            (_, Some(problem)) if problem.concern() == Concern::Suspended => "suspended",
            (_, Some(problem)) if problem.concern() == Concern::Outage => "unreachable",
            (_, Some(_)) => "refused",
            (None, None) => "waiting",
        })
    }

    fn tell(
        &self,
        key: &Key,
        sync: &SecretSync,
        previous: Option<&SecretSyncStatus>,
        status: &SecretSyncStatus,
        outcome: &Outcome,
    ) {
        if let Some(synced) = outcome.synced.as_ref().filter(|synced| synced.changed) {
            let revision = status.synced_revision.unwrap_or_default();
            tracing::info!(resource = %key, secret = synced.target.name, keys = synced.keys, revision, "Secret written");
            let note = format!(
                "Secret {} has {} keys at revision {revision}",
                synced.target.name, synced.keys
            );
            self.events.normal(sync.object_ref(&()), "Synced", note);
        }
        let reason = |status: &SecretSyncStatus| {
            status::find(status, READY).map(|ready| ready.reason.clone())
        };
        if let Some(problem) = &outcome.problem
            && previous.and_then(reason).as_deref() != Some(problem.reason())
            && problem.concern() != Concern::Suspended
        {
            tracing::warn!(resource = %key, reason = problem.reason(), problem = %problem, "cannot sync");
            self.events
                .warning(sync.object_ref(&()), problem.reason(), problem.to_string());
        }
    }

    /// Says of a resource that cannot be read that it cannot be read.
    pub async fn report_malformed(&self, key: &Key, metadata: kube::core::ObjectMeta, why: &str) {
        self.feeds.unsubscribe(key);
        let problem = Problem::Malformed {
            why: why.chars().filter(|c| !c.is_control()).take(200).collect(),
        };
        tracing::warn!(resource = %key, problem = %problem, "cannot read the resource");
        let status = next(
            None,
            metadata.generation,
            &Outcome::problem(problem),
            Timestamp::now(),
        );
        // As a bare object: the type cannot be used on what it cannot read.
        let resource = kube::core::ApiResource::erase::<SecretSync>(&());
        let api: Api<kube::core::DynamicObject> =
            Api::namespaced_with(self.client.clone(), &key.namespace, &resource);
        metrics::api_write("status");
        let patch = json!({ "status": { "conditions": status.conditions } });
        if let Err(error) = api
            .patch_status(&key.name, &parameters(), &Patch::Merge(patch))
            .await
        {
            tracing::debug!(resource = %key, error = describe(&error), "the status was not written");
        }
    }
}

async fn patch_status(
    api: &Api<SecretSync>,
    sync: &SecretSync,
    status: &SecretSyncStatus,
) -> Result<SecretSync, kube::Error> {
    metrics::api_write("status");
    let patch = json!({
        "metadata": { "uid": sync.metadata.uid, "resourceVersion": sync.metadata.resource_version },
        "status": status,
    });
    api.patch_status(
        sync.metadata.name.as_deref().unwrap_or_default(),
        &parameters(),
        &Patch::Merge(patch),
    )
    .await
}

fn parameters() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn has_status(sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .is_some_and(|status| !status.conditions.is_empty())
}

fn is_synced(sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .is_some_and(|status| status.target.is_some())
}

fn is_generation_new(sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .and_then(|status| status.observed_generation)
        != sync.metadata.generation
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

/// Reconciles and tells the queue.
pub async fn work(context: Arc<Context>, key: Key, lane: Lane) {
    tracing::trace!(resource = %key, ?lane, "reconcile");
    reconcile(&context, &key).await;
    context.queue.done(&key);
}
