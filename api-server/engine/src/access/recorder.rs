//! Stores the record: one task chains, signs and appends what has happened, everything that waits as one batch.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use ssm_domain::access_record::{Access, AccessHead};
use ssm_domain::entry::Request;
use ssm_domain::id::ServerId;
use ssm_domain::signing::AccessSignature;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use super::event::Event;
use super::store::ChainedAccess;
use super::{AccessHealth, AuditReads, Unrecorded};
use crate::engine::{Engine, Shared, now};
use crate::journal::AppendError;

/// How often it is looked whether a minute is over.
const TICK: Duration = Duration::from_secs(1);
/// The most records of one batch.
const MOST: usize = 256;
/// How long a read waits for its record.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the recorder is asked for.
pub(crate) enum Job {
    /// To store this now, and to say that it is stored.
    Store(Box<Access>, oneshot::Sender<()>),
    /// To store all that is in memory, as far as that can be done.
    Flush(oneshot::Sender<()>),
}

impl Engine {
    /// Puts a read on record, before its value is given out. `request` says how it was asked for, and `latency` how long
    /// that took so far.
    pub async fn record_read(
        &self,
        event: Event,
        latency: Duration,
        request: impl FnOnce() -> Request,
    ) -> Result<(), Unrecorded> {
        match self.shared.access.options.reads {
            AuditReads::Collapsed => {
                self.record(event, Some(latency), || Some(request()));
                Ok(())
            }
            AuditReads::Every => {
                let access = {
                    let state = self.shared.state.load();
                    event.access(&state, now(&state), Some(request()), Some(latency))
                };
                let (stored, wait) = oneshot::channel();
                self.access
                    .try_send(Job::Store(Box::new(access), stored))
                    .map_err(|_| Unrecorded)?;
                match timeout(PATIENCE, wait).await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(_)) | Err(_) => Err(Unrecorded),
                }
            }
        }
    }

    /// Puts something on record that does not wait for it, such as a refusal.
    pub fn record(
        &self,
        event: Event,
        latency: Option<Duration>,
        request: impl FnOnce() -> Option<Request>,
    ) {
        let state = self.shared.state.load();
        let now = now(&state);
        self.shared
            .access
            .count(&state, event, now, latency, request);
    }

    /// How the record of reads and refusals is.
    pub fn access_health(&self) -> AccessHealth {
        self.shared.access.health()
    }

    /// Stores what is on record and still only in memory.
    pub(crate) async fn flush_access(&self) {
        let (done, wait) = oneshot::channel();
        if self.access.send(Job::Flush(done)).await.is_ok() {
            // An answer that does not come was logged by the recorder.
            let _ = timeout(PATIENCE, wait).await;
        }
    }
}

/// Stores the record for as long as somebody may ask for it, and what is left after that.
pub(crate) async fn run(shared: Arc<Shared>, mut queue: mpsc::Receiver<Job>) {
    let mut recorder = Recorder {
        shared,
        head: None,
        unsettled: None,
    };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut jobs = Vec::with_capacity(MOST);
    loop {
        tokio::select! {
            count = queue.recv_many(&mut jobs, MOST) => {
                if count == 0 {
                    recorder.shared.access.close_all();
                    recorder.store(Vec::new()).await;
                    return;
                }
                recorder.work(std::mem::take(&mut jobs)).await;
            }
            _ = ticks.tick() => {
                let now = now(&recorder.shared.state.load());
                recorder.shared.access.close(now);
                recorder.store(Vec::new()).await;
            }
        }
    }
}

struct Recorder {
    shared: Arc<Shared>,
    /// The end of this process's chain, which begins with its first record.
    head: Option<AccessHead>,
    /// What may be written or not. Until that is known nothing can follow.
    unsettled: Option<Batch>,
}

/// Something to be stored at once, and who waits for it.
type Read = (Access, oneshot::Sender<()>);

/// Records that are appended together.
#[derive(Clone)]
struct Batch {
    records: Arc<[ChainedAccess]>,
    /// How many of them are from the line of those that nobody waits for.
    waiting: usize,
}

impl Recorder {
    async fn work(&mut self, jobs: Vec<Job>) {
        let (mut reads, mut flushes) = (Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Store(access, stored) => reads.push((*access, stored)),
                Job::Flush(done) => flushes.push(done),
            }
        }
        if !flushes.is_empty() {
            self.shared.access.close_all();
        }
        self.store(reads).await;
        for done in flushes {
            let _ = done.send(());
        }
    }

    /// Stores `reads` and all that is in line. Whoever waits for something that could not be stored is not answered.
    async fn store(&mut self, mut reads: Vec<Read>) {
        // Whoever gave up has not been given anything.
        reads.retain(|(_, stored)| !stored.is_closed());
        let access = &self.shared.access;
        if reads.is_empty() && self.unsettled.is_none() && access.first_waiting(1).is_empty() {
            return;
        }
        match self.try_store(reads).await {
            Ok(()) => {
                if self.shared.access.set_health(AccessHealth::Ready) != AccessHealth::Ready {
                    info!("reads and refusals can be recorded again");
                }
            }
            Err(reason) => {
                if self.shared.access.set_health(AccessHealth::Fails) != AccessHealth::Fails {
                    warn!(%reason, "reads and refusals cannot be recorded at the moment");
                }
            }
        }
    }

    async fn try_store(&mut self, mut reads: Vec<Read>) -> Result<(), AppendError> {
        if let Some(unsettled) = self.unsettled.clone() {
            self.append(unsettled).await?;
        }
        loop {
            let mut accesses = self.shared.access.first_waiting(MOST - reads.len());
            let waiting = accesses.len();
            let (more, waiters): (Vec<_>, Vec<_>) = reads.drain(..).unzip();
            accesses.extend(more);
            if accesses.is_empty() {
                return Ok(());
            }
            let records = self.chain(accesses)?;
            self.append(Batch { records, waiting }).await?;
            for stored in waiters {
                let _ = stored.send(());
            }
        }
    }

    /// Puts records behind the end of the chain and signs the last, and each where some may be written and others not.
    fn chain(&self, accesses: Vec<Access>) -> Result<Arc<[ChainedAccess]>, AppendError> {
        let state = self.shared.state.load();
        let signer = state.journal().and_then(|journal| {
            Some((journal.epoch, self.shared.keys.signer(journal.signing_key)?))
        });
        let (epoch, signer) = signer.ok_or_else(|| {
            AppendError::Unavailable("the root key that signs is not at hand".to_owned())
        })?;
        let new = || AccessHead::empty(ServerId::random(&mut rand::make_rng::<StdRng>()));
        let mut head = self.head.unwrap_or_else(new);
        let (each, last) = (self.shared.journal.may_write_prefixes(), accesses.len());
        let chained = (1..).zip(accesses).map(|(number, access)| {
            let mut record = ChainedAccess::behind(&head, access);
            head = record.head();
            let signature =
                (each || number == last).then(|| AccessSignature::new(signer, epoch, &head));
            record.stored.signature = signature;
            record
        });
        Ok(chained.collect())
    }

    /// Appends a batch. What may be written or not is kept for the next time.
    async fn append(&mut self, batch: Batch) -> Result<(), AppendError> {
        let appended = self
            .shared
            .journal
            .append_access(batch.records.clone())
            .await;
        match &appended {
            Ok(()) => {
                self.head = batch.records.last().map(ChainedAccess::head);
                self.unsettled = None;
                self.shared.access.stored(batch.waiting);
            }
            // Nobody else knows this chain's name. Whatever stands there, a chain of another name has room.
            Err(AppendError::Conflict) => (self.head, self.unsettled) = (None, None),
            // What is unsettled stays so: this time nothing was written, but the time before?
            Err(AppendError::Unavailable(_)) => {}
            Err(AppendError::Unknown(_)) => self.unsettled = Some(batch),
        }
        appended
    }
}
