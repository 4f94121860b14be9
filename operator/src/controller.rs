//! What is watched, and who works on what is queued.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::core::{DeserializeGuard, ObjectMeta, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::crd::{SecretSync, WorkloadKind};
use crate::probes::Readiness;
use crate::queue::{Key, Lane};
use crate::reconcile::{Context, work};
use crate::restart;
use crate::restart::watch::watch;
use crate::store::{Affected, SecretMeta};
use crate::sync_report;

/// Reconciles at a time.
const WORKERS: usize = 32;
/// Of these, at most so many for each lane, so that a first sync finds one free while everything else changes.
/// While a few writes keep an API server busy, many would only wait in it, and a first sync with them.
const ROOM: [usize; Lane::ALL.len()] = [4, 8, WORKERS];
const PAGE: u32 = 250;
/// A watch is opened anew so often, and is dead when nothing has come a little longer: a connection that hangs tells nothing.
const WATCH_SECONDS: u32 = 30;
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// When a resource is tried again whose reconcile has panicked.
const AFTER_A_BUG: Duration = Duration::from_secs(30);
/// A watch that has failed is not repeated in the log more often.
const LOG_AGAIN: Duration = Duration::from_secs(30);

/// Watches `namespaces` (all where empty) and reconciles, for ever but for a bug.
pub async fn run(context: Arc<Context>, readiness: Arc<Readiness>, namespaces: Vec<String>) {
    let scopes: Vec<Option<String>> = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.into_iter().map(Some).collect()
    };
    let mut tasks = JoinSet::new();
    let lists = scopes.len() * WorkloadKind::ALL.len();
    context.restarts.workloads.expect(lists);
    let listed = Arc::new(Listed::new(scopes.len(), readiness));
    for scope in scopes {
        tasks.spawn(watch_syncs(
            Arc::clone(&context),
            scope.clone(),
            Arc::clone(&listed),
        ));
        if context.restarts.is_enabled() {
            for kind in WorkloadKind::ALL {
                tasks.spawn(watch(Arc::clone(&context), scope.clone(), kind));
            }
        }
        tasks.spawn(watch_secrets(
            Arc::clone(&context),
            scope,
            Arc::clone(&listed),
        ));
    }
    let queue = Arc::clone(&context.queue);
    tasks.spawn(async move { queue.run_timers().await });
    if context.restarts.is_enabled() {
        let (context, listed) = (Arc::clone(&context), Arc::clone(&listed));
        tasks.spawn(async move {
            // What is pending may have been made by another replica: first all statuses have to be known.
            listed.wait().await;
            restart::run::run(context).await;
        });
    }
    tasks.spawn(sync_report::run(Arc::clone(&context)));
    tasks.spawn(dispatch(context, listed));
    // None of them ends by itself. Without one of them the others are half an operator: all begin anew.
    if let Some(Err(error)) = tasks.join_next().await {
        tracing::error!(%error, "a part of the operator ended abnormally");
    }
}

/// Counts the first full lists. Before all are there, nothing is known to be absent and nothing may be decided.
struct Listed {
    missing_syncs: AtomicUsize,
    missing_secrets: AtomicUsize,
    readiness: Arc<Readiness>,
    done: Semaphore,
}

impl Listed {
    fn new(scopes: usize, readiness: Arc<Readiness>) -> Self {
        Self {
            missing_syncs: AtomicUsize::new(scopes),
            missing_secrets: AtomicUsize::new(scopes),
            readiness,
            done: Semaphore::new(0),
        }
    }

    fn one_more(missing: &AtomicUsize) -> bool {
        missing.fetch_sub(1, Ordering::AcqRel) == 1
    }

    fn syncs(&self) {
        if Self::one_more(&self.missing_syncs) {
            self.readiness.set_syncs(true);
            self.done.add_permits(1);
        }
    }

    fn secrets(&self) {
        if Self::one_more(&self.missing_secrets) {
            self.readiness.set_secrets(true);
            self.done.add_permits(1);
        }
    }

    async fn wait(&self) {
        // Never closed, so this cannot fail.
        let _ = self.done.acquire_many(2).await;
    }
}

/// Takes from the queue and starts workers.
async fn dispatch(context: Arc<Context>, listed: Arc<Listed>) {
    listed.wait().await;
    tracing::info!(resources = context.queue.len(), "watching");
    let permits = Arc::new(Semaphore::new(WORKERS));
    let running: Arc<[AtomicUsize; Lane::ALL.len()]> = Arc::default();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        let has_room =
            |lane: Lane| running[lane as usize].load(Ordering::Relaxed) < ROOM[lane as usize];
        let (key, lane) = context.queue.take(has_room).await;
        let (context, running) = (Arc::clone(&context), Arc::clone(&running));
        running[lane as usize].fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let queue = Arc::clone(&context.queue);
            let worker = tokio::spawn(work(context, key.clone(), lane)).await;
            running[lane as usize].fetch_sub(1, Ordering::Relaxed);
            drop(permit);
            if let Err(error) = worker {
                // What a panic says may quote a value; the hook has told where it happened.
                let panicked = error.is_panic();
                tracing::error!(resource = %key, panicked, "a reconcile ended abnormally");
                queue.add_after(&key, AFTER_A_BUG);
            }
            // Last, as it tells the dispatcher to look again whether a lane has room.
            queue.done(&key);
        });
    }
}

async fn watch_syncs(context: Arc<Context>, scope: Option<String>, listed: Arc<Listed>) {
    let api: Api<DeserializeGuard<SecretSync>> = api(&context.client, scope.as_deref());
    let events = watched(api).backoff(Backoff::default());
    let mut log = Log::new("SecretSyncs");
    let mut seen = Relist::default();
    let mut first = true;
    let mut events = std::pin::pin!(events);
    while let Some(event) = log.next(&mut events).await {
        match event {
            Event::Init => seen.begin(),
            Event::InitApply(guard) | Event::Apply(guard) => {
                let key = key(guard.meta());
                seen.add(&key);
                match guard.0 {
                    Ok(sync) => {
                        enqueue(&context, context.store.apply_sync(sync));
                        // Another replica may have announced a restart that it did not live to make.
                        if let Some(sync) = context.store.sync(&key) {
                            context.restarts.consider(&key, &sync);
                        }
                    }
                    Err(invalid) => {
                        let (is_news, affected) = context.store.mark_malformed(&key);
                        enqueue(&context, affected);
                        if is_news {
                            context
                                .report_malformed(&key, invalid.metadata, &invalid.error)
                                .await;
                        }
                    }
                }
            }
            Event::Delete(guard) => {
                enqueue(&context, context.store.remove_sync(&key(guard.meta())));
            }
            Event::InitDone => {
                enqueue(
                    &context,
                    context.store.retain_syncs(scope.as_deref(), &seen.end()),
                );
                if std::mem::take(&mut first) {
                    listed.syncs();
                }
            }
        }
    }
}

async fn watch_secrets(context: Arc<Context>, scope: Option<String>, listed: Arc<Listed>) {
    let api: Api<PartialObjectMeta<Secret>> = api(&context.client, scope.as_deref());
    let events = watched(api).backoff(Backoff::default());
    let mut log = Log::new("Secrets");
    let mut seen = Relist::default();
    let mut first = true;
    let mut events = std::pin::pin!(events);
    while let Some(event) = log.next(&mut events).await {
        match event {
            Event::Init => seen.begin(),
            Event::InitApply(secret) | Event::Apply(secret) => {
                let PartialObjectMeta { metadata, .. } = secret;
                let key = key(&metadata);
                seen.add(&key);
                changed(
                    &context,
                    &key,
                    context.store.apply_secret(&key, SecretMeta::of(&metadata)),
                );
            }
            Event::Delete(secret) => {
                let key = key(&secret.metadata);
                let uid = secret.metadata.uid.as_deref().unwrap_or_default().into();
                changed(&context, &key, context.store.remove_secret(&key, uid));
            }
            Event::InitDone => {
                enqueue(
                    &context,
                    context.store.retain_secrets(scope.as_deref(), &seen.end()),
                );
                if std::mem::take(&mut first) {
                    listed.secrets();
                }
            }
        }
    }
}

/// Everything there is, then every change. An API server that no longer knows the version to go on from may say so in the
/// watch, which the library takes for a reason to list again, or refuse the watch, which it would try again for ever.
pub(crate) fn watched<K>(api: Api<K>) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let begin = move || {
        let config = watcher::Config::default()
            .page_size(PAGE)
            .timeout(WATCH_SECONDS);
        watcher(api.clone(), config).boxed()
    };
    stream::unfold((begin(), begin), async |(mut events, begin)| {
        let event = events.next().await?;
        if is_gone(&event) {
            events = begin();
        }
        Some((event, (events, begin)))
    })
}

fn is_gone<K>(event: &watcher::Result<Event<K>>) -> bool {
    matches!(event, Err(watcher::Error::WatchStartFailed(kube::Error::Api(status))) if status.code == 410)
}

/// The usual pauses between attempts to watch, but none so long that a repaired API server would not be noticed.
#[derive(Default)]
pub(crate) struct Backoff(watcher::DefaultBackoff);

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(|wait| wait.min(MAX_BACKOFF))
    }
}

impl kube::runtime::utils::Backoff for Backoff {
    fn reset(&mut self) {
        self.0.reset();
    }
}

fn changed(context: &Context, secret: &Key, affected: Affected) {
    if !affected.is_empty() {
        context.tokens.forget(secret);
        context.authorities.forget(secret);
        enqueue(context, affected);
    }
}

fn enqueue(context: &Context, affected: Affected) {
    for (key, lane) in affected {
        context.queue.add(&key, lane);
    }
}

pub(crate) fn key(metadata: &ObjectMeta) -> Key {
    Key::new(
        metadata.namespace.as_deref().unwrap_or_default(),
        metadata.name.as_deref().unwrap_or_default(),
    )
}

fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// What a full list has named so far.
#[derive(Default)]
pub(crate) struct Relist(Option<HashSet<Key>>);

impl Relist {
    pub(crate) fn begin(&mut self) {
        self.0 = Some(HashSet::new());
    }

    pub(crate) fn add(&mut self, key: &Key) {
        if let Some(seen) = &mut self.0 {
            seen.insert(key.clone());
        }
    }

    pub(crate) fn end(&mut self) -> HashSet<Key> {
        self.0.take().unwrap_or_default()
    }
}

/// Says once in a while why a watch does not work, and what to do.
pub(crate) struct Log {
    what: &'static str,
    last: Option<tokio::time::Instant>,
}

impl Log {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, last: None }
    }

    /// The next event; errors are logged and skipped, as the stream recovers by itself after a pause.
    pub(crate) async fn next<T>(
        &mut self,
        events: &mut (impl Stream<Item = watcher::Result<Event<T>>> + Unpin),
    ) -> Option<Event<T>> {
        loop {
            match events.next().await? {
                Ok(event) => {
                    // The first of these comes before anything was asked.
                    if !matches!(event, Event::Init) && self.last.take().is_some() {
                        tracing::info!(what = self.what, "watching again");
                    }
                    return Some(event);
                }
                Err(error) => {
                    if self.last.is_none_or(|last| last.elapsed() >= LOG_AGAIN) {
                        self.last = Some(tokio::time::Instant::now());
                        tracing::error!(what = self.what, "{}", explain(self.what, &error));
                    }
                }
            }
        }
    }
}

fn explain(what: &str, error: &watcher::Error) -> String {
    let cause = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => error,
        watcher::Error::WatchError(status) => {
            return format!(
                "watching {what}: {} {}; trying again",
                status.code, status.reason
            );
        }
        watcher::Error::NoResourceVersion => {
            return format!("watching {what}: the answer has no resourceVersion; trying again");
        }
    };
    match cause {
        kube::Error::Api(status) if status.code == 404 => {
            format!(
                "the API server does not know {what}: install the CustomResourceDefinition secretsyncs.simplesecrets.io \
                 (`kubectl apply -f crds/secretsyncs.yaml`); trying again"
            )
        }
        kube::Error::Api(status) if matches!(status.code, 401 | 403) => {
            format!(
                "may not list and watch {what} ({} {}): grant the operator's service account that right; trying again",
                status.code, status.reason
            )
        }
        other => format!(
            "cannot watch {what}: {}; check that the API server is up and the operator's kubeconfig or service account; trying again",
            crate::kube_error::describe(other)
        ),
    }
}
