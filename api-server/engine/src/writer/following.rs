//! What the writer does with what others append: it takes it in, and begins anew where the history was rolled back.

use ssm_domain::caller::Actor;
use ssm_domain::restore::FinishRestore;
use ssm_domain::state::State;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tracing::{error, warn};

use super::appending::{FIRST_WAIT, LONGEST_WAIT};
use super::{Submission, Writer};
use crate::engine::{Health, Requester, Shared};
use crate::error::{OpenError, RunError};
use crate::follow::{self, FEW, Tail};
use crate::journal::Batch;
use crate::replay::{CHUNK, catch_up};
use crate::rotation::check_keys;
use crate::signing::verify_end;

impl Writer {
    /// Publishes what others appended.
    pub(super) async fn follow(&mut self) {
        match self.catch_up().await {
            Ok(()) => {}
            Err(OpenError::RolledBack(seq)) => {
                error!(
                    seq,
                    "the database was put back to an earlier time; everything is read again, and a new epoch begins"
                );
                let mut wait = FIRST_WAIT;
                while let Err(error) = self.begin_anew().await {
                    warn!(%error, "the new epoch cannot be begun; trying again");
                    self.shared.health.send_replace(Health::Unsettled);
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
            Err(error) => {
                warn!(%error, "what other servers wrote cannot be taken in; trying again");
            }
        }
    }

    /// Publishes the journal's end.
    pub(super) async fn catch_up(&self) -> Result<(), OpenError> {
        let before = self.shared.state.load_full();
        let mut state = State::clone(&before);
        let began = self.to_the_end(&mut state).await?;
        if state.head() != before.head() {
            self.publish(state, &Batch::default());
        }
        if let Some(following) = &self.shared.following {
            following.confirm(began);
        }
        Ok(())
    }

    /// Brings `state` to the end of the journal. Says when that was certainly the end.
    async fn to_the_end(&self, state: &mut State) -> Result<Instant, OpenError> {
        let mut limit = FEW;
        loop {
            let (began, head) = (Instant::now(), *state.head());
            let read = follow::tail(&self.shared, &head, limit).await?;
            let Tail::Behind(behind) = Tail::of(&head, &read) else {
                return Err(OpenError::RolledBack(head.seq));
            };
            self.take_in(state, behind, 0).await?;
            if read.len() < limit {
                return Ok(began);
            }
            limit = CHUNK;
        }
    }

    /// Reads everything again, and begins a new epoch: revisions that were given out before may come to stand for something
    /// else.
    async fn begin_anew(&mut self) -> Result<(), OpenError> {
        let Shared {
            journal,
            keys,
            salt,
            auth,
            cache,
            ..
        } = &*self.shared;
        let mut state = State::default();
        catch_up(&**journal, &mut state).await?;
        check_keys(&state, keys, salt)?;
        verify_end(&**journal, &state, keys).await?;
        auth.load(&**journal, &state, keys).await?;
        let epoch = state.journal().map(|journal| journal.epoch);
        self.publish(state, &Batch::default());
        // What was rendered before is by revisions that may come again.
        cache.clear();
        if let Some(epoch) = epoch {
            let server = Requester {
                actor: Actor::System,
                request: None,
            };
            let begin = FinishRestore {
                epoch,
                keep_tokens: true,
            };
            let (reply, answer) = oneshot::channel();
            let begin = Submission::new(server, begin, reply);
            self.process(vec![Box::new(begin)]).await;
            let begun = answer.await.unwrap_or(Err(RunError::OutcomeUnknown));
            begun.map_err(OpenError::Start)?;
        }
        Ok(())
    }
}
