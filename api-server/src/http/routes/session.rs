//! Signing in with a username and a password, as version 1.4 has it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use ssm_domain::credential::PlainToken;
use ssm_domain::entry::Purpose;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::tokens::RevokeToken;
use ssm_engine::Requester;
use utoipa::ToSchema;

use super::{Done, Status};
use crate::http::auth::Basic;
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::state::App;

#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// A session token, good for 24 hours
    token: String,
    status: Status,
}

/// Sign in
#[utoipa::path(
    get, path = "/api/auth/tokens/", operation_id = "signIn", tag = "Signing in", security(("basic" = [])),
    responses(
        (status = 200, body = Session),
        (status = 401, body = ErrorBody, description = "Not a user, or not their password"),
        (status = 429, body = ErrorBody, description = "Too many attempts; `Retry-After` says when to try again"),
        (status = 503, body = ErrorBody, description = "The journal cannot be written now"),
    )
)]
pub(crate) async fn sign_in(State(app): State<Arc<App>>, basic: Basic) -> ApiResult<Json<Session>> {
    let signed_in = app.engine.sign_in(basic.claim(), Purpose::Session, None);
    let issued = app.metrics.signed_in(signed_in.await);
    let issued = issued.map_err(|error| ApiError::from(error).asking_for_password())?;
    let token = issued.token.reveal().to_owned();
    Ok(Json(Session {
        token,
        status: Status::Ok,
    }))
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct RevokeForm {
    /// The token to revoke
    token: String,
}

/// Revoke a token, such as the one of a session
#[utoipa::path(
    delete, path = "/api/auth/tokens/", operation_id = "signOut", tag = "Signing in", security(("basic" = [])),
    request_body(content = RevokeForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Done), WriteErrors,
        (status = 429, body = ErrorBody, description = "Too many attempts; `Retry-After` says when to try again"),
    )
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    basic: Basic,
    body: Unread,
) -> ApiResult<Json<Done>> {
    let request = Some(basic.origin.recorded());
    let proved = app.metrics.signed_in(app.engine.prove(basic.claim()).await);
    let actor = proved.map_err(|error| ApiError::from(error).asking_for_password())?;
    let token = body.form().await?.required("token")?;
    let token = PlainToken::parse(&token)
        .ok()
        .and_then(|token| app.engine.token_id(&token));
    let token_id = token.ok_or(Rejection::NotFound(Noun::Token))?;
    let requester = Requester { actor, request };
    app.engine.run(requester, RevokeToken { token_id }).await?;
    Ok(Done::OK)
}
