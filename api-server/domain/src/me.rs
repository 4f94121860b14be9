//! What somebody changes about themselves.

use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env, RecordName};
use crate::credential::PasswordHash;
use crate::entry::Change;
use crate::id::CredentialId;
use crate::members::{living_tokens, target, updated};
use crate::names::{DisplayName, Email};
use crate::rejection::Rejection;
use crate::secrets::Edit;
use crate::state::{State, User};
use crate::users::new_credential;

/// Changes what is known of the caller, who is a person.
pub struct UpdateProfile {
    /// Where to write to them.
    pub email: Edit<Email>,
    /// What they are called.
    pub full_name: Edit<DisplayName>,
}

impl Command for UpdateProfile {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let user = caller.user()?;
        let after = User {
            email: self.email.over(user.email.clone()),
            full_name: self.full_name.over(user.full_name.clone()),
            ..user.clone()
        };
        let mut draft = Draft::new(caller.name(), "me.update", target(&user.username), ());
        draft.changes.extend(updated(user, &after));
        Ok(draft)
    }
}

/// Gives the caller another password. All of their tokens die but the one that is used: whoever had the old password may
/// have made some.
pub struct ChangePassword {
    /// The credential that was proved, so that of two changes at once one is refused.
    pub proved: CredentialId,
    /// The hash of the new password.
    pub password: PasswordHash,
}

impl Command for ChangePassword {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let user = caller.user()?;
        if user.credential_id != self.proved {
            return Err(wrong_password());
        }
        let (credential_id, record) = new_credential(env, user.id, &self.password);
        let mut draft = Draft::new(caller.name(), "me.password", target(&user.username), ());
        draft.changes.push(Change::PasswordChanged {
            user_id: user.id,
            credential_id,
            credential: record.digest(),
        });
        draft.records.push(record);
        draft
            .destroyed
            .push(RecordName::credential(user.credential_id));
        let used = caller.token().map(|token| token.id);
        let others = living_tokens(state, user.id, env.now).filter(|token| Some(*token) != used);
        let revoked = others.map(|token_id| Change::TokenRevoked { token_id });
        draft.changes.extend(revoked);
        Ok(draft)
    }
}

/// Why a password is not changed for somebody who does not know the one that they have.
pub fn wrong_password() -> Rejection {
    Rejection::invalid("currentPassword", &"is not your password")
}
