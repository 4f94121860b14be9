//! Taking snapshots, beside everything else that goes on.

use std::io;
use std::sync::{Arc, Weak};

use ssm_domain::entry::Seq;
use ssm_domain::state::State;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::{CHUNK_BYTES, EVERY, KEPT};
use crate::activity::StoreError;
use crate::engine::Shared;
use crate::steps::reached;

/// How many entries later it is tried again when a snapshot could not be stored.
const TRY_AGAIN: Seq = EVERY / 10;

/// Takes a snapshot every so many entries for as long as there is an engine.
pub(crate) async fn take_regularly(shared: Weak<Shared>, mut published: watch::Receiver<Seq>) {
    let mut due = match shared.upgrade() {
        Some(shared) => newest(&shared.snapshots.lock().await) + EVERY,
        None => return,
    };
    while published.wait_for(|seq| *seq >= due).await.is_ok() {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let tried = shared.state.load().head().seq;
        due = match take(&shared).await {
            Ok(seq) => seq + EVERY,
            Err(error) => {
                warn!(%error, "no snapshot of the state can be stored; a start takes longer");
                tried + TRY_AGAIN
            }
        };
    }
}

/// Takes a snapshot of the published state, unless there is one. Returns its position.
pub(crate) async fn take(shared: &Arc<Shared>) -> Result<Seq, StoreError> {
    let mut kept = shared.snapshots.lock().await;
    if shared.journal.is_shared() {
        // Other servers take them, too.
        let there = shared.journal.snapshots().await;
        *kept = there.map_err(|error| StoreError(error.to_string()))?;
        kept.truncate(KEPT);
    }
    let state = shared.state.load_full();
    let seq = state.head().seq;
    if newest(&kept) == seq {
        return Ok(seq);
    }
    // Half of one that a crash left, or one that nobody could use.
    shared.journal.keep_snapshots(&kept).await?;
    reached("snapshot:before");
    let chunks = store(shared, state).await?;
    reached("snapshot:before-finish");
    shared.journal.finish_snapshot(seq).await?;
    reached("snapshot:after-finish");
    kept.insert(0, seq);
    kept.truncate(KEPT);
    shared.journal.keep_snapshots(&kept).await?;
    info!(seq, chunks, "took a snapshot of the state");
    Ok(seq)
}

fn newest(kept: &[Seq]) -> Seq {
    kept.first().copied().unwrap_or(0)
}

/// Stores a snapshot, and returns in how many chunks. Never more than a few of them are in memory.
async fn store(shared: &Arc<Shared>, state: Arc<State>) -> Result<u32, StoreError> {
    let (to_store, mut chunks) = mpsc::channel(1);
    let (seq, writing) = (state.head().seq, shared.clone());
    let writing = spawn_blocking(move || {
        let mut chunks = Chunks {
            to_store,
            chunk: Vec::with_capacity(CHUNK_BYTES),
        };
        state.write_snapshot(&writing.keys, &mut chunks)?;
        chunks.pass_on()
    });
    let mut index = 0;
    while let Some(chunk) = chunks.recv().await {
        shared
            .journal
            .save_snapshot_chunk(seq, index, chunk)
            .await?;
        reached("snapshot:chunk");
        index += 1;
    }
    let stopped = |why: &dyn std::fmt::Display| StoreError(why.to_string());
    writing
        .await
        .map_err(|error| stopped(&error))?
        .map_err(|error| stopped(&error))?;
    Ok(index)
}

/// Cuts what is written into chunks.
struct Chunks {
    to_store: mpsc::Sender<Vec<u8>>,
    chunk: Vec<u8>,
}

impl Chunks {
    fn pass_on(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        self.to_store
            .blocking_send(chunk)
            .map_err(|_| io::Error::other("nobody stores it any more"))
    }
}

impl io::Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES {
            self.pass_on()?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
