//! The auth store in memory: which token a hash belongs to, and which bcrypt hash a credential has.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use serde_json::from_slice;
use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::credential::{PasswordHash, PasswordRecord, TokenHash, TokenRecord};
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Change, Entry};
use ssm_domain::id::{CredentialId, TokenId};
use ssm_domain::seal::{KeyRing, WrappedDataKey};
use ssm_domain::state::State;

use crate::error::OpenError;
use crate::journal::Journal;

/// What proves who somebody is, by what they show.
#[derive(Default)]
pub(crate) struct AuthIndex {
    tokens: RwLock<HashMap<TokenHash, TokenId>>,
    passwords: RwLock<HashMap<CredentialId, PasswordHash>>,
}

impl AuthIndex {
    pub(crate) fn token(&self, hash: &TokenHash) -> Option<TokenId> {
        self.tokens
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .copied()
    }

    pub(crate) fn password(&self, id: CredentialId) -> Option<PasswordHash> {
        self.passwords
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// Takes in a record that an entry names. False where it cannot be used.
    pub(crate) fn learn(&self, record: &AuthRecord, keys: &KeyRing) -> bool {
        match record.store {
            AuthStore::Tokens => from_slice::<TokenRecord>(&record.body).is_ok_and(|token| {
                let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
                tokens.insert(token.hash(), token.id);
                token.id.to_string() == record.id
            }),
            AuthStore::Credentials => {
                from_slice::<PasswordRecord>(&record.body).is_ok_and(|password| {
                    let mut passwords = self
                        .passwords
                        .write()
                        .unwrap_or_else(PoisonError::into_inner);
                    passwords.insert(password.id, password.hash);
                    password.id.to_string() == record.id
                })
            }
            AuthStore::Keys => from_slice::<WrappedDataKey>(&record.body)
                .is_ok_and(|key| key.record_id.to_string() == record.id && keys.load(&key).is_ok()),
        }
    }

    /// Forgets the passwords among records that are destroyed. Tokens are, with what they were, for as long as the state
    /// remembers them; keys are the key ring's.
    pub(crate) fn forget(&self, destroyed: &[RecordName]) {
        let mut passwords = self
            .passwords
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        passwords.retain(|id, _| !destroyed.contains(&RecordName::credential(*id)));
    }

    /// Takes in the records that these entries name, as far as `state`, which is with them, still names them.
    pub(crate) async fn follow(
        &self,
        journal: &dyn Journal,
        state: &State,
        entries: &[Entry],
        keys: &KeyRing,
    ) -> Result<(), OpenError> {
        let changes = entries.iter().flat_map(|entry| &entry.changes);
        let named: HashMap<RecordName, Digest> = changes
            .filter_map(Change::record)
            .filter(|(name, _)| is_named(state, name))
            .collect();
        if named.is_empty() {
            return Ok(());
        }
        let names: Vec<RecordName> = named.keys().cloned().collect();
        self.take_in(named, journal.find_records(&names).await?, keys)
    }

    /// Takes in those of `records` that are `named`, which must be all of these.
    fn take_in(
        &self,
        mut named: HashMap<RecordName, Digest>,
        records: Vec<AuthRecord>,
        keys: &KeyRing,
    ) -> Result<(), OpenError> {
        for record in records {
            if let Some(digest) = named.remove(&record.name())
                && (record.digest() != digest || !self.learn(&record, keys))
            {
                return Err(foreign(record.name()));
            }
        }
        named
            .into_keys()
            .next()
            .map_or(Ok(()), |name| Err(foreign(name)))
    }

    /// Takes in every record that `state` names, and checks that each is there and is the one that was named. Records
    /// that no entry names are what a crash left behind, and are passed over.
    pub(crate) async fn load(
        &self,
        journal: &dyn Journal,
        state: &State,
        keys: &KeyRing,
    ) -> Result<(), OpenError> {
        for store in AuthStore::ALL {
            let records = journal.records(store).await?;
            self.take_in(named_records(state, store), records, keys)?;
        }
        Ok(())
    }
}

/// What is wrong where a record is missing or is not the one that was named.
pub(crate) fn foreign(RecordName { store, id }: RecordName) -> OpenError {
    OpenError::ForeignRecord {
        store: store.name(),
        id,
    }
}

/// The records of one part of the auth store that `state` names, with their digests.
pub(crate) fn named_records(state: &State, store: AuthStore) -> HashMap<RecordName, Digest> {
    match store {
        AuthStore::Tokens => state
            .tokens()
            .map(|token| (RecordName::token(token.id), token.record))
            .collect(),
        AuthStore::Credentials => state
            .users()
            .map(|user| (RecordName::credential(user.credential_id), user.credential))
            .collect(),
        AuthStore::Keys => state
            .projects()
            .flat_map(|project| &project.data_keys)
            .map(|data_key| (RecordName::key(data_key.key.record_id), data_key.key.record))
            .collect(),
    }
}

/// Whether a record that an entry named is still one that `state` names.
fn is_named(state: &State, RecordName { store, id }: &RecordName) -> bool {
    match store {
        AuthStore::Tokens => id.parse().is_ok_and(|id| state.token(id).is_some()),
        AuthStore::Credentials => id
            .parse()
            .is_ok_and(|id| state.users().any(|user| user.credential_id == id)),
        AuthStore::Keys => id.parse().is_ok_and(|id| {
            let mut keys = state.projects().flat_map(|project| &project.data_keys);
            keys.any(|data_key| data_key.key.record_id == id)
        }),
    }
}
