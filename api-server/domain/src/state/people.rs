//! Who there is, and what they are: users, groups, roles in projects, and mappings.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdSet;
use serde::{Deserialize, Serialize};

use super::State;
use crate::access::{Place, Scope};
use crate::digest::Digest;
use crate::entry::Seq;
use crate::id::{CredentialId, GroupId, MappingId, ProjectId, UserId};
use crate::names::{Description, DisplayName, Email, ExternalKey, Slug, Username};
use crate::roles::{ProjectRole, RoleSubject, WorkspaceRole};
use crate::settings::Settings;
use crate::time::Timestamp;

/// Somebody who may sign in, unless they are disabled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What they sign in with.
    pub username: Username,
    /// Where to write to them.
    pub email: Option<Email>,
    /// What they are called.
    pub full_name: Option<DisplayName>,
    /// Their role in the workspace.
    pub role: WorkspaceRole,
    /// Whether they are kept from signing in, and from everything else.
    pub disabled: bool,
    /// Their password's record in the auth store.
    pub credential_id: CredentialId,
    /// The digest of that record.
    pub credential: Digest,
    /// Since when.
    pub created_at: Timestamp,
}

impl User {
    /// Whether they are an owner who can sign in.
    pub fn is_active_owner(&self) -> bool {
        self.role == WorkspaceRole::Owner && !self.disabled
    }
}

/// People who have the same roles in projects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name in paths.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// What it is about.
    pub description: Option<Description>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who is in it.
    pub members: OrdSet<UserId>,
}

/// A group of an identity provider that stands for one of ours.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mapping {
    /// Its id.
    pub id: MappingId,
    /// What the provider calls the group.
    pub external_key: ExternalKey,
    /// Our group.
    pub group_id: GroupId,
    /// When it was made.
    pub created_at: Timestamp,
}

impl State {
    /// The workspace's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Every user in the order of names.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.usernames.values().filter_map(|id| self.users.get(id))
    }

    /// A user.
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    /// Whoever was added before all others; users do not end.
    pub fn first_user(&self) -> Option<&User> {
        self.user(self.first_user?)
    }

    /// A user by name, whatever its case.
    pub fn user_named(&self, username: &Username) -> Option<&User> {
        self.users.get(self.usernames.get(&*username.folded())?)
    }

    /// Every group in the order of slugs.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.group_slugs
            .values()
            .filter_map(|id| self.groups.get(id))
    }

    /// A group.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// A group by its name in paths.
    pub fn group_at(&self, slug: &Slug) -> Option<&Group> {
        self.groups.get(self.group_slugs.get(slug)?)
    }

    /// Every mapping.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        self.mappings.values()
    }

    /// A mapping.
    pub fn mapping(&self, id: MappingId) -> Option<&Mapping> {
        self.mappings.get(&id)
    }

    /// Everybody with a role of their own in a project.
    pub fn roles_in(&self, project: ProjectId) -> impl Iterator<Item = (RoleSubject, ProjectRole)> {
        self.roles
            .iter()
            .filter(move |((_, of), _)| *of == project)
            .map(|((subject, _), role)| (*subject, *role))
    }

    /// The role of its own that `subject` has in a project.
    pub fn role_in(&self, project: ProjectId, subject: RoleSubject) -> Option<ProjectRole> {
        self.roles.get(&(subject, project)).copied()
    }

    /// Every project in which `subject` has a role of its own, with that role.
    pub fn roles_of(&self, subject: RoleSubject) -> impl Iterator<Item = (ProjectId, ProjectRole)> {
        self.roles
            .range((subject, ProjectId::MIN)..)
            .take_while(move |((of, _), _)| *of == subject)
            .map(|((_, project), role)| (*project, *role))
    }

    /// The last entry that may have changed what some user may do by their roles.
    pub fn rights_seq(&self) -> Seq {
        self.rights_seq
    }

    /// All that a user may do by their roles now: nothing more is ever allowed to a token of theirs.
    pub fn rights_of(&self, user: &User) -> Vec<Scope> {
        let mut roles = BTreeMap::new();
        for (project, role) in self
            .subjects_of(user)
            .flat_map(|subject| self.roles_of(subject))
        {
            let greatest = roles.entry(project).or_insert(role);
            *greatest = role.max(*greatest);
        }
        let default = self.settings.default_project_role;
        if default != ProjectRole::None {
            for project in self.projects.keys() {
                roles.entry(*project).or_insert(default);
            }
        }
        let in_projects = roles.into_iter().map(|(project, role)| Scope {
            actions: role.actions(),
            place: Place::project(project),
        });
        let in_projects = in_projects.filter(|scope| !scope.actions.is_empty());
        std::iter::once(user.role.scope())
            .chain(in_projects)
            .collect()
    }

    /// Whose roles a user has: their own and those of their groups.
    pub fn subjects_of(&self, user: &User) -> impl Iterator<Item = RoleSubject> {
        let id = user.id;
        let groups = self.groups.values();
        let groups = groups.filter(move |group| group.members.contains(&id));
        let own = std::iter::once(RoleSubject::User(id));
        own.chain(groups.map(|group| RoleSubject::Group(group.id)))
    }

    /// How many owners can sign in.
    pub fn active_owners(&self) -> usize {
        let active = |user: &&User| user.is_active_owner();
        self.users.values().filter(active).count()
    }

    pub(super) fn add_user(&mut self, user: User) {
        self.first_user.get_or_insert(user.id);
        self.usernames.insert(user.username.folded(), user.id);
        self.users.insert(user.id, user);
    }

    pub(super) fn add_group(&mut self, group: Group) {
        self.group_slugs.insert(group.slug.clone(), group.id);
        self.groups.insert(group.id, group);
    }

    pub(super) fn update_group(
        &mut self,
        id: GroupId,
        slug: &Slug,
        name: &DisplayName,
        description: Option<&Description>,
    ) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        self.group_slugs.remove(&group.slug);
        self.group_slugs.insert(slug.clone(), id);
        group.slug = slug.clone();
        group.name = name.clone();
        group.description = description.cloned();
    }

    pub(super) fn delete_group(&mut self, id: GroupId) {
        let Some(group) = self.groups.remove(&id) else {
            return;
        };
        self.group_slugs.remove(&group.slug);
        let subject = RoleSubject::Group(id);
        let projects: Vec<_> = self.roles_of(subject).map(|(project, _)| project).collect();
        for project in projects {
            self.roles.remove(&(subject, project));
        }
        let of_group = |mapping: &&Mapping| mapping.group_id == id;
        let mappings: Vec<_> = self
            .mappings
            .values()
            .filter(of_group)
            .map(|found| found.id)
            .collect();
        for mapping in mappings {
            self.mappings.remove(&mapping);
        }
    }

    pub(super) fn change_members(&mut self, id: GroupId, added: &[UserId], removed: &[UserId]) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        for user in removed {
            group.members.remove(user);
        }
        group.members.extend(added.iter().copied());
    }
}

/// The names of those who made things are kept as they were.
pub(super) type By = Arc<str>;
