//! The person who is asking.

use axum::Json;
use serde::Serialize;
use ssm_domain::access::Place;
use utoipa::ToSchema;

use super::Status;
use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, ErrorBody};

/// There is one workspace; version 1.4 gives it this slug.
const WORKSPACE: &str = "default";

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
    effective_permissions_summary: Permissions,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Permissions {
    /// What is allowed everywhere
    global_actions: Vec<&'static str>,
    /// In how many single projects something is allowed beside that
    project_scope_count: usize,
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
    let me = auth.look(|_, caller| {
        let (user, authority) = (caller.user()?, caller.authority());
        Ok(Me {
            status: Status::Ok,
            username: user.username.to_string(),
            email: None,
            full_name: None,
            workspace_role: user.role.as_str(),
            workspace_slug: WORKSPACE,
            effective_permissions_summary: Permissions {
                global_actions: authority.actions(Place::EVERYWHERE).summary(),
                project_scope_count: caller.project_scope_count(),
            },
        })
    })?;
    Ok(Json(me))
}
