//! The person who is asking.

use axum::Json;
use serde::{Deserialize, Serialize};
use ssm_domain::access::Place;
use ssm_domain::caller::Caller;
use ssm_domain::credential::check_new_password;
use ssm_domain::me::UpdateProfile;
use ssm_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::workspace::WORKSPACE_SLUG;
use super::{Done, Status};
use crate::http::auth::Auth;
use crate::http::body::{Plaintext, Unread, edited};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    status: Status,
    username: String,
    email: Option<String>,
    full_name: Option<String>,
    /// `owner`, `admin`, `collaborator` or `viewer`
    #[schema(example = "owner")]
    workspace_role: &'static str,
    #[schema(example = "default")]
    workspace_slug: &'static str,
    effective_permissions_summary: PermissionsSummary,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionsSummary {
    /// What is allowed everywhere
    global_actions: Vec<&'static str>,
    /// In how many single projects something is allowed beside that
    project_scope_count: usize,
}

impl Me {
    fn of(caller: &Caller<'_>) -> Result<Json<Self>, Rejection> {
        let (user, authority) = (caller.user()?, caller.authority());
        Ok(Json(Self {
            status: Status::Ok,
            username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            full_name: user.full_name.as_ref().map(ToString::to_string),
            workspace_role: user.role.as_str(),
            workspace_slug: WORKSPACE_SLUG,
            effective_permissions_summary: PermissionsSummary {
                global_actions: authority.actions(Place::EVERYWHERE).summary(),
                project_scope_count: caller.project_scope_count(),
            },
        }))
    }
}

/// Who I am
#[utoipa::path(
    get, path = "/api/me", operation_id = "me", tag = "Signing in",
    responses(
        (status = 200, body = Me),
        (status = 401, body = ErrorBody, description = "No credentials, or none that are good any more"),
        (status = 403, body = ErrorBody, description = "This is a service token"),
    )
)]
pub(crate) async fn me(auth: Auth) -> ApiResult<Json<Me>> {
    Ok(auth.look(|_, caller| Me::of(caller))?)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileUpdate {
    /// Where to write to me; empty for nowhere
    email: Option<String>,
    /// What I am called; empty for nothing
    full_name: Option<String>,
}

/// Change what is known of me
#[utoipa::path(
    patch, path = "/api/me", operation_id = "updateMe", tag = "Signing in", request_body = ProfileUpdate,
    responses((status = 200, body = Me), WriteErrors)
)]
pub(crate) async fn update(auth: Auth, body: Unread) -> ApiResult<Json<Me>> {
    auth.look(|_, caller| caller.user().map(drop))?;
    let ProfileUpdate { email, full_name } = body.strict_json().await?;
    let command = UpdateProfile {
        email: edited("email", email.as_deref())?,
        full_name: edited("fullName", full_name.as_deref())?,
    };
    auth.run(command).await?;
    Ok(auth.look(|_, caller| Me::of(caller))?)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordChange {
    #[schema(value_type = String)]
    current_password: Plaintext,
    /// 12 to 256 characters, not a common password and not the username
    #[schema(value_type = String)]
    new_password: Plaintext,
}

/// Change my password
///
/// All my other sessions and personal tokens end; the one that is used goes on.
#[utoipa::path(
    post, path = "/api/me/password", operation_id = "changePassword", tag = "Signing in", request_body = PasswordChange,
    responses(
        (status = 200, body = Done), WriteErrors,
        (status = 429, body = ErrorBody, description = "Too many wrong passwords; `Retry-After` says when to try again"),
    )
)]
pub(crate) async fn change_password(auth: Auth, body: Unread) -> ApiResult<Json<Done>> {
    let username = auth.look(|_, caller| caller.user().map(|user| user.username.clone()))?;
    let PasswordChange {
        current_password,
        new_password,
    } = body.strict_json().await?;
    let new = new_password.into_password();
    check_new_password(&new, &username).map_err(|why| ApiError::invalid("newPassword", &why))?;
    auth.change_password(current_password.into_password(), new)
        .await?;
    Ok(Done::OK)
}
