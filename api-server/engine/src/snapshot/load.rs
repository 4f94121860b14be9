//! Beginning with a snapshot.

use ssm_domain::entry::Seq;
use ssm_domain::seal::KeyRing;
use ssm_domain::snapshot::SnapshotError;
use ssm_domain::state::State;
use tracing::{info, warn};

use super::KEPT;
use crate::journal::{Journal, ReadError};

/// Why a snapshot is of no use.
#[derive(Debug, thiserror::Error)]
enum Useless {
    #[error(transparent)]
    Unread(#[from] ReadError),
    #[error(transparent)]
    Bad(#[from] SnapshotError),
    #[error("it is another one's, of entry {0}")]
    Misnamed(Seq),
    #[error("the journal has gone another way since")]
    OtherHistory,
}

/// The newest state that a snapshot vouches for, or the one before the first entry; and the snapshots from that one on that
/// are worth keeping, newest first.
pub(crate) async fn newest(journal: &dyn Journal, keys: &KeyRing) -> (State, Vec<Seq>) {
    let stored = journal.snapshots().await.unwrap_or_else(|error| {
        warn!(%error, "snapshots cannot be read; the whole journal is");
        Vec::new()
    });
    for (at, seq) in stored.iter().enumerate() {
        match load(journal, keys, *seq).await {
            Ok(state) => {
                info!(seq, "the state begins with a snapshot");
                let kept = stored[at..].iter().copied().take(KEPT);
                return (state, kept.collect());
            }
            Err(reason) => warn!(seq, %reason, "a snapshot is of no use"),
        }
    }
    (State::default(), Vec::new())
}

async fn load(journal: &dyn Journal, keys: &KeyRing, seq: Seq) -> Result<State, Useless> {
    let bytes = journal.load_snapshot(seq).await?;
    let state = State::read_snapshot(keys, &bytes)?;
    let head = state.head();
    if head.seq != seq {
        return Err(Useless::Misnamed(head.seq));
    }
    let there = journal.read(seq.saturating_sub(1), 1).await?;
    let is_ours = there.first().is_some_and(|entry| entry.hash == head.hash);
    is_ours.then_some(state).ok_or(Useless::OtherHistory)
}
