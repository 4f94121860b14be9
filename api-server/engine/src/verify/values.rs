//! Sealed values: every one that an entry names is there and is the one, and there are no others.

use std::collections::HashSet;

use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, Seq};

use super::finding::{Findings, Named};
use crate::journal::{Journal, ReadError};
use crate::replay::values_of;

/// How many values are in memory at a time.
const AT_ONCE: usize = 64;
/// How many names are looked at together.
const NAMES: usize = 1_000;

/// The values that entries name.
#[derive(Default)]
pub(super) struct Values {
    /// How many the journal has, counted before the first entry was read.
    stored: u64,
    named: u64,
    to_check: Vec<(Seq, Digest)>,
}

impl Values {
    pub(super) async fn load(journal: &dyn Journal) -> Result<Self, ReadError> {
        Ok(Self {
            stored: journal.count_values().await?,
            named: 0,
            to_check: Vec::new(),
        })
    }

    pub(super) fn take(&mut self, entry: &Entry) {
        let before = self.to_check.len();
        self.to_check
            .extend(values_of(entry).map(|digest| (entry.seq, digest)));
        self.named += (self.to_check.len() - before) as u64;
    }

    /// Checks the values of the entries that were taken in since the last time.
    pub(super) async fn check(
        &mut self,
        journal: &dyn Journal,
        findings: &mut Findings,
    ) -> Result<(), ReadError> {
        let to_check = std::mem::take(&mut self.to_check);
        for some in to_check.chunks(AT_ONCE) {
            let digests: Vec<Digest> = some.iter().map(|(_, digest)| *digest).collect();
            let there = match journal.values(&digests).await {
                Err(ReadError::Damaged(why)) => {
                    findings.add(Named::Value(digests[0].to_string()), why);
                    continue;
                }
                read => read?,
            };
            for (seq, digest) in some {
                let wrong = match there.get(digest) {
                    None => Some("is missing"),
                    Some(sealed) if Digest::of(sealed.as_bytes()) != *digest => {
                        Some("is another one")
                    }
                    Some(_) => None,
                };
                if let Some(why) = wrong {
                    let why = format!("{why}; entry {seq} names it");
                    findings.add(Named::Value(digest.to_string()), why);
                }
            }
        }
        Ok(())
    }

    /// Looks for values that no entry names, where there must be none.
    pub(super) async fn finish(
        self,
        journal: &dyn Journal,
        head: Seq,
        findings: &mut Findings,
    ) -> Result<(), ReadError> {
        // Every one that is named is there. So there are others only where there are more.
        if journal.may_write_prefixes() || self.stored <= self.named || findings.are_full() {
            return Ok(());
        }
        let named = named_up_to(journal, head).await?;
        let mut after: Option<String> = None;
        loop {
            let names = journal.value_names(after.as_deref(), NAMES).await?;
            let Some(last) = names.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            for name in names {
                let is_named = name.parse().is_ok_and(|digest| named.contains(&digest));
                if !is_named {
                    findings.add(Named::Value(name), "is there, and no entry names it");
                }
            }
        }
    }
}

async fn named_up_to(journal: &dyn Journal, head: Seq) -> Result<HashSet<Digest>, ReadError> {
    let (mut named, mut after) = (HashSet::new(), 0);
    while after < head {
        // What cannot be read is found already.
        let stored = match journal.read(after, super::CHUNK).await {
            Err(ReadError::Damaged(_)) => match journal.read(after, 1).await {
                Err(ReadError::Damaged(_)) => Vec::new(),
                read => read?,
            },
            read => read?,
        };
        for stored in &stored {
            let entry = serde_json::from_slice::<Entry>(&stored.bytes);
            named.extend(entry.iter().flat_map(values_of));
        }
        after = stored.last().map_or(after + 1, |last| last.seq);
    }
    Ok(named)
}
