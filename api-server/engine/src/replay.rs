//! Reads a journal into a state, checking the chain on the way.

use ssm_domain::digest::Digest;
use ssm_domain::entry::{BrokenChain, Change, Entry};
use ssm_domain::state::State;

use crate::error::OpenError;
use crate::journal::{Journal, StoredEntry};

/// How many entries are read at a time.
pub(crate) const CHUNK: usize = 1_000;

/// What a journal comes to, as far as it has got.
pub async fn read_state(journal: &dyn Journal) -> Result<State, OpenError> {
    let mut state = State::default();
    catch_up(journal, &mut state).await?;
    Ok(state)
}

/// Brings `state` to the end of the journal. Returns how many entries were applied.
pub(crate) async fn catch_up(journal: &dyn Journal, state: &mut State) -> Result<u64, OpenError> {
    let mut applied = 0;
    loop {
        let stored = journal.read(state.head().seq, CHUNK).await?;
        let last = stored.len() < CHUNK;
        applied += stored.len() as u64;
        apply(journal, state, &stored).await?;
        if last {
            return Ok(applied);
        }
    }
}

/// Applies entries that stand behind the state's head, with the values that they name. Returns what they are.
pub(crate) async fn apply(
    journal: &dyn Journal,
    state: &mut State,
    stored: &[StoredEntry],
) -> Result<Vec<Entry>, OpenError> {
    let mut head = *state.head();
    let mut entries = Vec::with_capacity(stored.len());
    for stored in stored {
        let entry = verify_next(&head, stored)?;
        head = entry.head(stored.hash);
        entries.push((entry, stored.hash));
    }
    let named: Vec<Digest> = entries
        .iter()
        .flat_map(|(entry, _)| values_of(entry))
        .collect();
    let values = journal.values(&named).await?;
    for (entry, hash) in &entries {
        state.apply(entry, *hash, &values);
    }
    Ok(entries.into_iter().map(|(entry, _)| entry).collect())
}

/// Checks that a stored entry is whole and follows `head`.
pub(crate) fn verify_next(
    head: &ssm_domain::entry::Head,
    stored: &StoredEntry,
) -> Result<Entry, BrokenChain> {
    if stored.seq != head.seq + 1 {
        return Err(BrokenChain::DoesNotFollow(head.seq + 1));
    }
    Entry::verify_next(head, &stored.bytes, stored.hash)
}

/// The values that an entry names.
pub(crate) fn values_of(entry: &Entry) -> impl Iterator<Item = Digest> + '_ {
    entry.changes.iter().filter_map(|change| match change {
        Change::SecretSet { value, .. } => Some(*value),
        _ => None,
    })
}
