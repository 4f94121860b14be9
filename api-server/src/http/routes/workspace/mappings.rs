//! Which groups of an identity provider stand for which of ours.

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Place};
use ssm_domain::mappings::{AddMapping, RemoveMapping};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::state::{self, State};
use ssm_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::body::{Unread, required};
use crate::http::errors::{ApiError, ApiResult, ReadErrors, WriteErrors};
use crate::http::path::MappingPath;
use crate::http::routes::{Done, Status};

/// The only provider that there is so far: people who write mappings down.
const MANUAL: &str = "manual";

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mapping {
    id: String,
    /// `manual`
    #[schema(example = "manual")]
    provider: &'static str,
    /// What the provider calls its group
    #[schema(example = "corp-developers")]
    external_group_key: String,
    #[schema(example = "developers")]
    group_slug: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Mapping {
    fn of(state: &State, mapping: &state::Mapping) -> Self {
        let group = state.group(mapping.group_id);
        Self {
            id: mapping.id.to_string(),
            provider: MANUAL,
            external_group_key: mapping.external_key.to_string(),
            group_slug: group.map(|group| group.slug.to_string()),
            created_at: mapping.created_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MappingList {
    status: Status,
    mappings: Vec<Mapping>,
}

/// The group mappings
#[utoipa::path(
    get, path = "/api/workspace/group-mappings", operation_id = "listGroupMappings", tag = "Workspace",
    responses((status = 200, body = MappingList), ReadErrors)
)]
pub(crate) async fn list(auth: Auth) -> ApiResult<Json<MappingList>> {
    let mut mappings: Vec<Mapping> = auth.look(|state, caller| {
        caller.require(Action::MappingsRead, Place::EVERYWHERE)?;
        let mappings = state.mappings();
        Ok(mappings
            .map(|mapping| Mapping::of(state, mapping))
            .collect())
    })?;
    mappings.sort_by(|a, b| a.external_group_key.cmp(&b.external_group_key));
    Ok(Json(MappingList {
        status: Status::Ok,
        mappings,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewMapping {
    /// `manual`
    #[schema(example = "manual")]
    provider: String,
    /// What the provider calls its group
    #[schema(example = "corp-developers")]
    external_group_key: String,
    /// Our group
    #[schema(example = "developers")]
    group_slug: String,
}

impl NewMapping {
    fn parse(&self) -> ApiResult<AddMapping> {
        if self.provider != MANUAL {
            let why = [("provider".to_owned(), "must be manual".to_owned())];
            let message = "Unsupported mapping provider";
            let error = ApiError::malformed("unsupported_provider", message);
            return Err(error.with_errors(why.into()));
        }
        Ok(AddMapping {
            external_key: required("externalGroupKey", &self.external_group_key)?,
            group: required("groupSlug", &self.group_slug)?,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneMapping {
    status: Status,
    mapping: Mapping,
}

/// Let a group of an identity provider stand for one of ours
///
/// Whoever does so needs all that our group's roles allow.
#[utoipa::path(
    post, path = "/api/workspace/group-mappings", operation_id = "createGroupMapping", tag = "Workspace", request_body = NewMapping,
    responses((status = 201, body = OneMapping), WriteErrors)
)]
pub(crate) async fn create(auth: Auth, body: Unread) -> ApiResult<(StatusCode, Json<OneMapping>)> {
    auth.look(|_, caller| caller.require(Action::MappingsManage, Place::EVERYWHERE))?;
    let new: NewMapping = body.json().await?;
    let id = auth.run(new.parse()?).await?;
    let state = auth.app.engine.state();
    let mapping = state
        .mapping(id)
        .ok_or(Rejection::NotFound(Noun::Mapping))?;
    let answer = OneMapping {
        status: Status::Ok,
        mapping: Mapping::of(&state, mapping),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Remove a group mapping; who is in our group stays in it
#[utoipa::path(
    delete, path = "/api/workspace/group-mappings/{mappingId}", operation_id = "deleteGroupMapping", tag = "Workspace",
    params(("mappingId" = String, Path)), responses((status = 200, body = Done), WriteErrors)
)]
pub(crate) async fn delete(auth: Auth, path: MappingPath) -> ApiResult<Json<Done>> {
    auth.run(RemoveMapping { mapping_id: path.0 }).await?;
    Ok(Done::OK)
}
