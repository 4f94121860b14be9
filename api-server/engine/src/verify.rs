//! Verifying a journal, whoever serves it: that the chain is whole and signed, that what lies beside the entries is what
//! they name, and that nothing else does.
//!
//! Whoever has the database can change it so that reading it shows nothing: compute every hash anew, swap rows, cut off the
//! end. What they cannot do without the root key is sign. So the more of what is kept elsewhere is given, the more is
//! proved: the root key or the public key shows that a server with that key wrote the journal, and a checkpoint shows that
//! nothing was taken away from its end since.

mod access;
mod chain;
mod checkpoint;
mod export;
mod finding;
mod index;
mod inspect;
mod reading;
mod records;
mod snapshots;
mod values;

use ssm_domain::entry::{Head, Seq};
use ssm_domain::id::Epoch;
use ssm_domain::seal::KeyRing;
use ssm_domain::signing::{Checkpoint, PublicKey};
use ssm_domain::state::State;

pub use checkpoint::{CheckpointError, checkpoint};
pub use export::verify_export;
pub use finding::{Finding, Named};
pub use inspect::{AccessPlace, FOUND_BY, FoundBy, Indexed, Inspect, InspectedAccess, found_by};

use crate::journal::{Filter, Journal, ReadError};
use access::Chains;
use chain::Walk;
use records::Records;
use snapshots::Snapshots;
use values::Values;

/// How many entries are looked at together.
const CHUNK: usize = 250;

/// What is known about a journal from elsewhere.
#[derive(Default, Clone, Copy)]
pub struct Known<'a> {
    /// The root key, which signs, and without which nothing can be said about snapshots.
    pub keys: Option<&'a KeyRing>,
    /// Who signed the journal's end.
    pub public_key: Option<PublicKey>,
    /// A head that the journal had.
    pub checkpoint: Option<&'a Checkpoint>,
    /// The head that this very process wrote last.
    pub written: Option<Head>,
}

impl Known<'_> {
    /// Whether what is signed with this key may be by whom it should be.
    fn admits(&self, key: PublicKey) -> bool {
        self.keys.is_none_or(|keys| keys.signer(key).is_some())
            && self.public_key.is_none_or(|known| known == key)
    }
}

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many entries were looked at.
    pub entries: u64,
    /// The last of them.
    pub head: Head,
    /// The journal's lifetime at its end, where the beginning was looked at.
    pub epoch: Option<Epoch>,
    /// Who signs, as the journal says at its end, where the beginning was looked at.
    pub signed_by: Option<PublicKey>,
    /// What the records of reads and refusals came to, where they were looked at.
    pub access: Option<AccessReport>,
    /// What is not as it should be, in the order in which it was found. Empty where all is well.
    pub findings: Vec<Finding>,
    /// Whether so much was found that the rest was not looked at.
    pub gave_up: bool,
}

/// What verifying the chains of access records came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessReport {
    /// How many records were looked at.
    pub records: u64,
    /// Who signed them, where there was no journal to say who may.
    pub signed_by: Vec<PublicKey>,
}

impl Report {
    /// Whether all is as it was written.
    pub fn is_ok(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Looks at the entries behind `before`, which is taken as given, up to entry `last`: the chain, by what they are found, and
/// their values. Nothing is said about signatures and records, which takes the whole journal.
pub async fn verify_some(
    journal: &dyn Journal,
    before: Head,
    last: Seq,
) -> Result<Report, ReadError> {
    let mut walk = Walk::behind(before);
    let mut values = Values::default();
    while let head = walk.head().seq
        && head < last
    {
        let left = usize::try_from(last - head).unwrap_or(CHUNK);
        let Some(stored) = reading::next(journal, &mut walk, left.min(CHUNK)).await? else {
            break;
        };
        let mut beside = reading::Beside::load(journal, &stored, &mut walk.findings).await?;
        for stored in &stored {
            if let Some(entry) = walk.take(stored, &[]) {
                index::check(&entry, beside.indexed(stored.seq), &mut walk.findings);
                values.take(&entry);
            }
        }
        values.check(journal, &mut walk.findings).await?;
    }
    walk.check_reaches(last);
    Ok(walk.report())
}

/// Looks at all that the journal has, access records included, also while a server goes on writing it. An error means that
/// it cannot be read now; damage is a finding.
pub async fn verify(journal: &dyn Journal, known: Known<'_>) -> Result<Report, ReadError> {
    // In this order: whoever signed a record is named by an entry that was there before it.
    let chains = Chains::read(journal).await?;
    let walk = walk(journal, known).await?;
    Ok(chains.report(walk, known))
}

/// Looks at all that the journal has but access records.
pub(crate) async fn verify_entries(
    journal: &dyn Journal,
    known: Known<'_>,
) -> Result<Report, ReadError> {
    Ok(walk(journal, known).await?.report())
}

async fn walk<'a>(journal: &dyn Journal, known: Known<'a>) -> Result<Walk<'a>, ReadError> {
    let mut walk = Walk::from_the_beginning(known);
    // In this order: all that is loaded here is at least as new as that entry.
    let newest = match journal.search(&Filter::default(), None, 1).await {
        Ok(found) => found.first().map_or(0, |newest| newest.seq),
        // The walk gets there and says so. Nobody goes on writing such a journal.
        Err(ReadError::Damaged(_)) => Seq::MAX,
        Err(unavailable @ ReadError::Unavailable(_)) => return Err(unavailable),
    };
    let mut records = Records::load(journal, newest, &mut walk.findings).await?;
    let mut values = Values::load(journal).await?;
    let mut snapshots = Snapshots::load(journal, known.keys, &mut walk.findings).await?;

    loop {
        while let Some(stored) = reading::next(journal, &mut walk, CHUNK).await? {
            let mut beside = reading::Beside::load(journal, &stored, &mut walk.findings).await?;
            for stored in &stored {
                let before = State::clone(walk.state());
                let Some(entry) = walk.take(stored, &beside.signatures(stored.seq)) else {
                    continue;
                };
                index::check(&entry, beside.indexed(stored.seq), &mut walk.findings);
                records.take(&entry, &before);
                snapshots.check(&walk.head(), &mut walk.findings);
                values.take(&entry);
            }
            values.check(journal, &mut walk.findings).await?;
        }
        if walk.findings.are_full() || reading::nothing_behind(journal, &mut walk).await? {
            break;
        }
    }
    walk.check_end();
    let (head, state) = (walk.head().seq, walk.state().clone());
    values.finish(journal, head, &mut walk.findings).await?;
    records.finish(&state, journal.may_write_prefixes(), &mut walk.findings);
    snapshots.finish(&mut walk);
    Ok(walk)
}
