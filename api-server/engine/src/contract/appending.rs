//! Where entries may be put.

use std::sync::Arc;

use super::chain::{Chain, batch_of, everything, stored, target, value};
use crate::journal::{AppendError, Journal};

pub async fn appended_entries_are_read_back_byte_for_byte(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    let (first, second) = (
        batch_of(vec![chain.entry()]),
        batch_of(vec![chain.entry_at("web", "prod")]),
    );
    journal.append(first.clone()).await.unwrap();
    journal.append(second.clone()).await.unwrap();

    assert_eq!(
        everything(&*journal).await,
        [stored(&first), stored(&second)].concat()
    );
}

pub async fn a_batch_is_there_whole_and_in_order(journal: Arc<dyn Journal>) {
    let batch = Chain::default().batch(200);
    journal.append(batch.clone()).await.unwrap();
    assert_eq!(everything(&*journal).await, stored(&batch));
}

pub async fn appending_the_same_batch_again_is_a_conflict_and_changes_nothing(
    journal: Arc<dyn Journal>,
) {
    let mut chain = Chain::default();
    let (first, second) = (chain.batch(3), chain.batch(2));
    for batch in [&first, &second] {
        journal.append(batch.clone()).await.unwrap();
        let again = journal.append(batch.clone()).await;
        assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");
    }
    let again = journal.append(first.clone()).await;
    assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");
    assert_eq!(
        everything(&*journal).await,
        [stored(&first), stored(&second)].concat()
    );
}

pub async fn a_taken_position_is_a_conflict_and_nothing_of_the_batch_is_there(
    journal: Arc<dyn Journal>,
) {
    let mut chain = Chain::default();
    let mut other = chain.clone();
    let batch = chain.batch(2);
    journal.append(batch.clone()).await.unwrap();

    for count in [1, 2, 5] {
        let late = journal.append(other.clone().batch(count)).await;
        assert!(matches!(late, Err(AppendError::Conflict)), "{late:?}");
    }
    other.entry();
    let late = journal.append(other.batch(1)).await;
    assert!(matches!(late, Err(AppendError::Conflict)), "{late:?}");
    assert_eq!(everything(&*journal).await, stored(&batch));
}

pub async fn a_batch_that_begins_before_the_end_adds_nothing_behind_it(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    let (first, second) = (chain.entry(), chain.entry());
    let third = chain.entry();
    let early = batch_of(vec![first]);
    journal.append(early.clone()).await.unwrap();
    journal.append(batch_of(vec![second])).await.unwrap();
    let before = everything(&*journal).await;

    // The same two positions again, and one more that would follow them.
    let mut repeated = Chain::of(&before[..1]);
    let overlapping = journal
        .append(batch_of(vec![repeated.entry(), repeated.entry()]))
        .await;
    assert!(
        matches!(overlapping, Err(AppendError::Conflict)),
        "{overlapping:?}"
    );
    assert_eq!(everything(&*journal).await, before);

    journal.append(batch_of(vec![third])).await.unwrap();
    assert_eq!(Chain::of(&everything(&*journal).await).seq(), 3);
}

pub async fn a_gap_is_a_conflict_and_nothing_is_written(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    let first = chain.batch(1);
    for _ in 0..2 {
        let mut ahead = chain.clone();
        ahead.entry();
        let gap = journal.append(ahead.batch(2)).await;
        assert!(matches!(gap, Err(AppendError::Conflict)), "{gap:?}");
        // Once into the empty journal, once behind its first entry.
        let _ = journal.append(first.clone()).await;
    }
    assert_eq!(everything(&*journal).await, stored(&first));
}

pub async fn an_entry_of_a_thousand_changes_is_read_back(journal: Arc<dyn Journal>) {
    let (values, changes) = (0..1000).map(|number| value(number, 100)).unzip();
    let entry = Chain::default().about(target(Some("web"), Some("prod")), changes);
    let mut batch = crate::journal::Batch {
        values,
        ..Default::default()
    };
    batch.entries.push(entry);
    let batch = Arc::new(batch);

    journal.append(batch.clone()).await.unwrap();
    let read = everything(&*journal).await;
    assert_eq!(read, stored(&batch));
    Chain::of(&read);
}
