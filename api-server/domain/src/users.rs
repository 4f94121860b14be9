//! The journal's beginning, the first user, and signing in.

use std::time::Duration;

use crate::access::Scope;
use crate::caller::{Actor, Caller};
use crate::command::{AuthRecord, AuthStore, Command, Draft, Env};
use crate::credential::{PasswordHash, PasswordRecord};
use crate::entry::{ActorKind, Change, EntryActor, Purpose, Subject, Target};
use crate::id::{CredentialId, Epoch, TokenId, UserId};
use crate::names::Username;
use crate::rejection::Rejection;
use crate::roles::WorkspaceRole;
use crate::state::State;
use crate::tokens::{Issued, issue};

/// How long a session lasts at most.
pub const SESSION_TTL: Duration = Duration::from_hours(24);
/// How long a session of the console may be left alone.
pub const SESSION_IDLE: Duration = Duration::from_hours(8);

/// Begins the journal: gives it its epoch, and notes the fingerprints of the keys that belong to it.
pub struct StartJournal;

impl Command for StartJournal {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let mut draft = Draft::new(caller.name(), "journal.start", Target::default(), ());
        if state.journal().is_none() {
            draft.changes.push(Change::JournalStarted {
                epoch: Epoch::random(env.rng),
                root_key: env.keys.root_fingerprint(),
                token_salt: env.salt.fingerprint(),
                signing_key: env.keys.signing_key(),
            });
        }
        Ok(draft)
    }
}

/// Makes the first user, an owner, and signs them in. Works once only, whoever asks.
pub struct Bootstrap {
    /// What the owner signs in with.
    pub username: Username,
    /// The hash of their password.
    pub password: PasswordHash,
}

impl Command for Bootstrap {
    type Answer = Issued;

    fn decide(
        &self,
        state: &State,
        _: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Issued>, Rejection> {
        if state.users().next().is_some() {
            return Err(Rejection::AlreadyInitialized);
        }
        let user_id = UserId::random(env.rng);
        let (credential_id, credential) = new_credential(env, user_id, &self.password);
        let actor = EntryActor {
            kind: ActorKind::User,
            id: self.username.to_string(),
            token_id: None,
        };
        let target = Target {
            user: Some(self.username.clone()),
            ..Target::default()
        };
        let (token, issued) = issue_session(env, user_id, Purpose::Session);

        let mut draft = Draft::new(actor, "onboarding.bootstrap", target, issued);
        draft.changes.push(Change::UserAdded {
            user_id,
            username: self.username.clone(),
            role: WorkspaceRole::Owner,
            email: None,
            full_name: None,
            credential_id,
            credential: credential.digest(),
        });
        draft.changes.push(token.change);
        draft.records = vec![credential, token.record];
        Ok(draft)
    }
}

/// Makes a session token for somebody who has just proved their password.
pub struct SignIn {
    /// The credential that was proved, so that a password which changed meanwhile does not sign in.
    pub credential_id: CredentialId,
    /// A session, or one of the console's.
    pub purpose: Purpose,
    /// The session that it takes the place of.
    pub replaces: Option<TokenId>,
}

impl SignIn {
    /// Makes a session beside those that there are.
    pub fn session(credential_id: CredentialId) -> Self {
        Self {
            credential_id,
            purpose: Purpose::Session,
            replaces: None,
        }
    }
}

impl Command for SignIn {
    type Answer = Issued;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Issued>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let user = caller.user()?;
        // A token proves no password, and a session is wider than most.
        if caller.token().is_some() || user.credential_id != self.credential_id {
            return Err(Rejection::Unauthenticated);
        }
        let (token, issued) = issue_session(env, user.id, self.purpose);
        let target = Target {
            user: Some(user.username.clone()),
            token: Some(issued.token_id),
            ..Target::default()
        };
        let mut draft = Draft::new(caller.name(), "auth.login", target, issued);
        draft.changes.push(token.change);
        draft.records.push(token.record);
        let replaced = self.replaces.and_then(|id| state.token(id));
        if let Some(old) = replaced.filter(|old| old.purpose.is_sign_in() && old.is_alive(env.now))
        {
            draft
                .changes
                .push(Change::TokenRevoked { token_id: old.id });
        }
        Ok(draft)
    }
}

/// The record of a password that somebody will have once an entry names it.
pub(crate) fn new_credential(
    env: &mut Env<'_>,
    user_id: UserId,
    password: &PasswordHash,
) -> (CredentialId, AuthRecord) {
    let record = PasswordRecord {
        id: CredentialId::random(env.rng),
        user_id,
        hash: password.clone(),
    };
    let stored = AuthRecord::new(AuthStore::Credentials, &record.id, &record);
    (record.id, stored)
}

fn issue_session(
    env: &mut Env<'_>,
    user: UserId,
    purpose: Purpose,
) -> (crate::tokens::NewToken, Issued) {
    let expires_at = Some(env.now.plus(SESSION_TTL));
    issue(
        env,
        Subject::User(user),
        purpose,
        vec![Scope::EVERYTHING],
        Vec::new(),
        expires_at,
    )
}
