//! Snapshots of the state, so that a start reads the end of the journal only.
//!
//! The journal makes the same state, so a snapshot that is missing, damaged, forged or of another history costs time and
//! nothing else. One is taken every [`EVERY`] entries and at shutdown, and the last two are kept.

mod load;
mod take;

use async_trait::async_trait;
use ssm_domain::entry::Seq;
use tokio::sync::Mutex;

pub(crate) use load::newest;
pub(crate) use take::{take, take_regularly};

use crate::activity::StoreError;
use crate::journal::ReadError;

/// How many entries a start reads at most, where taking snapshots works.
pub const EVERY: Seq = 10_000;
/// The most bytes of a chunk. Appends wait while one is stored, so it is small.
pub const CHUNK_BYTES: usize = 1 << 20;
/// How many snapshots are kept: one more than is needed.
const KEPT: usize = 2;

/// A place that keeps snapshots. It may lose everything.
#[async_trait]
pub trait SnapshotStore {
    /// Stores a chunk of at most [`CHUNK_BYTES`] of the snapshot of the state after `seq`, in the place of an earlier one
    /// of its name.
    async fn save_snapshot_chunk(
        &self,
        seq: Seq,
        index: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError>;

    /// Says that all chunks of the snapshot at `seq` are stored. It is there from now on.
    async fn finish_snapshot(&self, seq: Seq) -> Result<(), StoreError>;

    /// Deletes all snapshots but these, and the chunks of those that were never finished; where other servers may be storing
    /// one, only chunks that are older than all of these.
    async fn keep_snapshots(&self, kept: &[Seq]) -> Result<(), StoreError>;

    /// Every snapshot that was finished, newest first.
    async fn snapshots(&self) -> Result<Vec<Seq>, ReadError>;

    /// All chunks of the snapshot at `seq`, one after the other.
    async fn load_snapshot(&self, seq: Seq) -> Result<Vec<u8>, ReadError>;
}

/// The snapshots that are worth keeping, newest first. Whoever takes one holds the lock.
pub(crate) type Snapshots = Mutex<Vec<Seq>>;
