//! The people of the workspace: they come, change, and are disabled; nobody is ever forgotten, since entries name them.

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env};
use crate::credential::PasswordHash;
use crate::entry::{Change, Subject, Target};
use crate::id::{TokenId, UserId};
use crate::names::{DisplayName, Email, Username};
use crate::rejection::{Noun, Rejection};
use crate::roles::WorkspaceRole;
use crate::secrets::Edit;
use crate::state::{State, User};
use crate::time::Timestamp;
use crate::users::new_credential;

/// Which endpoints members are managed with. Each has an action of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Those of the workspace.
    Workspace,
    /// Those for usernames and passwords that came before there were members.
    Userpass,
}

impl Via {
    /// The action that they need.
    pub fn action(self) -> Action {
        match self {
            Self::Workspace => Action::MembersManage,
            Self::Userpass => Action::UsersManage,
        }
    }
}

/// Makes somebody a member, who can sign in at once.
pub struct AddMember {
    /// How it is asked for.
    pub via: Via,
    /// What they sign in with.
    pub username: Username,
    /// The hash of their password.
    pub password: PasswordHash,
    /// Where to write to them.
    pub email: Option<Email>,
    /// What they are called.
    pub full_name: Option<DisplayName>,
    /// Their role in the workspace; the default one where there is none.
    pub role: Option<WorkspaceRole>,
}

impl Command for AddMember {
    type Answer = UserId;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<UserId>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        caller.require(self.via.action(), Place::EVERYWHERE)?;
        let default = state.settings().default_workspace_role;
        let role = self.role.unwrap_or(default);
        may_make(state, &caller, role)?;
        if state.user_named(&self.username).is_some() {
            return Err(Rejection::AlreadyExists(Noun::User));
        }
        let user_id = UserId::random(env.rng);
        let (credential_id, record) = new_credential(env, user_id, &self.password);
        let action = match self.via {
            Via::Workspace => "members.create",
            Via::Userpass => "users.register",
        };
        let mut draft = Draft::new(caller.name(), action, target(&self.username), user_id);
        draft.changes.push(Change::UserAdded {
            user_id,
            username: self.username.clone(),
            role,
            email: self.email.clone(),
            full_name: self.full_name.clone(),
            credential_id,
            credential: record.digest(),
        });
        draft.records.push(record);
        Ok(draft)
    }
}

/// Changes a member. Whoever is disabled cannot sign in, and the tokens that they have die; those of machines that they
/// made live on.
pub struct UpdateMember {
    /// How it is asked for.
    pub via: Via,
    /// Who.
    pub username: Username,
    /// Where to write to them.
    pub email: Edit<Email>,
    /// What they are called.
    pub full_name: Edit<DisplayName>,
    /// Their role in the workspace.
    pub role: Option<WorkspaceRole>,
    /// Whether they are kept from signing in.
    pub disabled: Option<bool>,
}

impl UpdateMember {
    /// Disables somebody and leaves them as they are otherwise.
    pub fn disabling(via: Via, username: Username) -> Self {
        Self {
            via,
            username,
            email: Edit::Keep,
            full_name: Edit::Keep,
            role: None,
            disabled: Some(true),
        }
    }
}

impl Command for UpdateMember {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let user = manageable(state, &caller, self.via, &self.username)?;
        let after = User {
            email: self.email.over(user.email.clone()),
            full_name: self.full_name.over(user.full_name.clone()),
            role: self.role.unwrap_or(user.role),
            disabled: self.disabled.unwrap_or(user.disabled),
            ..user.clone()
        };
        if after.role != user.role || (user.disabled && !after.disabled) {
            may_make(state, &caller, after.role)?;
        }
        if user.is_active_owner() && !after.is_active_owner() && state.active_owners() == 1 {
            return Err(Rejection::LastOwner);
        }
        let target = target(&user.username);
        let mut draft = Draft::new(caller.name(), "members.update", target, ());
        draft.changes.extend(updated(user, &after));
        if after.disabled && !user.disabled {
            let tokens = living_tokens(state, user.id, env.now);
            let revoked = tokens.map(|token_id| Change::TokenRevoked { token_id });
            draft.changes.extend(revoked);
        }
        Ok(draft)
    }
}

/// A member whom the caller may change: nobody touches those who may do more than themselves.
pub fn manageable<'a>(
    state: &'a State,
    caller: &Caller<'_>,
    via: Via,
    username: &Username,
) -> Result<&'a User, Rejection> {
    caller.require(via.action(), Place::EVERYWHERE)?;
    let user = state
        .user_named(username)
        .ok_or(Rejection::NotFound(Noun::User))?;
    caller.require_all(user.role.scope().actions, Place::EVERYWHERE)?;
    Ok(user)
}

/// Refuses unless the caller has all that somebody with this role would have, and everybody has in every project.
fn may_make(state: &State, caller: &Caller<'_>, role: WorkspaceRole) -> Result<(), Rejection> {
    let everywhere = role.scope().actions;
    let in_projects = state.settings().default_project_role.actions();
    caller.require_all(everywhere.union(in_projects), Place::EVERYWHERE)
}

/// What must be written for somebody to be as they are `after`; nothing where they are so already.
pub(crate) fn updated(before: &User, after: &User) -> Option<Change> {
    let known = |user: &User| {
        let (email, full_name) = (user.email.clone(), user.full_name.clone());
        (user.role, user.disabled, email, full_name)
    };
    (known(before) != known(after)).then(|| Change::UserUpdated {
        user_id: before.id,
        role: after.role,
        disabled: after.disabled,
        email: after.email.clone(),
        full_name: after.full_name.clone(),
    })
}

/// The tokens of a person that are still good for something.
pub(crate) fn living_tokens(
    state: &State,
    user: UserId,
    now: Timestamp,
) -> impl Iterator<Item = TokenId> {
    state
        .tokens()
        .filter(move |token| token.subject == Subject::User(user) && token.is_alive(now))
        .map(|token| token.id)
}

/// An entry's target that is a person.
pub(crate) fn target(username: &Username) -> Target {
    Target {
        user: Some(username.clone()),
        ..Target::default()
    }
}
