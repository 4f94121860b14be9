//! What the engine asks of a place that keeps the journal. Everything that a backend must do is said here and tested by
//! [`crate::contract`].

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, Head, Seq};
use ssm_domain::id::ConfigId;
use ssm_domain::names::Slug;
use ssm_domain::seal::Sealed;
use ssm_domain::signing::HeadSignature;
use ssm_domain::state::Values;

use crate::access::AccessStore;
use crate::activity::ActivityStore;
use crate::restore::RestoreStore;
use crate::snapshot::SnapshotStore;
use crate::sweep::SweepStore;
use crate::verify::Inspect;

/// An entry as it is stored: its canonical bytes and their hash, both verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its position.
    pub seq: Seq,
    /// The hash that was stored with it.
    pub hash: Digest,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
}

/// Entries to be appended together, and what has to be stored for them first.
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries in order, each following the one before.
    pub entries: Vec<BatchEntry>,
    /// Signatures of some of the heads that the entries make, the last one always among them; of every one where a
    /// prefix of the batch may be written.
    pub signatures: Vec<HeadSignature>,
    /// Sealed values that the entries name by digest.
    pub values: Vec<Sealed>,
    /// Records of the auth store that the entries name by digest.
    pub records: Vec<AuthRecord>,
    /// Records of the auth store that go once the entries are written.
    pub destroyed: Vec<RecordName>,
}

/// One entry of a batch.
#[derive(Debug)]
pub struct BatchEntry {
    /// The entry, for indexes.
    pub entry: Entry,
    /// What is stored.
    pub stored: StoredEntry,
}

impl Batch {
    /// The head that the journal has once the batch is written.
    pub fn head(&self) -> Option<Head> {
        self.entries
            .last()
            .map(|last| last.entry.head(last.stored.hash))
    }
}

/// Which entries somebody is looking for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those whose target is in this project.
    pub project: Option<Slug>,
    /// Those whose target is a config of this name.
    pub config: Option<Slug>,
}

/// Why the journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It does not answer now; it may later.
    #[error("the journal cannot be read: {0}")]
    Unavailable(String),
    /// What is there is not what was written.
    #[error("the journal is damaged: {0}")]
    Damaged(String),
}

/// Why entries were not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A position is taken already, by this very batch sent before or by somebody else. Reading the tail tells.
    #[error("the journal has gone on meanwhile")]
    Conflict,
    /// Nothing was written.
    #[error("the journal cannot be written: {0}")]
    Unavailable(String),
    /// Some, all or none may be written, now or later.
    #[error("it is not known whether the journal was written: {0}")]
    Unknown(String),
}

/// A place that keeps the journal, the values and the auth store.
///
/// Appending is the only commit point. What entries name by digest, and their signatures, are durable before they are, so
/// that an entry never points at nothing; what was stored for entries that never came is inert. A prefix of a batch may be
/// written when something fails, where the journal says so, and each entry of it is whole.
#[async_trait]
pub trait Journal:
    AccessStore
    + ActivityStore
    + SnapshotStore
    + RestoreStore
    + SweepStore
    + Inspect
    + Send
    + Sync
    + 'static
{
    /// Appends a batch of at least one entry durably. Its first entry must be the next one: any other position, a later
    /// one included, is an [`AppendError::Conflict`], so to append the same batch again is harmless.
    async fn append(&self, batch: Arc<Batch>) -> Result<(), AppendError>;

    /// Whether some entries of a batch may be there, and those behind them not.
    fn may_write_prefixes(&self) -> bool;

    /// Whether other servers may append, too.
    fn is_shared(&self) -> bool;

    /// At most `limit` entries after `after`, in order and without a gap.
    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<StoredEntry>, ReadError>;

    /// At most `limit` entries that `filter` lets through, newest first, from before `before` where it is given.
    async fn search(
        &self,
        filter: &Filter,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError>;

    /// At most `limit` entries that [touch](Entry::touched) a config, newest first, from before `before` where it is
    /// given.
    async fn history(
        &self,
        config: ConfigId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError>;

    /// The signatures of the entries from `first` to `last`, both included, in the order of entries.
    async fn signatures(&self, first: Seq, last: Seq) -> Result<Vec<HeadSignature>, ReadError>;

    /// Those of the named values that are there.
    async fn values(&self, digests: &[Digest]) -> Result<Values, ReadError>;

    /// Every record of one part of the auth store.
    async fn records(&self, store: AuthStore) -> Result<Vec<AuthRecord>, ReadError>;

    /// Those of the named records that are there, in any order.
    async fn find_records(&self, names: &[RecordName]) -> Result<Vec<AuthRecord>, ReadError> {
        let mut found = Vec::new();
        for store in AuthStore::ALL {
            let wanted: HashSet<&str> = names
                .iter()
                .filter(|name| name.store == store)
                .map(|name| name.id.as_str())
                .collect();
            if !wanted.is_empty() {
                let records = self.records(store).await?;
                found.extend(
                    records
                        .into_iter()
                        .filter(|record| wanted.contains(&*record.id)),
                );
            }
        }
        Ok(found)
    }
}
