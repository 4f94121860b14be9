//! Appending what a backup or another journal holds, as it is. What is there already is compared and passed over.

use std::sync::Arc;

use ssm_domain::command::AuthRecord;
use ssm_domain::entry::{BrokenChain, Head, Seq};
use ssm_domain::id::ServerId;
use ssm_domain::seal::Sealed;
use ssm_domain::signing::HeadSignature;

use crate::access::ChainedAccess;
use crate::backup::{Part, Parts};
use crate::journal::{AppendError, Batch, BatchEntry, Journal, ReadError};
use crate::replay::verify_next;
use crate::steps::reached;

/// About how many entries, and how many access records, are appended together.
const AT_ONCE: usize = 200;

/// Why not everything was appended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// The place cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The place cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// What is read is no chain.
    #[error(transparent)]
    Chain(#[from] BrokenChain),
    /// What is read is no access record.
    #[error("access record {0}/{1} is not as it was written")]
    NoAccess(ServerId, Seq),
    /// Something else is there already.
    #[error("entry {0} is another one")]
    Differs(Seq),
}

/// Appends everything, and returns the head that it came to.
pub(crate) async fn copy<P: Parts, E: From<P::Error> + From<CopyError>>(
    journal: &dyn Journal,
    parts: &mut P,
) -> Result<Head, E> {
    let mut pending = Pending::default();
    while let Some(part) = parts.next().await? {
        if pending.is_full(&part) {
            pending.flush(journal).await?;
        }
        match part {
            Part::Record(record) => pending.records.push(record),
            Part::Value(value) => pending.values.push(value),
            Part::Signature(signature) => pending.signatures.push(signature),
            Part::Entry(stored) => {
                let entry = verify_next(&pending.head, &stored).map_err(CopyError::from)?;
                pending.head = entry.head(stored.hash);
                pending.entries.push(BatchEntry { entry, stored });
            }
            Part::Access(stored) => {
                let (server, seq) = (stored.server, stored.seq);
                let access = ChainedAccess::of(stored);
                let access = access.ok_or(CopyError::NoAccess(server, seq))?;
                pending.accesses.push(access);
            }
        }
    }
    pending.flush(journal).await?;
    Ok(pending.head)
}

/// What was read and is not appended yet.
struct Pending {
    /// The last entry that was read.
    head: Head,
    entries: Vec<BatchEntry>,
    signatures: Vec<HeadSignature>,
    values: Vec<Sealed>,
    records: Vec<AuthRecord>,
    accesses: Vec<ChainedAccess>,
}

impl Default for Pending {
    fn default() -> Self {
        Self {
            head: Head::EMPTY,
            entries: Vec::new(),
            signatures: Vec::new(),
            values: Vec::new(),
            records: Vec::new(),
            accesses: Vec::new(),
        }
    }
}

impl Pending {
    /// Whether what is pending goes before `next` joins it.
    fn is_full(&self, next: &Part) -> bool {
        match next {
            Part::Record(_) | Part::Signature(_) => false,
            // The end of a batch is signed, with all the signatures that it has.
            Part::Value(_) | Part::Entry(_) => self.entries.len() >= AT_ONCE && self.is_signed(),
            Part::Access(next) => {
                let other_chain = |last: &ChainedAccess| last.stored.server != next.server;
                !self.entries.is_empty()
                    || self.accesses.len() >= AT_ONCE
                    || self.accesses.last().is_some_and(other_chain)
            }
        }
    }

    fn is_signed(&self) -> bool {
        let last = self.signatures.last();
        last.is_some_and(|signature| signature.seq == self.head.seq)
    }

    async fn flush(&mut self, journal: &dyn Journal) -> Result<(), CopyError> {
        if let Some(first) = self.entries.first().map(|first| first.stored.seq) {
            let there = self.count_there(journal, first).await?;
            let mut batch = Batch {
                entries: std::mem::take(&mut self.entries),
                signatures: std::mem::take(&mut self.signatures),
                values: std::mem::take(&mut self.values),
                records: std::mem::take(&mut self.records),
                destroyed: Vec::new(),
            };
            batch.entries.drain(..there);
            if let Some(next) = batch.entries.first().map(|next| next.stored.seq) {
                batch.signatures.retain(|signature| signature.seq >= next);
                journal.append(Arc::new(batch)).await?;
                reached("copy:appended");
            }
        }
        if !self.accesses.is_empty() {
            let accesses = std::mem::take(&mut self.accesses);
            journal.append_access(accesses.into()).await?;
            reached("copy:access-appended");
        }
        Ok(())
    }

    /// How many of the pending entries, which begin with `first`, are there already.
    async fn count_there(&self, journal: &dyn Journal, first: Seq) -> Result<usize, CopyError> {
        let there = journal.read(first - 1, self.entries.len()).await?;
        for (there, ours) in there.iter().zip(&self.entries) {
            if *there != ours.stored {
                return Err(CopyError::Differs(ours.stored.seq));
            }
        }
        Ok(there.len())
    }
}
