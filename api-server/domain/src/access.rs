//! Who may do what where: actions, the places they hold in, and the authority that a caller has right now.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::{ConfigId, ProjectId};

macro_rules! actions {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// Something that a scope allows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each variant is named as its action is written")]
        pub enum Action { $($name),* }

        impl Action {
            /// Every action, in the order in which lists of them are written.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The action as it is written, such as `secrets:read`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

actions! {
    ProjectsRead = "projects:read",
    ProjectsWrite = "projects:write",
    ConfigsRead = "configs:read",
    ConfigsWrite = "configs:write",
    SecretsRead = "secrets:read",
    SecretsWrite = "secrets:write",
    SecretsDelete = "secrets:delete",
    SecretsExport = "secrets:export",
    TokensRead = "tokens:read",
    TokensWrite = "tokens:write",
    TokensRevoke = "tokens:revoke",
    AuditRead = "audit:read",
    UsersManage = "users:manage",
    SettingsRead = "workspace:settings:read",
    SettingsManage = "workspace:settings:manage",
    MembersRead = "workspace:members:read",
    MembersManage = "workspace:members:manage",
    GroupsRead = "workspace:groups:read",
    GroupsManage = "workspace:groups:manage",
    ProjectMembersRead = "workspace:project-members:read",
    ProjectMembersManage = "workspace:project-members:manage",
    MappingsRead = "workspace:mappings:read",
    MappingsManage = "workspace:mappings:manage",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be known actions, such as secrets:read")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.as_str() == text)
            .ok_or(UnknownAction)
    }
}

/// A set of actions, written as a list in their own order.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ActionSet(u32);

impl ActionSet {
    /// No action.
    pub const NONE: Self = Self(0);
    /// Every action there is.
    pub const ALL: Self = Self::of(Action::ALL);
    /// What `tokens:manage` stands for, which clients of version 1.4 ask for and look for.
    const TOKENS_MANAGE: Self = Self::of(&[
        Action::TokensRead,
        Action::TokensWrite,
        Action::TokensRevoke,
    ]);
    /// The name of [`Self::TOKENS_MANAGE`].
    const TOKENS_MANAGE_NAME: &str = "tokens:manage";
    /// Actions that say nothing about any project: holding one makes no project visible.
    const BESIDE_PROJECTS: Self = Self::of(&[
        Action::UsersManage,
        Action::SettingsRead,
        Action::SettingsManage,
        Action::MembersRead,
        Action::MembersManage,
        Action::GroupsRead,
        Action::GroupsManage,
        Action::MappingsRead,
        Action::MappingsManage,
    ]);

    /// The set of `actions`.
    pub const fn of(actions: &[Action]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < actions.len() {
            bits |= 1 << actions[i] as u32;
            i += 1;
        }
        Self(bits)
    }

    /// Reads a list of names, `tokens:manage` among them.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownAction> {
        names
            .into_iter()
            .try_fold(Self::NONE, |set, name| match name {
                Self::TOKENS_MANAGE_NAME => Ok(set.union(Self::TOKENS_MANAGE)),
                name => Ok(set.union(Self::of(&[name.parse()?]))),
            })
    }

    /// The names for a summary: those of the actions, and `tokens:manage` where it holds.
    pub fn summary(self) -> Vec<&'static str> {
        let alias = (self.0 & Self::TOKENS_MANAGE.0 == Self::TOKENS_MANAGE.0)
            .then_some(Self::TOKENS_MANAGE_NAME);
        self.iter().map(Action::as_str).chain(alias).collect()
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// All actions of this set that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those that are about a project, or what is in one.
    #[must_use]
    pub const fn about_projects(self) -> Self {
        self.without(Self::BESIDE_PROJECTS)
    }

    /// Whether `action` is in the set.
    pub const fn contains(self, action: Action) -> bool {
        self.0 & (1 << action as u32) != 0
    }

    /// Whether the set holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The actions in order.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL
            .iter()
            .copied()
            .filter(move |action| self.contains(*action))
    }
}

impl fmt::Debug for ActionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Action::as_str))
            .finish()
    }
}

impl Serialize for ActionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<_> = self.iter().map(Action::as_str).collect();
        names.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ActionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::parse(names.iter().map(String::as_str)).map_err(de::Error::custom)
    }
}

/// Where an action happens, or where a scope holds: everywhere, in one project, or in one config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The project, or any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// The config of that project, or any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_id: Option<ConfigId>,
}

impl Place {
    /// The whole workspace.
    pub const EVERYWHERE: Self = Self {
        project_id: None,
        config_id: None,
    };

    /// One project with all of its configs.
    pub fn project(project_id: ProjectId) -> Self {
        Self {
            project_id: Some(project_id),
            config_id: None,
        }
    }

    /// One config.
    pub fn config(project_id: ProjectId, config_id: ConfigId) -> Self {
        Self {
            project_id: Some(project_id),
            config_id: Some(config_id),
        }
    }

    /// Whether everything in `other` is also in this place.
    pub fn covers(self, other: Self) -> bool {
        match (self.project_id, self.config_id) {
            (None, None) => true,
            // A config of no project is nowhere.
            (None, Some(_)) => false,
            (Some(_), None) => self.project_id == other.project_id,
            (Some(_), Some(_)) => self == other,
        }
    }

    /// Whether one of the two places covers the other.
    fn meets(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

/// What is allowed in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The actions.
    pub actions: ActionSet,
    /// Where they hold.
    #[serde(flatten)]
    pub place: Place,
}

impl Scope {
    /// Everything everywhere.
    pub const EVERYTHING: Self = Self {
        actions: ActionSet::ALL,
        place: Place::EVERYWHERE,
    };

    fn grants(&self, action: Action, place: Place) -> bool {
        self.actions.contains(action) && self.place.covers(place)
    }

    /// The part of the scope that holds in `place`.
    fn within(&self, place: Place) -> Option<Self> {
        let place = if self.place.covers(place) {
            place
        } else {
            Some(self.place).filter(|own| place.covers(*own))?
        };
        Some(Self { place, ..*self })
    }

    /// Whether the scope lets it be known that there is `place`.
    pub(crate) fn shows(&self, place: Place) -> bool {
        !self.actions.about_projects().is_empty() && self.place.meets(place)
    }
}

/// What a caller may do at one moment: what the token says, and no more than what its user may do.
#[derive(Debug, Clone)]
pub struct Authority {
    granted: Vec<Scope>,
    limit: Option<Vec<Scope>>,
}

impl Authority {
    /// The authority of `granted` alone.
    pub fn of(granted: Vec<Scope>) -> Self {
        Self {
            granted,
            limit: None,
        }
    }

    /// The authority of `granted` where `limit` allows it too.
    pub fn limited(granted: Vec<Scope>, limit: Vec<Scope>) -> Self {
        Self {
            granted,
            limit: Some(limit),
        }
    }

    /// Whether `action` is allowed in all of `place`.
    pub fn may(&self, action: Action, place: Place) -> bool {
        self.both(|scopes| scopes.iter().any(|scope| scope.grants(action, place)))
    }

    /// Whether the caller may know that `place` exists.
    pub fn sees(&self, place: Place) -> bool {
        self.both(|scopes| scopes.iter().any(|scope| scope.shows(place)))
    }

    /// All actions that are allowed in all of `place`.
    pub fn actions(&self, place: Place) -> ActionSet {
        let allowed: Vec<Action> = Action::ALL
            .iter()
            .copied()
            .filter(|action| self.may(*action, place))
            .collect();
        ActionSet::of(&allowed)
    }

    /// What was granted, as far as it holds in `place`; what limits it is left out.
    pub fn granted_in(&self, place: Place) -> impl Iterator<Item = Scope> {
        self.granted
            .iter()
            .filter_map(move |scope| scope.within(place))
    }

    /// Whether something is allowed in the project, or in a config of it, that is not allowed everywhere.
    pub fn allows_more_in(&self, project: ProjectId) -> bool {
        let everywhere = self.actions(Place::EVERYWHERE);
        let scopes = self.granted.iter().chain(self.limit.iter().flatten());
        scopes
            .map(|scope| scope.place)
            .filter(|place| place.project_id == Some(project))
            .any(|place| !self.actions(place).without(everywhere).is_empty())
    }

    fn both(&self, holds: impl Fn(&[Scope]) -> bool) -> bool {
        holds(&self.granted) && self.limit.as_deref().is_none_or(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, ActionSet, Authority, Place, Scope};
    use crate::id::{ConfigId, ProjectId};
    use crate::roles::WorkspaceRole;

    const WEB: ProjectId = ProjectId::MIN;

    fn config(byte: u8) -> ConfigId {
        ConfigId::from_bytes([byte; 12])
    }

    fn reading(place: Place) -> Scope {
        Scope {
            actions: ActionSet::of(&[Action::SecretsRead]),
            place,
        }
    }

    #[test]
    fn a_scope_on_a_config_grants_nothing_beside_it() {
        let authority = Authority::of(vec![reading(Place::config(WEB, config(1)))]);
        assert!(authority.may(Action::SecretsRead, Place::config(WEB, config(1))));
        assert!(!authority.may(Action::SecretsWrite, Place::config(WEB, config(1))));
        assert!(!authority.may(Action::SecretsRead, Place::config(WEB, config(2))));
        assert!(!authority.may(Action::SecretsRead, Place::project(WEB)));
        assert!(!authority.may(Action::SecretsRead, Place::EVERYWHERE));
    }

    #[test]
    fn a_scope_on_a_config_shows_its_project_and_no_other_config() {
        let authority = Authority::of(vec![reading(Place::config(WEB, config(1)))]);
        assert!(authority.sees(Place::project(WEB)));
        assert!(!authority.sees(Place::config(WEB, config(2))));
        assert!(!authority.sees(Place::project(ProjectId::from_bytes([9; 12]))));
    }

    #[test]
    fn a_token_gives_no_more_than_its_user_has() {
        let viewer =
            Authority::limited(vec![Scope::EVERYTHING], vec![WorkspaceRole::Viewer.scope()]);
        assert!(viewer.may(Action::MembersRead, Place::EVERYWHERE));
        assert!(!viewer.may(Action::SecretsRead, Place::project(WEB)));
        assert!(!viewer.sees(Place::project(WEB)));
    }

    #[test]
    fn tokens_manage_is_the_three_token_actions() {
        let set = ActionSet::parse(["tokens:manage"]).unwrap();
        assert_eq!(
            set.summary(),
            [
                "tokens:read",
                "tokens:write",
                "tokens:revoke",
                "tokens:manage"
            ]
        );
        assert_eq!(
            serde_json::to_string(&set).unwrap(),
            r#"["tokens:read","tokens:write","tokens:revoke"]"#
        );
        assert!(ActionSet::parse(["tokens:admin"]).is_err());
    }

    #[test]
    fn a_scope_is_written_with_the_ids_that_it_has() {
        let scope = reading(Place::project(WEB));
        let json = serde_json::to_string(&scope).unwrap();
        assert_eq!(
            json,
            r#"{"actions":["secrets:read"],"project_id":"000000000000000000000000"}"#
        );
        assert_eq!(serde_json::from_str::<Scope>(&json).unwrap(), scope);
    }
}
