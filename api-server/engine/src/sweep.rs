//! Destroying what lies beside the entries and is named by none: what was stored for entries that never came, since a
//! server was killed or another one was first, and what an entry destroyed while the database went away.
//!
//! Where appending a batch is more than one step, each thing is stored with the position of the entry that it is for. A
//! position is taken once: from then on, the entry there names it, or nothing ever will. So what another server is about to
//! append is left alone without looking at a clock.

use std::collections::{HashMap, HashSet};
use std::sync::Weak;
use std::time::Duration;

use async_trait::async_trait;
use ssm_domain::command::{AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Change, Entry, Head, Seq};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{info, warn};

use crate::activity::StoreError;
use crate::auth::named_records;
use crate::engine::Shared;
use crate::follow::Tail;
use crate::journal::{Batch, Journal, ReadError};
use crate::replay::values_of;

/// How often it is done.
const EVERY: Duration = Duration::from_hours(24);
/// How many values are looked at together.
const VALUES: usize = 1_000;
/// How long it is waited in between, so that a database which was never swept has time for others.
const PAUSE: Duration = Duration::from_secs(1);
/// How many entries are in memory at a time.
const ENTRIES: usize = 250;

/// A place that says what lies beside the entries, and for which entry. Where an append is all or nothing, nothing is ever
/// left behind, and there is nothing to say.
#[async_trait]
pub trait SweepStore {
    /// At most `limit` values that were stored for entries up to `last` and are not settled, in the order of entries.
    async fn unsettled_values(
        &self,
        _last: Seq,
        _limit: usize,
    ) -> Result<Vec<(Seq, Digest)>, ReadError> {
        Ok(Vec::new())
    }

    /// Says of values that entries name them, and destroys orphans.
    async fn settle_values(
        &self,
        _named: &[Digest],
        _orphans: &[Digest],
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// The records that were stored for entries up to `last`.
    async fn records_up_to(&self, _last: Seq) -> Result<Vec<RecordName>, ReadError> {
        Ok(Vec::new())
    }

    /// Destroys records.
    async fn destroy_records(&self, _orphans: &[RecordName]) -> Result<(), StoreError> {
        Ok(())
    }
}

/// For which entries the values and records of a batch are stored.
pub struct StoredFor {
    values: HashMap<Digest, Seq>,
    records: HashMap<RecordName, Seq>,
    last: Seq,
}

impl StoredFor {
    /// Looks at what the entries of a batch name.
    pub fn of(batch: &Batch) -> Self {
        let (mut values, mut records) = (HashMap::new(), HashMap::new());
        for entry in batch.entries.iter().map(|entry| &entry.entry) {
            for digest in values_of(entry) {
                values.entry(digest).or_insert(entry.seq);
            }
            for (name, _) in entry.changes.iter().filter_map(Change::record) {
                records.entry(name).or_insert(entry.seq);
            }
        }
        Self {
            values,
            records,
            last: batch.head().map_or(0, |head| head.seq),
        }
    }

    /// The first entry that names a value. None where a later batch does, as in a restore.
    pub fn value(&self, digest: &Digest) -> Option<Seq> {
        self.values.get(digest).copied()
    }

    /// The first entry that names a record, or the batch's last. Whether a record is named, the state tells.
    pub fn record(&self, name: &RecordName) -> Seq {
        self.records.get(name).copied().unwrap_or(self.last)
    }
}

/// How much was destroyed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swept {
    pub(crate) values: usize,
    pub(crate) records: usize,
}

/// Why not everything was swept. What was destroyed was an orphan all the same.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSwept {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is named there is not known.
    #[error("the journal went another way meanwhile")]
    OtherHistory,
}

/// Sweeps at once, and every day for as long as there is an engine.
pub(crate) async fn sweep_regularly(shared: Weak<Shared>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let state = shared.state.load_full();
        let stores = AuthStore::ALL.into_iter();
        let living = stores.flat_map(|store| named_records(&state, store).into_keys());
        match sweep(&*shared.journal, state.head(), &living.collect()).await {
            Ok(Swept {
                values: 0,
                records: 0,
            }) => {}
            Ok(Swept { values, records }) => {
                info!(values, records, "destroyed what no entry names");
            }
            Err(error) => warn!(%error, "what no entry names is left where it is until tomorrow"),
        }
    }
}

/// Destroys what was stored for entries up to `head` and is named by none of them. `living` are the records that the state
/// there names.
pub(crate) async fn sweep(
    journal: &dyn Journal,
    head: &Head,
    living: &HashSet<RecordName>,
) -> Result<Swept, NotSwept> {
    let mut swept = Swept::default();
    let mut orphans = journal.records_up_to(head.seq).await?;
    orphans.retain(|name| !living.contains(name));
    check_history(journal, head).await?;
    if !orphans.is_empty() {
        journal.destroy_records(&orphans).await?;
        swept.records = orphans.len();
    }
    loop {
        let unsettled = journal.unsettled_values(head.seq, VALUES).await?;
        let (Some((first, _)), Some((last, _))) = (unsettled.first(), unsettled.last()) else {
            return Ok(swept);
        };
        let is_end = unsettled.len() < VALUES;
        let known = named_by(journal, *first, *last).await?;
        let digests = unsettled.into_iter().map(|(_, digest)| digest);
        let (named, orphans): (Vec<_>, Vec<_>) = digests.partition(|digest| known.contains(digest));
        journal.settle_values(&named, &orphans).await?;
        swept.values += orphans.len();
        if is_end {
            return Ok(swept);
        }
        sleep(PAUSE).await;
    }
}

/// Whether the journal has the entry at `head`: where it was put back to an earlier time, others may be named than is known.
async fn check_history(journal: &dyn Journal, head: &Head) -> Result<(), NotSwept> {
    let read = journal.read(head.seq.saturating_sub(1), 1).await?;
    match Tail::of(head, &read) {
        Tail::Behind(_) => Ok(()),
        Tail::RolledBack => Err(NotSwept::OtherHistory),
    }
}

/// The values that the entries from `first` to `last` name, every one of which is there.
async fn named_by(
    journal: &dyn Journal,
    first: Seq,
    last: Seq,
) -> Result<HashSet<Digest>, NotSwept> {
    let (mut named, mut after) = (HashSet::new(), first.saturating_sub(1));
    while after < last {
        let stored = journal.read(after, ENTRIES).await?;
        after = stored.last().ok_or(NotSwept::OtherHistory)?.seq;
        for stored in &stored {
            let entry = serde_json::from_slice::<Entry>(&stored.bytes);
            let damaged = |_| ReadError::Damaged(format!("entry {} cannot be read", stored.seq));
            named.extend(values_of(&entry.map_err(damaged)?));
        }
    }
    Ok(named)
}
