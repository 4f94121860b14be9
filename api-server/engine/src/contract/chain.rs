//! Makes entries that follow one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ssm_domain::digest::Digest;
use ssm_domain::entry::{ActorKind, Change, Entry, EntryActor, Head, NewEntry, Seq, Target};
use ssm_domain::id::{ConfigId, OpId};
use ssm_domain::seal::Sealed;
use ssm_domain::time::Timestamp;

use crate::journal::{Batch, BatchEntry, Journal, StoredEntry};

/// More than any test writes.
pub const ALL: usize = 100_000;

/// The end of a journal that somebody believes in. A clone of it makes other entries for the same positions.
#[derive(Debug, Clone)]
pub struct Chain {
    head: Head,
}

impl Default for Chain {
    fn default() -> Self {
        Self { head: Head::EMPTY }
    }
}

impl Chain {
    /// The chain that `entries` are, checked link by link.
    pub fn of(entries: &[StoredEntry]) -> Self {
        let mut chain = Self::default();
        for stored in entries {
            let entry = Entry::verify_next(&chain.head, &stored.bytes, stored.hash)
                .expect("the entry follows the one in front of it");
            assert_eq!(entry.seq, stored.seq);
            chain.head = entry.head(stored.hash);
        }
        chain
    }

    /// The last position.
    pub fn seq(&self) -> Seq {
        self.head.seq
    }

    /// The next entry, about nothing.
    pub fn entry(&mut self) -> BatchEntry {
        self.about(Target::default(), vec![])
    }

    /// The next entry, about one config.
    pub fn entry_at(&mut self, project: &str, config: &str) -> BatchEntry {
        self.about(target(Some(project), Some(config)), vec![])
    }

    /// The next entry. No other call makes the same bytes.
    pub fn about(&mut self, target: Target, changes: Vec<Change>) -> BatchEntry {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let mut op_id = [0; 12];
        op_id[4..].copy_from_slice(&CALLS.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let entry = Entry::append_to(
            &self.head,
            NewEntry {
                op_id: OpId::from_bytes(op_id),
                now: Timestamp::from_millis(1_800_000_000_000),
                actor: EntryActor {
                    kind: ActorKind::Service,
                    id: "contract".into(),
                    token_id: None,
                },
                request: None,
                action: "secrets.write".into(),
                target,
                changes,
            },
        );
        let bytes = entry.canonical_bytes();
        let stored = StoredEntry {
            seq: entry.seq,
            hash: Digest::of(&bytes),
            bytes,
        };
        self.head = entry.head(stored.hash);
        BatchEntry { entry, stored }
    }

    /// A batch of the next `count` entries.
    pub fn batch(&mut self, count: usize) -> Arc<Batch> {
        batch_of((0..count).map(|_| self.entry()).collect())
    }
}

/// A batch of entries that need nothing beside them.
pub fn batch_of(entries: Vec<BatchEntry>) -> Arc<Batch> {
    Arc::new(Batch {
        entries,
        ..Batch::default()
    })
}

/// A target by the names of a project and a config.
pub fn target(project: Option<&str>, config: Option<&str>) -> Target {
    let slug = |name: &str| name.parse().expect("tests use good names");
    Target {
        project: project.map(slug),
        config: config.map(slug),
        ..Target::default()
    }
}

/// The config of the value of this number: one of three.
pub fn config_of(number: u64) -> ConfigId {
    ConfigId::from_bytes([(number % 3).to_le_bytes()[0]; 12])
}

/// Bytes that a backend cannot tell from a sealed value, and the change that names them.
pub fn value(number: u64, bytes: usize) -> (Sealed, Change) {
    // Not text, and nothing that compresses to little.
    let noise = (0..bytes as u64).map(|at| (at * 151 + at / 251 + number).to_le_bytes()[0]);
    let mut blob: Vec<u8> = number.to_be_bytes().to_vec();
    blob.extend(noise);
    let change = Change::SecretSet {
        refs: None,
        config_id: config_of(number),
        key: format!("K{number}").parse().expect("tests use good names"),
        version: 1,
        value: Digest::of(&blob),
        icon: None,
        note: None,
    };
    (Sealed::from_bytes(blob), change)
}

/// What a batch stores as its entries.
pub fn stored(batch: &Batch) -> Vec<StoredEntry> {
    batch
        .entries
        .iter()
        .map(|entry| entry.stored.clone())
        .collect()
}

/// Every entry of the journal.
pub async fn everything(journal: &dyn Journal) -> Vec<StoredEntry> {
    journal.read(0, ALL).await.expect("the journal is readable")
}
