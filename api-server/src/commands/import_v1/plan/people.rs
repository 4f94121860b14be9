//! People, groups, and what they are in the workspace and in projects.

use std::collections::{HashMap, HashSet};

use ssm_domain::entry::Target;
use ssm_domain::groups::{ChangeGroupMembers, CreateGroup};
use ssm_domain::import::ImportMember;
use ssm_domain::mappings::AddMapping;
use ssm_domain::names::{Description, Slug, Username};
use ssm_domain::project_members::{Member, SetProjectRole};
use ssm_domain::roles::WorkspaceRole;
use ssm_domain::settings::UpdateSettings;
use ssm_journal_mongodb::version1::{Group, Mapping, Role, Settings, SubjectKind, User};

use super::projects::{of, parsed};
use super::{Planner, Tried};

/// About how many people, or commands about groups, are one unit.
const AT_ONCE: usize = 200;
/// The only provider of groups that there is.
const PROVIDER: &str = "manual";

const USERS: &str = "users";
const MEMBERSHIPS: &str = "workspace_memberships";
const ROLES: &str = "project_memberships";
const GROUPS: &str = "groups";
const GROUP_MEMBERS: &str = "group_members";
const MAPPINGS: &str = "group_mappings";
const WORKSPACES: &str = "workspaces";

impl<'a> Planner<'a> {
    /// The first user comes first, and the others follow in the order in which they came, those last of whom that is not known.
    pub(super) fn members(&mut self) {
        let source = self.source;
        let with_profile: HashSet<&str> = source
            .users
            .iter()
            .map(|user| user.username.as_str())
            .collect();
        let bare = source.passwords.iter();
        let bare = bare.filter(|name| !with_profile.contains(name.as_str()));
        let bare = bare.map(|name| without_profile(name));
        let mut users: Vec<User> = source.users.iter().cloned().chain(bare).collect();
        let first = source.initialized_by.as_deref();
        users.sort_by_key(|user| {
            let is_first = Some(user.username.as_str()) == first;
            (!is_first, user.created_at.is_none(), user.created_at)
        });

        let roles = self.workspace_roles(&users);
        let mut steps = Vec::new();
        for user in &users {
            match self.member(user, roles.get(user.username.as_str()).copied()) {
                Ok(step) => steps.extend(step),
                Err(why) => self.report.lose(USERS, &user.id, &why),
            }
            if steps.len() >= AT_ONCE {
                let steps = std::mem::take(&mut steps);
                self.close("members.create", Target::default(), steps);
            }
        }
        self.close("members.create", Target::default(), steps);
    }

    fn workspace_roles(&mut self, users: &[User]) -> HashMap<&'a str, WorkspaceRole> {
        let source = self.source;
        let there: HashSet<&str> = users.iter().map(|user| user.username.as_str()).collect();
        let mut roles = HashMap::new();
        for member in &source.members {
            let username = member.username.as_str();
            match parsed("workspace_role", &member.role) {
                _ if !there.contains(username) => {
                    self.report
                        .lose(MEMBERSHIPS, &member.id, "it is of nobody who is there");
                }
                _ if roles.contains_key(username) => {
                    let why = "another membership is of the same person";
                    self.report.lose(MEMBERSHIPS, &member.id, &why);
                }
                Ok(role) => {
                    roles.insert(username, role);
                }
                Err(why) => self.report.lose(MEMBERSHIPS, &member.id, &why),
            }
        }
        roles
    }

    fn member(
        &mut self,
        user: &User,
        role: Option<WorkspaceRole>,
    ) -> Result<Option<Tried>, String> {
        let username: Username = parsed("username", &user.username)?;
        let role = role.unwrap_or_else(|| {
            let why = "has no role in the workspace, and becomes a viewer";
            self.report.change(USERS, &username, why);
            WorkspaceRole::Viewer
        });
        let command = ImportMember {
            username: username.clone(),
            role,
            email: self.shown(USERS, &username, "email", user.email.as_deref()),
            full_name: self.shown(USERS, &username, "full_name", user.full_name.as_deref()),
        };
        let step = self.attempt(command).map_err(|why| why.to_string())?;
        self.report.counts.members += 1;
        let people = &mut self.report.people;
        match (user.disabled, role) {
            (true, _) => people.disabled.push(username),
            (false, WorkspaceRole::Owner) => people.owners.push(username),
            (false, WorkspaceRole::Admin | WorkspaceRole::Collaborator | WorkspaceRole::Viewer) => {
                people.others.push(username);
            }
        }
        Ok(step)
    }

    /// Groups with those who are in them.
    pub(super) fn groups(&mut self) {
        let mut members = self.group_members();
        let mut steps = Vec::new();
        for group in &self.source.groups {
            let inside = members.remove(group.id.as_str()).unwrap_or_default();
            match self.group(group, inside) {
                Ok((slug, made)) => {
                    self.group_slugs.insert(&group.id, slug);
                    steps.extend(made);
                }
                Err(why) => self.report.lose(GROUPS, &group.id, &why),
            }
            if steps.len() >= AT_ONCE {
                let steps = std::mem::take(&mut steps);
                self.close("groups.create", Target::default(), steps);
            }
        }
        self.close("groups.create", Target::default(), steps);
    }

    fn group_members(&mut self) -> HashMap<&'a str, Vec<Username>> {
        let source = self.source;
        let there: HashSet<&str> = source
            .groups
            .iter()
            .map(|group| group.id.as_str())
            .collect();
        let mut members: HashMap<&'a str, Vec<Username>> = HashMap::new();
        for member in &source.group_members {
            let username = member.username.parse().ok();
            let username = username.filter(|name| self.state.user_named(name).is_some());
            match username {
                _ if !there.contains(member.group_id.as_str()) => {
                    self.report
                        .lose(GROUP_MEMBERS, &member.id, "its group is missing");
                }
                None => {
                    let why = "it is of nobody who comes along";
                    self.report.lose(GROUP_MEMBERS, &member.id, &why);
                }
                Some(name) => members.entry(&member.group_id).or_default().push(name),
            }
        }
        members
    }

    fn group(
        &mut self,
        group: &Group,
        members: Vec<Username>,
    ) -> Result<(Slug, Vec<Tried>), String> {
        let slug: Slug = parsed("slug", &group.slug)?;
        let about = group.description.as_deref();
        let description: Option<Description> = self.shown(GROUPS, &slug, "description", about);
        let command = CreateGroup {
            name: self.shown(GROUPS, &slug, "name", group.name.as_deref()),
            slug: slug.clone(),
            description,
        };
        let made = self.attempt(command).map_err(|why| why.to_string())?;
        self.report.counts.groups += 1;
        let count = members.len();
        let filled = self.attempt(ChangeGroupMembers {
            slug: slug.clone(),
            add: members,
            remove: Vec::new(),
        });
        match &filled {
            Ok(_) => self.report.counts.group_members += count,
            Err(why) => self
                .report
                .lose(GROUP_MEMBERS, &format!("of the group {slug}"), &why),
        }
        let steps = made.into_iter().chain(filled.ok().flatten());
        Ok((slug, steps.collect()))
    }

    /// The roles in each project are one unit.
    pub(super) fn roles(&mut self) {
        let source = self.source;
        let mut roles: HashMap<&str, Vec<&Role>> = HashMap::new();
        for role in &source.roles {
            roles.entry(&role.project_id).or_default().push(role);
        }
        for project in &source.projects {
            let of_project = roles.remove(project.id.as_str()).unwrap_or_default();
            let Some(slug) = self.project_slugs.get(project.id.as_str()).cloned() else {
                self.lose_roles(of_project, "its project does not come along");
                continue;
            };
            let mut steps = Vec::new();
            for role in of_project {
                match self.role(&slug, role) {
                    Ok(step) => steps.extend(step),
                    Err(why) => self.report.lose(ROLES, &role.id, &why),
                }
            }
            self.close("project-members.set", of(&slug), steps);
        }
        let mut left: Vec<_> = roles.into_values().flatten().collect();
        left.sort_by_key(|role| &role.id);
        self.lose_roles(left, "its project is missing");
    }

    fn lose_roles(&mut self, roles: Vec<&Role>, why: &str) {
        for role in roles {
            self.report.lose(ROLES, &role.id, &why);
        }
    }

    fn role(&mut self, project: &Slug, role: &Role) -> Result<Option<Tried>, String> {
        let member = match role.kind {
            SubjectKind::User => Member::User(parsed("subject_id", &role.subject)?),
            SubjectKind::Group => Member::Group(self.group_of(&role.subject)?),
        };
        let command = SetProjectRole {
            project: project.clone(),
            member,
            role: parsed("project_role", &role.role)?,
        };
        let step = self.attempt(command).map_err(|why| why.to_string())?;
        self.report.counts.roles += 1;
        Ok(step)
    }

    fn group_of(&self, id: &str) -> Result<Slug, String> {
        let slug = self.group_slugs.get(id).cloned();
        slug.ok_or_else(|| "its group is missing, or does not come along".to_owned())
    }

    /// All mappings are one unit.
    pub(super) fn mappings(&mut self) {
        let mut steps = Vec::new();
        for mapping in &self.source.mappings {
            match self.mapping(mapping) {
                Ok(step) => steps.extend(step),
                Err(why) => self.report.lose(MAPPINGS, &mapping.id, &why),
            }
        }
        self.close("mappings.create", Target::default(), steps);
    }

    fn mapping(&mut self, mapping: &Mapping) -> Result<Option<Tried>, String> {
        if mapping.provider != PROVIDER {
            return Err(format!("its provider is another one than `{PROVIDER}`"));
        }
        let command = AddMapping {
            external_key: parsed("external_group_key", &mapping.external_key)?,
            group: self.group_of(&mapping.group_id)?,
        };
        let step = self.attempt(command).map_err(|why| why.to_string())?;
        self.report.counts.mappings += 1;
        Ok(step)
    }

    /// Behind the secrets, which keep their references also where referencing is off.
    pub(super) fn settings(&mut self) {
        let mut workspaces = self.source.settings.iter();
        if let Some(settings) = workspaces.next() {
            match self.setting(settings) {
                Ok(step) => {
                    self.report.counts.settings += 1;
                    let steps = step.into_iter().collect();
                    self.close("settings.update", Target::default(), steps);
                }
                Err(why) => self.report.lose(WORKSPACES, &settings.id, &why),
            }
        }
        for other in workspaces {
            let why = "there is one workspace here, and another one comes before it";
            self.report.lose(WORKSPACES, &other.id, &why);
        }
    }

    fn setting(&mut self, settings: &Settings) -> Result<Option<Tried>, String> {
        let workspace = settings.default_workspace_role.as_deref();
        let workspace = workspace.map(|role| parsed("defaultWorkspaceRole", role));
        let project = settings.default_project_role.as_deref();
        let project = project.map(|role| parsed("defaultProjectRole", role));
        let command = UpdateSettings {
            default_workspace_role: workspace.transpose()?,
            default_project_role: project.transpose()?,
            referencing_enabled: settings.referencing_enabled,
            tokens_without_expiry: None,
        };
        self.attempt(command).map_err(|why| why.to_string())
    }
}

/// Somebody who has a password, and of whom nothing else is known.
fn without_profile(username: &str) -> User {
    User {
        id: username.to_owned(),
        username: username.to_owned(),
        email: None,
        full_name: None,
        disabled: false,
        created_at: None,
    }
}
