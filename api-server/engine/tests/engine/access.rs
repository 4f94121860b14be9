//! The record of reads and refusals.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ssm_domain::access_record::{Access, AccessHead, AccessRecord};
use ssm_domain::caller::Actor;
use ssm_domain::entry::EntryActor;
use ssm_domain::id::{OpId, ServerId};
use ssm_domain::time::Timestamp;
use ssm_engine::Engine;
use ssm_engine::access::{
    AccessHealth, AccessOptions, AccessStore as _, ChainedAccess, Event, StoredAccess, Unrecorded,
};
use ssm_engine::memory::{Fault, MemoryJournal};

use crate::support::{ROOT, asked, every_read, open_recording, read_of};

async fn open(journal: &Arc<MemoryJournal>, options: AccessOptions) -> Engine {
    open_recording(journal, ROOT, &[], options).await
}

async fn record(engine: &Engine, key: &str) -> Result<(), Unrecorded> {
    engine
        .record_read(read_of(key), Duration::from_millis(3), asked)
        .await
}

async fn stored(journal: &MemoryJournal) -> Vec<StoredAccess> {
    journal.read_access(None, usize::MAX).await.unwrap()
}

/// What is stored, each key with its count.
async fn counts(journal: &MemoryJournal) -> Vec<(String, u64)> {
    let access = |stored: &StoredAccess| -> Access {
        AccessRecord::verify(&stored.bytes, stored.hash)
            .unwrap()
            .access
    };
    let mut counts: Vec<_> = stored(journal)
        .await
        .iter()
        .map(access)
        .map(|access| (access.target.key.unwrap().to_string(), access.count))
        .collect();
    counts.sort();
    counts
}

#[tokio::test]
async fn collapsed_reads_are_stored_together_at_the_end() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal, AccessOptions::default()).await;
    for key in ["A", "B", "A", "A"] {
        record(&engine, key).await.unwrap();
    }
    engine.shut_down().await;
    // The minute may have turned in between.
    let total = |wanted: &str, counts: &[(String, u64)]| -> u64 {
        let of_key = counts.iter().filter(|(key, _)| key == wanted);
        of_key.map(|(_, count)| count).sum()
    };
    let counts = counts(&journal).await;
    assert_eq!((total("A", &counts), total("B", &counts)), (3, 1));
    assert!(stored(&journal).await.last().unwrap().signature.is_some());
}

#[tokio::test]
async fn every_read_is_stored_before_its_answer() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal, every_read()).await;
    for expected in 1..=3 {
        record(&engine, "A").await.unwrap();
        assert_eq!(stored(&journal).await.len(), expected);
    }
}

#[tokio::test]
async fn reads_that_come_together_are_stored_together() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal, every_read()).await;
    let reads = (0..200).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { record(&engine, "A").await })
    });
    for read in reads.collect::<Vec<_>>() {
        read.await.unwrap().unwrap();
    }
    assert_eq!(stored(&journal).await.len(), 200);
    assert!(journal.access_appends() < 100);
}

#[tokio::test]
async fn a_read_that_cannot_be_stored_is_refused_where_every_read_counts() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal, every_read()).await;
    journal.refuse_beside(true);
    assert_eq!(record(&engine, "A").await, Err(Unrecorded));
    assert_eq!(engine.access_health(), AccessHealth::Fails);

    journal.refuse_beside(false);
    record(&engine, "B").await.unwrap();
    assert_eq!(engine.access_health(), AccessHealth::Ready);
    assert_eq!(counts(&journal).await, [("B".to_owned(), 1)]);
}

#[tokio::test]
async fn collapsed_reads_go_on_while_nothing_can_be_stored_and_are_stored_later() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal, AccessOptions::default()).await;
    journal.refuse_beside(true);
    record(&engine, "A").await.unwrap();
    engine.shut_down().await;
    assert_eq!(engine.access_health(), AccessHealth::Fails);
    assert!(stored(&journal).await.is_empty());

    journal.refuse_beside(false);
    record(&engine, "B").await.unwrap();
    engine.shut_down().await;
    assert_eq!(engine.access_health(), AccessHealth::Ready);
    assert_eq!(
        counts(&journal).await,
        [("A".to_owned(), 1), ("B".to_owned(), 1)]
    );
}

#[tokio::test]
async fn a_batch_of_unknown_outcome_is_sent_again_and_is_there_once() {
    for fault in [Fault::Lost, Fault::AnswerLost, Fault::Half] {
        let journal = Arc::new(MemoryJournal::default());
        let engine = open(&journal, every_read()).await;
        record(&engine, "A").await.unwrap();
        journal.fail_beside(Some(fault));
        assert_eq!(record(&engine, "B").await, Err(Unrecorded));
        // This time nothing is written; the time before is still not known.
        journal.fail_beside(Some(Fault::Refused));
        assert_eq!(record(&engine, "C").await, Err(Unrecorded));
        journal.fail_beside(None);
        record(&engine, "D").await.unwrap();

        let keys = counts(&journal).await.into_iter();
        assert_eq!(
            keys.map(|(key, _)| key).collect::<Vec<_>>(),
            ["A", "B", "D"]
        );
        let seqs = stored(&journal).await.into_iter().map(|record| record.seq);
        assert_eq!(seqs.collect::<Vec<_>>(), [1, 2, 3]);
    }
}

#[tokio::test]
async fn each_start_begins_a_chain_of_its_own_and_keeps_the_others() {
    let journal = Arc::new(MemoryJournal::default());
    for _ in 0..2 {
        let engine = open(&journal, AccessOptions::default()).await;
        record(&engine, "A").await.unwrap();
        engine.shut_down().await;
    }
    let stored = stored(&journal).await;
    assert_eq!(stored.len(), 2);
    assert_ne!(stored[0].server, stored[1].server);
}

#[tokio::test]
async fn what_is_older_than_it_has_to_be_kept_is_deleted() {
    let journal = Arc::new(MemoryJournal::default());
    let (mut head, mut records) = (AccessHead::empty(ServerId::MIN), Vec::new());
    for (key, age) in [("A", 91_i64), ("B", 89)] {
        let at = Timestamp::from_millis(clock().as_millis() - age * 24 * 3_600_000);
        let access = Access {
            id: OpId::MIN,
            at,
            until: at,
            count: 1,
            actor: EntryActor::server(),
            request: None,
            action: "secrets.read".into(),
            target: read_of(key).target,
            status: 200,
            latency_ms: None,
        };
        let record = ChainedAccess::behind(&head, access);
        head = record.head();
        records.push(record);
    }
    journal.append_access(records.into()).await.unwrap();

    let _engine = open(&journal, AccessOptions::default()).await;
    let trimmed = async {
        while stored(&journal).await.len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), trimmed)
        .await
        .unwrap();
    assert_eq!(counts(&journal).await, [("B".to_owned(), 1)]);
}

fn clock() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

#[tokio::test]
async fn a_full_minute_of_strangers_costs_no_more_than_its_bound() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal, AccessOptions::default()).await;
    for number in 0..5_000 {
        let event = Event {
            actor: Actor::Anonymous,
            address: Some(std::net::Ipv4Addr::from_bits(number).into()),
            action: "auth.failed",
            status: 401,
            ..read_of("A")
        };
        engine.record(event, None, || Some(asked()));
    }
    engine.shut_down().await;
    let stored = stored(&journal).await;
    assert!(stored.len() <= 1_100, "{}", stored.len());
    let count = |record: &StoredAccess| {
        AccessRecord::verify(&record.bytes, record.hash)
            .unwrap()
            .access
            .count
    };
    assert_eq!(stored.iter().map(count).sum::<u64>(), 5_000);
}
