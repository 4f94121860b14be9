//! Does what [`State`] says: one task for each upstream that holds the stream open, reads configs, and keeps the time.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::jiff::Timestamp;
use rand::RngExt;
use ssm_client::{
    Client, Error, Export, ExportRequest, TokenInfo, Watch, WatchEvent, WatchOptions,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::time::{DelayQueue, delay_queue};

use super::{Command, ConfigRef, Expiry, Subscription, Timings, Upstream};
use crate::crd::Mode;
use crate::metrics;
use crate::queue::{Key, Lane, Queue};

/// Reads at a time.
const MAX_READS: usize = 16;
/// Of these, at most so many out of the lanes below the first.
const MAX_PATIENT_READS: usize = 4;
/// Commands taken at a time: at a start everybody has some, and somebody who cannot wait may come last.
const MAX_COMMANDS: usize = 1_000;
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
/// How often to ask how long the token lasts.
const ASK_AGAIN: Duration = Duration::from_hours(12);
/// The same where the answer did not come.
const ASK_SOON: Duration = Duration::from_mins(5);

pub(super) struct Actor {
    upstream: Arc<Upstream>,
    client: Client,
    queue: Arc<Queue>,
    timings: Timings,
    /// Configs to be read, by how urgent that is.
    waiting: [VecDeque<ConfigRef>; Lane::ALL.len()],
    reads: JoinSet<(ConfigRef, ExportRequest, Result<Export, Error>)>,
    watch: Option<Watch>,
    /// When to open the stream anew.
    reopen_at: Option<Instant>,
    /// When to read everything because the stream is down.
    net_at: Option<Instant>,
    /// Nothing is read before, except one probe afterwards.
    blocked: Option<Instant>,
    /// Failed probes in a row.
    failures: u32,
    /// Configs to be read at a time: polls and repeats.
    later: DelayQueue<ConfigRef>,
    keys: HashMap<ConfigRef, delay_queue::Key>,
    /// When to ask how long the token lasts; never before it was accepted.
    ask_at: Option<Instant>,
    asked: JoinSet<Result<TokenInfo, Error>>,
    /// When the token's end is near, and that end.
    near_at: Option<(Instant, Timestamp)>,
}

impl Actor {
    pub fn new(
        upstream: Arc<Upstream>,
        client: Client,
        queue: Arc<Queue>,
        timings: Timings,
    ) -> Self {
        Self {
            upstream,
            client,
            queue,
            timings,
            waiting: Default::default(),
            reads: JoinSet::new(),
            watch: None,
            reopen_at: None,
            net_at: None,
            blocked: None,
            failures: 0,
            later: DelayQueue::new(),
            keys: HashMap::new(),
            ask_at: None,
            asked: JoinSet::new(),
            near_at: None,
        }
    }

    pub async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        let mut commands = Vec::new();
        loop {
            self.start_reads();
            let unreachable_at = self
                .upstream
                .lock()
                .unreachable_at(self.timings.unreachable_after);
            tokio::select! {
                biased;
                received = inbox.recv_many(&mut commands, MAX_COMMANDS) => {
                    for command in commands.drain(..) {
                        match command {
                            Command::Read(config, lane) => self.read(config, lane),
                            Command::Timing(wanted) => self.retime(&wanted),
                            Command::Stop => return,
                        }
                    }
                    if received == 0 {
                        return;
                    }
                },
                event = next(&mut self.watch) => self.heard(event),
                Some(ended) = self.reads.join_next(), if !self.reads.is_empty() => match ended {
                    Ok((config, asked, answer)) => self.answered(&config, &asked, answer),
                    Err(error) => tracing::error!(%error, "a read ended abnormally"),
                },
                Some(due) = self.later.next(), if !self.later.is_empty() => self.due(due.into_inner()),
                () = until(self.blocked), if self.blocked.is_some() && self.reads.is_empty() => self.probe(),
                () = until(self.reopen_at) => self.open(),
                () = until(self.net_at) => self.net(),
                () = until(self.ask_at) => self.ask(),
                Some(ended) = self.asked.join_next(), if !self.asked.is_empty() => match ended {
                    Ok(answer) => self.told(answer),
                    Err(error) => tracing::error!(%error, "a read ended abnormally"),
                },
                () = until(self.near_at.map(|(at, _)| at)) => self.near(),
                () = until(unreachable_at) => {
                    let notify = self.upstream.lock().give_up();
                    self.wake(notify, Lane::Background);
                }
            }
        }
    }

    /// Queues a read of a config.
    fn read(&mut self, config: ConfigRef, lane: Lane) {
        let lane = self.upstream.lock().want(&config, lane);
        if let Some(lane) = lane {
            self.waiting[lane as usize].push_back(config);
        }
    }

    fn start_reads(&mut self) {
        while self.blocked.is_none() && self.reads.len() < MAX_READS {
            if !self.start_one() {
                return;
            }
        }
    }

    /// Starts the most urgent read that may be started. Says whether there was one.
    fn start_one(&mut self) -> bool {
        let has_room = self.reads.len() < MAX_PATIENT_READS;
        let lanes = self.waiting.iter_mut().zip(Lane::ALL).rev();
        let configs = lanes
            .filter(|(_, lane)| has_room || *lane == Lane::First)
            .flat_map(|(waiting, lane)| {
                std::iter::from_fn(move || Some((waiting.pop_front()?, lane)))
            });
        for (config, lane) in configs {
            let Some(request) = self.upstream.lock().begin(&config, lane) else {
                continue;
            };
            let client = self.client.clone();
            metrics::fetch_started();
            self.reads.spawn(async move {
                let answer = client
                    .export(&config.project, &config.config, &request)
                    .await;
                (config, request, answer)
            });
            return true;
        }
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.is_empty()) {
            waiting.shrink_to(MAX_READS);
        }
        false
    }

    /// The pause is over: one read finds out whether the upstream is back.
    fn probe(&mut self) {
        self.blocked = None;
        if self.start_one() {
            // Until the probe has ended, nothing else is started; `answered` lifts or renews this.
            self.blocked = Some(Instant::now() + self.timings.max_backoff);
        }
    }

    fn answered(
        &mut self,
        config: &ConfigRef,
        asked: &ExportRequest,
        answer: Result<Export, Error>,
    ) {
        if answer.is_ok() {
            self.accepted();
        }
        metrics::fetch_ended(&answer);
        let result = self
            .upstream
            .lock()
            .answered(config, asked, answer, Instant::now());
        match result.block {
            Some(block) => {
                // Reads that were under way when the first failed say nothing new about the backoff.
                if self.blocked.is_none() || self.reads.is_empty() {
                    self.failures = self.failures.saturating_add(1);
                }
                let backoff = (FIRST_BACKOFF * 2u32.saturating_pow(self.failures.min(16)))
                    .min(self.timings.max_backoff);
                let wait = block
                    .retry_after
                    .unwrap_or(Duration::ZERO)
                    .min(self.timings.max_backoff)
                    .max(spread(backoff, 0.5, 1.0));
                self.blocked = Some(Instant::now() + wait);
                self.read(config.clone(), Lane::Change);
            }
            None => self.unblock(),
        }
        match result.again {
            Some(Duration::ZERO) => self.read(config.clone(), Lane::Change),
            Some(wait) => self.read_later(config, wait),
            None => {}
        }
        self.wake(result.notify, Lane::Change);
    }

    fn unblock(&mut self) {
        self.blocked = None;
        self.failures = 0;
    }

    /// The token is good: for how long is asked once, and from then on now and then.
    fn accepted(&mut self) {
        if self.ask_at.is_none() && self.asked.is_empty() {
            self.ask_at = Some(Instant::now());
        }
    }

    fn ask(&mut self) {
        self.ask_at = None;
        let client = self.client.clone();
        self.asked.spawn(async move { client.token_self().await });
    }

    fn told(&mut self, answer: Result<TokenInfo, Error>) {
        let again = match answer {
            Ok(token) => {
                let end = token.expires_at.and_then(|end| end.parse().ok());
                let (expiry, wait) = Expiry::of(end, Timestamp::now());
                self.near_at = wait.map(|wait| Instant::now() + wait).zip(end);
                let notify = self.upstream.lock().set_expiry(expiry);
                self.wake(notify, Lane::Background);
                ASK_AGAIN
            }
            Err(error) if error.is_transient() => ASK_SOON,
            // A token that is not accepted is told of by reads; a server that does not know the question never answers it.
            Err(error) => {
                tracing::debug!(%error, "the server does not say how long the token lasts");
                ASK_AGAIN
            }
        };
        self.ask_at = Some(Instant::now() + spread(again, 0.8, 1.2));
    }

    fn near(&mut self) {
        if let Some((_, end)) = self.near_at.take() {
            let notify = self.upstream.lock().set_expiry(Expiry::Near(end));
            self.wake(notify, Lane::Background);
        }
    }

    /// Puts resources into the queue, those that have no Secret yet before others.
    fn wake(&self, resources: Vec<Key>, lane: Lane) {
        for resource in resources {
            let own = self.upstream.lock().lane_of(&resource);
            let lane = if own == Lane::First { own } else { lane };
            self.queue.add(&resource, lane);
        }
    }

    fn read_later(&mut self, config: &ConfigRef, wait: Duration) {
        if let Some(key) = self.keys.get(config) {
            self.later.reset(key, wait);
        } else {
            let key = self.later.insert(config.clone(), wait);
            self.keys.insert(config.clone(), key);
        }
    }

    fn due(&mut self, config: ConfigRef) {
        self.keys.remove(&config);
        let poll = self.upstream.lock().shortest_for(&config, Mode::Poll);
        if let Some(interval) = poll {
            self.read_later(&config, spread(interval, 0.8, 1.2));
        }
        self.read(config, Lane::Background);
    }

    /// Somebody subscribed: open the stream or start polling, and sooner where the interval is shorter than others'.
    fn retime(&mut self, wanted: &Subscription) {
        let wait = spread(wanted.interval, 0.8, 1.2);
        let latest = Instant::now() + wait;
        match wanted.mode {
            Mode::Push if self.watch.is_none() => self.open(),
            Mode::Push => self.reopen_at = Some(self.reopen_at.map_or(latest, |at| at.min(latest))),
            Mode::Poll => {
                for config in &wanted.configs {
                    if self
                        .keys
                        .get(config)
                        .is_none_or(|key| self.later.deadline(key) > latest)
                    {
                        self.read_later(config, wait);
                    }
                }
            }
        }
    }

    /// Opens a stream, in place of the one that may be open. It begins with the current revision of every config.
    /// Where nobody wants changes pushed any more, it is closed instead.
    fn open(&mut self) {
        let Some(interval) = self.upstream.lock().shortest(Mode::Push) else {
            self.watch = None;
            (self.reopen_at, self.net_at) = (None, None);
            self.upstream.lock().closed();
            return;
        };
        let options = WatchOptions {
            silence: self.timings.stream_silence,
            max_backoff: self.timings.max_backoff,
            ..WatchOptions::default()
        };
        self.watch = Some(self.client.watch(options));
        self.reopen_at = Some(Instant::now() + spread(interval, 0.8, 1.2));
        if self.net_at.is_none() {
            self.net_at = Some(Instant::now() + spread(self.timings.safety_net, 0.3, 0.5));
        }
    }

    fn heard(&mut self, event: WatchEvent) {
        match event {
            WatchEvent::Opened { epoch } => {
                let notify = self.upstream.lock().opened(epoch);
                self.net_at = None;
                self.accepted();
                self.unblock();
                self.wake(notify, Lane::Background);
            }
            WatchEvent::Revision {
                project,
                config,
                revision,
            } => {
                let config = ConfigRef {
                    project: project.into(),
                    config: config.into(),
                };
                if self
                    .upstream
                    .lock()
                    .announced(&config, revision, Instant::now())
                {
                    self.read(config, Lane::Change);
                }
            }
            WatchEvent::Synced => {
                let unnamed = self.upstream.lock().unnamed();
                for config in unnamed {
                    self.read(config, Lane::Change);
                }
            }
            WatchEvent::Gone {
                project, config, ..
            } => {
                self.read(
                    ConfigRef {
                        project: project.into(),
                        config: config.into(),
                    },
                    Lane::Change,
                );
            }
            WatchEvent::Down { error, retry_in } => self.down(&error, retry_in),
        }
    }

    fn down(&mut self, error: &Error, retry_in: Duration) {
        tracing::debug!(%error, ?retry_in, "no watch stream");
        metrics::stream_ended();
        let notify = {
            let mut state = self.upstream.lock();
            state.closed();
            match error {
                Error::Unauthorized(_) => state.refused(),
                // A stream that ends is not news by itself: servers restart, and streams are opened anew.
                Error::StreamEnded | Error::StreamSilent(_) => Vec::new(),
                error if error.is_transient() => state.failed(error, Instant::now()),
                _ => Vec::new(),
            }
        };
        self.wake(notify, Lane::Change);
        if self.net_at.is_none() {
            self.net_at = Some(Instant::now() + spread(self.timings.safety_net, 0.3, 0.5));
        }
    }

    /// The stream is down: read what it would have told of.
    fn net(&mut self) {
        self.net_at = Some(Instant::now() + spread(self.timings.safety_net, 0.8, 1.2));
        let pushed = self.upstream.lock().pushed();
        for config in pushed {
            self.read(config, Lane::Background);
        }
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

async fn next(watch: &mut Option<Watch>) -> WatchEvent {
    match watch {
        Some(watch) => match watch.next().await {
            Some(event) => event,
            None => pending().await,
        },
        None => pending().await,
    }
}
