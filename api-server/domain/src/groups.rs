//! Groups: people who have the same roles in projects.

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::entry::{Change, Target};
use crate::id::{GroupId, UserId};
use crate::names::{Description, DisplayName, Slug, Username};
use crate::rejection::{Noun, Rejection};
use crate::roles::RoleSubject;
use crate::secrets::Edit;
use crate::state::{Group, State};

/// The most groups of the workspace: what somebody may do is looked for in all of them.
pub const MAX_GROUPS: usize = 1_000;

/// Makes a group with nobody in it.
pub struct CreateGroup {
    /// Its name in paths.
    pub slug: Slug,
    /// Its name for people; the slug where there is none.
    pub name: Option<DisplayName>,
    /// What it is about.
    pub description: Option<Description>,
}

impl Command for CreateGroup {
    type Answer = GroupId;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<GroupId>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        caller.require(Action::GroupsManage, Place::EVERYWHERE)?;
        if state.group_at(&self.slug).is_some() {
            return Err(Rejection::AlreadyExists(Noun::Group));
        }
        if state.groups().count() >= MAX_GROUPS {
            return Err(Rejection::TooLarge("A workspace has at most 1000 groups"));
        }
        let group_id = GroupId::random(env.rng);
        let target = target(&self.slug);
        let mut draft = Draft::new(caller.name(), "groups.create", target, group_id);
        let name = self.name.clone();
        draft.changes.push(Change::GroupAdded {
            group_id,
            slug: self.slug.clone(),
            name: name.unwrap_or_else(|| DisplayName::of(&self.slug)),
            description: self.description.clone(),
        });
        Ok(draft)
    }
}

/// Calls a group otherwise.
pub struct UpdateGroup {
    /// Which.
    pub slug: Slug,
    /// Its new name in paths.
    pub new_slug: Option<Slug>,
    /// Its new name for people.
    pub name: Option<DisplayName>,
    /// What it is about.
    pub description: Edit<Description>,
}

impl Command for UpdateGroup {
    type Answer = GroupId;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<GroupId>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let group = manageable(state, &caller, &self.slug)?;
        let slug = self.new_slug.as_ref().unwrap_or(&group.slug);
        let holder = state.group_at(slug).map(|holder| holder.id);
        if holder.is_some_and(|holder| holder != group.id) {
            return Err(Rejection::AlreadyExists(Noun::Group));
        }
        let name = self.name.as_ref().unwrap_or(&group.name);
        let description = self.description.over(group.description.clone());
        let target = target(&group.slug);
        let mut draft = Draft::new(caller.name(), "groups.update", target, group.id);
        if (slug, name, &description) != (&group.slug, &group.name, &group.description) {
            draft.changes.push(Change::GroupUpdated {
                group_id: group.id,
                slug: slug.clone(),
                name: name.clone(),
                description,
            });
        }
        Ok(draft)
    }
}

/// Deletes a group with its roles in projects and its mappings.
pub struct DeleteGroup {
    /// Which.
    pub slug: Slug,
}

impl Command for DeleteGroup {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let group = manageable(state, &caller, &self.slug)?;
        may_let_go(state, &caller, group)?;
        let mut draft = Draft::new(caller.name(), "groups.delete", target(&group.slug), ());
        draft
            .changes
            .push(Change::GroupDeleted { group_id: group.id });
        Ok(draft)
    }
}

/// Changes who is in a group. Whoever is named in both lists is not in it afterwards.
pub struct ChangeGroupMembers {
    /// Which.
    pub slug: Slug,
    /// Who comes.
    pub add: Vec<Username>,
    /// Who goes.
    pub remove: Vec<Username>,
}

impl Command for ChangeGroupMembers {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let group = manageable(state, &caller, &self.slug)?;
        if !self.add.is_empty() {
            may_take_in(state, &caller, group)?;
        }
        if !self.remove.is_empty() {
            may_let_go(state, &caller, group)?;
        }
        let (mut added, mut removed) = (
            users(state, "add", &self.add)?,
            users(state, "remove", &self.remove)?,
        );
        added.retain(|user| !group.members.contains(user) && !removed.contains(user));
        removed.retain(|user| group.members.contains(user));
        let target = target(&group.slug);
        let mut draft = Draft::new(caller.name(), "groups.members", target, ());
        if !added.is_empty() || !removed.is_empty() {
            draft.changes.push(Change::GroupMembersChanged {
                group_id: group.id,
                added,
                removed,
            });
        }
        Ok(draft)
    }
}

/// A group that the caller may change.
pub fn manageable<'a>(
    state: &'a State,
    caller: &Caller<'_>,
    slug: &Slug,
) -> Result<&'a Group, Rejection> {
    caller.require(Action::GroupsManage, Place::EVERYWHERE)?;
    let group = state.group_at(slug);
    group.ok_or(Rejection::NotFound(Noun::Group))
}

/// Refuses unless the caller has all that the group gives to whoever comes into it.
pub(crate) fn may_take_in(
    state: &State,
    caller: &Caller<'_>,
    group: &Group,
) -> Result<(), Rejection> {
    state
        .roles_of(RoleSubject::Group(group.id))
        .try_for_each(|(project, role)| caller.require_all(role.actions(), Place::project(project)))
}

/// Refuses unless the caller has all that comes back to whoever leaves the group: where it has a role, the default one,
/// which may be more.
fn may_let_go(state: &State, caller: &Caller<'_>, group: &Group) -> Result<(), Rejection> {
    let default = state.settings().default_project_role.actions();
    state
        .roles_of(RoleSubject::Group(group.id))
        .try_for_each(|(project, _)| caller.require_all(default, Place::project(project)))
}

/// The users with these names, each once.
fn users(state: &State, field: &str, names: &[Username]) -> Result<Vec<UserId>, Rejection> {
    let mut users = Vec::with_capacity(names.len());
    for name in names {
        let user = state.user_named(name).ok_or_else(|| {
            Rejection::invalid(field, &format!("names {name}, who is not a member"))
        })?;
        users.push(user.id);
    }
    users.sort_unstable();
    users.dedup();
    Ok(users)
}

fn target(slug: &Slug) -> Target {
    Target {
        group: Some(slug.clone()),
        ..Target::default()
    }
}
