//! What comes from version 1.4 into a journal that is empty otherwise: the same commands as anybody's, many to an entry, by
//! an actor that the record calls `import`.

use std::sync::Arc;

use crate::access_record::Access;
use crate::caller::Actor;
use crate::command::{Command, Draft, Env};
use crate::credential::PasswordHash;
use crate::digest::Digest;
use crate::entry::{ActorKind, Change, Entry, EntryActor, NewEntry, Target};
use crate::id::{OpId, UserId};
use crate::members;
use crate::names::{DisplayName, Email, Username};
use crate::rejection::{Noun, Rejection};
use crate::roles::WorkspaceRole;
use crate::state::State;
use crate::users::new_credential;

/// A command that is carried out as a part of an [`Import`].
pub trait Step: Send + Sync {
    /// Decides it, whatever it would answer.
    fn draft(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection>;
}

impl<C: Command + Sync> Step for C {
    fn draft(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        self.decide(state, actor, env).map(|draft| draft.split().0)
    }
}

/// Several commands in one entry, each decided against what the ones before it come to.
#[derive(Clone)]
pub struct Import {
    /// What it is called on record.
    pub action: &'static str,
    /// What it is about.
    pub target: Target,
    /// The commands.
    pub steps: Vec<Arc<dyn Step>>,
}

impl Command for Import {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        if *actor != Actor::System {
            return Err(Rejection::Unauthenticated);
        }
        let name = EntryActor {
            kind: ActorKind::System,
            id: "import".to_owned(),
            token_id: None,
        };
        let mut whole = Draft::new(name, self.action, self.target.clone(), ());
        let mut state = state.clone();
        for step in &self.steps {
            let mut part = step.draft(&state, actor, env)?;
            foresee(&mut state, &part, env);
            whole.changes.append(&mut part.changes);
            whole.values.append(&mut part.values);
            whole.records.append(&mut part.records);
            whole.destroyed.append(&mut part.destroyed);
        }
        Ok(whole)
    }
}

/// Makes this the state as if `draft` had been written, to decide what is to come behind it. Nothing may be told from it:
/// the entry, and with it the head, will be another one.
pub fn foresee(state: &mut State, draft: &Draft<()>, env: &Env<'_>) {
    let new = NewEntry {
        op_id: OpId::MIN,
        now: env.now,
        actor: draft.actor.clone(),
        request: None,
        action: draft.action.to_owned(),
        target: draft.target.clone(),
        changes: draft.changes.clone(),
    };
    let values = draft.values.iter();
    let values = values.map(|sealed| (Digest::of(sealed.as_bytes()), sealed.clone()));
    let entry = Entry::append_to(state.head(), new);
    state.apply(&entry, Digest::ZERO, &values.collect());
}

/// Adds a member who is disabled, and has no password until somebody gives them one.
pub struct ImportMember {
    /// What they sign in with.
    pub username: Username,
    /// Their role in the workspace.
    pub role: WorkspaceRole,
    /// Where to write to them.
    pub email: Option<Email>,
    /// What they are called.
    pub full_name: Option<DisplayName>,
}

impl Command for ImportMember {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        if *actor != Actor::System {
            return Err(Rejection::Unauthenticated);
        }
        if state.user_named(&self.username).is_some() {
            return Err(Rejection::AlreadyExists(Noun::User));
        }
        let user_id = UserId::random(env.rng);
        let (credential_id, record) = new_credential(env, user_id, &PasswordHash::unmatchable());
        let target = members::target(&self.username);
        let mut draft = Draft::new(EntryActor::server(), "members.create", target, ());
        draft.changes.push(Change::UserAdded {
            user_id,
            username: self.username.clone(),
            role: self.role,
            email: self.email.clone(),
            full_name: self.full_name.clone(),
            credential_id,
            credential: record.digest(),
        });
        draft.changes.push(Change::UserUpdated {
            user_id,
            role: self.role,
            disabled: true,
            email: self.email.clone(),
            full_name: self.full_name.clone(),
        });
        draft.records.push(record);
        Ok(draft)
    }
}

/// Puts on record what another system had on record.
pub struct ImportEvents {
    /// What happened, oldest first, and later than what was imported before.
    pub events: Vec<Access>,
}

impl Command for ImportEvents {
    type Answer = ();

    fn decide(&self, _: &State, actor: &Actor, _: &mut Env<'_>) -> Result<Draft<()>, Rejection> {
        if *actor != Actor::System {
            return Err(Rejection::Unauthenticated);
        }
        let target = Target::default();
        let mut draft = Draft::new(EntryActor::server(), "audit.import", target, ());
        draft.changes.push(Change::EventsImported {
            events: self.events.clone(),
        });
        Ok(draft)
    }
}
