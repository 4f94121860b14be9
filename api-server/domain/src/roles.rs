//! What people are: a role in the workspace, and roles in projects that they have themselves or through groups.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::access::{Action, ActionSet, Place, Scope};
use crate::id::{GroupId, UserId};

/// What a person is in the workspace as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkspaceRole {
    /// May do everything; the first user is one.
    Owner,
    /// Everything but users, members and settings.
    Admin,
    /// Sees the members; the rest comes from roles in projects.
    Collaborator,
    /// Sees the members; the rest comes from roles in projects.
    Viewer,
}

impl WorkspaceRole {
    /// The role as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Collaborator => "collaborator",
            Self::Viewer => "viewer",
        }
    }

    /// Whether the role allows anything in projects.
    pub fn counts_in_projects(self) -> bool {
        self.scope().shows(Place::EVERYWHERE)
    }

    /// What the role allows everywhere.
    pub fn scope(self) -> Scope {
        let actions = match self {
            Self::Owner => ActionSet::ALL,
            Self::Admin => ActionSet::ALL.without(ActionSet::of(&[
                Action::UsersManage,
                Action::SettingsManage,
                Action::MembersManage,
            ])),
            Self::Collaborator | Self::Viewer => ActionSet::of(&[Action::MembersRead]),
        };
        Scope {
            actions,
            place: Place::EVERYWHERE,
        }
    }
}

/// What somebody is in one project, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProjectRole {
    /// Nothing is allowed.
    None,
    /// Reads everything.
    Viewer,
    /// Writes configs and secrets, too.
    Collaborator,
    /// Deletes secrets, too.
    Admin,
}

impl ProjectRole {
    /// The role as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Viewer => "viewer",
            Self::Collaborator => "collaborator",
            Self::Admin => "admin",
        }
    }

    /// What the role allows in its project.
    pub fn actions(self) -> ActionSet {
        let more = match self {
            Self::None => return ActionSet::NONE,
            Self::Viewer => return VIEWING,
            Self::Collaborator => ActionSet::of(&[Action::ConfigsWrite, Action::SecretsWrite]),
            Self::Admin => ActionSet::of(&[
                Action::ConfigsWrite,
                Action::SecretsWrite,
                Action::SecretsDelete,
            ]),
        };
        VIEWING.union(more)
    }
}

const VIEWING: ActionSet = ActionSet::of(&[
    Action::ProjectsRead,
    Action::ConfigsRead,
    Action::SecretsRead,
    Action::SecretsExport,
    Action::AuditRead,
]);

/// Who has a role in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleSubject {
    /// One person.
    User(UserId),
    /// Everybody in a group.
    Group(GroupId),
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct UnknownRole(&'static str);

impl FromStr for WorkspaceRole {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let all = [Self::Owner, Self::Admin, Self::Collaborator, Self::Viewer];
        let found = all.into_iter().find(|role| role.as_str() == text);
        found.ok_or(UnknownRole("owner, admin, collaborator or viewer"))
    }
}

impl FromStr for ProjectRole {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let all = [Self::None, Self::Viewer, Self::Collaborator, Self::Admin];
        let found = all.into_iter().find(|role| role.as_str() == text);
        found.ok_or(UnknownRole("none, viewer, collaborator or admin"))
    }
}

#[cfg(test)]
mod tests {
    use super::{ProjectRole, WorkspaceRole};

    #[test]
    fn a_role_is_written_in_one_way_only() {
        assert_eq!("admin".parse(), Ok(WorkspaceRole::Admin));
        assert_eq!("none".parse(), Ok(ProjectRole::None));
        for bad in ["ADMIN", "admin ", "", "none"] {
            assert!(bad.parse::<WorkspaceRole>().is_err(), "{bad:?}");
        }
        assert!("owner".parse::<ProjectRole>().is_err());
    }

    #[test]
    fn each_role_allows_all_that_the_lesser_ones_do() {
        let roles = [
            ProjectRole::None,
            ProjectRole::Viewer,
            ProjectRole::Collaborator,
            ProjectRole::Admin,
        ];
        for pair in roles.windows(2) {
            let (lesser, greater) = (pair[0].actions(), pair[1].actions());
            assert!(lesser.without(greater).is_empty());
            assert!(!greater.without(lesser).is_empty());
        }
    }
}
