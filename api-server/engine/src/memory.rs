//! A journal in memory that fails on demand: the storage of which the engine's tests are afraid.

mod access;
mod activity;
mod inspect;
mod restore;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::{ConfigId, ServerId};
use ssm_domain::names::Slug;
use ssm_domain::seal::Sealed;
use ssm_domain::signing::{HeadSignature, PublicKey};
use ssm_domain::state::Values;

use crate::access::{ChainedAccess, StoredAccess};
use crate::activity::{ActivityKind, ActivityRecord, StoreError};
use crate::journal::{AppendError, Batch, BatchEntry, Filter, Journal, ReadError, StoredEntry};
use crate::sweep::SweepStore;

/// What goes wrong with one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and it says so.
    Refused,
    /// Nothing is written, and nobody knows.
    Lost,
    /// Everything is written, and nobody knows.
    AnswerLost,
    /// The first half of the entries is written, and nobody knows.
    Half,
    /// Nothing is written yet, nobody knows, and it lands in front of the next append.
    Late,
}

type Faults = Box<dyn FnMut() -> Option<Fault> + Send>;
type ReadFaults = Box<dyn FnMut() -> bool + Send>;

/// A journal that lives as long as the process.
#[derive(Default)]
pub struct MemoryJournal {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: Vec<Indexed>,
    signatures: BTreeMap<(Seq, PublicKey), HeadSignature>,
    values: HashMap<Digest, Sealed>,
    records: HashMap<(AuthStore, String), Vec<u8>>,
    activity: HashMap<(ActivityKind, String), ActivityRecord>,
    snapshots: BTreeSet<Seq>,
    unfinished_restore: Option<Vec<u8>>,
    chunks: BTreeMap<(Seq, u32), Vec<u8>>,
    late: Vec<Arc<Batch>>,
    is_shared: bool,
    faults: Option<Faults>,
    read_faults: Option<ReadFaults>,
    beside: Option<Fault>,
    accesses: BTreeMap<(ServerId, Seq), ChainedAccess>,
    access_appends: usize,
}

/// An entry, and what it is found by.
struct Indexed {
    stored: StoredEntry,
    found_by: FoundBy,
}

#[derive(Default)]
struct FoundBy {
    project: Option<Slug>,
    config: Option<Slug>,
    touched: BTreeSet<ConfigId>,
}

impl MemoryJournal {
    /// Asks `faults` before each append what goes wrong with it.
    pub fn inject(&self, faults: impl FnMut() -> Option<Fault> + Send + 'static) {
        self.lock().faults = Some(Box::new(faults));
    }

    /// Asks `faults` before each read whether it fails.
    pub fn inject_reads(&self, faults: impl FnMut() -> bool + Send + 'static) {
        self.lock().read_faults = Some(Box::new(faults));
    }

    /// Several engines append from now on.
    pub fn share(&self) {
        self.lock().is_shared = true;
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        let mut inner = self.lock();
        (inner.faults, inner.read_faults) = (None, None);
    }

    /// Whether reads fail from now on.
    pub fn fail_reads(&self, fail: bool) {
        self.inject_reads(move || fail);
    }

    /// Whether what lies beside the entries cannot be stored from now on.
    pub fn refuse_beside(&self, refuse: bool) {
        self.fail_beside(refuse.then_some(Fault::Refused));
    }

    /// What goes wrong from now on with storing what lies beside the entries.
    pub fn fail_beside(&self, fault: Option<Fault>) {
        self.lock().beside = fault;
    }

    /// How often access records were appended.
    pub fn access_appends(&self) -> usize {
        self.lock().access_appends
    }

    /// Changes stored access records behind everybody's back: those that `tamper` returns false for are deleted.
    pub fn tamper_access(&self, mut tamper: impl FnMut(&mut StoredAccess) -> bool) {
        let mut inner = self.lock();
        let accesses = std::mem::take(&mut inner.accesses).into_values();
        let left = accesses.filter_map(|mut access| tamper(&mut access.stored).then_some(access));
        inner.accesses = left
            .map(|access| ((access.stored.server, access.stored.seq), access))
            .collect();
    }

    /// Changes stored entries behind everybody's back.
    pub fn tamper(&self, tamper: impl FnOnce(&mut Vec<StoredEntry>)) {
        let mut inner = self.lock();
        let (mut entries, found_by): (Vec<_>, Vec<_>) = inner
            .entries
            .drain(..)
            .map(|entry| (entry.stored, entry.found_by))
            .unzip();
        tamper(&mut entries);
        let mut found_by = found_by.into_iter();
        let indexed = |stored| Indexed {
            stored,
            found_by: found_by.next().unwrap_or_default(),
        };
        inner.entries = entries.into_iter().map(indexed).collect();
    }

    /// Changes stored signatures behind everybody's back.
    pub fn tamper_signatures(&self, tamper: impl FnMut(&mut HeadSignature)) {
        self.lock().signatures.values_mut().for_each(tamper);
    }

    /// Changes stored chunks of snapshots behind everybody's back: those that `tamper` returns false for are deleted.
    pub fn tamper_snapshots(&self, mut tamper: impl FnMut(Seq, &mut Vec<u8>) -> bool) {
        self.lock()
            .chunks
            .retain(|(seq, _), bytes| tamper(*seq, bytes));
    }

    /// Deletes stored values behind everybody's back.
    pub fn lose_values(&self) {
        self.lock().values.clear();
    }

    /// Changes stored auth records behind everybody's back.
    pub fn tamper_records(&self, store: AuthStore, tamper: impl Fn(&str, &mut Vec<u8>)) {
        let mut inner = self.lock();
        let records = inner.records.iter_mut().filter(|((of, _), _)| *of == store);
        records.for_each(|((_, id), body)| tamper(id, body));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn append(&mut self, batch: &Batch, entries: &[BatchEntry]) -> Result<(), AppendError> {
        let first = entries.first().map_or(0, |first| first.stored.seq);
        if first != self.entries.len() as Seq + 1 {
            return Err(AppendError::Conflict);
        }
        for value in &batch.values {
            self.values
                .insert(Digest::of(value.as_bytes()), value.clone());
        }
        for record in &batch.records {
            self.records
                .insert((record.store, record.id.clone()), record.body.clone());
        }
        let last = entries.last().map_or(0, |last| last.stored.seq);
        for signature in batch.signatures.iter().filter(|made| made.seq <= last) {
            let key = (signature.seq, signature.public_key);
            self.signatures.insert(key, *signature);
        }
        for BatchEntry { entry, stored } in entries {
            self.entries.push(Indexed {
                stored: stored.clone(),
                found_by: FoundBy {
                    project: entry.target.project.clone(),
                    config: entry.target.config.clone(),
                    touched: entry.touched(),
                },
            });
        }
        if entries.len() == batch.entries.len() {
            for RecordName { store, id } in &batch.destroyed {
                self.records.remove(&(*store, id.clone()));
            }
        }
        Ok(())
    }

    fn newest_first(
        &self,
        before: Option<Seq>,
        limit: usize,
        wanted: impl Fn(&Indexed) -> bool,
    ) -> Vec<StoredEntry> {
        let newest_first = self.entries.iter().rev();
        newest_first
            .filter(|entry| before.is_none_or(|before| entry.stored.seq < before) && wanted(entry))
            .take(limit)
            .map(|entry| entry.stored.clone())
            .collect()
    }

    /// Whether what lies beside the entries can be stored.
    fn storable(&self) -> Result<(), StoreError> {
        if self.beside.is_some() {
            Err(StoreError("the test says so".into()))
        } else {
            Ok(())
        }
    }

    fn readable(&mut self) -> Result<(), ReadError> {
        if self.read_faults.as_mut().is_some_and(|fails| fails()) {
            Err(ReadError::Unavailable("the test says so".into()))
        } else {
            Ok(())
        }
    }
}

/// What lies beside an entry comes and goes together with it.
impl SweepStore for MemoryJournal {}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&self, batch: Arc<Batch>) -> Result<(), AppendError> {
        let mut inner = self.lock();
        for late in std::mem::take(&mut inner.late) {
            // What lands late may find its place taken.
            let _ = inner.append(&late, &late.entries);
        }
        let unknown = || AppendError::Unknown("the test says so".into());
        match inner.faults.as_mut().and_then(|faults| faults()) {
            None => inner.append(&batch, &batch.entries),
            Some(Fault::Refused) => Err(AppendError::Unavailable("the test says so".into())),
            Some(Fault::Lost) => Err(unknown()),
            Some(Fault::AnswerLost) => inner.append(&batch, &batch.entries).and(Err(unknown())),
            Some(Fault::Half) => {
                let half = &batch.entries[..batch.entries.len().div_ceil(2)];
                inner.append(&batch, half).and(Err(unknown()))
            }
            Some(Fault::Late) => {
                inner.late.push(batch);
                Err(unknown())
            }
        }
    }

    fn may_write_prefixes(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        self.lock().is_shared
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<StoredEntry>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(inner
            .entries
            .iter()
            .skip(after)
            .take(limit)
            .map(|entry| entry.stored.clone())
            .collect())
    }

    async fn search(
        &self,
        filter: &Filter,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        Ok(inner.newest_first(before, limit, |entry| {
            (filter.project.is_none() || filter.project == entry.found_by.project)
                && (filter.config.is_none() || filter.config == entry.found_by.config)
        }))
    }

    async fn history(
        &self,
        config: ConfigId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        Ok(inner.newest_first(before, limit, |entry| {
            entry.found_by.touched.contains(&config)
        }))
    }

    async fn signatures(&self, first: Seq, last: Seq) -> Result<Vec<HeadSignature>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let between = |made: &&HeadSignature| (first..=last).contains(&made.seq);
        Ok(inner.signatures.values().filter(between).copied().collect())
    }

    async fn values(&self, digests: &[Digest]) -> Result<Values, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let found = digests
            .iter()
            .filter_map(|digest| Some((*digest, inner.values.get(digest)?.clone())));
        Ok(found.collect())
    }

    async fn records(&self, store: AuthStore) -> Result<Vec<AuthRecord>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let of_store = inner.records.iter().filter(|((of, _), _)| *of == store);
        Ok(of_store
            .map(|((store, id), body)| AuthRecord {
                store: *store,
                id: id.clone(),
                body: body.clone(),
            })
            .collect())
    }
}
