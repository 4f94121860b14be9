//! The chain: each entry is whole and follows the one before, and heads are signed by whom the journal names.

use std::collections::HashSet;

use ssm_domain::entry::{Entry, Head, Seq};
use ssm_domain::seal::Fingerprint;
use ssm_domain::signing::{Checkpoint, HeadSignature, PublicKey};
use ssm_domain::state::{State, Values};

use super::access::SignedBy;
use super::finding::{Findings, Named};
use super::{Known, Report};
use crate::journal::StoredEntry;

/// Goes from entry to entry.
pub(super) struct Walk<'a> {
    known: Known<'a>,
    pub(super) findings: Findings,
    entries: u64,
    head: Head,
    /// Whether the last entry was not what it should be, so that the next one need not follow it.
    is_broken: bool,
    /// What the entries come to, without values.
    state: State,
    /// The last head that has a signature, good or bad.
    signed: Seq,
    /// Every root key that the journal names.
    root_keys: HashSet<Fingerprint>,
    /// Who signs by what the journal names, in each of its lifetimes.
    signers: HashSet<SignedBy>,
    /// Whether the entries begin with the journal's first, so that it is known who has to sign.
    is_whole: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn from_the_beginning(known: Known<'a>) -> Self {
        let mut findings = Findings::default();
        if let Some(checkpoint) = known.checkpoint
            && !checkpoint.is_genuine()
        {
            findings.add(Named::Checkpoint(checkpoint.seq), "is not as it was signed");
        }
        Self {
            known,
            findings,
            entries: 0,
            head: Head::EMPTY,
            is_broken: false,
            state: State::default(),
            signed: 0,
            root_keys: HashSet::new(),
            signers: HashSet::new(),
            is_whole: true,
        }
    }

    /// A walk over some entries in the middle. What is in front of them is taken as given.
    pub(super) fn behind(head: Head) -> Self {
        Self {
            head,
            is_whole: false,
            ..Self::from_the_beginning(Known::default())
        }
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn names_root_key(&self, fingerprint: &str) -> bool {
        self.root_keys.contains(fingerprint)
    }

    pub(super) fn has_entries(&self) -> bool {
        self.entries > 0
    }

    pub(super) fn names_signer(&self, by: &SignedBy) -> bool {
        self.signers.contains(by)
    }

    /// Takes in the next entry with its signatures. Returns it where it can be read at all.
    pub(super) fn take(
        &mut self,
        stored: &StoredEntry,
        signatures: &[HeadSignature],
    ) -> Option<Entry> {
        if stored.seq <= self.head.seq {
            let why = format!("stands behind entry {}", self.head.seq);
            self.findings.add(Named::Entry(stored.seq), why);
            return None;
        }
        if stored.seq > self.head.seq + 1 {
            self.findings
                .add(Named::Entry(self.head.seq + 1), "is missing");
            self.pass_over(stored.seq - 1, false);
        }
        self.entries += 1;
        let entry = self.follow(stored);
        let before = self.signing_key();
        if let Some(entry) = &entry {
            self.state.apply(entry, stored.hash, &Values::new());
            let info = self.state.journal();
            self.root_keys
                .extend(info.map(|info| info.root_key.clone()));
            self.signers
                .extend(info.map(|info| (info.epoch, info.signing_key)));
            if info.is_none() && entry.seq == 1 {
                self.findings
                    .add(Named::Entry(1), "does not begin a journal");
            }
        }
        self.check_signatures(before, signatures);
        self.check_heads_known_from_elsewhere();
        entry
    }

    /// Passes over entries up to `seq`, of which the last may have a signature.
    pub(super) fn pass_over(&mut self, seq: Seq, is_signed: bool) {
        self.head.seq = seq;
        self.is_broken = true;
        if is_signed {
            self.signed = seq;
        }
    }

    fn follow(&mut self, stored: &StoredEntry) -> Option<Entry> {
        let readable = serde_json::from_slice::<Entry>(&stored.bytes).ok();
        let mut before = self.head;
        if self.is_broken
            && let Some(entry) = &readable
        {
            // What it follows is not known, so it is believed about that.
            (before.hash, before.at) = (entry.prev_hash, entry.at);
        }
        let checked = Entry::verify_next(&before, &stored.bytes, stored.hash);
        self.is_broken = checked.is_err();
        match checked {
            Ok(entry) => {
                self.head = entry.head(stored.hash);
                Some(entry)
            }
            Err(broken) => {
                self.findings
                    .add(Named::Entry(stored.seq), broken.to_string());
                (self.head.seq, self.head.hash) = (stored.seq, stored.hash);
                readable
            }
        }
    }

    fn signing_key(&self) -> Option<PublicKey> {
        self.state.journal().map(|info| info.signing_key)
    }

    /// A signed head is signed by the key that the journal names from there on, and also by the one of before where that
    /// is another.
    fn check_signatures(&mut self, before: Option<PublicKey>, signatures: &[HeadSignature]) {
        let (head, signed) = (self.head, self.signed);
        if !signatures.is_empty() {
            self.signed = head.seq;
        }
        let Some(info) = self.state.journal().filter(|_| self.is_whole) else {
            return;
        };
        let replaced = before.filter(|before| *before != info.signing_key);
        let wanted = || replaced.into_iter().chain([info.signing_key]);
        let mut named = Named::Signature(head.seq);
        let mut wrong = None;
        for made in signatures {
            if !wanted().any(|key| key == made.public_key) {
                wrong = Some("was made with a key that the journal does not name there");
            } else if !made.vouches_for(info.epoch, &head) {
                wrong = Some("is not one of this entry");
            } else if made.previous > signed {
                named = Named::Signature(made.previous);
                wrong = Some("is missing, and the one behind it says so");
            } else if made.previous < signed {
                wrong = Some("does not follow the signature before it");
            }
        }
        let by = |key| signatures.iter().any(|made| made.public_key == key);
        if wrong.is_none() && replaced.is_some() && !wanted().all(by) {
            wrong = Some("must be made with both keys where one follows another");
        }
        if let Some(why) = wrong {
            self.findings.add(named, why);
        }
    }

    fn check_heads_known_from_elsewhere(&mut self) {
        let head = self.head;
        if let Some(written) = self.known.written
            && written.seq == head.seq
            && written.hash != head.hash
        {
            let why = "is not the one that this server wrote";
            self.findings.add(Named::Entry(head.seq), why);
        }
        if let Some(checkpoint) = self.known.checkpoint
            && checkpoint.seq == head.seq
            && let Some(why) = self.contradiction(checkpoint)
        {
            self.findings.add(Named::Checkpoint(head.seq), why);
        }
    }

    fn contradiction(&self, checkpoint: &Checkpoint) -> Option<&'static str> {
        let info = self.state.journal()?;
        if checkpoint.hash != self.head.hash {
            Some("was made of another entry than the one that is there now")
        } else if checkpoint.epoch != info.epoch {
            Some("belongs to another lifetime of the journal")
        } else if checkpoint.public_key != info.signing_key {
            Some("was signed with another key than the one that the journal names there")
        } else {
            None
        }
    }

    /// Looks at the end of the journal.
    pub(super) fn check_end(&mut self) {
        let head = self.head;
        if let Some(written) = self.known.written {
            self.check_reaches(written.seq);
        }
        if let Some(checkpoint) = self.known.checkpoint.filter(|known| known.seq > head.seq) {
            let why = format!(
                "is of more than there is: the journal ends with entry {}",
                head.seq
            );
            self.findings.add(Named::Checkpoint(checkpoint.seq), why);
        }
        if head.seq > self.signed {
            let why = "is missing, and the journal's last entry must have one";
            self.findings.add(Named::Signature(head.seq), why);
        }
        self.check_signing_key();
    }

    /// Looks whether there are entries up to `last`.
    pub(super) fn check_reaches(&mut self, last: Seq) {
        if self.head.seq < last {
            let why = format!("is missing, and so is all behind it up to entry {last}");
            self.findings.add(Named::Entry(self.head.seq + 1), why);
        }
    }

    /// Says what it all came to.
    pub(super) fn report(self) -> Report {
        Report {
            entries: self.entries,
            head: self.head,
            epoch: self.state.journal().map(|info| info.epoch),
            signed_by: self.signing_key(),
            access: None,
            gave_up: self.findings.are_full(),
            findings: self.findings.into_vec(),
        }
    }

    fn check_signing_key(&mut self) {
        let Some(key) = self.signing_key() else {
            return;
        };
        let is_ours = self
            .known
            .keys
            .is_none_or(|keys| keys.signer(key).is_some());
        let is_known = self.known.public_key.is_none_or(|known| known == key);
        if !is_ours {
            let why =
                format!("is signed with the key {key}, which does not grow out of this root key");
            self.findings.add(Named::Journal, why);
        } else if !is_known {
            self.findings
                .add(Named::Journal, format!("is signed with another key, {key}"));
        }
    }
}
