//! The auth store in memory: which token a hash belongs to, and which bcrypt hash a credential has.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use serde_json::from_slice;
use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::credential::{PasswordHash, PasswordRecord, TokenHash, TokenRecord};
use ssm_domain::digest::Digest;
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

    /// Takes in every record that `state` names, and checks that each is there and is the one that was named. Records
    /// that no entry names are what a crash left behind, and are passed over.
    pub(crate) async fn load(
        &self,
        journal: &dyn Journal,
        state: &State,
        keys: &KeyRing,
    ) -> Result<(), OpenError> {
        for store in AuthStore::ALL {
            let mut named = named_records(state, store);
            for record in journal.records(store).await? {
                if let Some(digest) = named.remove(&record.id)
                    && (record.digest() != digest || !self.learn(&record, keys))
                {
                    return Err(OpenError::ForeignRecord {
                        store: store.name(),
                        id: record.id,
                    });
                }
            }
            if let Some(id) = named.into_keys().next() {
                return Err(OpenError::ForeignRecord {
                    store: store.name(),
                    id,
                });
            }
        }
        Ok(())
    }
}

/// The records of one part of the auth store that `state` names, with their digests.
pub(crate) fn named_records(state: &State, store: AuthStore) -> HashMap<String, Digest> {
    match store {
        AuthStore::Tokens => state
            .tokens()
            .map(|token| (token.id.to_string(), token.record))
            .collect(),
        AuthStore::Credentials => state
            .users()
            .map(|user| (user.credential_id.to_string(), user.credential))
            .collect(),
        AuthStore::Keys => state
            .projects()
            .flat_map(|project| &project.data_keys)
            .map(|data_key| (data_key.key.record_id.to_string(), data_key.key.record))
            .collect(),
    }
}
