//! Replacing a token by a new one that is good for the same, while the old one still works for a little.

use std::time::Duration;

use super::{Issued, check_cidrs, covers_all, issue, may_handle};
use crate::access::Action;
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Subject, Target};
use crate::id::TokenId;
use crate::rejection::{Noun, Rejection};
use crate::state::{State, Token};
use crate::time::Timestamp;

/// The longest that an old token still works.
pub const MAX_OVERLAP: Duration = Duration::from_hours(24);

/// Makes a token with the subject, scopes, addresses and lifetime of another one, which dies after the overlap at the
/// latest. Whoever could make such a token may; a personal one is its user's own, who has to be signed in.
pub struct RotateToken {
    /// The old token.
    pub token_id: TokenId,
    /// How long it still works.
    pub overlap: Duration,
}

impl Command for RotateToken {
    type Answer = Issued;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Issued>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let old = replaceable(state, &caller, self.token_id, env.now)?;
        if self.overlap > MAX_OVERLAP {
            let why = "must be 0 to 86400 seconds";
            return Err(Rejection::invalid("overlapSeconds", &why));
        }
        let expires_at = old.expires_at.map(|end| {
            let life = end.as_millis() - old.created_at.as_millis();
            env.now.plus(Duration::from_millis(life.unsigned_abs()))
        });
        let (token, issued) = issue(
            env,
            old.subject.clone(),
            old.purpose,
            old.scopes.to_vec(),
            old.cidrs.to_vec(),
            expires_at,
        );
        let target = Target {
            token: Some(old.id),
            ..Target::default()
        };
        let mut draft = Draft::new(caller.name(), "tokens.rotate", target, issued);
        draft.changes.push(token.change);
        draft.records.push(token.record);
        let end = env.now.plus(self.overlap);
        if self.overlap.is_zero() {
            draft
                .changes
                .push(Change::TokenRevoked { token_id: old.id });
        } else if old.expires_at.is_none_or(|before| end < before) {
            draft.changes.push(Change::TokenExpiring {
                token_id: old.id,
                expires_at: end,
            });
        }
        Ok(draft)
    }
}

/// The token, if it is alive and the caller may replace it.
pub fn replaceable<'a>(
    state: &'a State,
    caller: &Caller<'_>,
    id: TokenId,
    now: Timestamp,
) -> Result<&'a Token, Rejection> {
    let old = state
        .token(id)
        .filter(|token| token.is_alive(now) && is_visible(caller, token))
        .ok_or(Rejection::NotFound(Noun::Token))?;
    may_make_another(caller, old)?;
    if old.expires_at.is_none() && !state.settings().tokens_without_expiry {
        let why = "has no end, and this workspace wants one for every token; make another instead";
        return Err(Rejection::invalid("tokenId", &why));
    }
    Ok(old)
}

fn is_visible(caller: &Caller<'_>, token: &Token) -> bool {
    may_handle(caller, Action::TokensRead, token)
        || covers_all(caller.authority(), Action::TokensWrite, token)
}

fn may_make_another(caller: &Caller<'_>, old: &Token) -> Result<(), Rejection> {
    if old.purpose.is_sign_in() {
        let why = "is a session's; sign in again for a new one";
        return Err(Rejection::invalid("tokenId", &why));
    }
    match &old.subject {
        Subject::User(id) => {
            let signed_in = caller.token().is_none_or(|used| used.purpose.is_sign_in());
            if caller.user()?.id != *id || !signed_in {
                return Err(Rejection::MissingScope(Action::TokensWrite));
            }
        }
        Subject::Service(_) => {
            for scope in old.scopes.iter() {
                caller.require(Action::TokensWrite, scope.place)?;
                caller.require_all(scope.actions, scope.place)?;
            }
        }
    }
    check_cidrs(caller, &old.cidrs)
}
