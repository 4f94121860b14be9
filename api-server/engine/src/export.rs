//! The journal, or the record of reads and refusals, as lines of JSON that need no server to be verified: the canonical bytes
//! of each entry or record with their hash and its signatures. Values are not in it; entries name them by digest.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::ServerId;
use ssm_domain::signing::{AccessSignature, HeadSignature};

use crate::access::StoredAccess;
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

/// The line of an access record, which says itself where it belongs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessLine<'a> {
    pub(crate) hash: Digest,
    /// The canonical bytes, as they are.
    #[serde(borrow)]
    pub(crate) access: &'a RawValue,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<AccessSignature>,
}

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The changes, with the signatures of the heads that they make.
    Journal,
    /// Reads, refusals and failed sign-ins, chain by chain.
    Access,
}

/// The text names nothing that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be journal or access")]
pub struct InvalidStream;

impl FromStr for Stream {
    type Err = InvalidStream;

    fn from_str(text: &str) -> Result<Self, InvalidStream> {
        match text {
            "journal" => Ok(Self::Journal),
            "access" => Ok(Self::Access),
            _ => Err(InvalidStream),
        }
    }
}

/// An export in the making.
pub struct Export {
    journal: Arc<dyn Journal>,
    position: Position,
}

/// How far it is.
enum Position {
    /// From the first entry to the one that was the last when it began.
    Entries { after: Seq, last: Seq },
    /// Through all chains, whatever they have when it comes to their ends.
    Access { after: Option<(ServerId, Seq)> },
}

impl Export {
    /// Begins an export.
    pub async fn begin(journal: Arc<dyn Journal>, stream: Stream) -> Result<Self, ReadError> {
        let position = match stream {
            Stream::Journal => {
                let newest = journal.search(&Filter::default(), None, 1).await?;
                let last = newest.first().map_or(0, |newest| newest.seq);
                Position::Entries { after: 0, last }
            }
            Stream::Access => Position::Access { after: None },
        };
        Ok(Self { journal, position })
    }

    /// Some more whole lines; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        match &mut self.position {
            Position::Entries { after, last } => next_entries(&*self.journal, after, *last).await,
            Position::Access { after } => next_access(&*self.journal, after).await,
        }
    }
}

async fn next_entries(
    journal: &dyn Journal,
    after: &mut Seq,
    last: Seq,
) -> Result<Option<Vec<u8>>, ReadError> {
    let left = usize::try_from(last - *after).unwrap_or(CHUNK);
    if left == 0 {
        return Ok(None);
    }
    let entries = journal.read(*after, left.min(CHUNK)).await?;
    let Some(last) = entries.last().map(|entry| entry.seq) else {
        let missing = format!("entry {} is missing", *after + 1);
        return Err(ReadError::Damaged(missing));
    };
    let signatures = journal.signatures(*after + 1, last).await?;
    let mut signatures = signatures.iter().peekable();
    let mut lines = Vec::new();
    for entry in &entries {
        write_entry(&mut lines, entry)?;
        while let Some(signature) = signatures.next_if(|made| made.seq <= entry.seq) {
            let signature = *signature;
            write(&mut lines, &SignatureLine { signature });
        }
    }
    *after = last;
    Ok(Some(lines))
}

async fn next_access(
    journal: &dyn Journal,
    after: &mut Option<(ServerId, Seq)>,
) -> Result<Option<Vec<u8>>, ReadError> {
    // Where the last record is still there, nothing behind it was deleted for its age.
    let from = after.map(|(server, seq)| (server, seq.saturating_sub(1)));
    let mut records = journal.read_access(from, CHUNK + 1).await?;
    if let Some(last) = *after {
        if records.first().map(place) != Some(last) {
            let why = "old records were deleted while they were exported; export them again";
            return Err(ReadError::Unavailable(why.into()));
        }
        records.remove(0);
    }
    let Some(last) = records.last().map(place) else {
        return Ok(None);
    };
    let mut lines = Vec::new();
    for record in &records {
        write_access(&mut lines, record)?;
    }
    *after = Some(last);
    Ok(Some(lines))
}

fn place(record: &StoredAccess) -> (ServerId, Seq) {
    (record.server, record.seq)
}

fn write_entry(lines: &mut Vec<u8>, entry: &StoredEntry) -> Result<(), ReadError> {
    let unreadable = |_| ReadError::Damaged(format!("entry {} cannot be read", entry.seq));
    let line = EntryLine {
        seq: entry.seq,
        hash: entry.hash,
        entry: serde_json::from_slice(&entry.bytes).map_err(unreadable)?,
    };
    write(lines, &line);
    Ok(())
}

fn write_access(lines: &mut Vec<u8>, record: &StoredAccess) -> Result<(), ReadError> {
    let (server, seq) = place(record);
    let unreadable = |_| {
        let why = format!("access record {seq} of the chain {server} cannot be read");
        ReadError::Damaged(why)
    };
    let line = AccessLine {
        hash: record.hash,
        access: serde_json::from_slice(&record.bytes).map_err(unreadable)?,
        signature: record.signature,
    };
    write(lines, &line);
    Ok(())
}

fn write(lines: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *lines, line).expect("a line is made of texts and numbers");
    lines.push(b'\n');
}
