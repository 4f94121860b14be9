//! Who has which role in a project.

use axum::Json;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Place};
use ssm_domain::names::Slug;
use ssm_domain::project_members::{Member, RemoveProjectRole, SetProjectRole, manageable};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::roles::{ProjectRole, RoleSubject};
use ssm_domain::state::State;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::body::{Unread, required};
use crate::http::errors::{ApiError, ApiResult, ReadErrors, WriteErrors};
use crate::http::path::{ProjectMemberPath, ProjectPath};
use crate::http::routes::{Done, Status};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProjectMember {
    /// `user` or `group`
    #[schema(example = "group")]
    subject_type: &'static str,
    /// The username, or the group's slug
    #[schema(example = "developers")]
    subject_id: String,
    /// `admin`, `collaborator`, `viewer` or `none`
    #[schema(example = "collaborator")]
    role: &'static str,
    /// The group's slug; `null` for a user
    group_slug: Option<String>,
}

impl ProjectMember {
    fn of(state: &State, subject: RoleSubject, role: ProjectRole) -> Option<Self> {
        let (subject_type, subject_id, group_slug) = match subject {
            RoleSubject::User(id) => ("user", state.user(id)?.username.to_string(), None),
            RoleSubject::Group(id) => {
                let slug = state.group(id)?.slug.to_string();
                ("group", slug.clone(), Some(slug))
            }
        };
        Some(Self {
            subject_type,
            subject_id,
            role: role.as_str(),
            group_slug,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectMemberList {
    status: Status,
    members: Vec<ProjectMember>,
}

impl ProjectMemberList {
    fn of(state: &State, slug: &Slug) -> Result<Json<Self>, Rejection> {
        let project = state
            .project_at(slug)
            .ok_or(Rejection::NotFound(Noun::Project))?;
        let mut members: Vec<_> = state
            .roles_in(project.id)
            .filter_map(|(subject, role)| ProjectMember::of(state, subject, role))
            .collect();
        members.sort_by(|a, b| {
            let key = |one: &ProjectMember| (one.subject_type, one.subject_id.to_lowercase());
            key(a).cmp(&key(b))
        });
        Ok(Json(Self {
            status: Status::Ok,
            members,
        }))
    }
}

/// Everybody with a role of their own in a project
#[utoipa::path(
    get, path = "/api/workspace/projects/{project}/members", operation_id = "listProjectMembers", tag = "Workspace",
    params(("project" = String, Path)), responses((status = 200, body = ProjectMemberList), ReadErrors)
)]
pub(crate) async fn list(auth: Auth, path: ProjectPath) -> ApiResult<Json<ProjectMemberList>> {
    Ok(auth.look(|state, caller| {
        let project = caller.project(&path.0)?;
        caller.require(Action::ProjectMembersRead, Place::project(project.id))?;
        ProjectMemberList::of(state, &path.0)
    })?)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewProjectMember {
    /// `user` or `group`
    #[schema(example = "group")]
    subject_type: String,
    /// A username, or a group's slug
    #[schema(example = "developers")]
    subject_id: String,
    /// `admin`, `collaborator`, `viewer` or `none`
    #[schema(example = "collaborator")]
    role: String,
}

impl NewProjectMember {
    fn parse(&self, project: Slug) -> ApiResult<SetProjectRole> {
        Ok(SetProjectRole {
            project,
            member: match self.subject_type.as_str() {
                "user" => Member::User(required("subjectId", &self.subject_id)?),
                "group" => Member::Group(required("subjectId", &self.subject_id)?),
                _ => return Err(ApiError::invalid("subjectType", "must be user or group")),
            },
            role: required("role", &self.role)?,
        })
    }
}

/// Give somebody a role in a project, which allows no more than the caller may do there
#[utoipa::path(
    put, path = "/api/workspace/projects/{project}/members", operation_id = "setProjectMember", tag = "Workspace",
    params(("project" = String, Path)), request_body = NewProjectMember,
    responses((status = 200, body = ProjectMemberList), WriteErrors)
)]
pub(crate) async fn set(
    auth: Auth,
    path: ProjectPath,
    body: Unread,
) -> ApiResult<Json<ProjectMemberList>> {
    let slug = path.0;
    auth.look(|_, caller| manageable(caller, &slug).map(drop))?;
    let new: NewProjectMember = body.json().await?;
    auth.run(new.parse(slug.clone())?).await?;
    let state = auth.app.engine.state();
    Ok(ProjectMemberList::of(&state, &slug)?)
}

/// Take somebody's own role in a project away; what they have through groups or by default stays
#[utoipa::path(
    delete, path = "/api/workspace/projects/{project}/members/{subjectType}/{subjectId}", operation_id = "removeProjectMember", tag = "Workspace",
    params(("project" = String, Path), ("subjectType" = String, Path), ("subjectId" = String, Path)),
    responses((status = 200, body = Done), WriteErrors)
)]
pub(crate) async fn remove(auth: Auth, path: ProjectMemberPath) -> ApiResult<Json<Done>> {
    auth.look(|_, caller| manageable(caller, &path.project).map(drop))?;
    let project = path.project.clone();
    let member = path.member()?;
    auth.run(RemoveProjectRole { project, member }).await?;
    Ok(Done::OK)
}
