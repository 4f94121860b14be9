//! What somebody may do, and by what.

use axum::Json;
use serde::Serialize;
use ssm_domain::access::ActionSet;
use ssm_domain::permissions::{self, InProject, Source};
use ssm_domain::state::User;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, ErrorBody, ReadErrors};
use crate::http::path::{ProjectPath, UserPath};

/// What a person may do
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Permissions {
    username: String,
    /// Whether they are kept from signing in, and so from everything
    disabled: bool,
    /// `owner`, `admin`, `collaborator` or `viewer`
    #[schema(example = "viewer")]
    workspace_role: &'static str,
    /// What they may do everywhere
    #[schema(value_type = Vec<String>, example = json!(["workspace:members:read"]))]
    global_actions: ActionSet,
    /// In the order of slugs
    projects: Vec<ProjectPermissions>,
}

impl From<permissions::Permissions<'_>> for Permissions {
    fn from(found: permissions::Permissions<'_>) -> Self {
        let projects = found.projects.iter().map(|here| ProjectPermissions {
            project: here.project.slug.to_string(),
            here: Here::of(here),
        });
        Self {
            username: found.user.username.to_string(),
            disabled: found.user.disabled,
            workspace_role: found.user.role.as_str(),
            global_actions: found.everywhere,
            projects: projects.collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectPermissions {
    #[schema(example = "web-shop")]
    project: String,
    #[serde(flatten)]
    here: Here,
}

/// What a person may do in a project
#[derive(Serialize, ToSchema)]
pub(crate) struct Here {
    /// The greatest of their roles in the project, beside which their role in the workspace may allow more: `admin`, `collaborator`,
    /// `viewer` or `none`
    #[schema(example = "collaborator")]
    role: &'static str,
    /// By what they may do anything there
    sources: Vec<PermissionSource>,
    /// What they may do in all of the project
    #[schema(value_type = Vec<String>, example = json!(["projects:read", "configs:read"]))]
    actions: ActionSet,
}

impl Here {
    fn of(here: &InProject<'_>) -> Self {
        Self {
            role: here.role.as_str(),
            sources: here.sources.iter().map(PermissionSource::of).collect(),
            actions: here.actions,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionSource {
    /// `workspace`: their role in the workspace; `user`: a role of their own in the project; `group`: the role of a group that they
    /// are in; `default`: what everybody is who has no role in the project, themselves or by a group
    #[schema(example = "group")]
    kind: &'static str,
    /// The group's slug, for those who may read groups
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "developers")]
    group: Option<String>,
    /// The role that it is, in the workspace or in the project
    #[schema(example = "collaborator")]
    role: &'static str,
}

impl PermissionSource {
    fn of(source: &Source<'_>) -> Self {
        let (kind, group, role) = match source {
            Source::Workspace(role) => ("workspace", None, role.as_str()),
            Source::Default(role) => ("default", None, role.as_str()),
            Source::User(role) => ("user", None, role.as_str()),
            Source::Group(group, role) => {
                let slug = group.map(|group| group.slug.to_string());
                ("group", slug, role.as_str())
            }
        };
        Self { kind, group, role }
    }
}

/// What I may do, everywhere and in each project, and by what
///
/// With a token that allows less, no more than that. What a token allows in single configs only is not in it.
#[utoipa::path(
    get, path = "/api/me/permissions", operation_id = "myPermissions", tag = "Signing in",
    responses(
        (status = 200, body = Permissions),
        (status = 401, body = ErrorBody, description = "No credentials, or none that are good any more"),
        (status = 403, body = ErrorBody, description = "This is a service token"),
    )
)]
pub(crate) async fn own(auth: Auth) -> ApiResult<Json<Permissions>> {
    Ok(auth.look(|state, caller| {
        let found = permissions::Permissions::own(state, caller)?;
        Ok(Json(found.into()))
    })?)
}

/// What a member may do, everywhere and in each project, and by what
///
/// This is what the server would allow them now. Shows the projects in which the caller has `workspace:project-members:read`;
/// to oneself, all that one may know of.
#[utoipa::path(
    get, path = "/api/workspace/members/{username}/permissions", operation_id = "memberPermissions", tag = "Workspace",
    params(("username" = String, Path)), responses((status = 200, body = Permissions), ReadErrors)
)]
pub(crate) async fn of_member(auth: Auth, path: UserPath) -> ApiResult<Json<Permissions>> {
    Ok(auth.look(|state, caller| {
        let found = permissions::Permissions::of_member(state, caller, &path.0)?;
        Ok(Json(found.into()))
    })?)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectPermissionList {
    /// Every member, in the order of names
    members: Vec<MemberPermissions>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberPermissions {
    username: String,
    full_name: Option<String>,
    /// Whether they are kept from signing in, and so from everything
    disabled: bool,
    #[serde(flatten)]
    here: Here,
}

impl MemberPermissions {
    fn of(found: &InProject<'_>) -> Self {
        let User {
            username,
            full_name,
            disabled,
            ..
        } = found.user;
        Self {
            username: username.to_string(),
            full_name: full_name.as_ref().map(ToString::to_string),
            disabled: *disabled,
            here: Here::of(found),
        }
    }
}

/// What each member may do in a project, and by what
///
/// Needs `workspace:members:read` and, there, `workspace:project-members:read`.
#[utoipa::path(
    get, path = "/api/workspace/projects/{project}/permissions", operation_id = "projectPermissions", tag = "Workspace",
    params(("project" = String, Path)), responses((status = 200, body = ProjectPermissionList), ReadErrors)
)]
pub(crate) async fn of_project(
    auth: Auth,
    path: ProjectPath,
) -> ApiResult<Json<ProjectPermissionList>> {
    Ok(auth.look(|state, caller| {
        let found = InProject::of_everybody(state, caller, &path.0)?;
        let members = found.iter().map(MemberPermissions::of).collect();
        Ok(Json(ProjectPermissionList { members }))
    })?)
}
