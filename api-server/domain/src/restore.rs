//! The end of a restore: what the journal goes on with is another lifetime of it.

use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Target};
use crate::id::Epoch;
use crate::rejection::Rejection;
use crate::state::State;

/// Begins a new epoch behind the entries that were restored, and ends every token with the one before. Where the epoch is
/// another one already, it changes nothing.
pub struct FinishRestore {
    /// The epoch that was restored.
    pub epoch: Epoch,
    /// Whether tokens stay alive.
    pub keep_tokens: bool,
}

impl Command for FinishRestore {
    /// How many tokens died.
    type Answer = usize;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<usize>, Rejection> {
        if *actor != Actor::System {
            return Err(Rejection::Unauthenticated);
        }
        let caller = Caller::identify(state, actor, env.now)?;
        let mut draft = Draft::new(caller.name(), "journal.restore", Target::default(), 0);
        let restored = state.journal().map(|journal| journal.epoch);
        if restored != Some(self.epoch) {
            return Ok(draft);
        }
        let epoch = Epoch::random(env.rng);
        draft.changes.push(Change::EpochStarted { epoch });
        if !self.keep_tokens {
            let alive = state.tokens().filter(|token| token.is_alive(env.now));
            let died = alive.map(|token| Change::TokenRevoked { token_id: token.id });
            draft.changes.extend(died);
            draft.answer = draft.changes.len() - 1;
        }
        Ok(draft)
    }
}
