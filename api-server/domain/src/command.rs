//! What every command is: something that is decided against a state, and comes to the draft of one entry.

use rand::CryptoRng;
use serde::Serialize;

use crate::caller::Actor;
use crate::credential::TokenSalt;
use crate::digest::Digest;
use crate::entry::{Change, EntryActor, Target};
use crate::id::{CredentialId, KeyRecordId, TokenId};
use crate::rejection::Rejection;
use crate::seal::{KeyRing, Sealed};
use crate::state::State;
use crate::time::Timestamp;

/// Something that somebody wants changed. Deciding is deterministic: clock, randomness and keys are passed in.
pub trait Command: Send + 'static {
    /// What the caller is told when the entry is written.
    type Answer: Send + 'static;

    /// Decides against `state` what `actor` asks for. May be called again with a later state when somebody else's
    /// entry came first; only the last draft counts.
    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<Self::Answer>, Rejection>;
}

/// What deciding needs from the world outside.
pub struct Env<'a> {
    /// The clock's time.
    pub now: Timestamp,
    /// Randomness for ids, keys and nonces.
    pub rng: &'a mut dyn CryptoRng,
    /// Seals and opens values.
    pub keys: &'a KeyRing,
    /// Keys the hashes of tokens.
    pub salt: &'a TokenSalt,
}

impl Env<'_> {
    /// The time that an entry behind `state` will have.
    pub(crate) fn written_at(&self, state: &State) -> Timestamp {
        self.now.max(state.head().at)
    }
}

/// A decided command: an entry that is not yet in the journal, and what must be stored for it.
pub struct Draft<A> {
    /// Who does it, by the names of this time.
    pub actor: EntryActor,
    /// What is done.
    pub action: &'static str,
    /// What it is done to.
    pub target: Target,
    /// What changes. Empty means that everything is as it was asked to be, and no entry is written.
    pub changes: Vec<Change>,
    /// Sealed values that the changes name by digest.
    pub values: Vec<Sealed>,
    /// Records of the auth store that the changes name by digest.
    pub records: Vec<AuthRecord>,
    /// Records of the auth store to be destroyed once the entry is written.
    pub destroyed: Vec<RecordName>,
    /// What the caller is told.
    pub answer: A,
}

impl<A> Draft<A> {
    /// A draft that changes nothing yet.
    pub fn new(actor: EntryActor, action: &'static str, target: Target, answer: A) -> Self {
        let (changes, values, records, destroyed) = Default::default();
        Self {
            actor,
            action,
            target,
            changes,
            values,
            records,
            destroyed,
            answer,
        }
    }

    /// The same draft with its answer taken out.
    pub fn split(self) -> (Draft<()>, A) {
        let Self {
            actor,
            action,
            target,
            changes,
            values,
            records,
            destroyed,
            answer,
        } = self;
        (
            Draft {
                actor,
                action,
                target,
                changes,
                values,
                records,
                destroyed,
                answer: (),
            },
            answer,
        )
    }
}

/// Which part of the auth store a record lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthStore {
    /// Hashes of passwords.
    Credentials,
    /// Hashes of tokens.
    Tokens,
    /// Wrapped data keys.
    Keys,
}

impl AuthStore {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Credentials, Self::Tokens, Self::Keys];

    /// The name of the table or collection.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Tokens => "tokens",
            Self::Keys => "keys",
        }
    }
}

/// Names a record of the auth store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordName {
    /// Where it lies.
    pub store: AuthStore,
    /// Its name there.
    pub id: String,
}

impl RecordName {
    /// The record of a password.
    pub fn credential(id: CredentialId) -> Self {
        Self {
            store: AuthStore::Credentials,
            id: id.to_string(),
        }
    }

    /// The record of a token.
    pub fn token(id: TokenId) -> Self {
        Self {
            store: AuthStore::Tokens,
            id: id.to_string(),
        }
    }

    /// The record of a wrapped data key.
    pub fn key(id: KeyRecordId) -> Self {
        Self {
            store: AuthStore::Keys,
            id: id.to_string(),
        }
    }
}

/// A record that stays out of the journal; the entry holds its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthRecord {
    /// Where it lies.
    pub store: AuthStore,
    /// Its name there.
    pub id: String,
    /// JSON.
    pub body: Vec<u8>,
}

impl AuthRecord {
    /// The record of something that can be written as JSON.
    pub fn new(store: AuthStore, id: &impl ToString, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("a record has only strings and numbers");
        Self {
            store,
            id: id.to_string(),
            body,
        }
    }

    /// Its name.
    pub fn name(&self) -> RecordName {
        RecordName {
            store: self.store,
            id: self.id.clone(),
        }
    }

    /// The digest that the entry holds.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.body)
    }
}
