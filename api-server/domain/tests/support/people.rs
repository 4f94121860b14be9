//! People, groups and roles, made as the owner.

use ssm_domain::access::Action;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::credential::PasswordHash;
use ssm_domain::groups::{ChangeGroupMembers, CreateGroup};
use ssm_domain::members::{AddMember, UpdateMember, Via};
use ssm_domain::names::{Slug, Username};
use ssm_domain::project_members::{Member, SetProjectRole};
use ssm_domain::roles::{ProjectRole, WorkspaceRole};
use ssm_domain::secrets::Edit;
use ssm_domain::settings::UpdateSettings;
use ssm_domain::state::User;
use ssm_domain::users::SignIn;

use super::{World, slug};

/// Every role in the workspace.
pub const WORKSPACE_ROLES: [WorkspaceRole; 4] = [
    WorkspaceRole::Owner,
    WorkspaceRole::Admin,
    WorkspaceRole::Collaborator,
    WorkspaceRole::Viewer,
];

/// Every role in a project, from least to most.
pub const PROJECT_ROLES: [ProjectRole; 4] = [
    ProjectRole::None,
    ProjectRole::Viewer,
    ProjectRole::Collaborator,
    ProjectRole::Admin,
];

impl World {
    /// Makes a member, who has just proved their password.
    pub fn member(&mut self, name: &str, role: WorkspaceRole) -> Actor {
        let owner = self.owner();
        Actor::User(self.run(&add(name, Some(role)), &owner).unwrap())
    }

    /// Somebody by name.
    pub fn user(&self, name: &str) -> &User {
        self.state.user_named(&username(name)).expect("a member")
    }

    /// Somebody with a new session.
    pub fn session(&mut self, name: &str) -> Actor {
        let (id, credential_id) = (self.user(name).id, self.user(name).credential_id);
        let issued = self.run(&SignIn::session(credential_id), &Actor::User(id));
        Actor::Token(issued.unwrap().token_id)
    }

    /// Makes a group of these people.
    pub fn group(&mut self, name: &str, members: &[&str]) {
        let owner = self.owner();
        self.run(&create_group(name), &owner).unwrap();
        self.run(&change_members(name, members, &[]), &owner)
            .unwrap();
    }

    /// Gives somebody a role in a project.
    pub fn role(&mut self, project: &str, member: Member, role: ProjectRole) {
        let owner = self.owner();
        self.run(&set_role(project, member, role), &owner).unwrap();
    }

    /// Changes the settings as the owner.
    pub fn settings(&mut self, settings: UpdateSettings) {
        let owner = self.owner();
        self.run(&settings, &owner).unwrap();
    }

    /// Whether somebody is anybody, and may do this at `place`, which is `""` or a project.
    pub fn may(&self, actor: &Actor, action: Action, place: &str) -> bool {
        let place = match place {
            "" => ssm_domain::access::Place::EVERYWHERE,
            project => {
                let project = self.state.project_at(&slug(project)).unwrap();
                ssm_domain::access::Place::project(project.id)
            }
        };
        Caller::identify(&self.state, actor, self.now)
            .is_ok_and(|caller| caller.authority().may(action, place))
    }
}

pub fn username(text: &str) -> Username {
    text.parse().unwrap()
}

pub fn user(name: &str) -> Member {
    Member::User(username(name))
}

pub fn group(name: &str) -> Member {
    Member::Group(slug(name))
}

pub fn add(name: &str, role: Option<WorkspaceRole>) -> AddMember {
    AddMember {
        via: Via::Workspace,
        username: username(name),
        password: PasswordHash::unmatchable(),
        email: None,
        full_name: None,
        role,
    }
}

pub fn disable(name: &str) -> UpdateMember {
    UpdateMember::disabling(Via::Workspace, username(name))
}

pub fn enable(name: &str) -> UpdateMember {
    UpdateMember {
        disabled: Some(false),
        ..disable(name)
    }
}

pub fn give(name: &str, role: WorkspaceRole) -> UpdateMember {
    UpdateMember {
        via: Via::Workspace,
        username: username(name),
        email: Edit::Keep,
        full_name: Edit::Keep,
        role: Some(role),
        disabled: None,
    }
}

pub fn create_group(name: &str) -> CreateGroup {
    CreateGroup {
        slug: slug(name),
        name: None,
        description: None,
    }
}

pub fn change_members(name: &str, add: &[&str], remove: &[&str]) -> ChangeGroupMembers {
    let names = |names: &[&str]| names.iter().map(|name| username(name)).collect();
    ChangeGroupMembers {
        slug: slug(name),
        add: names(add),
        remove: names(remove),
    }
}

pub fn set_role(project: &str, member: Member, role: ProjectRole) -> SetProjectRole {
    let project: Slug = slug(project);
    SetProjectRole {
        project,
        member,
        role,
    }
}
