//! How a retry is known as one: by whose it is, what it is for, and the `Idempotency-Key` that the client chose. The
//! entry holds this, so that the journal itself sees to it that nothing is done twice.

use std::time::Duration;

use crate::caller::Actor;
use crate::credential::TokenSalt;
use crate::entry::Idempotency;
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::Timestamp;

/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_MEMORY: Duration = Duration::from_hours(24);

/// A request that may be sent again.
#[derive(Debug, Clone, Copy)]
pub struct Repeatable<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The key that the client chose.
    pub key: &'a str,
}

impl Idempotency {
    /// What a request is known by. `said` is everything else that it says, which may be secret.
    pub fn of(request: &Repeatable<'_>, salt: &TokenSalt, said: &[&[u8]]) -> Self {
        let Repeatable {
            actor,
            method,
            path,
            key,
        } = request;
        let whose = match actor {
            Actor::System => "system".to_owned(),
            Actor::Anonymous => "anonymous".to_owned(),
            Actor::User(id) => format!("user {id}"),
            Actor::Token(id) => format!("token {id}"),
        };
        let parts = [&*whose, method, path, key].map(str::as_bytes);
        Self {
            key: salt.digest("ssm/idempotency-key/v1", &parts),
            body: salt.digest("ssm/idempotency-body/v1", said),
        }
    }

    /// Refuses what has been done already.
    pub fn check(&self, state: &State, now: Timestamp) -> Result<(), Rejection> {
        match state.done(&self.key, now) {
            None => Ok(()),
            Some(done) if done.body == self.body => Err(Rejection::AlreadyDone(*done)),
            Some(_) => Err(Rejection::IdempotencyKeyReused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Idempotency, Repeatable};
    use crate::caller::Actor;
    use crate::credential::TokenSalt;
    use crate::id::{TokenId, UserId};

    fn known(request: &Repeatable<'_>, said: &[&[u8]]) -> Idempotency {
        let salt = TokenSalt::parse("3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=").unwrap();
        Idempotency::of(request, &salt, said)
    }

    #[test]
    fn a_retry_is_known_and_nothing_else_is_taken_for_it() {
        let request = Repeatable {
            actor: &Actor::Token(TokenId::MIN),
            method: "POST",
            path: "/api/projects",
            key: "k",
        };
        let first = known(&request, &[b"", b"{}"]);
        assert_eq!(first, known(&request, &[b"", b"{}"]));
        for other in [
            Repeatable {
                actor: &Actor::User(UserId::MIN),
                ..request
            },
            Repeatable {
                actor: &Actor::Anonymous,
                ..request
            },
            Repeatable {
                method: "PUT",
                ..request
            },
            Repeatable {
                path: "/api/projectsk",
                key: "",
                ..request
            },
        ] {
            assert_ne!(first.key, known(&other, &[b"", b"{}"]).key, "{other:?}");
        }
        for said in [[&b"{}"[..], b""], [b"", b"{ }"], [b"{", b"}"]] {
            let other = known(&request, &said);
            assert_eq!(first.key, other.key);
            assert_ne!(first.body, other.body);
        }
    }
}
