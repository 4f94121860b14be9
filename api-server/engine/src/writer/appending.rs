//! Appending a batch until it is certain what became of it, and sorting out what others appended in its place.

use std::sync::Arc;
use std::time::Duration;

use ssm_domain::state::State;
use tokio::time::sleep;
use tracing::warn;

use super::{Decided, Job, Writer};
use crate::engine::{Health, Shared};
use crate::error::OpenError;
use crate::follow::{self, FEW, Tail};
use crate::journal::{AppendError, Batch, StoredEntry};
use crate::replay::apply;
use crate::signing::verify_end;

/// Waits between attempts to find out what became of a batch.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(20);
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl Writer {
    /// Appends a batch. `None` means that all of it is written, entries mean that the journal went on and these stand
    /// behind the published head. Comes back only when it is certain; the error is certain, too: nothing is written.
    pub(super) async fn append(
        &self,
        batch: &Arc<Batch>,
    ) -> Result<Option<Vec<StoredEntry>>, String> {
        let mut wait = FIRST_WAIT;
        let mut certain = true;
        loop {
            let unsettled = match self.shared.journal.append(batch.clone()).await {
                Ok(()) => return Ok(None),
                Err(AppendError::Unavailable(reason)) if certain => return Err(reason),
                Err(AppendError::Unavailable(reason) | AppendError::Unknown(reason)) => reason,
                Err(AppendError::Conflict) => {
                    let head = *self.shared.state.load().head();
                    // All of the batch may be there, and an entry of ours that is not seen would be written again.
                    let limit = FEW.max(batch.entries.len() + 1);
                    match follow::tail(&self.shared, &head, limit).await {
                        Ok(read) => match Tail::of(&head, &read) {
                            Tail::Behind([]) => {
                                "a position is taken and nothing stands there".to_owned()
                            }
                            Tail::Behind(tail) => return Ok(Some(tail.to_vec())),
                            Tail::RolledBack => {
                                return Err(OpenError::RolledBack(head.seq).to_string());
                            }
                        },
                        Err(reason) => reason.to_string(),
                    }
                }
            };
            certain = false;
            warn!(reason = %unsettled, "it is not known whether a batch was written; sending it again");
            self.shared.health.send_replace(Health::Unsettled);
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Sorts out a batch after the journal went on: its entries at the beginning of the tail are ours, anything else
    /// is somebody else's. Publishes the tail, answers what is settled, and returns what has to be decided again.
    pub(super) async fn settle(&self, decided: Decided, tail: &[StoredEntry]) -> Vec<Box<dyn Job>> {
        let ours = decided
            .batch
            .entries
            .iter()
            .zip(tail)
            .take_while(|(ours, there)| ours.stored == **there)
            .count();
        let mut state = State::clone(&self.shared.state.load());
        let mut wait = FIRST_WAIT;
        while let Err(reason) = self.take_in(&mut state, tail, ours).await {
            warn!(%reason, "the journal's tail cannot be taken in; trying again");
            self.shared.health.send_replace(Health::Unsettled);
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        self.publish(state, &decided.batch);
        let mut again = Vec::new();
        for (job, rests_on) in decided.jobs {
            if rests_on <= ours {
                job.answer();
            } else {
                again.push(job);
            }
        }
        again
    }

    /// Applies the tail to `state`, and learns the records that somebody else's entries name.
    pub(super) async fn take_in(
        &self,
        state: &mut State,
        tail: &[StoredEntry],
        ours: usize,
    ) -> Result<(), OpenError> {
        let mut next = state.clone();
        let Shared {
            journal,
            keys,
            auth,
            ..
        } = &*self.shared;
        let entries = apply(&**journal, &mut next, tail).await?;
        if tail.len() > ours {
            verify_end(&**journal, &next, keys).await?;
            auth.follow(&**journal, &next, &entries[ours..], keys)
                .await?;
        }
        *state = next;
        Ok(())
    }
}
