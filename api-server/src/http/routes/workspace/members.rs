//! The people of the workspace.

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Place};
use ssm_domain::credential::{PasswordHash, check_new_password};
use ssm_domain::members::{AddMember, UpdateMember, Via, manageable};
use ssm_domain::names::Username;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secret::Password;
use ssm_domain::state::User;
use ssm_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::body::{Plaintext, Unread, edited, optional, required};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, ReadErrors, WriteErrors};
use crate::http::path::UserPath;
use crate::http::routes::Status;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    username: String,
    email: Option<String>,
    full_name: Option<String>,
    /// `owner`, `admin`, `collaborator` or `viewer`
    #[schema(example = "viewer")]
    workspace_role: &'static str,
    /// Whether they are kept from signing in
    disabled: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Member {
    fn of(user: &User) -> Self {
        Self {
            username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            full_name: user.full_name.as_ref().map(ToString::to_string),
            workspace_role: user.role.as_str(),
            disabled: user.disabled,
            created_at: user.created_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MemberList {
    status: Status,
    members: Vec<Member>,
}

/// The members, disabled ones included
#[utoipa::path(
    get, path = "/api/workspace/members", operation_id = "listMembers", tag = "Workspace",
    responses((status = 200, body = MemberList), ReadErrors)
)]
pub(crate) async fn list(auth: Auth) -> ApiResult<Json<MemberList>> {
    let members = auth.look(|state, caller| {
        caller.require(Action::MembersRead, Place::EVERYWHERE)?;
        Ok(state.users().map(Member::of).collect())
    })?;
    Ok(Json(MemberList {
        status: Status::Ok,
        members,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewMember {
    /// 1 to 64 of A-Z, a-z, 0-9, `_`, `.`, `@` and `-`
    username: String,
    /// 12 to 256 characters, not a common password and not the username
    #[schema(value_type = String)]
    password: Plaintext,
    email: Option<String>,
    full_name: Option<String>,
    /// `owner`, `admin`, `collaborator` or `viewer`; the workspace's default where absent
    #[schema(example = "viewer")]
    workspace_role: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneMember {
    status: Status,
    member: Member,
}

impl OneMember {
    fn of(auth: &Auth, username: &Username) -> Result<Json<Self>, Rejection> {
        let state = auth.app.engine.state();
        let user = state.user_named(username);
        let user = user.ok_or(Rejection::NotFound(Noun::User))?;
        Ok(Json(Self {
            status: Status::Ok,
            member: Member::of(user),
        }))
    }
}

/// Make somebody a member, with a role that allows no more than the caller may do
#[utoipa::path(
    post, path = "/api/workspace/members", operation_id = "createMember", tag = "Workspace", request_body = NewMember,
    responses((status = 201, body = OneMember), WriteErrors)
)]
pub(crate) async fn create(auth: Auth, body: Unread) -> ApiResult<(StatusCode, Json<OneMember>)> {
    auth.look(|_, caller| caller.require(Action::MembersManage, Place::EVERYWHERE))?;
    let new: NewMember = body.json().await?;
    let username: Username = required("username", &new.username)?;
    let command = AddMember {
        via: Via::Workspace,
        username: username.clone(),
        password: PasswordHash::unmatchable(),
        email: optional("email", nonempty(new.email.as_deref()))?,
        full_name: optional("fullName", nonempty(new.full_name.as_deref()))?,
        role: optional("workspaceRole", new.workspace_role.as_deref())?,
    };
    add(&auth, command, new.password.into_password()).await?;
    Ok((StatusCode::CREATED, OneMember::of(&auth, &username)?))
}

/// Adds a member with this password in place of the one in the command, which is hashed once it is known that the rest
/// is good.
pub(crate) async fn add(auth: &Auth, command: AddMember, password: Password) -> ApiResult<()> {
    auth.preview(&command)?;
    check_new_password(&password, &command.username)
        .map_err(|why| ApiError::invalid("password", &why))?;
    let password = auth.app.engine.hash_password(password).await?;
    auth.run(AddMember {
        password,
        ..command
    })
    .await?;
    Ok(())
}

fn nonempty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberUpdate {
    /// Where to write to them; empty for nowhere
    email: Option<String>,
    /// What they are called; empty for nothing
    full_name: Option<String>,
    /// `owner`, `admin`, `collaborator` or `viewer`
    #[schema(example = "viewer")]
    workspace_role: Option<String>,
    /// Whether they are kept from signing in; their sessions and personal tokens end at once
    disabled: Option<bool>,
}

/// Change a member who may do no more than the caller
#[utoipa::path(
    patch, path = "/api/workspace/members/{username}", operation_id = "updateMember", tag = "Workspace",
    params(("username" = String, Path)), request_body = MemberUpdate,
    responses(
        (status = 200, body = OneMember), WriteErrors,
        (status = 409, body = ErrorBody, description = "They are the last active owner"),
    )
)]
pub(crate) async fn update(auth: Auth, path: UserPath, body: Unread) -> ApiResult<Json<OneMember>> {
    let username = path.0;
    auth.look(|state, caller| manageable(state, caller, Via::Workspace, &username).map(drop))?;
    let update: MemberUpdate = body.json().await?;
    let command = UpdateMember {
        via: Via::Workspace,
        username: username.clone(),
        email: edited("email", update.email.as_deref())?,
        full_name: edited("fullName", update.full_name.as_deref())?,
        role: optional("workspaceRole", update.workspace_role.as_deref())?,
        disabled: update.disabled,
    };
    auth.run(command).await?;
    Ok(OneMember::of(&auth, &username)?)
}

/// Disable a member: nobody is forgotten, since the record names them
#[utoipa::path(
    delete, path = "/api/workspace/members/{username}", operation_id = "disableMember", tag = "Workspace",
    params(("username" = String, Path)),
    responses(
        (status = 200, body = OneMember), WriteErrors,
        (status = 409, body = ErrorBody, description = "They are the last active owner"),
    )
)]
pub(crate) async fn disable(auth: Auth, path: UserPath) -> ApiResult<Json<OneMember>> {
    let username = path.0;
    let command = UpdateMember::disabling(Via::Workspace, username.clone());
    auth.run(command).await?;
    Ok(OneMember::of(&auth, &username)?)
}
