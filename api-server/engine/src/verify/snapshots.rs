//! Snapshots: each is one of a state that the journal comes to.

use ssm_domain::digest::Digest;
use ssm_domain::entry::{Head, Seq};
use ssm_domain::seal::{Fingerprint, KeyRing};
use ssm_domain::snapshot::SnapshotError;
use ssm_domain::state::State;

use super::chain::Walk;
use super::finding::{Findings, Named};
use super::reading::tolerate;
use crate::journal::{Journal, ReadError};

/// The snapshots that there were before the first entry was read.
pub(super) struct Snapshots {
    genuine: Vec<(Seq, Digest)>,
    by_other_keys: Vec<(Seq, Fingerprint)>,
}

impl Snapshots {
    /// Loads the snapshots one by one, and keeps what they say that they are. Without keys there is nothing to say.
    pub(super) async fn load(
        journal: &dyn Journal,
        keys: Option<&KeyRing>,
        findings: &mut Findings,
    ) -> Result<Self, ReadError> {
        let (mut genuine, mut by_other_keys) = (Vec::new(), Vec::new());
        let Some(keys) = keys else {
            return Ok(Self {
                genuine,
                by_other_keys,
            });
        };
        let listed = tolerate(journal.snapshots().await, Named::Journal, findings)?;
        for seq in listed.into_iter().flatten() {
            let bytes = journal.load_snapshot(seq).await;
            let Some(bytes) = tolerate(bytes, Named::Snapshot(seq), findings)? else {
                continue;
            };
            let wrong = match State::read_snapshot(keys, &bytes) {
                Ok(state) if state.head().seq == seq => {
                    genuine.push((seq, state.head().hash));
                    continue;
                }
                Ok(state) => format!("is one of entry {}", state.head().seq),
                // It is of no use to this release and does no harm.
                Err(SnapshotError::OtherRelease) => continue,
                Err(SnapshotError::OtherRootKey(fingerprint)) => {
                    by_other_keys.push((seq, fingerprint));
                    continue;
                }
                Err(error @ (SnapshotError::NotGenuine | SnapshotError::Unreadable(_))) => {
                    error.to_string()
                }
            };
            // A server that goes on meanwhile deletes old ones.
            if journal.snapshots().await?.contains(&seq) {
                findings.add(Named::Snapshot(seq), wrong);
            }
        }
        Ok(Self {
            genuine,
            by_other_keys,
        })
    }

    /// Compares a head with the one that a snapshot is of.
    pub(super) fn check(&mut self, head: &Head, findings: &mut Findings) {
        let of_another = |(seq, hash): &(Seq, Digest)| *seq == head.seq && *hash != head.hash;
        if self.genuine.iter().any(of_another) {
            findings.add(Named::Snapshot(head.seq), "is one of another history");
        }
        self.genuine.retain(|(seq, _)| *seq != head.seq);
    }

    /// Looks at those that remain when every entry was compared.
    pub(super) fn finish(self, walk: &mut Walk<'_>) {
        for (seq, _) in self.genuine {
            let why = "is there, and the entry is not";
            walk.findings.add(Named::Snapshot(seq), why);
        }
        for (seq, fingerprint) in self.by_other_keys {
            if !walk.names_root_key(&fingerprint) {
                let why = "was made with a root key that the journal never had";
                walk.findings.add(Named::Snapshot(seq), why);
            }
        }
    }
}
