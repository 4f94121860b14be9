//! Tokens, which are told by name and scope: what was stored of them cannot be carried over.

use ssm_journal_mongodb::version1::{Token, TokenScope};

use super::Planner;
use crate::commands::import_v1::report::visible;

impl Planner<'_> {
    /// Those that were not revoked.
    pub(super) fn tokens(&mut self) {
        for token in &self.source.tokens {
            if token.revoked_at.is_some() {
                self.report.revoked_tokens += 1;
                continue;
            }
            let whose = match (&token.service, &token.user) {
                (Some(service), _) => format!("service {}", visible(service)),
                (None, Some(user)) => format!("personal, of {}", visible(user)),
                (None, None) => "of nobody".to_owned(),
            };
            let scopes: Vec<_> = token.scopes.iter().map(|scope| self.scope(scope)).collect();
            let (end, scopes) = (self.end(token), scopes.join("; "));
            self.report.tokens.push(format!("{whose}, {end}: {scopes}"));
        }
    }

    fn end(&self, token: &Token) -> String {
        match token.expires_at {
            None => "without expiry".to_owned(),
            Some(end) if end <= self.now => format!("expired {end}"),
            Some(end) => format!("until {end}"),
        }
    }

    fn scope(&self, scope: &TokenScope) -> String {
        let place = match (&scope.config_id, &scope.project_id) {
            (Some(config), _) => {
                let path = self.config_paths.get(config.as_str());
                path.map(ToString::to_string)
            }
            (None, Some(project)) => {
                let slug = self.project_slugs.get(project.as_str());
                slug.map(ToString::to_string)
            }
            (None, None) => Some("everywhere".to_owned()),
        };
        let place = place.unwrap_or_else(|| "what does not come along".to_owned());
        let actions: Vec<_> = scope.actions.iter().map(|action| visible(action)).collect();
        format!("{} ({place})", actions.join(" "))
    }
}
