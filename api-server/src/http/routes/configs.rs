//! Configs of a project.

pub(crate) mod clone;
pub(crate) mod update;

use axum::Json;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Place};
use ssm_domain::configs::{ConfigWritten, CreateConfig, DeleteConfig};
use ssm_domain::names::{ConfigPath, DisplayName, InvalidName, Slug};
use ssm_domain::state::{self, State};
use ssm_domain::time::Timestamp;
use utoipa::ToSchema;

use super::{Done, Status};
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, ErrorBody, ReadErrors, WriteErrors};
use crate::http::etag::{Conditions, etag};
use crate::http::path::{InConfig, ProjectPath};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    #[schema(example = "prod")]
    slug: String,
    name: String,
    /// The config that it inherits from
    #[schema(example = "base")]
    parent_slug: Option<String>,
    /// The same as `parentSlug`
    #[serde(rename = "inherits_from")]
    inherits_from: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Grows with every change of what the config comes to, inherited values included
    revision: u64,
    /// When it or one of its own secrets was changed last
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Who did that: a username, or the name of a service token
    #[schema(example = "alice")]
    updated_by: String,
    /// How many keys it comes to, inherited ones included
    keys: usize,
    /// How many keys of its own it has
    own_keys: usize,
}

impl Config {
    fn of(state: &State, config: &state::Config) -> Self {
        let parent = config.parent_id.and_then(|id| state.config(id));
        let parent = parent.map(|parent| parent.slug.to_string());
        Self {
            slug: config.slug.to_string(),
            name: config.name.to_string(),
            parent_slug: parent.clone(),
            inherits_from: parent,
            created_at: config.created_at,
            revision: config.revision,
            updated_at: config.updated_at,
            updated_by: config.updated_by.to_string(),
            keys: config.keys,
            own_keys: config.secrets.len(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ConfigList {
    configs: Vec<Config>,
    status: Status,
}

/// The configs of a project that the caller may read
#[utoipa::path(
    get, path = "/api/projects/{project}/configs", operation_id = "listConfigs", tag = "Projects", params(("project" = String, Path)),
    responses((status = 200, body = ConfigList), ReadErrors)
)]
pub(crate) async fn list(auth: Auth, path: ProjectPath) -> ApiResult<Json<ConfigList>> {
    let configs = auth.look(|state, caller| {
        let project = caller.project(&path.0)?;
        holds_somewhere(caller, Action::ConfigsRead)?;
        let may_read =
            |config: &&state::Config| caller.authority().may(Action::ConfigsRead, config.place());
        let readable = state.configs_of(project).filter(may_read);
        Ok(readable.map(|config| Config::of(state, config)).collect())
    })?;
    Ok(Json(ConfigList {
        configs,
        status: Status::Ok,
    }))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewConfig {
    /// 1 to 64 of a-z, 0-9, `_` and `-`
    #[schema(example = "prod")]
    slug: String,
    /// The slug where absent
    name: Option<String>,
    /// The config of the same project to inherit from; needs `secrets:read` there
    #[schema(example = "base")]
    parent: Option<String>,
    /// The same as `parent`
    inherits_from: Option<String>,
}

impl NewConfig {
    fn parse(self, project: Slug) -> ApiResult<CreateConfig> {
        let parent = match (self.parent, self.inherits_from) {
            (Some(parent), Some(other)) if parent != other => {
                return Err(ApiError::invalid(
                    "inherits_from",
                    "must be the same as parent where both are given",
                ));
            }
            (parent, other) => parent.or(other).map(|slug| slug.parse()).transpose(),
        };
        let slug = self
            .slug
            .parse()
            .map_err(|why| ApiError::invalid("slug", &why))?;
        let name = self
            .name
            .map(|name| name.parse::<DisplayName>())
            .transpose();
        Ok(CreateConfig {
            path: ConfigPath {
                project,
                config: slug,
            },
            name: name.map_err(|why| ApiError::invalid("name", &why))?,
            parent: parent.map_err(|why: InvalidName| ApiError::invalid("parent", &why))?,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneConfig {
    status: Status,
    config: Config,
}

impl OneConfig {
    /// A config as a command left it. What became of it since is another answer's business.
    fn written(written: &ConfigWritten) -> Self {
        let parent = written.parent.as_ref().map(ToString::to_string);
        Self {
            status: Status::Ok,
            config: Config {
                slug: written.slug.to_string(),
                name: written.name.to_string(),
                parent_slug: parent.clone(),
                inherits_from: parent,
                created_at: written.created_at,
                revision: written.revision,
                updated_at: written.updated_at,
                updated_by: written.updated_by.to_string(),
                keys: written.keys,
                own_keys: written.own_keys,
            },
        }
    }
}

/// Make a config
#[utoipa::path(
    post, path = "/api/projects/{project}/configs", operation_id = "createConfig", tag = "Projects", params(("project" = String, Path)),
    request_body = NewConfig, responses((status = 201, body = OneConfig), WriteErrors)
)]
pub(crate) async fn create(
    auth: Auth,
    path: ProjectPath,
    body: Unread,
) -> ApiResult<(StatusCode, Json<OneConfig>)> {
    auth.look(|_, caller| {
        let project = caller.project(&path.0)?;
        caller.require(Action::ConfigsWrite, Place::project(project.id))
    })?;
    let command = body.json::<NewConfig>().await?.parse(path.0)?;
    let made = auth.run(command).await?;
    Ok((StatusCode::CREATED, Json(OneConfig::written(&made))))
}

/// One config
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}", operation_id = "readConfig", tag = "Projects",
    params(("project" = String, Path), ("config" = String, Path)),
    responses(
        (status = 200, body = OneConfig, headers(("ETag" = String, description = "`\"<epoch>.<revision>\"`"))),
        (status = 304, description = "Still what `If-None-Match` names"),
        ReadErrors,
    )
)]
pub(crate) async fn read(
    auth: Auth,
    path: InConfig,
    conditions: Conditions,
) -> ApiResult<impl IntoResponse> {
    let tag = etag(
        auth.app
            .engine
            .read(&auth.actor, Action::ConfigsRead, &path.0)?
            .version(),
    );
    if conditions.holds(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let config = auth.config(Action::ConfigsRead, &path.0, Config::of)?;
    Ok((
        [(ETAG, tag)],
        Json(OneConfig {
            status: Status::Ok,
            config,
        }),
    )
        .into_response())
}

/// Delete a config with its own secrets
#[utoipa::path(
    delete, path = "/api/projects/{project}/configs/{config}", operation_id = "deleteConfig", tag = "Projects",
    params(("project" = String, Path), ("config" = String, Path)),
    responses(
        (status = 200, body = Done), WriteErrors,
        (status = 409, body = ErrorBody, description = "Others inherit from it, or refer to it"),
    )
)]
pub(crate) async fn delete(auth: Auth, path: InConfig) -> ApiResult<Json<Done>> {
    auth.run(DeleteConfig { path: path.0 }).await?;
    Ok(Done::OK)
}
