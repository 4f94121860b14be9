//! Projects.

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Place};
use ssm_domain::names::{Description, DisplayName, InvalidName, Slug};
use ssm_domain::projects::{CreateProject, DeleteProject, ProjectWritten, UpdateProject};
use ssm_domain::state;
use ssm_domain::time::Timestamp;
use utoipa::ToSchema;

use super::{Done, Status};
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::body::{Given, Unread};
use crate::http::errors::{ApiError, ApiResult, ReadErrors, WriteErrors};
use crate::http::path::ProjectPath;
use crate::http::query::Params;

#[derive(Serialize, ToSchema)]
pub(crate) struct Project {
    #[schema(example = "web")]
    slug: String,
    name: String,
    description: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Project {
    fn of(project: &state::Project) -> Self {
        Self {
            slug: project.slug.to_string(),
            name: project.name.to_string(),
            description: project.description.as_ref().map(ToString::to_string),
            created_at: project.created_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectList {
    projects: Vec<Project>,
    status: Status,
}

/// The projects that the caller may read
#[utoipa::path(get, path = "/api/projects", operation_id = "listProjects", tag = "Projects", responses((status = 200, body = ProjectList), ReadErrors))]
pub(crate) async fn list(auth: Auth) -> ApiResult<Json<ProjectList>> {
    let projects = auth.look(|state, caller| {
        holds_somewhere(caller, Action::ProjectsRead)?;
        let may_read = |id| {
            caller
                .authority()
                .may(Action::ProjectsRead, Place::project(id))
        };
        Ok(state
            .projects()
            .filter(|project| may_read(project.id))
            .map(Project::of)
            .collect())
    })?;
    Ok(Json(ProjectList {
        projects,
        status: Status::Ok,
    }))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewProject {
    /// 1 to 64 of a-z, 0-9, `_` and `-`
    #[schema(example = "web")]
    slug: String,
    /// The slug where absent
    name: Option<String>,
    description: Option<String>,
}

impl NewProject {
    fn parse(self) -> ApiResult<CreateProject> {
        let name = self
            .name
            .map(|name| name.parse::<DisplayName>())
            .transpose();
        let description = self
            .description
            .map(|text| text.parse::<Description>())
            .transpose();
        Ok(CreateProject {
            slug: self
                .slug
                .parse()
                .map_err(|why| ApiError::invalid("slug", &why))?,
            name: name.map_err(|why| ApiError::invalid("name", &why))?,
            description: description.map_err(|why| ApiError::invalid("description", &why))?,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneProject {
    status: Status,
    project: Project,
}

impl OneProject {
    /// A project as a command left it. What became of it since is another answer's business.
    fn written(written: ProjectWritten) -> Self {
        Self {
            status: Status::Ok,
            project: Project {
                slug: written.slug.to_string(),
                name: written.name.to_string(),
                description: written.description.map(|text| text.to_string()),
                created_at: written.created_at,
            },
        }
    }
}

/// Make a project
#[utoipa::path(
    post, path = "/api/projects", operation_id = "createProject", tag = "Projects", request_body = NewProject,
    responses((status = 201, body = OneProject), WriteErrors)
)]
pub(crate) async fn create(auth: Auth, body: Unread) -> ApiResult<(StatusCode, Json<OneProject>)> {
    auth.look(|_, caller| caller.require(Action::ProjectsWrite, Place::EVERYWHERE))?;
    let command = body.json::<NewProject>().await?.parse()?;
    let made = auth.run(command).await?;
    Ok((StatusCode::CREATED, Json(OneProject::written(made))))
}

/// One project
#[utoipa::path(
    get, path = "/api/projects/{project}", operation_id = "readProject", tag = "Projects", params(("project" = String, Path)),
    responses((status = 200, body = OneProject), ReadErrors)
)]
pub(crate) async fn read(auth: Auth, path: ProjectPath) -> ApiResult<Json<OneProject>> {
    let project = auth.look(|_, caller| {
        let project = caller.project(&path.0)?;
        caller.require(Action::ProjectsRead, Place::project(project.id))?;
        Ok(Project::of(project))
    })?;
    Ok(Json(OneProject {
        status: Status::Ok,
        project,
    }))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ProjectChange {
    /// Absent keeps the one that is there
    name: Option<String>,
    /// `null` takes it away, absent keeps the one that is there
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Given<String>,
}

impl ProjectChange {
    fn parse(self, slug: Slug) -> ApiResult<UpdateProject> {
        let name = self.name.map(|name| name.parse()).transpose();
        let description = self.description.parse();
        Ok(UpdateProject {
            slug,
            name: name.map_err(|why: InvalidName| ApiError::invalid("name", &why))?,
            description: description
                .map_err(|why: InvalidName| ApiError::invalid("description", &why))?,
        })
    }
}

/// Call a project otherwise
#[utoipa::path(
    patch, path = "/api/projects/{project}", operation_id = "updateProject", tag = "Projects", params(("project" = String, Path)),
    request_body = ProjectChange, responses((status = 200, body = OneProject), WriteErrors)
)]
pub(crate) async fn update(
    auth: Auth,
    path: ProjectPath,
    body: Unread,
) -> ApiResult<Json<OneProject>> {
    auth.look(|_, caller| {
        let project = caller.project(&path.0)?;
        caller.require(Action::ProjectsWrite, Place::project(project.id))
    })?;
    let change: ProjectChange = body.strict_json().await?;
    let project = auth.run(change.parse(path.0)?).await?;
    Ok(Json(OneProject::written(project)))
}

/// Delete a project with its configs and secrets
///
/// The tokens that are only for it are revoked, and the key that sealed its values is destroyed: nothing brings them
/// back.
#[utoipa::path(
    delete, path = "/api/projects/{project}", operation_id = "deleteProject", tag = "Projects",
    params(("project" = String, Path), ("confirm" = String, Query, description = "The project's slug once more")),
    responses((status = 200, body = Done), WriteErrors)
)]
pub(crate) async fn delete(auth: Auth, path: ProjectPath, params: Params) -> ApiResult<Json<Done>> {
    auth.look(|_, caller| {
        let project = caller.project(&path.0)?;
        caller.require(Action::ProjectsWrite, Place::project(project.id))
    })?;
    if params.text("confirm")?.as_deref() != Some(path.0.as_str()) {
        return Err(ApiError::invalid("confirm", "must be the project's slug"));
    }
    auth.run(DeleteProject { slug: path.0 }).await?;
    Ok(Done::OK)
}
