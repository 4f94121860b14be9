//! Signing in to the console: a session that the browser keeps in a cookie.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::AppendHeaders;
use http::HeaderValue;
use http::header::{HeaderName, SET_COOKIE};
use serde::{Deserialize, Serialize};
use ssm_domain::caller::Actor;
use ssm_domain::credential::PlainToken;
use ssm_domain::entry::Purpose;
use ssm_domain::time::Timestamp;
use ssm_domain::tokens::RevokeToken;
use utoipa::ToSchema;

use super::{Done, Status};
use crate::http::auth::{Auth, Origin};
use crate::http::body::{Plaintext, Unread};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::http::observe;
use crate::http::visit::Visit;
use crate::state::App;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ConsoleSignIn {
    username: String,
    #[schema(value_type = String)]
    password: Plaintext,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsoleSession {
    status: Status,
    /// Who is signed in
    username: String,
    /// When the session ends at the latest; left alone for 8 hours, it ends before
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Whether the session travels in clear, which a page should warn of
    insecure: bool,
}

type WithCookie<T> = (AppendHeaders<[(HeaderName, HeaderValue); 1]>, Json<T>);

fn with_cookie<T>(cookie: HeaderValue, answer: Json<T>) -> WithCookie<T> {
    (AppendHeaders([(SET_COOKIE, cookie)]), answer)
}

/// Sign in to the console
///
/// The session is in a cookie that scripts cannot read: `__Host-ssm_session`, or `ssm_session` without HTTPS, which works
/// on loopback or where the server was told that it may. Every login makes a new one, and the one that the request shows
/// ends. It ends by itself after 24 hours, or when it is left alone for 8.
#[utoipa::path(
    post, path = "/api/auth/session", operation_id = "signInToConsole", tag = "Signing in", security(()),
    request_body = ConsoleSignIn,
    responses(
        (status = 200, body = ConsoleSession, headers(("Set-Cookie" = String, description = "The session"))), WriteErrors,
        (status = 429, body = ErrorBody, description = "Too many attempts; `Retry-After` says when to try again"),
    )
)]
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    visit: Visit,
    origin: Origin,
    body: Unread,
) -> ApiResult<WithCookie<ConsoleSession>> {
    let origin = Arc::new(origin);
    observe::asked_by(Actor::Anonymous, &origin);
    visit.require_own_page()?;
    visit.require_safe_way()?;
    visit.require_json()?;
    let ConsoleSignIn { username, password } = body.strict_json().await?;
    let claim = origin.claim(username, password.into_password());
    let before = visit.cookie().and_then(|text| PlainToken::parse(text).ok());
    let replaces = before.and_then(|token| app.engine.token_id(&token));
    let signed_in = app.engine.sign_in(claim, Purpose::Console, replaces);
    let issued = app.metrics.signed_in(signed_in.await)?;
    let (cookie, insecure) = visit.begin(&issued.token)?;
    let username = app
        .engine
        .look(&Actor::Token(issued.token_id), |_, caller| {
            Ok(caller.user()?.username.to_string())
        })?;
    let session = ConsoleSession {
        status: Status::Ok,
        username,
        expires_at: issued.expires_at,
        insecure,
    };
    Ok(with_cookie(cookie, Json(session)))
}

/// Sign out of the console
#[utoipa::path(
    delete, path = "/api/auth/session", operation_id = "signOutOfConsole", tag = "Signing in", security(("cookie" = [])),
    responses((status = 200, body = Done), WriteErrors)
)]
pub(crate) async fn sign_out(auth: Auth) -> ApiResult<WithCookie<Done>> {
    let token_id = auth.look(|_, caller| Ok(caller.token().map(|token| token.id)))?;
    let (Some(visit), Some(token_id)) = (&auth.session, token_id) else {
        let message = "This ends the console's session only; revoke a token with POST /api/auth/tokens/v2/revoke";
        return Err(ApiError::malformed("no_session", message));
    };
    auth.run(RevokeToken { token_id }).await?;
    Ok(with_cookie(visit.end()?, Done::OK))
}
