//! The auth store: every record that the state names is there and is the one, and there are none that no entry names.

use std::collections::{HashMap, HashSet};

use ssm_domain::command::AuthStore;
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Change, Entry, Seq};
use ssm_domain::state::State;

use super::finding::{Findings, Named};
use super::reading::tolerate;
use crate::auth::named_records;
use crate::journal::{Journal, ReadError};

type Name = (AuthStore, String);

/// The records that there were before the first entry was read.
pub(super) struct Records {
    stored: HashMap<Name, Stored>,
    /// Everything is at least as new as this entry.
    newest: Seq,
    /// What later entries added or destroyed, so that it may be there or not.
    may_differ: HashSet<Name>,
}

struct Stored {
    digest: Digest,
    named: NamedAs,
}

/// What entries say of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NamedAs {
    Nothing,
    Another,
    Itself,
}

impl Records {
    /// Loads the records, which are at least as new as the entry `newest`.
    pub(super) async fn load(
        journal: &dyn Journal,
        newest: Seq,
        findings: &mut Findings,
    ) -> Result<Self, ReadError> {
        let mut stored = HashMap::new();
        for store in AuthStore::ALL {
            let records = tolerate(journal.records(store).await, Named::Store(store), findings)?;
            stored.extend(records.into_iter().flatten().map(|record| {
                let (digest, named) = (record.digest(), NamedAs::Nothing);
                ((store, record.id), Stored { digest, named })
            }));
        }
        Ok(Self {
            stored,
            newest,
            may_differ: HashSet::new(),
        })
    }

    /// Takes in an entry, and the state in front of it.
    pub(super) fn take(&mut self, entry: &Entry, before: &State) {
        for change in &entry.changes {
            if let Some((name, digest)) = named_by(change) {
                if let Some(stored) = self.stored.get_mut(&name) {
                    let is_it = stored.digest == digest;
                    stored.named = if is_it {
                        NamedAs::Itself
                    } else {
                        NamedAs::Another
                    };
                }
                if entry.seq > self.newest {
                    self.may_differ.insert(name);
                }
            }
        }
        if entry.seq > self.newest {
            let keys = named_records(before, AuthStore::Keys).into_keys();
            self.may_differ.extend(keys.map(|id| (AuthStore::Keys, id)));
        }
    }

    /// Compares what is there with what `state` and the entries name. Where `may_have_orphans`, a crash may have left
    /// records of entries that never came.
    pub(super) fn finish(self, state: &State, may_have_orphans: bool, findings: &mut Findings) {
        let mut living = HashMap::new();
        for store in AuthStore::ALL {
            let named = named_records(state, store).into_iter();
            living.extend(named.map(|(id, digest)| ((store, id), digest)));
        }
        let mut wrong = Vec::new();
        for (name, digest) in &living {
            match self.stored.get(name) {
                None => wrong.push((name, "is missing")),
                Some(stored) if stored.digest != *digest => {
                    wrong.push((name, "is not the one that the journal names"));
                }
                Some(_) => {}
            }
        }
        for (name, stored) in &self.stored {
            match stored.named {
                _ if living.contains_key(name) => {}
                NamedAs::Nothing if may_have_orphans => {}
                NamedAs::Nothing => wrong.push((name, "is there, and no entry names it")),
                NamedAs::Another => wrong.push((name, "is not the one that an entry names")),
                NamedAs::Itself if name.0 == AuthStore::Keys => {
                    wrong.push((name, "was destroyed, and is there again"));
                }
                NamedAs::Itself => {}
            }
        }
        wrong.retain(|(name, _)| !self.may_differ.contains(*name));
        wrong.sort_by_key(|((store, id), _)| (store.name(), id.as_str()));
        for ((store, id), why) in wrong {
            findings.add(Named::Record(*store, id.clone()), why);
        }
    }
}

/// The record that a change names.
fn named_by(change: &Change) -> Option<(Name, Digest)> {
    let (store, id, digest) = match change {
        Change::UserAdded {
            credential_id,
            credential,
            ..
        }
        | Change::PasswordChanged {
            credential_id,
            credential,
            ..
        } => (
            AuthStore::Credentials,
            credential_id.to_string(),
            *credential,
        ),
        Change::TokenIssued {
            token_id, record, ..
        } => (AuthStore::Tokens, token_id.to_string(), *record),
        Change::ProjectAdded { data_key, .. }
        | Change::DataKeyAdded { data_key, .. }
        | Change::DataKeyRewrapped { data_key, .. } => (
            AuthStore::Keys,
            data_key.record_id.to_string(),
            data_key.record,
        ),
        Change::JournalStarted { .. }
        | Change::EpochStarted { .. }
        | Change::RootKeyRotated { .. }
        | Change::SettingsChanged { .. }
        | Change::UserUpdated { .. }
        | Change::GroupAdded { .. }
        | Change::GroupUpdated { .. }
        | Change::GroupDeleted { .. }
        | Change::GroupMembersChanged { .. }
        | Change::ProjectRoleSet { .. }
        | Change::ProjectRoleRemoved { .. }
        | Change::MappingAdded { .. }
        | Change::MappingRemoved { .. }
        | Change::TokenExpiring { .. }
        | Change::TokenRevoked { .. }
        | Change::ProjectUpdated { .. }
        | Change::ProjectDeleted { .. }
        | Change::ConfigAdded { .. }
        | Change::ConfigUpdated { .. }
        | Change::ConfigReparented { .. }
        | Change::ConfigDeleted { .. }
        | Change::SecretSet { .. }
        | Change::SecretDeleted { .. } => return None,
    };
    Some(((store, id), digest))
}
