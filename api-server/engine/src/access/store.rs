//! What the engine asks of a place that keeps access records.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use ssm_domain::access_record::{Access, AccessHead, AccessPosition, AccessRecord};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::ServerId;
use ssm_domain::names::{Key, Slug};
use ssm_domain::signing::AccessSignature;
use ssm_domain::time::Timestamp;

use crate::activity::StoreError;
use crate::journal::{AppendError, ReadError};

/// A record as it is stored: its canonical bytes, their hash, and a signature where a batch ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccess {
    /// Whose chain it is in.
    pub server: ServerId,
    /// Its position there.
    pub seq: Seq,
    /// The hash that was stored with it.
    pub hash: Digest,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
    /// Vouches for the chain up to here.
    pub signature: Option<AccessSignature>,
}

/// A record, and what is stored of it.
#[derive(Debug, Clone)]
pub struct ChainedAccess {
    /// The record, for indexes.
    pub record: AccessRecord,
    /// What is stored.
    pub stored: StoredAccess,
}

impl ChainedAccess {
    /// Puts what happened behind `head`, unsigned.
    pub fn behind(head: &AccessHead, access: Access) -> Self {
        let record = AccessRecord::append_to(head, access);
        let bytes = record.canonical_bytes();
        let stored = StoredAccess {
            server: record.server,
            seq: record.seq,
            hash: Digest::of(&bytes),
            bytes,
            signature: None,
        };
        Self { record, stored }
    }

    /// What is stored, with the record in it. None where that is not the one that was written there.
    pub fn of(stored: StoredAccess) -> Option<Self> {
        let record = AccessRecord::verify(&stored.bytes, stored.hash).ok()?;
        let is_where_it_says = record.server == stored.server && record.seq == stored.seq;
        is_where_it_says.then_some(Self { record, stored })
    }

    /// The end of the chain that it makes.
    pub fn head(&self) -> AccessHead {
        self.record.head(self.stored.hash)
    }
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused, or failed.
    Failure,
}

/// The text is neither outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be success or failure")]
pub struct InvalidOutcome;

impl FromStr for Outcome {
    type Err = InvalidOutcome;

    fn from_str(text: &str) -> Result<Self, InvalidOutcome> {
        match text {
            "success" => Ok(Self::Success),
            "failure" => Ok(Self::Failure),
            _ => Err(InvalidOutcome),
        }
    }
}

/// Which records somebody is looking for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessFilter {
    /// Of this project.
    pub project: Option<Slug>,
    /// Of configs of this name.
    pub config: Option<Slug>,
    /// Of this secret alone.
    pub key: Option<Key>,
    /// By whoever has this name.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// That happened first at or after this time.
    pub since: Option<Timestamp>,
    /// That happened first at or before this time.
    pub until: Option<Timestamp>,
}

impl AccessFilter {
    /// Whether it lets this one through.
    pub fn admits(&self, access: &Access) -> bool {
        fn same<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let target = &access.target;
        let succeeded = |outcome| access.succeeded() == (outcome == Outcome::Success);
        same(self.project.as_ref(), target.project.as_ref())
            && same(self.config.as_ref(), target.config.as_ref())
            && same(self.key.as_ref(), target.key.as_ref())
            && same(self.actor.as_ref(), Some(&access.actor.id))
            && same(self.action.as_ref(), Some(&access.action))
            && self.outcome.is_none_or(succeeded)
            && self.since.is_none_or(|since| access.at >= since)
            && self.until.is_none_or(|until| access.at <= until)
    }
}

/// What a search for records came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FoundAccess {
    /// The records, newest first.
    pub records: Vec<StoredAccess>,
    /// How many others were looked at.
    pub passed_over: usize,
    /// The last record that was looked at, where the search stopped before it came to an end or to its limit.
    pub stopped_at: Option<AccessPosition>,
}

/// A place that keeps access records, in as many chains as there were server processes.
#[async_trait]
pub trait AccessStore {
    /// Appends records of one chain durably: all of them, or a prefix where it fails. Records that are there already are
    /// passed over, so to append the same ones again is harmless; another one at the position of one of them is an
    /// [`AppendError::Conflict`], and then nothing is written.
    async fn append_access(&self, records: Arc<[ChainedAccess]>) -> Result<(), AppendError>;

    /// At most `limit` records that `filter` lets through, newest first, from before `before` where it is given. Looks at no
    /// more than `most` records; it may know at once that others cannot be meant.
    async fn search_access(
        &self,
        filter: &AccessFilter,
        before: Option<AccessPosition>,
        limit: usize,
        most: usize,
    ) -> Result<FoundAccess, ReadError>;

    /// At most `limit` records of all chains, one chain after the other and each in order, from behind `after` where it is
    /// given.
    async fn read_access(
        &self,
        after: Option<(ServerId, Seq)>,
        limit: usize,
    ) -> Result<Vec<StoredAccess>, ReadError>;

    /// Deletes at most `limit` records from the fronts of chains, up to the first of each that happened at `before` or
    /// after it. Says how many.
    async fn trim_access(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}
