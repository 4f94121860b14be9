//! What is left behind beside the entries.

use std::collections::HashSet;
use std::sync::Arc;

use ssm_domain::command::{AuthRecord, AuthStore};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Head;

use super::chain::{Chain, target, value};
use crate::journal::{AppendError, Batch, Journal};
use crate::sweep::{NotSwept, sweep};

const STORE: AuthStore = AuthStore::Credentials;

/// A batch of one entry, which names a value, with a record beside it.
fn batch(chain: &mut Chain, number: u64) -> Arc<Batch> {
    let (value, change) = value(number, 40);
    Arc::new(Batch {
        entries: vec![chain.about(target(None, None), vec![change])],
        values: vec![value],
        records: vec![record(number)],
        ..Batch::default()
    })
}

fn record(number: u64) -> AuthRecord {
    AuthRecord::new(STORE, &format!("record-{number}"), &number)
}

fn head(batch: &Batch) -> Head {
    batch.head().unwrap()
}

/// Which of these have their value, and which their record.
async fn there(journal: &dyn Journal, numbers: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let digest = |number: u64| Digest::of(value(number, 40).0.as_bytes());
    let digests: Vec<_> = numbers.iter().copied().map(digest).collect();
    let values = journal.values(&digests).await.unwrap();
    let records = journal.records(STORE).await.unwrap();
    let has_value = |number: &u64| values.contains_key(&digest(*number));
    let has_record = |number: &u64| records.contains(&record(*number));
    (
        numbers.iter().copied().filter(has_value).collect(),
        numbers.iter().copied().filter(has_record).collect(),
    )
}

async fn conflicts(journal: &dyn Journal, batch: Arc<Batch>) {
    let late = journal.append(batch).await;
    assert!(matches!(late, Err(AppendError::Conflict)), "{late:?}");
}

pub async fn what_was_stored_for_entries_that_never_came_is_destroyed_and_nothing_else(
    journal: Arc<dyn Journal>,
) {
    let mut chain = Chain::default();
    let (mut taken, mut ahead) = (chain.clone(), chain.clone());
    let first = batch(&mut chain, 1);
    journal.append(first.clone()).await.unwrap();
    conflicts(&*journal, batch(&mut taken, 2)).await;
    ahead.batch(2);
    conflicts(&*journal, batch(&mut ahead, 3)).await;

    let living = HashSet::from([record(1).name()]);
    let (values, records) = there(&*journal, &[3]).await;
    sweep(&*journal, &head(&first), &living).await.unwrap();
    assert_eq!(there(&*journal, &[1, 2]).await, (vec![1], vec![1]));
    // The entry that these are for may come still.
    assert_eq!(there(&*journal, &[3]).await, (values, records));

    journal.append(batch(&mut chain, 4)).await.unwrap();
    let third = batch(&mut chain, 5);
    journal.append(third.clone()).await.unwrap();
    let living = HashSet::from([1, 4, 5].map(|number| record(number).name()));
    sweep(&*journal, &head(&third), &living).await.unwrap();
    let kept = (vec![1, 4, 5], vec![1, 4, 5]);
    assert_eq!(there(&*journal, &[1, 2, 3, 4, 5]).await, kept);
    assert_eq!(journal.count_values().await.unwrap(), 3);

    let again = sweep(&*journal, &head(&third), &living).await.unwrap();
    assert_eq!(again, crate::sweep::Swept::default());
    assert_eq!(there(&*journal, &[1, 4, 5]).await, kept);
}

pub async fn nothing_is_destroyed_by_somebody_who_knows_another_history(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    let mut other = chain.clone();
    journal.append(batch(&mut chain, 1)).await.unwrap();
    journal.append(batch(&mut chain, 2)).await.unwrap();
    for count in [1, 3] {
        let unknown = head(&other.batch(count));
        let refused = sweep(&*journal, &unknown, &HashSet::new()).await;
        assert!(matches!(refused, Err(NotSwept::OtherHistory)));
    }
    let both = (vec![1, 2], vec![1, 2]);
    assert_eq!(there(&*journal, &[1, 2]).await, both);
}
