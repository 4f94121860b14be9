//! The chains of access records: each record is whole, follows the one before and is found by what it says, and each chain
//! ends with a signature by whom the journal names.
//!
//! Old records are deleted from the front of a chain, so its first one stands alone.

use std::collections::BTreeMap;

use ssm_domain::access_record::{AccessHead, AccessRecord};
use ssm_domain::id::Epoch;
use ssm_domain::signing::PublicKey;

use super::chain::Walk;
use super::finding::{Findings, Named};
use super::inspect::{AccessPlace, FOUND_BY, FoundBy, found_by};
use super::reading::tolerate;
use super::{AccessReport, Known, Report};
use crate::access::StoredAccess;
use crate::journal::{Journal, ReadError};

/// How many records are looked at together.
const CHUNK: usize = 250;
/// No journal has as many keys that signed.
const MOST_SIGNERS: usize = 10_000;

/// What signed records, and so must be named by the journal.
pub(super) type SignedBy = (Epoch, PublicKey);

/// Goes from record to record, chain by chain.
#[derive(Default)]
pub(super) struct Chains {
    findings: Findings,
    records: u64,
    last: Option<Last>,
    /// The first record that each signed.
    signers: BTreeMap<SignedBy, AccessPlace>,
}

/// The record that was looked at last.
struct Last {
    place: AccessPlace,
    /// The head that the next one must follow. None where this one is not what it should be.
    head: Option<AccessHead>,
    is_signed: bool,
}

impl Chains {
    /// Looks at every record. What it is to be compared with in the journal is written already, so the journal is read
    /// afterwards.
    pub(super) async fn read(journal: &dyn Journal) -> Result<Self, ReadError> {
        let (mut chains, mut after) = (Self::default(), None);
        while !chains.are_full() {
            let access = journal.inspect_access(after.as_ref(), CHUNK).await;
            let named = Named::Journal;
            let records = tolerate(access, named, &mut chains.findings)?.unwrap_or_default();
            let is_end = records.len() < CHUNK;
            for access in records {
                chains
                    .allow_for_trimming(journal, Some(&access.place))
                    .await?;
                after = Some(access.place.clone());
                chains.take(&access.place, access.stored, Some(&access.found_by));
            }
            if is_end {
                break;
            }
        }
        chains.allow_for_trimming(journal, None).await?;
        chains.end_chain();
        Ok(chains)
    }

    /// Where it looks as if something was missing in front of `next`, the last record may be gone by now, too, and then
    /// all of this was deleted as it should be.
    async fn allow_for_trimming(
        &mut self,
        journal: &dyn Journal,
        next: Option<&AccessPlace>,
    ) -> Result<(), ReadError> {
        let Some(last) = self.last.as_ref().filter(|last| last.lacks(next)) else {
            return Ok(());
        };
        let before = AccessPlace {
            seq: last.place.seq.saturating_sub(1),
            ..last.place.clone()
        };
        let found = journal.inspect_access(Some(&before), 1).await?;
        if found.iter().all(|found| found.place != last.place) {
            self.last = None;
        }
        Ok(())
    }

    /// Takes in the record at `place`, and by what it is found where that is known.
    pub(super) fn take(
        &mut self,
        place: &AccessPlace,
        stored: Result<StoredAccess, &'static str>,
        is_found_by: Option<&FoundBy>,
    ) {
        self.records += 1;
        let is_signed = stored
            .as_ref()
            .map_or(true, |stored| stored.signature.is_some());
        let whole = stored.map_err(str::to_owned).and_then(|stored| {
            let record = AccessRecord::verify(&stored.bytes, stored.hash);
            let record = record.map_err(|broken| broken.to_string())?;
            Ok((record, stored))
        });
        if let Ok((record, _)) = &whole {
            let says = AccessPlace::new(record.server, record.seq);
            if says != *place {
                self.find(place, format!("is {says} by what it says"));
                return;
            }
        }
        self.follow(place);
        let head = match whole {
            Ok((record, stored)) => {
                self.check(place, &record, &stored, is_found_by);
                Some(record.head(stored.hash))
            }
            Err(why) => {
                self.find(place, why);
                None
            }
        };
        self.last = Some(Last {
            place: place.clone(),
            head,
            is_signed,
        });
    }

    /// Looks whether what should be between the last record and this place is there.
    fn follow(&mut self, place: &AccessPlace) {
        match &self.last {
            Some(last) if last.place.chain == place.chain => {
                if last.lacks(Some(place)) {
                    let missing = last.place.next();
                    self.find(&missing, "is missing");
                    self.last = None;
                }
            }
            Some(_) | None => self.end_chain(),
        }
    }

    fn check(
        &mut self,
        place: &AccessPlace,
        record: &AccessRecord,
        stored: &StoredAccess,
        is_found_by: Option<&FoundBy>,
    ) {
        let head = match &self.last {
            // The first of a chain has nothing in front of it.
            None if record.seq == 1 => Some(AccessHead::empty(record.server)),
            None => None,
            Some(last) => last.head,
        };
        if let Some(head) = head
            && let Err(broken) = AccessRecord::verify_next(&head, &stored.bytes, stored.hash)
        {
            self.find(place, broken.to_string());
        }
        if let Some(made) = &stored.signature {
            if !made.vouches_for(&record.head(stored.hash)) {
                self.find(place, "has a signature that is not one of it");
            } else if self.signers.len() < MOST_SIGNERS {
                let by = (made.epoch, made.public_key);
                self.signers.entry(by).or_insert_with(|| place.clone());
            } else if !self.signers.contains_key(&(made.epoch, made.public_key)) {
                self.find(place, "is signed with one key more than any journal has");
            }
        }
        let expected = found_by(&record.access);
        let found = is_found_by.unwrap_or(&expected);
        for ((found, expected), column) in found.iter().zip(&expected).zip(FOUND_BY) {
            if found != expected {
                self.find(place, format!("is found by another `{column}` than it has"));
            }
        }
    }

    /// Looks whether the last record ends its chain.
    pub(super) fn end_chain(&mut self) {
        if let Some(last) = self.last.take()
            && last.lacks(None)
        {
            let why = "has no signature, and the last of a chain must have one: what was behind it is missing";
            self.find(&last.place, why);
        }
    }

    /// Compares who signed with whom the journal names, and says what all of it came to. Where there is no journal, all that
    /// can be said is by what is known from elsewhere.
    pub(super) fn report(mut self, mut walk: Walk<'_>, known: Known<'_>) -> Report {
        let mut signed_by = Vec::new();
        for ((epoch, key), place) in std::mem::take(&mut self.signers) {
            if walk.has_entries() {
                if !walk.names_signer(&(epoch, key)) {
                    let why =
                        format!("is signed with the key {key}, which the journal never named");
                    self.find(&place, why);
                }
            } else if !signed_by.contains(&key) {
                if !known.admits(key) {
                    let why = format!(
                        "is signed with another key, {key}; if it was the one of an earlier root key, the journal's export says \
                         so, in front of this one in a file"
                    );
                    self.find(&place, why);
                }
                signed_by.push(key);
            }
        }
        walk.findings.append(self.findings);
        Report {
            access: Some(AccessReport {
                records: self.records,
                signed_by,
            }),
            ..walk.report()
        }
    }

    /// Whether no record was looked at.
    pub(super) fn are_empty(&self) -> bool {
        self.records == 0
    }

    /// Whether so much was found that there is no room for more.
    pub(super) fn are_full(&self) -> bool {
        self.findings.are_full()
    }

    fn find(&mut self, place: &AccessPlace, why: impl Into<String>) {
        self.findings.add(Named::Access(place.clone()), why);
    }
}

impl Last {
    /// Whether something is missing between it and what is next, or behind it where nothing is.
    fn lacks(&self, next: Option<&AccessPlace>) -> bool {
        match next {
            Some(next) if next.chain == self.place.chain => *next != self.place.next(),
            Some(_) | None => !self.is_signed,
        }
    }
}
