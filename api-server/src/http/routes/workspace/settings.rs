//! What holds for the whole workspace.

use axum::Json;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Place};
use ssm_domain::settings::{self, UpdateSettings};
use ssm_domain::state::State;
use utoipa::ToSchema;

use super::WORKSPACE_SLUG;
use crate::http::auth::Auth;
use crate::http::body::{Unread, optional};
use crate::http::errors::{ApiResult, ReadErrors, WriteErrors};
use crate::http::routes::Status;

#[derive(Serialize, ToSchema)]
pub(crate) struct Workspace {
    id: String,
    #[schema(example = "default")]
    slug: &'static str,
    #[schema(example = "Default Workspace")]
    name: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// The workspace role of new members where none is given
    #[schema(example = "viewer")]
    default_workspace_role: &'static str,
    /// The role of members in projects in which neither they nor a group of theirs have one
    #[schema(example = "none")]
    default_project_role: &'static str,
    /// Whether values may refer to others
    referencing_enabled: bool,
    /// Whether service tokens may live for ever
    tokens_without_expiry: bool,
}

impl Settings {
    fn of(settings: settings::Settings) -> Self {
        Self {
            default_workspace_role: settings.default_workspace_role.as_str(),
            default_project_role: settings.default_project_role.as_str(),
            referencing_enabled: settings.referencing_enabled,
            tokens_without_expiry: settings.tokens_without_expiry,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct WorkspaceSettings {
    status: Status,
    workspace: Workspace,
    settings: Settings,
}

impl WorkspaceSettings {
    fn of(state: &State) -> Json<Self> {
        let journal = state.journal();
        Json(Self {
            status: Status::Ok,
            workspace: Workspace {
                id: journal.map_or_else(String::new, |journal| journal.workspace.to_string()),
                slug: WORKSPACE_SLUG,
                name: "Default Workspace",
            },
            settings: Settings::of(*state.settings()),
        })
    }
}

/// The workspace and its settings
#[utoipa::path(
    get, path = "/api/workspace/settings", operation_id = "readSettings", tag = "Workspace",
    responses((status = 200, body = WorkspaceSettings), ReadErrors)
)]
pub(crate) async fn read(auth: Auth) -> ApiResult<Json<WorkspaceSettings>> {
    Ok(auth.look(|state, caller| {
        caller.require(Action::SettingsRead, Place::EVERYWHERE)?;
        Ok(WorkspaceSettings::of(state))
    })?)
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsUpdate {
    /// `owner`, `admin`, `collaborator` or `viewer`
    #[schema(example = "viewer")]
    default_workspace_role: Option<String>,
    /// `admin`, `collaborator`, `viewer` or `none`
    #[schema(example = "none")]
    default_project_role: Option<String>,
    /// Whether values may refer to others
    referencing_enabled: Option<bool>,
    /// Whether service tokens may live for ever
    tokens_without_expiry: Option<bool>,
}

/// Change settings
///
/// A default role allows no more than the caller may do.
#[utoipa::path(
    patch, path = "/api/workspace/settings", operation_id = "updateSettings", tag = "Workspace", request_body = SettingsUpdate,
    responses((status = 200, body = WorkspaceSettings), WriteErrors)
)]
pub(crate) async fn update(auth: Auth, body: Unread) -> ApiResult<Json<WorkspaceSettings>> {
    auth.look(|_, caller| caller.require(Action::SettingsManage, Place::EVERYWHERE))?;
    let update: SettingsUpdate = body.json().await?;
    let workspace_role = update.default_workspace_role.as_deref();
    let project_role = update.default_project_role.as_deref();
    let command = UpdateSettings {
        default_workspace_role: optional("defaultWorkspaceRole", workspace_role)?,
        default_project_role: optional("defaultProjectRole", project_role)?,
        referencing_enabled: update.referencing_enabled,
        tokens_without_expiry: update.tokens_without_expiry,
    };
    auth.run(command).await?;
    Ok(WorkspaceSettings::of(&auth.app.engine.state()))
}
