//! Making a config like another one.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Deserialize;
use ssm_domain::configs::CloneConfig;
use utoipa::ToSchema;

use super::super::secrets::written;
use super::OneConfig;
use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, WriteErrors};
use crate::http::path::InConfig;

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewClone {
    /// The new config's slug, which is its name for people, too
    #[schema(example = "prod-copy")]
    slug: String,
}

/// Make a config with the parent and the own secrets of this one
///
/// Needs `configs:write` and `secrets:write` in the project, and `secrets:read` in the config. Icons, notes and what values
/// refer to are taken over; versions begin at 1.
#[utoipa::path(
    post, path = "/api/projects/{project}/configs/{config}/clone", operation_id = "cloneConfig", tag = "Projects",
    params(("project" = String, Path), ("config" = String, Path)),
    request_body = NewClone,
    responses(
        (status = 201, body = OneConfig, headers(("ETag" = String, description = "`\"<epoch>.<revision>\"`"))), WriteErrors,
    )
)]
pub(crate) async fn clone(auth: Auth, path: InConfig, body: Unread) -> ApiResult<Response> {
    auth.look(|_, caller| CloneConfig::may(caller, &path.0).map(drop))?;
    let NewClone { slug } = body.strict_json().await?;
    let command = CloneConfig {
        source: path.0,
        slug: slug
            .parse()
            .map_err(|why| ApiError::invalid("slug", &why))?,
    };
    let made = auth.run(command).await?;
    let answer = written(&auth, made.revision, OneConfig::written(&made));
    Ok((StatusCode::CREATED, answer).into_response())
}
