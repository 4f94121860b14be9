//! What happens to tokens.

use std::time::Duration;

use super::{State, Token};
use crate::id::TokenId;
use crate::time::Timestamp;

/// How long a token is remembered after its death.
const TOKEN_MEMORY: Duration = Duration::from_hours(30 * 24);

impl State {
    pub(super) fn add_token(&mut self, token: Token) {
        let death = token.expires_at.map(|end| (end, token.id));
        self.deaths.extend(death);
        self.tokens.insert(token.id, token);
    }

    pub(super) fn revoke_token(&mut self, id: TokenId) {
        let Some(token) = self.tokens.get_mut(&id) else {
            return;
        };
        if token.revoked_at.is_none() {
            token.revoked_at = Some(self.head.at);
            if let Some(end) = token.expires_at {
                self.deaths.remove(&(end, id));
            }
            self.deaths.insert((self.head.at, id));
        }
    }

    /// A token never lives longer for this.
    pub(super) fn end_token_at(&mut self, id: TokenId, end: Timestamp) {
        let Some(token) = self.tokens.get_mut(&id) else {
            return;
        };
        if token.revoked_at.is_some() || token.expires_at.is_some_and(|before| before <= end) {
            return;
        }
        if let Some(before) = token.expires_at.replace(end) {
            self.deaths.remove(&(before, id));
        }
        self.deaths.insert((end, id));
    }

    pub(super) fn forget_long_dead_tokens(&mut self) {
        while let Some((died, id)) = self.deaths.get_min().copied()
            && died.plus(TOKEN_MEMORY) < self.head.at
        {
            self.deaths.remove(&(died, id));
            self.tokens.remove(&id);
        }
    }
}
