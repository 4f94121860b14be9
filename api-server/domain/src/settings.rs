//! The settings of the workspace.

use serde::{Deserialize, Serialize};

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Target};
use crate::rejection::Rejection;
use crate::roles::{ProjectRole, WorkspaceRole};
use crate::state::State;

/// What holds for the whole workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The workspace role of new members where none is given.
    pub default_workspace_role: WorkspaceRole,
    /// The role of members in projects in which neither they nor a group of theirs have one.
    pub default_project_role: ProjectRole,
    /// Whether values may refer to others. Where not, placeholders are plain text.
    pub referencing_enabled: bool,
    /// Whether service tokens may live for ever.
    pub tokens_without_expiry: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_workspace_role: WorkspaceRole::Viewer,
            default_project_role: ProjectRole::None,
            referencing_enabled: true,
            tokens_without_expiry: true,
        }
    }
}

/// Changes the settings that are given.
#[derive(Debug, Clone, Copy, Default)]
pub struct UpdateSettings {
    /// The workspace role of new members where none is given.
    pub default_workspace_role: Option<WorkspaceRole>,
    /// The role of members in projects in which neither they nor a group of theirs have one.
    pub default_project_role: Option<ProjectRole>,
    /// Whether values may refer to others.
    pub referencing_enabled: Option<bool>,
    /// Whether service tokens may live for ever.
    pub tokens_without_expiry: Option<bool>,
}

impl Command for UpdateSettings {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        caller.require(Action::SettingsManage, Place::EVERYWHERE)?;
        // A default is given to others, too.
        if let Some(role) = self.default_workspace_role {
            caller.require_all(role.scope().actions, Place::EVERYWHERE)?;
        }
        if let Some(role) = self.default_project_role {
            caller.require_all(role.actions(), Place::EVERYWHERE)?;
        }
        let before = *state.settings();
        let settings = Settings {
            default_workspace_role: self
                .default_workspace_role
                .unwrap_or(before.default_workspace_role),
            default_project_role: self
                .default_project_role
                .unwrap_or(before.default_project_role),
            referencing_enabled: self
                .referencing_enabled
                .unwrap_or(before.referencing_enabled),
            tokens_without_expiry: self
                .tokens_without_expiry
                .unwrap_or(before.tokens_without_expiry),
        };
        let mut draft = Draft::new(caller.name(), "settings.update", Target::default(), ());
        if settings != before {
            draft.changes.push(Change::SettingsChanged { settings });
        }
        Ok(draft)
    }
}
