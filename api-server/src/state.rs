//! What all handlers share.

use std::net::IpAddr;
use std::sync::Arc;

use rand::rngs::StdRng;
use ssm_domain::caller::Caller;
use ssm_domain::credential::PlainToken;
use ssm_domain::entry::Purpose;
use ssm_domain::rejection::Rejection;
use ssm_domain::state::State;
use ssm_engine::Engine;
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::config::{Config, SetupTokenSetting, WebConfig};
use crate::http::{Metrics, Streams};
use crate::logging::announce;
use crate::serve::Tls;

/// The running server.
pub(crate) struct App {
    /// Runs commands and answers reads.
    pub engine: Engine,
    /// What the first sign-up has to show.
    pub setup: SetupToken,
    /// How the server is reached, and by whom.
    pub web: WebConfig,
    /// The certificate, where there is one.
    pub tls: Option<Arc<Tls>>,
    /// The open watch streams.
    pub streams: Streams,
    /// Counts and measures.
    pub metrics: Metrics,
    /// Is cancelled when the server stops, so that endless answers end.
    pub stopping: CancellationToken,
}

impl App {
    /// A server over `engine`.
    pub(crate) fn new(
        engine: Engine,
        setup: SetupToken,
        web: WebConfig,
        tls: Option<Arc<Tls>>,
    ) -> Self {
        Self {
            engine,
            setup,
            tls,
            streams: Streams::new(web.limits),
            web,
            metrics: Metrics::start(),
            stopping: CancellationToken::new(),
        }
    }
}

impl App {
    /// Refuses the session of a console at which nobody has been for too long.
    pub(crate) fn refuse_left_alone(&self, caller: &Caller<'_>) -> Result<(), Rejection> {
        let token = caller.token();
        let sessions = token.filter(|token| token.purpose == Purpose::Console);
        let left_alone = sessions.is_some_and(|token| {
            let last_used = self.engine.activity().last_used(token.id);
            token.is_left_alone(last_used, self.engine.now())
        });
        if left_alone {
            return Err(Rejection::Unauthenticated);
        }
        Ok(())
    }
}

/// What the first sign-up has to show, so that nobody else on the network is first.
pub(crate) struct SetupToken(Option<Zeroizing<String>>);

impl SetupToken {
    /// Nothing has to be shown.
    pub(crate) const NONE: Self = Self(None);

    /// By the settings: none on loopback, a new one beyond it while there is no user, which is then logged.
    pub(crate) fn choose(config: &Config, state: &State) -> Self {
        if state.users().next().is_some() {
            return Self::NONE;
        }
        match &config.setup_token {
            SetupTokenSetting::Off => Self::NONE,
            SetupTokenSetting::Given(token) => Self(Some(token.clone().into())),
            SetupTokenSetting::Unset if IpAddr::is_loopback(&config.host) => Self::NONE,
            SetupTokenSetting::Unset => {
                let token = PlainToken::random(&mut rand::make_rng::<StdRng>());
                let token = token.reveal().replace("ssm_", "setup_");
                announce(&format!(
                    "no user yet: the first sign-up has to send the header X-Setup-Token: {token}"
                ));
                Self(Some(token.into()))
            }
        }
    }

    /// Whether `shown` is enough.
    pub(crate) fn admits(&self, shown: Option<&[u8]>) -> bool {
        match &self.0 {
            None => true,
            Some(token) => token.as_bytes().ct_eq(shown.unwrap_or_default()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SetupToken;

    #[test]
    fn a_setup_token_admits_itself_only() {
        let token = SetupToken(Some("correct-horse".to_owned().into()));
        assert!(token.admits(Some(b"correct-horse")));
        for wrong in [
            None,
            Some(&b""[..]),
            Some(b"correct-hors"),
            Some(b"correct-horse "),
        ] {
            assert!(!token.admits(wrong));
        }
        assert!(SetupToken::NONE.admits(None));
    }
}
