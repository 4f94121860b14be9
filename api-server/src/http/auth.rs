//! Who is asking: extractors for tokens and for a username with its password. They come first in every handler's
//! arguments, since nothing else about a request counts before that is known.

mod shown;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri};
use ssm_domain::access::Action;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::cidr;
use ssm_domain::command::Command;
use ssm_domain::credential::PlainToken;
use ssm_domain::entry::{Idempotency, Request};
use ssm_domain::names::ConfigPath;
use ssm_domain::rejection::Rejection;
use ssm_domain::secret::Password;
use ssm_domain::state::{Config, State};
use ssm_engine::{Claim, Requester, RunError};
use zeroize::Zeroizing;

use self::shown::{after_scheme, token};
pub(super) use self::shown::{shows_no_token, single};
use super::client_address::ClientAddress;
use super::errors::ApiError;
use super::observe::{self, RequestId};
use super::visit::Visit;
use crate::state::App;

/// The most characters of a path or user agent that the journal keeps.
const MAX_RECORDED: usize = 512;

/// Somebody with a token that is alive.
pub(crate) struct Auth {
    /// The server.
    pub app: Arc<App>,
    /// Who.
    pub actor: Actor,
    /// The console's session, where its cookie is what was shown.
    pub session: Option<Visit>,
    /// How they ask.
    pub origin: Arc<Origin>,
}

impl Auth {
    /// Reads what needs no opening, as this caller.
    pub(crate) fn look<T>(
        &self,
        look: impl FnOnce(&State, &Caller<'_>) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        self.app.engine.look(&self.actor, look)
    }

    /// Refuses unless the caller sees the config and may do `action` in it.
    pub(crate) fn may(&self, action: Action, path: &ConfigPath) -> Result<(), Rejection> {
        self.look(|_, caller| caller.config_for(action, path).map(drop))
    }

    /// Reads one config that the caller may know of, if `action` is allowed in it.
    pub(crate) fn config<T>(
        &self,
        action: Action,
        path: &ConfigPath,
        read: impl FnOnce(&State, &Config) -> T,
    ) -> Result<T, Rejection> {
        self.look(|state, caller| Ok(read(state, caller.config_for(action, path)?)))
    }

    /// Decides a command as this caller, and leaves everything as it is: what would be refused is refused before
    /// anything slow is done for it.
    pub(crate) fn preview<C: Command>(&self, command: &C) -> Result<C::Answer, Rejection> {
        self.app.engine.preview(&self.actor, command)
    }

    /// Changes the password of the person who calls, as [`ssm_engine::Engine::change_password`] says.
    pub(crate) async fn change_password(
        &self,
        current: Password,
        new: Password,
    ) -> Result<(), RunError> {
        let requester = self.requester();
        self.app
            .engine
            .change_password(requester, self.origin.address, current, new)
            .await
    }

    /// Runs a command as this caller, and records how it was asked for.
    pub(crate) async fn run<C: Command>(&self, command: C) -> Result<C::Answer, RunError> {
        self.app.engine.run(self.requester(), command).await
    }

    /// This caller, and how they ask, for what the engine does by more than one command.
    pub(crate) fn requester(&self) -> Requester {
        Requester {
            actor: self.actor,
            request: Some(self.origin.recorded()),
        }
    }
}

impl FromRequestParts<Arc<App>> for Auth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        if app.engine.is_stale() {
            return Err(RunError::Stale.into());
        }
        let session = shows_no_token(&parts.headers).then(|| Visit::of(parts, app));
        let shown = match &session {
            Some(visit) => visit.cookie(),
            None => token(&parts.headers),
        };
        let actor = match shown.and_then(|text| PlainToken::parse(text).ok()) {
            Some(token) => app.engine.authenticate_anywhere(&token).await?,
            None => None,
        };
        let actor = actor.ok_or(Rejection::Unauthenticated)?;
        let origin = Arc::new(Origin::of(parts));
        observe::asked_by(actor, &origin);
        // A token that is known may be dead, which must show before anything else does.
        let admitted = app.engine.look(&actor, |_, caller| {
            app.refuse_left_alone(caller)?;
            let blocks = caller.token().map(|token| &*token.cidrs);
            Ok(cidr::admit(blocks.unwrap_or_default(), origin.address))
        })?;
        if !admitted {
            let message = "This token is not good at your address";
            let status = StatusCode::FORBIDDEN;
            return Err(ApiError::new(status, "address_not_allowed", message));
        }
        if let Some(visit) = session.as_ref().filter(|_| !parts.method.is_safe()) {
            visit.require_own_page()?;
            visit.require_json()?;
        }
        if let Actor::Token(id) = actor {
            app.engine.activity().touch_token(id, app.engine.now());
        }
        Ok(Self {
            app: app.clone(),
            actor,
            session,
            origin,
        })
    }
}

/// Refuses a caller whose token names `action` nowhere, so that a list is not empty for want of a scope. A person's
/// session is for everything, and lists what the person may see.
pub(crate) fn holds_somewhere(caller: &Caller<'_>, action: Action) -> Result<(), Rejection> {
    let scopes = caller
        .token()
        .map(|token| &*token.scopes)
        .unwrap_or_default();
    if scopes.iter().any(|scope| scope.actions.contains(action)) {
        Ok(())
    } else {
        Err(Rejection::MissingScope(action))
    }
}

/// A username and a password, not yet proved.
pub(crate) struct Basic {
    /// What somebody says they sign in with.
    pub username: String,
    /// What they say proves it.
    pub password: Password,
    /// How they ask.
    pub origin: Origin,
}

impl Basic {
    /// What is to be proved.
    pub(crate) fn claim(self) -> Claim {
        self.origin.claim(self.username, self.password)
    }
}

impl FromRequestParts<Arc<App>> for Basic {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        let refusal = || ApiError::from(Rejection::Unauthenticated).asking_for_password();
        let encoded = single(&parts.headers, &AUTHORIZATION)
            .and_then(|value| after_scheme(value, "basic"))
            .ok_or_else(refusal)?;
        let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| refusal())?);
        let pair = std::str::from_utf8(&decoded).map_err(|_| refusal())?;
        let (username, password) = pair.split_once(':').ok_or_else(refusal)?;
        Ok(Self {
            username: username.to_owned(),
            password: Password::new(password.to_owned()),
            origin: Origin::of(parts),
        })
    }
}

/// How somebody asks, as far as the journal records it. Cheap to take; made into text only where it is written.
pub(crate) struct Origin {
    id: RequestId,
    /// With what method.
    pub method: Method,
    /// For what.
    pub uri: Uri,
    /// From where.
    pub address: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
    idempotency: Option<Idempotency>,
}

impl Origin {
    fn of(parts: &Parts) -> Self {
        Self {
            id: parts.extensions.get().cloned().unwrap_or_default(),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            address: parts
                .extensions
                .get::<ClientAddress>()
                .map(|client| client.0),
            user_agent: parts.headers.get(USER_AGENT).cloned(),
            idempotency: parts.extensions.get().copied(),
        }
    }

    /// What somebody says who asks so.
    pub(crate) fn claim(&self, username: String, password: Password) -> Claim {
        Claim {
            username,
            password,
            address: self.address,
            request: Some(self.recorded()),
        }
    }

    /// For the journal.
    pub(crate) fn recorded(&self) -> Request {
        let bounded = |text: &str| text.chars().take(MAX_RECORDED).collect::<String>();
        let user_agent = self
            .user_agent
            .as_ref()
            .and_then(|value| value.to_str().ok());
        Request {
            id: self.id.as_str().to_owned(),
            method: self.method.to_string(),
            path: bounded(self.uri.path()),
            ip: self.address.map(|address| address.to_string()),
            user_agent: user_agent.map(bounded),
            idempotency: self.idempotency,
        }
    }
}

impl FromRequestParts<Arc<App>> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}
