//! What lies beside the entries.

use std::sync::Arc;

use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Target;
use ssm_domain::id::KeyRecordId;
use ssm_domain::seal::Sealed;

use super::chain::{Chain, value};
use crate::journal::{AppendError, Batch, Journal};

fn batch_with_values(chain: &mut Chain, numbers: &[u64], bytes: usize) -> Batch {
    let (values, changes) = numbers.iter().map(|number| value(*number, bytes)).unzip();
    Batch {
        entries: vec![chain.about(Target::default(), changes)],
        values,
        ..Batch::default()
    }
}

fn digest(value: &Sealed) -> Digest {
    Digest::of(value.as_bytes())
}

async fn assert_there(journal: &dyn Journal, values: &[Sealed]) {
    let digests: Vec<Digest> = values.iter().map(digest).collect();
    let found = journal.values(&digests).await.unwrap();
    assert_eq!(found.len(), values.len());
    for value in values {
        assert!(found.get(&digest(value)) == Some(value));
    }
}

pub async fn values_that_entries_name_are_there(journal: Arc<dyn Journal>) {
    let mut batch = batch_with_values(&mut Chain::default(), &[1, 2, 3], 80);
    batch.values.push(Sealed::from_bytes(vec![]));
    let values = batch.values.clone();
    journal.append(Arc::new(batch)).await.unwrap();

    assert_there(&*journal, &values).await;
    let known = digest(&values[0]);
    let found = journal.values(&[Digest::ZERO, known, known]).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&known]);
}

pub async fn a_value_may_be_stored_again(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    for numbers in [&[1, 2, 2][..], &[2, 3]] {
        let batch = batch_with_values(&mut chain, numbers, 80);
        journal.append(Arc::new(batch)).await.unwrap();
    }
    let values = [1, 2, 3].map(|number| value(number, 80).0);
    assert_there(&*journal, &values).await;
}

pub async fn thousands_of_values_are_found_at_once(journal: Arc<dyn Journal>) {
    let numbers: Vec<u64> = (0..5000).collect();
    let batch = batch_with_values(&mut Chain::default(), &numbers, 80);
    let values = batch.values.clone();
    journal.append(Arc::new(batch)).await.unwrap();
    assert_there(&*journal, &values).await;
}

pub async fn large_values_are_read_back(journal: Arc<dyn Journal>) {
    let batch = batch_with_values(&mut Chain::default(), &[1, 2, 3], 3 << 20);
    let values = batch.values.clone();
    journal.append(Arc::new(batch)).await.unwrap();
    assert_there(&*journal, &values).await;
}

/// A record whose body says where it is from.
fn record(store: AuthStore, id: &str) -> AuthRecord {
    AuthRecord::new(store, &id, &(store.name(), id))
}

async fn records(journal: &dyn Journal, store: AuthStore) -> Vec<AuthRecord> {
    let mut records = journal.records(store).await.unwrap();
    records.sort_by(|a, b| a.id.cmp(&b.id));
    records
}

pub async fn records_that_entries_name_are_there_each_in_its_own_part(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    for ids in [["a", "b"], ["c", "d"]] {
        let records = AuthStore::ALL
            .into_iter()
            .flat_map(|store| ids.map(|id| record(store, id)))
            .collect();
        let batch = Arc::new(Batch {
            entries: vec![chain.entry()],
            records,
            ..Batch::default()
        });
        journal.append(batch.clone()).await.unwrap();
        let again = journal.append(batch).await;
        assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");
    }
    for store in AuthStore::ALL {
        let expected = ["a", "b", "c", "d"].map(|id| record(store, id));
        assert_eq!(records(&*journal, store).await, expected);
    }
}

pub async fn destroyed_records_are_gone_and_nothing_else_is(journal: Arc<dyn Journal>) {
    let (gone, kept) = (KeyRecordId::MIN, KeyRecordId::from_bytes([7; 12]));
    let ids = [gone.to_string(), kept.to_string()];
    let password = RecordName {
        store: AuthStore::Credentials,
        id: ids[1].clone(),
    };
    let mut chain = Chain::default();
    let everything = AuthStore::ALL
        .into_iter()
        .flat_map(|store| ids.each_ref().map(|id| record(store, id)));
    let batch = Batch {
        entries: vec![chain.entry()],
        records: everything.collect(),
        ..Batch::default()
    };
    journal.append(Arc::new(batch)).await.unwrap();

    let batch = Batch {
        entries: vec![chain.entry()],
        destroyed: vec![
            RecordName::key(gone),
            RecordName::key(KeyRecordId::from_bytes([9; 12])),
            password,
        ],
        ..Batch::default()
    };
    journal.append(Arc::new(batch)).await.unwrap();

    for store in AuthStore::ALL {
        let left = match store {
            AuthStore::Keys => &ids[1..],
            AuthStore::Credentials => &ids[..1],
            AuthStore::Tokens => &ids[..],
        };
        let expected: Vec<_> = left.iter().map(|id| record(store, id)).collect();
        assert_eq!(records(&*journal, store).await, expected);
    }
}
