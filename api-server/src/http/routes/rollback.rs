//! Making a config's own secrets what they were.

use axum::response::Response;
use serde::Deserialize;
use ssm_domain::access::Action;
use ssm_domain::secrets::Rollback;
use utoipa::ToSchema;

use super::secrets::write::{ManyWritten, run_many};
use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiResult, ErrorBody, WriteErrors};
use crate::http::etag::Conditions;
use crate::http::path::InConfig;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RollbackTo {
    /// A revision that the config was at
    revision: u64,
    /// Change nothing, only tell what would become of each key
    dry_run: Option<bool>,
}

/// Make a config's own secrets what they were at a revision
///
/// This is a new revision; nothing is rewritten, and versions go on. Needs `secrets:read`, `secrets:write` for what is set,
/// and `secrets:delete` for what was not there then.
#[utoipa::path(
    post, path = "/api/projects/{project}/configs/{config}/rollback", operation_id = "rollbackConfig", tag = "History",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The config's `ETag` that this change rests on"),
    ),
    request_body = RollbackTo,
    responses(
        (status = 200, body = ManyWritten, headers(("ETag" = String, description = "`\"<epoch>.<revision>\"`"))), WriteErrors,
        (status = 412, body = ErrorBody, description = "The config is not at the revision of `If-Match`"),
    )
)]
pub(crate) async fn rollback(
    auth: Auth,
    path: InConfig,
    conditions: Conditions,
    body: Unread,
) -> ApiResult<Response> {
    auth.may(Action::SecretsRead, &path.0)?;
    let RollbackTo { revision, dry_run } = body.strict_json().await?;
    let expected = conditions.expected()?;
    let engine = &auth.app.engine;
    let reader = engine.read(&auth.actor, Action::SecretsRead, &path.0)?;
    let command = Rollback {
        path: path.0.clone(),
        config_id: reader.config().id,
        secrets: reader.past(revision).await?,
        expected,
    };
    run_many(&auth, &path.0, command, dry_run.unwrap_or(false)).await
}
