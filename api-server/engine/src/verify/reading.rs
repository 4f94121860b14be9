//! Reading a journal that may be damaged: what cannot be read is a finding, and the rest is read all the same.

use std::collections::HashMap;

use ssm_domain::entry::Seq;
use ssm_domain::signing::HeadSignature;

use super::chain::Walk;
use super::finding::{Findings, Named};
use super::inspect::Indexed;
use crate::journal::{Journal, ReadError, StoredEntry};

/// Makes damage a finding. An error means that nothing can be read now.
pub(super) fn tolerate<T>(
    read: Result<T, ReadError>,
    named: Named,
    findings: &mut Findings,
) -> Result<Option<T>, ReadError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(ReadError::Damaged(why)) => {
            findings.add(named, why);
            Ok(None)
        }
        Err(unavailable @ ReadError::Unavailable(_)) => Err(unavailable),
    }
}

/// The next entries, up to `limit`; none at the end. Passes over those that cannot be read.
pub(super) async fn next(
    journal: &dyn Journal,
    walk: &mut Walk<'_>,
    limit: usize,
) -> Result<Option<Vec<StoredEntry>>, ReadError> {
    let mut limit = limit;
    while !walk.findings.are_full() {
        let after = walk.head().seq;
        match journal.read(after, limit).await {
            Ok(found) => return Ok((!found.is_empty()).then_some(found)),
            // One of them: those in front of it can be read one by one.
            Err(ReadError::Damaged(_)) if limit > 1 => limit = 1,
            Err(ReadError::Damaged(why)) => {
                let bad = after + 1;
                walk.findings.add(Named::Entry(bad), why);
                let made = signatures(journal, bad, bad, &mut walk.findings).await?;
                walk.pass_over(bad, !made.is_empty());
            }
            Err(unavailable @ ReadError::Unavailable(_)) => return Err(unavailable),
        }
    }
    Ok(None)
}

/// What lies beside some entries, by their position.
pub(super) struct Beside {
    signatures: HashMap<Seq, Vec<HeadSignature>>,
    indexed: HashMap<Seq, Indexed>,
}

impl Beside {
    /// Loads what lies beside entries that follow one another.
    pub(super) async fn load(
        journal: &dyn Journal,
        stored: &[StoredEntry],
        findings: &mut Findings,
    ) -> Result<Self, ReadError> {
        let (first, last) = match stored {
            [] => (1, 0),
            [first, .., last] => (first.seq, last.seq),
            [only] => (only.seq, only.seq),
        };
        let mut by_seq: HashMap<Seq, Vec<HeadSignature>> = HashMap::new();
        for made in signatures(journal, first, last, findings).await? {
            by_seq.entry(made.seq).or_default().push(made);
        }
        let indexed = journal.indexed(first, last).await;
        let indexed = tolerate(indexed, Named::Index(first), findings)?;
        Ok(Self {
            signatures: by_seq,
            indexed: indexed.unwrap_or_default().into_iter().collect(),
        })
    }

    pub(super) fn signatures(&mut self, seq: Seq) -> Vec<HeadSignature> {
        self.signatures.remove(&seq).unwrap_or_default()
    }

    pub(super) fn indexed(&mut self, seq: Seq) -> Option<Indexed> {
        self.indexed.remove(&seq)
    }
}

/// Finds what is about entries behind the last one. False where the journal has gone on meanwhile instead.
pub(super) async fn nothing_behind(
    journal: &dyn Journal,
    walk: &mut Walk<'_>,
) -> Result<bool, ReadError> {
    let (head, findings) = (walk.head().seq, &mut walk.findings);
    let made = journal.signatures(head + 1, Seq::MAX).await;
    let made = tolerate(made, Named::Signature(head + 1), findings)?.unwrap_or_default();
    let indexed = journal.indexed(head + 1, Seq::MAX).await;
    let indexed = tolerate(indexed, Named::Index(head + 1), findings)?.unwrap_or_default();
    if made.is_empty() && indexed.is_empty() {
        return Ok(true);
    }
    match journal.read(head, 1).await {
        Ok(more) if more.is_empty() => {}
        Ok(_) | Err(ReadError::Damaged(_)) => return Ok(false),
        Err(unavailable @ ReadError::Unavailable(_)) => return Err(unavailable),
    }
    let why = "is there, and the entry is not";
    for made in made {
        findings.add(Named::Signature(made.seq), why);
    }
    for (seq, _) in indexed {
        findings.add(Named::Index(seq), why);
    }
    Ok(true)
}

async fn signatures(
    journal: &dyn Journal,
    first: Seq,
    last: Seq,
    findings: &mut Findings,
) -> Result<Vec<HeadSignature>, ReadError> {
    match journal.signatures(first, last).await {
        Err(ReadError::Damaged(_)) if first < last => {
            let mut found = Vec::new();
            for seq in first..=last {
                let made = journal.signatures(seq, seq).await;
                found.extend(tolerate(made, Named::Signature(seq), findings)?.unwrap_or_default());
            }
            Ok(found)
        }
        read => Ok(tolerate(read, Named::Signature(first), findings)?.unwrap_or_default()),
    }
}
