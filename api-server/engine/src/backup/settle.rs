//! Finding a head of the journal together with all the records that the state there names, while a server goes on
//! writing: records come before their entries and go behind the entries that destroy them, so what is read last may lack
//! what was read first.

use std::collections::HashMap;

use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::state::State;

use super::BackupError;
use crate::auth::{foreign, named_records};
use crate::error::OpenError;
use crate::journal::Journal;
use crate::replay::catch_up;

/// How often the journal is read to its end in search of such a head. Each time but the last, a record must have been
/// destroyed between two reads.
const ATTEMPTS: usize = 100;

/// The state at a head that is signed, and the records that it names.
pub(super) async fn settle(journal: &dyn Journal) -> Result<(State, Vec<AuthRecord>), BackupError> {
    let (mut state, mut seen) = (State::default(), Seen::new());
    for attempt in 0..ATTEMPTS {
        let applied = catch_up(journal, &mut state).await?;
        for store in AuthStore::ALL {
            let records = journal.records(store).await?.into_iter();
            seen.extend(records.map(|record| (record.name(), record)));
        }
        match named(&state, &seen) {
            Ok(records) => return Ok((state, records)),
            // Nothing was written since the last attempt that could have destroyed it.
            Err(missing) if attempt > 0 && applied == 0 => return Err(missing.into()),
            Err(_) => {}
        }
    }
    Err(BackupError::Restless)
}

type Seen = HashMap<RecordName, AuthRecord>;

/// Every record that the state names, or which one of them was not seen.
fn named(state: &State, seen: &Seen) -> Result<Vec<AuthRecord>, OpenError> {
    let mut records = Vec::new();
    for store in AuthStore::ALL {
        for (name, digest) in named_records(state, store) {
            match seen.get(&name) {
                Some(record) if record.digest() == digest => records.push(record.clone()),
                Some(_) | None => return Err(foreign(name)),
            }
        }
    }
    // In the same order whenever it is written.
    records.sort_by(|a, b| (a.store.name(), &a.id).cmp(&(b.store.name(), &b.id)));
    Ok(records)
}
