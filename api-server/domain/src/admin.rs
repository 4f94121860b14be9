//! What somebody who has the data itself may do for an owner who is locked out. The server does it by itself, and the
//! journal says so.

use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env, RecordName};
use crate::credential::PasswordHash;
use crate::entry::Change;
use crate::id::UserId;
use crate::members::{living_tokens, target};
use crate::names::Username;
use crate::rejection::{Noun, Rejection};
use crate::roles::WorkspaceRole;
use crate::state::State;
use crate::users::new_credential;

/// Adds a user of any role.
pub struct AdminCreate {
    /// What they sign in with.
    pub username: Username,
    /// Their role in the workspace.
    pub role: WorkspaceRole,
    /// The hash of their password.
    pub password: PasswordHash,
}

impl Command for AdminCreate {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let mut draft = begin(state, actor, env, "admin.create", &self.username, ())?;
        if state.user_named(&self.username).is_some() {
            return Err(Rejection::AlreadyExists(Noun::User));
        }
        let user_id = UserId::random(env.rng);
        let (credential_id, record) = new_credential(env, user_id, &self.password);
        draft.changes.push(Change::UserAdded {
            user_id,
            username: self.username.clone(),
            role: self.role,
            email: None,
            full_name: None,
            credential_id,
            credential: record.digest(),
        });
        draft.records.push(record);
        Ok(draft)
    }
}

/// Gives a user another password, ends all that they are signed in with, and lets them in again where they were
/// disabled.
pub struct AdminResetPassword {
    /// What they sign in with.
    pub username: Username,
    /// The hash of their new password.
    pub password: PasswordHash,
}

/// What resetting a password came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordReset {
    /// How many tokens of theirs died, sessions included.
    pub revoked: usize,
    /// Whether they were disabled before.
    pub enabled: bool,
}

impl Command for AdminResetPassword {
    type Answer = PasswordReset;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<PasswordReset>, Rejection> {
        let answer = PasswordReset {
            revoked: 0,
            enabled: false,
        };
        let action = "admin.reset-password";
        let mut draft = begin(state, actor, env, action, &self.username, answer)?;
        let user = state
            .user_named(&self.username)
            .ok_or(Rejection::NotFound(Noun::User))?;
        let (credential_id, record) = new_credential(env, user.id, &self.password);
        draft.changes.push(Change::PasswordChanged {
            user_id: user.id,
            credential_id,
            credential: record.digest(),
        });
        draft.records.push(record);
        draft
            .destroyed
            .push(RecordName::credential(user.credential_id));
        if user.disabled {
            draft.answer.enabled = true;
            draft.changes.push(Change::UserUpdated {
                user_id: user.id,
                role: user.role,
                disabled: false,
                email: user.email.clone(),
                full_name: user.full_name.clone(),
            });
        }
        for token_id in living_tokens(state, user.id, env.now) {
            draft.answer.revoked += 1;
            draft.changes.push(Change::TokenRevoked { token_id });
        }
        Ok(draft)
    }
}

/// A draft about a user, for the server itself only.
fn begin<A>(
    state: &State,
    actor: &Actor,
    env: &Env<'_>,
    action: &'static str,
    user: &Username,
    answer: A,
) -> Result<Draft<A>, Rejection> {
    if *actor != Actor::System {
        return Err(Rejection::Unauthenticated);
    }
    let caller = Caller::identify(state, actor, env.now)?;
    Ok(Draft::new(caller.name(), action, target(user), answer))
}
