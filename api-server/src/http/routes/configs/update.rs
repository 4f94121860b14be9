//! Giving a config another name or another parent.

use axum::response::Response;
use serde::Deserialize;
use ssm_domain::access::Action;
use ssm_domain::configs::UpdateConfig;
use ssm_domain::names::{ConfigPath, InvalidName};
use ssm_domain::secrets::ExpectedRevision;
use utoipa::ToSchema;

use super::super::secrets::written;
use super::OneConfig;
use crate::http::auth::Auth;
use crate::http::body::{Given, Unread};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::http::etag::Conditions;
use crate::http::path::InConfig;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ConfigChange {
    /// The name for people; absent keeps the one that is there
    name: Option<String>,
    /// The name in paths; absent keeps the one that is there. Another one needs `configs:write` in the whole project
    #[schema(example = "production")]
    slug: Option<String>,
    /// The config of the same project to inherit from, where `secrets:read` is needed; `null` for none, absent keeps the
    /// one that is there
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "base")]
    inherits_from: Given<String>,
}

impl ConfigChange {
    fn parse(
        self,
        path: ConfigPath,
        expected: Option<ExpectedRevision>,
    ) -> ApiResult<UpdateConfig> {
        let name = self.name.map(|name| name.parse()).transpose();
        let slug = self.slug.map(|slug| slug.parse()).transpose();
        let parent = self.inherits_from.parse();
        let invalid = |field| move |why: InvalidName| ApiError::invalid(field, &why);
        Ok(UpdateConfig {
            path,
            name: name.map_err(invalid("name"))?,
            slug: slug.map_err(invalid("slug"))?,
            parent: parent.map_err(invalid("inherits_from"))?,
            expected,
        })
    }
}

/// Call a config otherwise, or let it inherit from another one
///
/// Secrets, history and the scopes of tokens stay with the config, whatever it is called.
#[utoipa::path(
    patch, path = "/api/projects/{project}/configs/{config}", operation_id = "updateConfig", tag = "Projects",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The config's `ETag` that this change rests on"),
    ),
    request_body = ConfigChange,
    responses(
        (status = 200, body = OneConfig, headers(("ETag" = String, description = "`\"<epoch>.<revision>\"`"))), WriteErrors,
        (status = 409, body = ErrorBody, description = "It would inherit from itself; or the `Idempotency-Key` is taken"),
        (status = 412, body = ErrorBody, description = "The config is not at the revision of `If-Match`"),
    )
)]
pub(crate) async fn update(
    auth: Auth,
    path: InConfig,
    conditions: Conditions,
    body: Unread,
) -> ApiResult<Response> {
    auth.may(Action::ConfigsWrite, &path.0)?;
    let change: ConfigChange = body.strict_json().await?;
    let command = change.parse(path.0, conditions.expected()?)?;
    let config = auth.run(command).await?;
    let answer = OneConfig::written(&config);
    Ok(written(&auth, config.revision, answer))
}
