//! What tokens do in the model.

use std::time::Duration;

use ssm_domain::access::Action;
use ssm_domain::rejection::{Noun, Rejection};

use super::{EVERYWHERE, Model, Place, Scope, Token, covers, missing};
use crate::support::invalid;
use crate::support::steps::{Answer, By, Wanted};

impl Model {
    pub(super) fn issue(
        &mut self,
        by: By,
        personal: bool,
        wanted: &[Wanted],
        hours: Option<u64>,
        given: Option<&Answer>,
    ) -> Result<Answer, Rejection> {
        if personal && !self.is_user(by) {
            return Err(Rejection::NotAUser);
        }
        if wanted.is_empty() {
            return Err(invalid("scopes"));
        }
        let mut scopes = Vec::new();
        for wanted in wanted {
            let place = match (wanted.project, wanted.config) {
                (None, None) => EVERYWHERE,
                (None, Some(_)) => return Err(invalid("config")),
                (Some(project), None) => self.see_project(by, project)?,
                (Some(project), Some(config)) => {
                    self.see_config(by, &format!("{project}/{config}"))?
                }
            };
            if !personal {
                self.need(by, Action::TokensWrite, place)?;
            }
            if personal && wanted.actions.is_none() {
                let granted = self.granted_in(by, place);
                if granted.is_empty() {
                    return Err(invalid("actions"));
                }
                scopes.extend(granted);
                continue;
            }
            let own: Vec<Action> = Action::ALL
                .iter()
                .copied()
                .filter(|action| self.may(by, *action, place))
                .collect();
            let actions = wanted.actions.clone().unwrap_or_else(|| own.clone());
            if let Some(action) = actions.iter().find(|action| !own.contains(action)) {
                return Err(missing(*action));
            }
            if actions.is_empty() {
                return Err(invalid("actions"));
            }
            scopes.push(Scope(actions, place));
        }
        let good = if personal {
            matches!(hours, Some(1..=24))
        } else {
            hours != Some(0)
        };
        if !good {
            return Err(invalid("ttl_seconds"));
        }
        let Some(Answer::Issued(id, _)) = given else {
            return Ok(Answer::Nothing);
        };
        self.seq += 1;
        let wanted = hours.map(|hours| self.now.plus(Duration::from_hours(hours)));
        // A personal token made with another one dies with it at the latest.
        let maker = self.token(by).filter(|_| personal);
        let expires_at = match maker.and_then(|maker| maker.expires_at) {
            Some(end) => wanted.min(Some(end)),
            None => wanted,
        };
        self.tokens.push(Token {
            id: *id,
            personal,
            scopes,
            expires_at,
            revoked: false,
        });
        Ok(Answer::Issued(*id, expires_at))
    }

    /// What the caller's token allows in a place and in each place within it.
    fn granted_in(&self, by: By, place: Place) -> Vec<Scope> {
        let Some(token) = self.token(by) else {
            return vec![Scope(Action::ALL.to_vec(), place)];
        };
        let narrowed = |Scope(actions, own): &Scope| {
            let narrower = if covers(*own, place) { place } else { *own };
            covers(place, narrower).then(|| Scope(actions.clone(), narrower))
        };
        token.scopes.iter().filter_map(narrowed).collect()
    }

    pub(super) fn revoke(&mut self, by: By, nth: usize) -> Result<Answer, Rejection> {
        let Some(nth) = nth.checked_rem(self.tokens.len()) else {
            return Err(Rejection::NotFound(Noun::Token));
        };
        let token = &self.tokens[nth];
        let may = |action| {
            let itself = matches!(by, By::Token(used) if used % self.tokens.len() == nth);
            let own = token.personal && matches!(by, By::Owner);
            itself
                || own
                || token
                    .scopes
                    .iter()
                    .all(|Scope(_, place)| self.may(by, action, *place))
        };
        if !may(Action::TokensRead) && !may(Action::TokensRevoke) {
            return Err(Rejection::NotFound(Noun::Token));
        }
        if !may(Action::TokensRevoke) {
            return Err(missing(Action::TokensRevoke));
        }
        if !token.revoked {
            self.seq += 1;
            self.tokens[nth].revoked = true;
        }
        Ok(Answer::Nothing)
    }
}
