//! Everything that a backup holds, one after the other, from a backup or from a journal itself.

use std::collections::{HashMap, VecDeque};

use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, Head, Seq};
use ssm_domain::id::ServerId;
use ssm_domain::seal::KeyRing;
use ssm_domain::state::State;

use super::settle::settle;
use super::{BackupError, Part};
use crate::error::OpenError;
use crate::journal::{Journal, ReadError};
use crate::replay::{values_of, verify_next};
use crate::signing::verify_end;

/// How many entries, or access records, are in memory at a time.
const CHUNK: usize = 250;

/// Records first, then entries with what they name in front of them and their signatures behind, then access records.
pub(crate) trait Parts {
    /// Why there is no telling what comes next.
    type Error;

    /// What comes next; none behind the last.
    async fn next(&mut self) -> Result<Option<Part>, Self::Error>;
}

/// What a journal holds up to the head that it had when it was opened, also while a server goes on writing it.
pub(crate) struct JournalParts<'a> {
    journal: &'a dyn Journal,
    /// The entry to end with.
    last: Seq,
    /// The end of the entries that were read.
    head: Head,
    /// The access record that was read last.
    after: Option<(ServerId, Seq)>,
    /// What was read and comes next.
    read: VecDeque<Part>,
}

impl<'a> JournalParts<'a> {
    /// Settles where to end, and checks that it is what a server with these keys wrote. Returns the state there, too.
    pub(crate) async fn open(
        journal: &'a dyn Journal,
        keys: &KeyRing,
    ) -> Result<(Self, State), BackupError> {
        let (state, records) = settle(journal).await?;
        let info = state.journal().ok_or(BackupError::Empty)?;
        if !keys.has_root(&info.root_key) {
            return Err(BackupError::WrongRootKey(info.root_key.clone()));
        }
        // What no server starts on is no backup.
        verify_end(journal, &state, keys).await?;
        let parts = Self {
            journal,
            last: state.head().seq,
            head: Head::EMPTY,
            after: None,
            read: records.into_iter().map(Part::Record).collect(),
        };
        Ok((parts, state))
    }

    async fn read_entries(&mut self) -> Result<(), BackupError> {
        let left = usize::try_from(self.last - self.head.seq).unwrap_or(CHUNK);
        let stored = self.journal.read(self.head.seq, left.min(CHUNK)).await?;
        let Some(end) = stored.last().map(|stored| stored.seq) else {
            return Err(unreadable(&format!("entry {}", self.head.seq + 1)));
        };
        let signatures = self.journal.signatures(self.head.seq + 1, end).await?;
        let mut signatures = signatures.into_iter().peekable();
        let (mut entries, mut parts) = (Vec::with_capacity(stored.len()), Vec::new());
        for stored in stored {
            let entry = verify_next(&self.head, &stored).map_err(OpenError::from)?;
            self.head = entry.head(stored.hash);
            entries.push(entry);
            parts.push(Part::Entry(stored));
            while let Some(made) = signatures.next_if(|made| made.seq <= self.head.seq) {
                parts.push(Part::Signature(made));
            }
        }
        self.read_values(&entries).await?;
        self.read.extend(parts);
        Ok(())
    }

    async fn read_values(&mut self, entries: &[Entry]) -> Result<(), BackupError> {
        let names = |entry: &Entry| values_of(entry).collect::<Vec<Digest>>();
        let named: HashMap<Digest, Seq> = entries
            .iter()
            .flat_map(|entry| names(entry).into_iter().map(|digest| (digest, entry.seq)))
            .collect();
        let mut digests: Vec<Digest> = named.keys().copied().collect();
        digests.sort_unstable_by_key(|digest| (named[digest], *digest.as_bytes()));
        let mut values = self.journal.values(&digests).await?;
        for digest in digests {
            let seq = named[&digest];
            let value = values
                .remove(&digest)
                .filter(|sealed| Digest::of(sealed.as_bytes()) == digest)
                .ok_or(BackupError::MissingValue { seq, digest })?;
            self.read.push_back(Part::Value(value));
        }
        Ok(())
    }

    async fn read_accesses(&mut self) -> Result<(), BackupError> {
        let records = self.journal.read_access(self.after, CHUNK).await?;
        self.after = records
            .last()
            .map(|last| (last.server, last.seq))
            .or(self.after);
        self.read.extend(records.into_iter().map(Part::Access));
        Ok(())
    }
}

impl Parts for JournalParts<'_> {
    type Error = BackupError;

    async fn next(&mut self) -> Result<Option<Part>, BackupError> {
        if self.read.is_empty() {
            if self.head.seq < self.last {
                self.read_entries().await?;
            } else {
                self.read_accesses().await?;
            }
        }
        Ok(self.read.pop_front())
    }
}

/// There is something that is none of its kind.
pub(super) fn unreadable(what: &dyn std::fmt::Display) -> BackupError {
    ReadError::Damaged(format!("{what} cannot be read")).into()
}
