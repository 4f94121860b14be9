//! Groups of people.

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Place};
use ssm_domain::groups::{ChangeGroupMembers, CreateGroup, DeleteGroup, UpdateGroup, manageable};
use ssm_domain::id::GroupId;
use ssm_domain::names::{InvalidName, Slug, Username};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::state::{self, State};
use ssm_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::body::{Unread, edited, optional, required};
use crate::http::errors::{ApiError, ApiResult, ReadErrors, WriteErrors};
use crate::http::path::GroupPath;
use crate::http::routes::{Done, Status};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    id: String,
    #[schema(example = "developers")]
    slug: String,
    name: String,
    description: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Group {
    fn of(group: &state::Group) -> Self {
        Self {
            id: group.id.to_string(),
            slug: group.slug.to_string(),
            name: group.name.to_string(),
            description: group.description.as_ref().map(ToString::to_string),
            created_at: group.created_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct GroupList {
    status: Status,
    groups: Vec<Group>,
}

/// The groups
#[utoipa::path(
    get, path = "/api/workspace/groups", operation_id = "listGroups", tag = "Workspace",
    responses((status = 200, body = GroupList), ReadErrors)
)]
pub(crate) async fn list(auth: Auth) -> ApiResult<Json<GroupList>> {
    let groups = auth.look(|state, caller| {
        caller.require(Action::GroupsRead, Place::EVERYWHERE)?;
        Ok(state.groups().map(Group::of).collect())
    })?;
    Ok(Json(GroupList {
        status: Status::Ok,
        groups,
    }))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewGroup {
    /// 1 to 64 of a-z, 0-9, `_` and `-`
    #[schema(example = "developers")]
    slug: String,
    /// The slug where absent
    name: Option<String>,
    description: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneGroup {
    status: Status,
    group: Group,
}

impl OneGroup {
    fn of(auth: &Auth, id: GroupId) -> Result<Json<Self>, Rejection> {
        let state = auth.app.engine.state();
        let group = state.group(id).ok_or(Rejection::NotFound(Noun::Group))?;
        Ok(Json(Self {
            status: Status::Ok,
            group: Group::of(group),
        }))
    }
}

/// Make a group, with nobody in it
#[utoipa::path(
    post, path = "/api/workspace/groups", operation_id = "createGroup", tag = "Workspace", request_body = NewGroup,
    responses((status = 201, body = OneGroup), WriteErrors)
)]
pub(crate) async fn create(auth: Auth, body: Unread) -> ApiResult<(StatusCode, Json<OneGroup>)> {
    auth.look(|_, caller| caller.require(Action::GroupsManage, Place::EVERYWHERE))?;
    let new: NewGroup = body.json().await?;
    let command = CreateGroup {
        slug: required("slug", &new.slug)?,
        name: optional("name", new.name.as_deref())?,
        description: optional("description", new.description.as_deref())?,
    };
    let id = auth.run(command).await?;
    Ok((StatusCode::CREATED, OneGroup::of(&auth, id)?))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GroupUpdate {
    /// Another name in paths
    slug: Option<String>,
    name: Option<String>,
    /// What it is about; empty for nothing
    description: Option<String>,
}

/// Call a group otherwise
#[utoipa::path(
    patch, path = "/api/workspace/groups/{group}", operation_id = "updateGroup", tag = "Workspace",
    params(("group" = String, Path)), request_body = GroupUpdate,
    responses((status = 200, body = OneGroup), WriteErrors)
)]
pub(crate) async fn update(auth: Auth, path: GroupPath, body: Unread) -> ApiResult<Json<OneGroup>> {
    may_manage(&auth, &path.0)?;
    let update: GroupUpdate = body.json().await?;
    let command = UpdateGroup {
        slug: path.0,
        new_slug: optional("slug", update.slug.as_deref())?,
        name: optional("name", update.name.as_deref())?,
        description: edited("description", update.description.as_deref())?,
    };
    let id = auth.run(command).await?;
    Ok(OneGroup::of(&auth, id)?)
}

/// Delete a group with its roles in projects and its mappings
#[utoipa::path(
    delete, path = "/api/workspace/groups/{group}", operation_id = "deleteGroup", tag = "Workspace",
    params(("group" = String, Path)), responses((status = 200, body = Done), WriteErrors)
)]
pub(crate) async fn delete(auth: Auth, path: GroupPath) -> ApiResult<Json<Done>> {
    auth.run(DeleteGroup { slug: path.0 }).await?;
    Ok(Done::OK)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct GroupMembers {
    status: Status,
    /// Their usernames
    members: Vec<String>,
}

impl GroupMembers {
    fn of(state: &State, slug: &Slug) -> Result<Json<Self>, Rejection> {
        let group = state
            .group_at(slug)
            .ok_or(Rejection::NotFound(Noun::Group))?;
        let members = state
            .users()
            .filter(|user| group.members.contains(&user.id));
        Ok(Json(Self {
            status: Status::Ok,
            members: members.map(|user| user.username.to_string()).collect(),
        }))
    }
}

/// Who is in a group
#[utoipa::path(
    get, path = "/api/workspace/groups/{group}/members", operation_id = "listGroupMembers", tag = "Workspace",
    params(("group" = String, Path)), responses((status = 200, body = GroupMembers), ReadErrors)
)]
pub(crate) async fn members(auth: Auth, path: GroupPath) -> ApiResult<Json<GroupMembers>> {
    Ok(auth.look(|state, caller| {
        caller.require(Action::GroupsRead, Place::EVERYWHERE)?;
        GroupMembers::of(state, &path.0)
    })?)
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GroupMembersChange {
    /// Usernames of who comes
    add: Option<Vec<String>>,
    /// Usernames of who goes, also where they are in the other list
    remove: Option<Vec<String>>,
}

/// Put people into a group and out of it
///
/// Whoever puts somebody into a group needs all that its roles allow.
#[utoipa::path(
    put, path = "/api/workspace/groups/{group}/members", operation_id = "changeGroupMembers", tag = "Workspace",
    params(("group" = String, Path)), request_body = GroupMembersChange,
    responses((status = 200, body = GroupMembers), WriteErrors)
)]
pub(crate) async fn change_members(
    auth: Auth,
    path: GroupPath,
    body: Unread,
) -> ApiResult<Json<GroupMembers>> {
    may_manage(&auth, &path.0)?;
    let change: GroupMembersChange = body.json().await?;
    let command = ChangeGroupMembers {
        slug: path.0.clone(),
        add: usernames("add", change.add)?,
        remove: usernames("remove", change.remove)?,
    };
    auth.run(command).await?;
    let state = auth.app.engine.state();
    Ok(GroupMembers::of(&state, &path.0)?)
}

fn may_manage(auth: &Auth, slug: &Slug) -> Result<(), Rejection> {
    auth.look(|state, caller| manageable(state, caller, slug).map(drop))
}

fn usernames(field: &str, names: Option<Vec<String>>) -> ApiResult<Vec<Username>> {
    let names = names.unwrap_or_default();
    let parsed: Result<_, InvalidName> = names.iter().map(|name| name.parse()).collect();
    parsed.map_err(|_| ApiError::invalid(field, "must be usernames of members"))
}
