//! Users as version 1.4 registered and deleted them: by forms.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ssm_domain::access::Place;
use ssm_domain::credential::PasswordHash;
use ssm_domain::members::{AddMember, UpdateMember, Via};
use utoipa::ToSchema;

use super::Done;
use super::onboarding::SignUp;
use super::workspace::members::add;
use crate::http::auth::Auth;
use crate::http::body::{Unread, required};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::state::App;

#[derive(ToSchema)]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct RegisterForm {
    /// 1 to 64 of A-Z, a-z, 0-9, `_`, `.`, `@` and `-`
    username: String,
    /// 12 to 256 characters, not a common password and not the username
    password: String,
}

/// Register a user, who gets the workspace's default role
///
/// Needs `users:manage`. While there is no user yet it makes the first one, an owner, as `POST /api/onboarding/bootstrap`
/// does: without a token, and with the setup token where there is one.
#[utoipa::path(
    post, path = "/api/auth/userpass/register", operation_id = "registerUser", tag = "Workspace",
    security((), ("bearer" = []), ("apiKey" = []), ("cookie" = [])),
    params(("X-Setup-Token" = Option<String>, Header, description = "The setup token, for the first user, where there is one")),
    request_body(content = RegisterForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Done), WriteErrors,
        (status = 409, body = ErrorBody, description = "Somebody else was the first user meanwhile"),
        (status = 429, body = ErrorBody, description = "Too many guesses; `Retry-After` says when to try again"),
    )
)]
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    auth: Result<Auth, ApiError>,
    sign_up: SignUp,
    body: Unread,
) -> ApiResult<Json<Done>> {
    let is_first = app.engine.state().users().next().is_none();
    if is_first {
        sign_up.admit(&app)?;
        let form = body.form().await?;
        let (username, password) = (form.required("username")?, form.password("password")?);
        // The session that comes with it is nobody's: this answer has no room for a token.
        sign_up.make_first(&app, &username, password).await?;
        return Ok(Done::OK);
    }
    let auth = auth?;
    auth.look(|_, caller| caller.require(Via::Userpass.action(), Place::EVERYWHERE))?;
    let form = body.form().await?;
    let command = AddMember {
        via: Via::Userpass,
        username: required("username", &form.required("username")?)?,
        password: PasswordHash::unmatchable(),
        email: None,
        full_name: None,
        role: None,
    };
    add(&auth, command, form.password("password")?).await?;
    Ok(Done::OK)
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct DeleteForm {
    username: String,
}

/// Disable a user: nobody is forgotten, since the record names them
#[utoipa::path(
    delete, path = "/api/auth/userpass/delete", operation_id = "deleteUser", tag = "Workspace",
    request_body(content = DeleteForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Done), WriteErrors,
        (status = 409, body = ErrorBody, description = "They are the last active owner"),
    )
)]
pub(crate) async fn delete(auth: Auth, body: Unread) -> ApiResult<Json<Done>> {
    auth.look(|_, caller| caller.require(Via::Userpass.action(), Place::EVERYWHERE))?;
    let username = required("username", &body.form().await?.required("username")?)?;
    auth.run(UpdateMember::disabling(Via::Userpass, username))
        .await?;
    Ok(Done::OK)
}
