//! How many watch streams there may be, so that nobody takes all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use ssm_domain::id::TokenId;

use super::errors::ApiError;
use crate::config::Limits;

/// How many seconds somebody should wait who has too many.
const PAUSE: u32 = 30;

/// The open streams.
pub(crate) struct Streams {
    limits: Limits,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_token: HashMap<TokenId, usize>,
}

/// A stream that counts until this is dropped.
pub(crate) struct OpenStream {
    open: Arc<Mutex<Open>>,
    token: Option<TokenId>,
}

impl Streams {
    /// None is open yet.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Arc::default(),
        }
    }

    /// How many are open with a token, at this server.
    pub(crate) fn of(&self, token: TokenId) -> usize {
        let open = lock(&self.open);
        open.by_token.get(&token).copied().unwrap_or_default()
    }

    /// Counts a stream of this token in, or refuses it.
    pub(crate) fn open(&self, token: Option<TokenId>) -> Result<OpenStream, ApiError> {
        let mut open = lock(&self.open);
        let with_it = token.map_or(0, |token| {
            open.by_token.get(&token).copied().unwrap_or_default()
        });
        if with_it >= self.limits.streams_per_token {
            let message = "There are too many streams with this token; close some, or share one";
            let refusal = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message);
            return Err(refusal.retry_after(PAUSE));
        }
        if open.total >= self.limits.streams {
            let message = "There are too many streams";
            let refusal = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
            return Err(refusal.retry_after(PAUSE));
        }
        open.total += 1;
        if let Some(token) = token {
            *open.by_token.entry(token).or_default() += 1;
        }
        Ok(OpenStream {
            open: self.open.clone(),
            token,
        })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.total -= 1;
        if let Some(token) = self.token
            && let Some(count) = open.by_token.get_mut(&token)
        {
            *count -= 1;
            if *count == 0 {
                open.by_token.remove(&token);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ssm_domain::id::TokenId;

    use super::{Limits, Streams};

    #[test]
    fn a_token_has_so_many_streams_and_all_together_have_so_many() {
        let streams = Streams::new(Limits {
            streams: 3,
            streams_per_token: 2,
            ..Limits::default()
        });
        let open = |token: u8| streams.open(Some(TokenId::from_bytes([token; 12])));
        let first = open(1);
        let _second = open(1);
        assert!(open(1).is_err_and(|refusal| refusal.code() == "too_many_streams"));
        let _third = open(2);
        assert_eq!(streams.of(TokenId::from_bytes([1; 12])), 2);
        assert!(open(3).is_err_and(|refusal| refusal.code() == "unavailable"));
        drop(first);
        assert_eq!(streams.of(TokenId::from_bytes([1; 12])), 1);
        assert!(open(3).is_ok());
    }
}
