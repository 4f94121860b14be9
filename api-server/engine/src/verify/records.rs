//! The auth store: every record that the state names is there and is the one, and there are none that no entry names.

use std::collections::{HashMap, HashSet};

use ssm_domain::command::{AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, Seq};
use ssm_domain::state::State;

use super::finding::{Findings, Named};
use super::reading::tolerate;
use crate::auth::named_records;
use crate::journal::{Journal, ReadError};

/// The records that there were before the first entry was read.
pub(super) struct Records {
    stored: HashMap<RecordName, Stored>,
    /// Everything is at least as new as this entry.
    newest: Seq,
    /// What later entries added or destroyed, so that it may be there or not.
    may_differ: HashSet<RecordName>,
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
                (record.name(), Stored { digest, named })
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
            if let Some((name, digest)) = change.record() {
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
            for store in [AuthStore::Keys, AuthStore::Credentials] {
                self.may_differ
                    .extend(named_records(before, store).into_keys());
            }
        }
    }

    /// Compares what is there with what `state` and the entries name. Where `may_have_orphans`, a crash may have left
    /// records of entries that never came, and records that entries destroyed.
    pub(super) fn finish(self, state: &State, may_have_orphans: bool, findings: &mut Findings) {
        let mut living = HashMap::new();
        for store in AuthStore::ALL {
            living.extend(named_records(state, store));
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
                // What the state has forgotten of tokens stays, and so does what a crash left undestroyed.
                NamedAs::Itself if name.store == AuthStore::Tokens || may_have_orphans => {}
                NamedAs::Itself => wrong.push((name, "was destroyed, and is there again")),
            }
        }
        wrong.retain(|(name, _)| !self.may_differ.contains(*name));
        wrong.sort_by_key(|(name, _)| (name.store.name(), name.id.as_str()));
        for (RecordName { store, id }, why) in wrong {
            findings.add(Named::Record(*store, id.clone()), why);
        }
    }
}
