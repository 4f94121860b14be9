//! Tells each upstream which revision is live where, with the token that reads it: so somebody who changes a secret sees
//! when everybody has it. Nothing waits for it, and whatever cannot be told now is told later, as it is then.
//!
//! While nothing changes nothing is said, but for a repetition every six hours: the server forgets after a day.

mod outbox;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::pending;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt;
use ssm_client::{Error, ReportedConsumer, ReportedSource, SyncReport};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::crd::SourceStatus;
use crate::feed::UpstreamKey;
use crate::metrics;
use crate::queue::Key;
use crate::reconcile::Context;
use outbox::{Outbox, Print};

/// Requests at a time, to as many upstreams.
const MAX_SENDS: usize = 16;
/// The most sources of one request, so that it stays below the server's 2 MiB.
const MAX_SOURCES: usize = 4_000;
/// Between two requests to an upstream.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest wait for an upstream that does not answer.
const MAX_BACKOFF: Duration = Duration::from_mins(5);
/// How long an upstream is left alone that does not want to know, such as a server from before there were reports: at first,
/// and at most.
const UNWANTED: Duration = Duration::from_mins(1);
const MAX_UNWANTED: Duration = Duration::from_hours(1);
/// How often what is so still is said again.
const REPEAT: Duration = Duration::from_hours(6);

/// What upstreams are to be told.
#[derive(Default)]
pub struct SyncReports {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    /// Which upstream knows, or is to know, of a resource.
    upstreams: HashMap<Key, Arc<UpstreamKey>>,
    outboxes: HashMap<Arc<UpstreamKey>, Outbox>,
}

/// A request, and what it says of whom.
struct Send {
    upstream: Arc<UpstreamKey>,
    report: SyncReport,
    told: Vec<(Key, Option<Print>)>,
}

impl SyncReports {
    /// A resource has what an upstream gave.
    fn has(&self, resource: &Key, upstream: &UpstreamKey, print: Print) {
        let now = Instant::now();
        let is_news = {
            let mut inner = self.lock();
            let known = inner.outboxes.get_key_value(upstream);
            let upstream = known.map_or_else(|| Arc::new(upstream.clone()), |(key, _)| key.clone());
            let before = inner.upstreams.insert(resource.clone(), upstream.clone());
            if let Some(before) = before.filter(|before| *before != upstream)
                && let Some(outbox) = inner.outboxes.get_mut(&before)
            {
                // For the server it is the same one, whatever certificates are trusted.
                if (&before.server, &before.token) == (&upstream.server, &upstream.token) {
                    outbox.forget(resource);
                } else {
                    outbox.gone(resource, now);
                }
            }
            let outbox = inner.outboxes.entry(upstream);
            outbox
                .or_insert_with(|| Outbox::new(now))
                .has(resource, print, now)
        };
        if is_news {
            self.wake.notify_one();
        }
    }

    /// A resource is not there any more.
    pub fn gone(&self, resource: &Key) {
        let mut inner = self.lock();
        if let Some(upstream) = inner.upstreams.remove(resource)
            && let Some(outbox) = inner.outboxes.get_mut(&upstream)
        {
            outbox.gone(resource, Instant::now());
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// A resource's token may not go to any server any more: whatever that was told is left as it is.
    pub fn forget(&self, resource: &Key) {
        let mut inner = self.lock();
        if let Some(upstream) = inner.upstreams.remove(resource)
            && let Some(outbox) = inner.outboxes.get_mut(&upstream)
        {
            outbox.forget(resource);
        }
    }

    /// No request is under way any more, however many there were.
    fn resume(&self) {
        self.lock().outboxes.values_mut().for_each(Outbox::resume);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells upstreams, until it is dropped; what was under way is told with the next run.
pub async fn run(context: Arc<Context>) {
    let mut sends = JoinSet::new();
    context.sync_reports.resume();
    loop {
        let woken = context.sync_reports.wake.notified();
        let next = context.send_due(&mut sends);
        tokio::select! {
            () = woken => {}
            () = until(next) => {}
            Some(ended) = sends.join_next(), if !sends.is_empty() => match ended {
                Ok((send, answer)) => context.sync_reports.answered(send, answer),
                Err(error) => {
                    tracing::error!(%error, "a report ended abnormally");
                    // It does not say whose; those that are ended with it are told again.
                    sends = JoinSet::new();
                    context.sync_reports.resume();
                }
            },
        }
    }
}

impl Context {
    /// Says that a resource's Secret has these revisions, unless that has been said.
    pub(crate) fn tell_synced(&self, resource: &Key, sources: &[SourceStatus]) {
        if let Some(upstream) = self.feeds.upstream_of(resource) {
            self.sync_reports
                .has(resource, &upstream, self.print(sources));
        }
    }

    /// Tells apart what was told from what is to be told.
    fn print(&self, sources: &[SourceStatus]) -> Print {
        let sources = sources.iter();
        let told = sources.map(|of| (&of.project, &of.config, &of.epoch, of.revision));
        self.hasher.hash_one(told.collect::<Vec<_>>())
    }

    /// Begins what is due, and gives when something else will be.
    fn send_due(
        self: &Arc<Self>,
        sends: &mut JoinSet<(Send, Result<u64, Error>)>,
    ) -> Option<Instant> {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        let mut inner = self.sync_reports.lock();
        for (upstream, outbox) in &mut inner.outboxes {
            let is_due = outbox.next_at().is_some_and(|at| at <= now);
            if is_due && sends.len() == MAX_SENDS {
                // The end of one of these comes first.
                continue;
            }
            if is_due && let Some(send) = self.next_report(upstream, outbox, now) {
                let context = Arc::clone(self);
                sends.spawn(async move {
                    let answer = match context.feeds.client(&send.upstream) {
                        Ok(client) => client.report_syncs(&send.report).await,
                        Err(_) => Err(Error::InvalidUrl("no client can be made for it")),
                    };
                    (send, answer)
                });
            }
            next = next.into_iter().chain(outbox.next_at()).min();
        }
        inner.outboxes.retain(|_, outbox| !outbox.is_done());
        next
    }

    /// What an upstream is to be told now.
    fn next_report(
        &self,
        upstream: &Arc<UpstreamKey>,
        outbox: &mut Outbox,
        now: Instant,
    ) -> Option<Send> {
        let (mut consumers, mut told, mut weight) = (Vec::new(), Vec::new(), 0);
        for resource in outbox.take(now) {
            if weight >= MAX_SOURCES {
                outbox.put_back(resource);
                continue;
            }
            let sync = self.store.sync(&resource);
            let status = sync.as_ref().and_then(|sync| sync.status.as_ref());
            let sources = status.map_or(&[][..], |status| &status.sources);
            let wanted = outbox.has_now(&resource).filter(|_| !sources.is_empty());
            let is_there = wanted.is_some();
            let print = is_there.then(|| self.print(sources));
            if print != wanted {
                // What the status says may come from another upstream, which this one is not to know.
                outbox.look_later(&resource, now);
                continue;
            }
            if print.is_some() && print == outbox.told(&resource) {
                continue;
            }
            let sources = if is_there { sources } else { &[] };
            weight += sources.len();
            consumers.push(consumer(&resource, sources));
            told.push((resource, print));
        }
        if consumers.is_empty() {
            outbox.idle();
            return None;
        }
        Some(Send {
            upstream: Arc::clone(upstream),
            report: SyncReport {
                cluster: self.cluster.clone(),
                consumers,
            },
            told,
        })
    }
}

impl SyncReports {
    fn answered(&self, send: Send, answer: Result<u64, Error>) {
        let mut inner = self.lock();
        let Entry::Occupied(mut outbox) = inner.outboxes.entry(send.upstream) else {
            return;
        };
        let (outbox, now) = (outbox.get_mut(), Instant::now());
        let error = match answer {
            Ok(recorded) => {
                let consumers = send.report.consumers.iter();
                let sent: usize = consumers.map(|one| one.sources.len()).sum();
                tracing::trace!(recorded, sent, "reported");
                metrics::reported("told");
                // The server may not know a config or a right yet that this report is about.
                let all = usize::try_from(recorded).is_ok_and(|recorded| recorded >= sent);
                outbox.delivered(send.told, all, now, PAUSE, || spread(REPEAT, 0.8, 1.2));
                return;
            }
            Err(error) => error,
        };
        if error.is_transient() {
            metrics::reported("unavailable");
            tracing::debug!(%error, "a server was not told which revisions are live");
            let backoff = PAUSE * 2u32.saturating_pow(outbox.failures().min(16));
            let wait = spread(backoff.min(MAX_BACKOFF), 0.5, 1.0);
            let asked = error.retry_after().unwrap_or_default();
            outbox.failed(now + wait.max(asked.min(MAX_BACKOFF)).max(PAUSE));
        } else {
            metrics::reported("refused");
            // An older server knows no reports, and of a dead token the feed tells.
            if matches!(error, Error::NotFound(_) | Error::Unauthorized(_)) {
                tracing::debug!(%error, "a server does not want to know which revisions are live");
            } else {
                tracing::warn!(%error, "a server does not want to know which revisions are live");
            }
            let wait = UNWANTED * 2u32.saturating_pow(outbox.failures().min(16));
            outbox.refused(now + spread(wait.min(MAX_UNWANTED), 0.8, 1.2));
        }
    }
}

fn consumer(resource: &Key, sources: &[SourceStatus]) -> ReportedConsumer {
    let sources = sources.iter().map(|source| ReportedSource {
        project: source.project.clone(),
        config: source.config.clone(),
        epoch: source.epoch.clone(),
        revision: source.revision,
    });
    let sources: Vec<_> = sources.collect();
    ReportedConsumer {
        namespace: resource.namespace.to_string(),
        name: resource.name.to_string(),
        gone: sources.is_empty(),
        sources,
    }
}

/// A random share of `duration`.
fn spread(duration: Duration, from: f64, to: f64) -> Duration {
    duration.mul_f64(rand::rng().random_range(from..=to))
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
