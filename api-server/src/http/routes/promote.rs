//! Taking values from one config over into another.

use axum::response::Response;
use serde::Deserialize;
use ssm_domain::access::Action;
use ssm_domain::names::{ConfigPath, InvalidName, Key, Slug};
use ssm_domain::secrets::{ExpectedRevision, MAX_KEYS, Promote};
use utoipa::ToSchema;

use super::secrets::write::{ManyWritten, run_many};
use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::http::etag::Conditions;
use crate::http::path::ProjectPath;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Promotion {
    /// The config that has the values
    #[schema(example = "staging")]
    from: String,
    /// The config that gets them
    #[schema(example = "prod")]
    to: String,
    /// Which, inherited ones included; where absent, all that `from` has itself
    keys: Option<Vec<String>>,
    /// Change nothing, only tell what would become of each key
    dry_run: Option<bool>,
}

impl Promotion {
    fn parse(self, project: Slug, expected: Option<ExpectedRevision>) -> ApiResult<Promote> {
        let invalid = |field| move |why: InvalidName| ApiError::invalid(field, &why);
        let keys = self.keys.map(|keys| {
            if keys.len() > MAX_KEYS {
                return Err(ApiError::invalid("keys", "must be at most 5000"));
            }
            let keys = keys.iter().map(|key| key.parse::<Key>());
            keys.collect::<Result<_, _>>().map_err(invalid("keys"))
        });
        Ok(Promote {
            project,
            from: self.from.parse().map_err(invalid("from"))?,
            to: self.to.parse().map_err(invalid("to"))?,
            keys: keys.transpose()?,
            expected,
        })
    }
}

/// Set the values of one config in another, in one change
///
/// Needs `secrets:read` in `from` and `secrets:write` in `to`. What the values refer to is looked for anew where they go.
/// Keys that `from` does not have stay as they are in `to`.
#[utoipa::path(
    post, path = "/api/projects/{project}/promote", operation_id = "promoteSecrets", tag = "Secrets",
    params(
        ("project" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of `to` that this change rests on"),
    ),
    request_body = Promotion,
    responses(
        (status = 200, body = ManyWritten, headers(("ETag" = String, description = "That of `to`"))), WriteErrors,
        (status = 412, body = ErrorBody, description = "`to` is not at the revision of `If-Match`"),
    )
)]
pub(crate) async fn promote(
    auth: Auth,
    path: ProjectPath,
    conditions: Conditions,
    body: Unread,
) -> ApiResult<Response> {
    auth.look(|_, caller| caller.project(&path.0).map(drop))?;
    let promotion: Promotion = body.strict_json().await?;
    let dry_run = promotion.dry_run.unwrap_or(false);
    let command = promotion.parse(path.0, conditions.expected()?)?;
    let to = ConfigPath {
        project: command.project.clone(),
        config: command.to.clone(),
    };
    let from = ConfigPath {
        config: command.from.clone(),
        ..to.clone()
    };
    auth.may(Action::SecretsRead, &from)?;
    auth.may(Action::SecretsWrite, &to)?;
    run_many(&auth, &to, command, dry_run).await
}
