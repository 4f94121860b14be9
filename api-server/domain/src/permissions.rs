//! What somebody may do, everywhere and in each project, and by what. The actions are those that [`Caller`] allows them,
//! which is what requests are decided by; only the reasons are put together here.

use crate::access::{Action, ActionSet, Authority, Place};
use crate::caller::Caller;
use crate::names::{Slug, Username};
use crate::rejection::{Noun, Rejection};
use crate::roles::{ProjectRole, RoleSubject, WorkspaceRole};
use crate::state::{Group, Project, State, User};

/// What a person may do.
pub struct Permissions<'a> {
    /// Who.
    pub user: &'a User,
    /// What they may do everywhere.
    pub everywhere: ActionSet,
    /// What they may do in each project whose roles the one who asks may know, in the order of slugs.
    pub projects: Vec<InProject<'a>>,
}

/// What a person may do in one project.
pub struct InProject<'a> {
    /// Who.
    pub user: &'a User,
    /// The project.
    pub project: &'a Project,
    /// The greatest of their roles in it.
    pub role: ProjectRole,
    /// By what they may do anything there, most general first.
    pub sources: Vec<Source<'a>>,
    /// What they may do in all of it.
    pub actions: ActionSet,
}

/// By what somebody is something in a project.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Their role in the workspace, where it counts in projects.
    Workspace(WorkspaceRole),
    /// What everybody is in a project in which they have no role, by themselves or by a group.
    Default(ProjectRole),
    /// A role of their own.
    User(ProjectRole),
    /// The role of a group that they are in, which is named to those who may read groups.
    Group(Option<&'a Group>, ProjectRole),
}

impl<'a> Permissions<'a> {
    /// What the caller may do, with what they show.
    pub fn own(state: &'a State, caller: &Caller<'a>) -> Result<Self, Rejection> {
        Ok(Self::of(state, caller, caller.user()?, caller.authority()))
    }

    /// What a member may do, told to the caller.
    pub fn of_member(
        state: &'a State,
        caller: &Caller<'a>,
        username: &Username,
    ) -> Result<Self, Rejection> {
        caller.require(Action::MembersRead, Place::EVERYWHERE)?;
        let user = state.user_named(username);
        let user = user.ok_or(Rejection::NotFound(Noun::User))?;
        Ok(Self::of(state, caller, user, &authority_of(state, user)))
    }

    fn of(state: &'a State, caller: &Caller<'a>, user: &'a User, authority: &Authority) -> Self {
        let is_own = caller.user().is_ok_and(|asking| asking.id == user.id);
        let shown = |project: &&Project| {
            let (asking, here) = (caller.authority(), Place::project(project.id));
            asking.sees(here) && (is_own || asking.may(Action::ProjectMembersRead, here))
        };
        let projects = state.projects().filter(shown);
        let projects =
            projects.map(|project| InProject::of(state, caller, project, user, authority));
        Self {
            user,
            everywhere: authority.actions(Place::EVERYWHERE),
            projects: projects.collect(),
        }
    }
}

impl<'a> InProject<'a> {
    /// What each member may do in a project, told to the caller.
    pub fn of_everybody(
        state: &'a State,
        caller: &Caller<'a>,
        project: &Slug,
    ) -> Result<Vec<Self>, Rejection> {
        let project = caller.project(project)?;
        caller.require(Action::MembersRead, Place::EVERYWHERE)?;
        caller.require(Action::ProjectMembersRead, Place::project(project.id))?;
        let of = |user| Self::of(state, caller, project, user, &authority_of(state, user));
        Ok(state.users().map(of).collect())
    }

    fn of(
        state: &'a State,
        caller: &Caller<'a>,
        project: &'a Project,
        user: &'a User,
        authority: &Authority,
    ) -> Self {
        let may_name = caller.user().is_ok_and(|asking| asking.id == user.id)
            || caller
                .authority()
                .may(Action::GroupsRead, Place::EVERYWHERE);
        let by_roles = state.subjects_of(user).filter_map(|subject| {
            let role = state.role_in(project.id, subject)?;
            Some(match subject {
                RoleSubject::User(_) => Source::User(role),
                RoleSubject::Group(id) => Source::Group(state.group(id).filter(|_| may_name), role),
            })
        });
        let mut sources: Vec<_> = by_roles.collect();
        if sources.is_empty() {
            sources.push(Source::Default(state.settings().default_project_role));
        }
        let role = sources.iter().filter_map(Source::role).max();
        if user.role.counts_in_projects() {
            sources.insert(0, Source::Workspace(user.role));
        }
        Self {
            user,
            project,
            role: role.unwrap_or(ProjectRole::None),
            sources,
            actions: authority
                .actions(Place::project(project.id))
                .about_projects(),
        }
    }
}

impl Source<'_> {
    /// The role in the project that they have by it.
    fn role(&self) -> Option<ProjectRole> {
        match self {
            Self::Workspace(_) => None,
            Self::Default(role) | Self::User(role) | Self::Group(_, role) => Some(*role),
        }
    }
}

/// What somebody may do who is signed in: nothing, where they cannot be.
fn authority_of(state: &State, user: &User) -> Authority {
    match Caller::signed_in(state, user.id) {
        Ok(caller) => caller.authority().clone(),
        Err(_) => Authority::of(Vec::new()),
    }
}
