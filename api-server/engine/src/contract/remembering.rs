//! The activity, which a journal keeps beside the entries.

use std::sync::Arc;

use ssm_domain::time::Timestamp;

use crate::activity::{ActivityKind, ActivityRecord};
use crate::journal::Journal;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn record(kind: ActivityKind, id: &str, body: &[u8], expires_at: i64) -> ActivityRecord {
    ActivityRecord {
        kind,
        id: id.into(),
        body: body.into(),
        expires_at: at(expires_at),
    }
}

async fn save(journal: &dyn Journal, records: &[ActivityRecord], now: i64) {
    journal
        .save_activity(records.into(), at(now))
        .await
        .unwrap();
}

async fn everything(journal: &dyn Journal) -> Vec<ActivityRecord> {
    let mut records = journal.load_activity().await.unwrap();
    records.sort_by_key(|record| (record.kind.as_str(), record.id.clone()));
    records
}

pub async fn activity_is_there_by_kind_and_name(journal: Arc<dyn Journal>) {
    assert_eq!(everything(&*journal).await, []);
    let mut records: Vec<_> = ActivityKind::ALL
        .into_iter()
        .flat_map(|kind| ["", "a", "B%_'"].map(|id| record(kind, id, kind.as_str().as_bytes(), 10)))
        .collect();
    save(&*journal, &records, 1).await;
    records.sort_by_key(|record| (record.kind.as_str(), record.id.clone()));
    assert_eq!(everything(&*journal).await, records);
}

pub async fn later_activity_takes_the_place_of_earlier(journal: Arc<dyn Journal>) {
    let throttle = |body: &[u8], expires_at| record(ActivityKind::Throttle, "a", body, expires_at);
    save(&*journal, &[throttle(b"1", 10), throttle(b"2", 10)], 1).await;
    assert_eq!(everything(&*journal).await, [throttle(b"2", 10)]);
    save(&*journal, &[throttle(b"\0\xff", 20)], 2).await;
    assert_eq!(everything(&*journal).await, [throttle(b"\0\xff", 20)]);
}

pub async fn activity_that_has_expired_is_deleted_with_the_next_save(journal: Arc<dyn Journal>) {
    let answer = |id, expires_at| record(ActivityKind::Answer, id, b"", expires_at);
    let records = [answer("a", 10), answer("b", 20), answer("c", 30)];
    save(&*journal, &records, 1).await;
    save(&*journal, &[], 20).await;
    assert_eq!(everything(&*journal).await, records[2..]);
    save(&*journal, &[answer("c", 0), answer("d", 20)], 20).await;
    assert_eq!(everything(&*journal).await, []);
}

pub async fn activity_is_found_by_kind_and_by_when_it_expires(journal: Arc<dyn Journal>) {
    let report = |id, expires_at| record(ActivityKind::Report, id, b"", expires_at);
    let answer = record(ActivityKind::Answer, "c", b"", 30);
    save(
        &*journal,
        &[report("a", 10), report("b", 20), report("c", 30), answer],
        1,
    )
    .await;
    let found = async |kind, after| {
        let found = journal.load_activity_after(kind, at(after)).await;
        let mut ids: Vec<_> = found.unwrap().into_iter().map(|one| one.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(found(ActivityKind::Report, 0).await, ["a", "b", "c"]);
    assert_eq!(found(ActivityKind::Report, 10).await, ["b", "c"]);
    assert_eq!(found(ActivityKind::Answer, 29).await, ["c"]);
    assert!(found(ActivityKind::Throttle, 0).await.is_empty());
}
