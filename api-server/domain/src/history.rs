//! What a config's own secrets were at some time, worked out from the entries that touched it.
//!
//! Entries are looked at newest first, from the present back to where everything is known, so that to look a little
//! back costs little however long the history is.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::entry::{Change, Entry, Seq};
use crate::id::ConfigId;
use crate::names::Key;
use crate::rejection::Rejection;
use crate::state::{Config, Secret, Values};

/// A config's own secrets on the way back to a revision.
#[derive(Debug)]
pub struct LookingBack {
    config: ConfigId,
    revision: Seq,
    secrets: BTreeMap<Key, Secret>,
    /// Digests of values that the present state does not have.
    values: BTreeMap<Key, Digest>,
    /// Keys of which it is known that they were there, and not yet what they were.
    wanted: BTreeSet<Key>,
    existed: bool,
}

impl LookingBack {
    /// Begins with the present. A revision that the config has not come to yet is none.
    pub fn from_now(config: &Config, revision: Seq) -> Result<Self, Rejection> {
        if revision > config.revision {
            return Err(Rejection::RevisionNotFound);
        }
        let secrets = config.secrets.iter();
        Ok(Self {
            config: config.id,
            revision,
            secrets: secrets
                .map(|(key, secret)| (key.clone(), secret.clone()))
                .collect(),
            values: BTreeMap::new(),
            wanted: BTreeSet::new(),
            existed: false,
        })
    }

    /// Whether older entries would tell nothing more.
    pub fn is_done(&self) -> bool {
        self.existed && self.wanted.is_empty()
    }

    /// Looks at the next older entry that touched the config.
    pub fn look_at(&mut self, entry: &Entry) {
        let after = entry.seq > self.revision;
        self.existed |= !after;
        let config = Some(self.config);
        let changes = entry.changes.iter().rev();
        for change in changes.filter(|change| change.config() == config) {
            if after {
                self.undo(change);
            } else {
                self.learn(entry, change);
            }
        }
    }

    /// Takes back a change that came after the revision.
    fn undo(&mut self, change: &Change) {
        let Some((key, version)) = change.secret() else {
            return;
        };
        self.secrets.remove(key);
        // In front of its first value a key was not there; in front of any other, only an older entry can tell.
        if version == Some(1) {
            self.wanted.remove(key);
        } else {
            self.wanted.insert(key.clone());
        }
    }

    /// Of a key that is looked for, the last change up to the revision is what it was.
    fn learn(&mut self, entry: &Entry, change: &Change) {
        let Some((key, _)) = change.secret() else {
            return;
        };
        if !self.wanted.remove(key) {
            return;
        }
        if let Change::SecretSet {
            version,
            value,
            refs,
            icon,
            note,
            ..
        } = change
        {
            self.values.insert(key.clone(), *value);
            let secret = Secret {
                version: *version,
                value: None,
                updated_at: entry.at,
                updated_by: entry.actor.id.as_str().into(),
                icon: icon.as_deref().map(Into::into),
                note: note.clone(),
                refs: refs.as_deref().map(Into::into),
            };
            self.secrets.insert(key.clone(), secret);
        }
    }

    /// The values that are named by what was found, to be fetched.
    pub fn values(&self) -> Vec<Digest> {
        self.values.values().copied().collect()
    }

    /// The secrets as they were. A value that is not among `values` is lost. Refused where there are no older entries
    /// and the config did not exist.
    pub fn finish(mut self, values: &Values) -> Result<BTreeMap<Key, Secret>, Rejection> {
        if !self.existed {
            return Err(Rejection::RevisionNotFound);
        }
        for (key, digest) in &self.values {
            if let Some(secret) = self.secrets.get_mut(key) {
                secret.value = values.get(digest).cloned();
            }
        }
        Ok(self.secrets)
    }
}
