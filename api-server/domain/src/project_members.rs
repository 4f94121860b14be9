//! Who has which role in a project, themselves or as a group.

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Target};
use crate::names::{Slug, Username};
use crate::rejection::{Noun, Rejection};
use crate::roles::{ProjectRole, RoleSubject};
use crate::state::{Project, State};

/// Who has a role, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// One person.
    User(Username),
    /// Everybody in a group.
    Group(Slug),
}

impl Member {
    fn resolve(&self, state: &State) -> Result<RoleSubject, Rejection> {
        match self {
            Self::User(name) => state
                .user_named(name)
                .map(|user| RoleSubject::User(user.id))
                .ok_or(Rejection::NotFound(Noun::User)),
            Self::Group(slug) => state
                .group_at(slug)
                .map(|group| RoleSubject::Group(group.id))
                .ok_or(Rejection::NotFound(Noun::Group)),
        }
    }

    fn target(&self, project: &Slug) -> Target {
        let (user, group) = match self {
            Self::User(name) => (Some(name.clone()), None),
            Self::Group(slug) => (None, Some(slug.clone())),
        };
        Target {
            project: Some(project.clone()),
            user,
            group,
            ..Target::default()
        }
    }
}

/// Gives somebody a role in a project in place of the one that they have there.
pub struct SetProjectRole {
    /// The project.
    pub project: Slug,
    /// Who.
    pub member: Member,
    /// The role.
    pub role: ProjectRole,
}

impl Command for SetProjectRole {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let project = manageable(&caller, &self.project)?;
        caller.require_all(self.role.actions(), Place::project(project.id))?;
        let subject = self.member.resolve(state)?;
        let target = self.member.target(&self.project);
        let mut draft = Draft::new(caller.name(), "project-members.set", target, ());
        if state.role_in(project.id, subject) != Some(self.role) {
            draft.changes.push(Change::ProjectRoleSet {
                project_id: project.id,
                subject,
                role: self.role,
            });
        }
        Ok(draft)
    }
}

/// Takes somebody's own role in a project away, which leaves them the default one.
pub struct RemoveProjectRole {
    /// The project.
    pub project: Slug,
    /// Who.
    pub member: Member,
}

impl Command for RemoveProjectRole {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let project = manageable(&caller, &self.project)?;
        let default = state.settings().default_project_role;
        caller.require_all(default.actions(), Place::project(project.id))?;
        let subject = self.member.resolve(state).ok();
        let subject = subject
            .filter(|subject| state.role_in(project.id, *subject).is_some())
            .ok_or(Rejection::NotFound(Noun::ProjectMember))?;
        let target = self.member.target(&self.project);
        let mut draft = Draft::new(caller.name(), "project-members.remove", target, ());
        draft.changes.push(Change::ProjectRoleRemoved {
            project_id: project.id,
            subject,
        });
        Ok(draft)
    }
}

/// A project whose members the caller may change.
pub fn manageable<'a>(caller: &Caller<'a>, slug: &Slug) -> Result<&'a Project, Rejection> {
    let project = caller.project(slug)?;
    caller.require(Action::ProjectMembersManage, Place::project(project.id))?;
    Ok(project)
}
