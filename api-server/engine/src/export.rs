//! The journal as lines of JSON, which need no server to be verified: each entry's canonical bytes with their hash, and behind
//! it the signatures of the head that it makes. Values are not in it; entries name them by digest.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::signing::HeadSignature;

use crate::journal::{Filter, Journal, ReadError, StoredEntry};

/// How many entries are in memory at a time.
const CHUNK: usize = 100;

/// The line of an entry.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryLine<'a> {
    seq: Seq,
    hash: Digest,
    /// The canonical bytes, as they are.
    #[serde(borrow)]
    entry: &'a RawValue,
}

impl EntryLine<'_> {
    pub(crate) fn stored(&self) -> StoredEntry {
        StoredEntry {
            seq: self.seq,
            hash: self.hash,
            bytes: self.entry.get().as_bytes().to_vec(),
        }
    }
}

/// The line of a signature.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureLine {
    pub(crate) signature: HeadSignature,
}

/// An export in the making, from the first entry to the one that was the last when it began.
pub struct Export {
    journal: Arc<dyn Journal>,
    /// The last entry that was given out.
    after: Seq,
    last: Seq,
}

impl Export {
    /// Begins an export.
    pub async fn begin(journal: Arc<dyn Journal>) -> Result<Self, ReadError> {
        let newest = journal.search(&Filter::default(), None, 1).await?;
        Ok(Self {
            last: newest.first().map_or(0, |newest| newest.seq),
            journal,
            after: 0,
        })
    }

    /// Some more whole lines; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let left = usize::try_from(self.last - self.after).unwrap_or(CHUNK);
        if left == 0 {
            return Ok(None);
        }
        let entries = self.journal.read(self.after, left.min(CHUNK)).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            let missing = format!("entry {} is missing", self.after + 1);
            return Err(ReadError::Damaged(missing));
        };
        let signatures = self.journal.signatures(self.after + 1, last).await?;
        let mut signatures = signatures.iter().peekable();
        let mut lines = Vec::new();
        for entry in &entries {
            write_entry(&mut lines, entry)?;
            while let Some(signature) = signatures.next_if(|made| made.seq <= entry.seq) {
                let signature = *signature;
                serde_json::to_writer(&mut lines, &SignatureLine { signature })
                    .expect("a signature is made of numbers and digits");
                lines.push(b'\n');
            }
        }
        self.after = last;
        Ok(Some(lines))
    }
}

fn write_entry(lines: &mut Vec<u8>, entry: &StoredEntry) -> Result<(), ReadError> {
    let unreadable = || ReadError::Damaged(format!("entry {} cannot be read", entry.seq));
    let line = EntryLine {
        seq: entry.seq,
        hash: entry.hash,
        entry: serde_json::from_slice(&entry.bytes).map_err(|_| unreadable())?,
    };
    serde_json::to_writer(&mut *lines, &line).map_err(|_| unreadable())?;
    lines.push(b'\n');
    Ok(())
}
