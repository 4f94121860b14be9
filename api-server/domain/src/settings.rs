//! The settings of the workspace.

use serde::{Deserialize, Serialize};

use crate::roles::{ProjectRole, WorkspaceRole};

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
