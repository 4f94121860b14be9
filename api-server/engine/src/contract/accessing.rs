//! Access records, which a journal keeps beside the entries.

use std::collections::BTreeMap;
use std::sync::Arc;

use ssm_domain::access_record::{Access, AccessHead};
use ssm_domain::entry::{ActorKind, EntryActor, Seq, Target};
use ssm_domain::id::{Epoch, OpId, ServerId};
use ssm_domain::signing::{AccessSignature, PublicKey, Signature};
use ssm_domain::time::Timestamp;

use super::chain::{ALL, target};
use crate::access::{AccessFilter, ChainedAccess, StoredAccess};
use crate::journal::{AppendError, Journal};
use crate::verify::{AccessPlace, InspectedAccess, found_by};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn server(number: u8) -> ServerId {
    ServerId::from_bytes([number; 12])
}

/// What somebody called `actor` did at a time to a target. Events of one second are told apart by `number`.
fn access(number: u8, seconds: i64, actor: &str, target: Target) -> Access {
    Access {
        id: OpId::from_bytes([number; 12]),
        at: at(seconds),
        until: at(seconds + 10),
        count: 2,
        actor: EntryActor {
            kind: ActorKind::Service,
            id: actor.into(),
            token_id: None,
        },
        request: None,
        action: "secrets.read".into(),
        target,
        status: 200,
        latency_ms: None,
    }
}

fn read(number: u8, seconds: i64) -> Access {
    access(number, seconds, "ci", target(Some("web"), Some("prod")))
}

/// Puts `accesses` behind `head`, which moves on.
fn chained(
    head: &mut AccessHead,
    accesses: impl IntoIterator<Item = Access>,
) -> Arc<[ChainedAccess]> {
    let mut next = |access| {
        let record = ChainedAccess::behind(head, access);
        *head = record.head();
        record
    };
    accesses.into_iter().map(&mut next).collect()
}

async fn append(journal: &dyn Journal, head: &mut AccessHead, accesses: Vec<Access>) {
    journal
        .append_access(chained(head, accesses))
        .await
        .unwrap();
}

async fn everything(journal: &dyn Journal) -> Vec<StoredAccess> {
    journal.read_access(None, ALL).await.unwrap()
}

/// The numbers of what a search finds.
async fn found(journal: &dyn Journal, filter: &AccessFilter) -> Vec<u8> {
    let found = journal.search_access(filter, None, ALL, ALL).await.unwrap();
    assert_eq!(found.stopped_at, None);
    found.records.iter().map(number).collect()
}

/// The same, where a search looks at `most` records at a time.
async fn found_in_steps(journal: &dyn Journal, filter: &AccessFilter, most: usize) -> Vec<u8> {
    let (mut numbers, mut before) = (Vec::new(), None);
    loop {
        let found = journal
            .search_access(filter, before, ALL, most)
            .await
            .unwrap();
        assert!(found.records.len() + found.passed_over <= most);
        numbers.extend(found.records.iter().map(number));
        if found.stopped_at.is_none() {
            return numbers;
        }
        before = found.stopped_at;
    }
}

fn number(stored: &StoredAccess) -> u8 {
    let record: ssm_domain::access_record::AccessRecord =
        serde_json::from_slice(&stored.bytes).unwrap();
    record.access.id.as_bytes()[0]
}

pub async fn access_records_are_read_back_by_chain_and_in_order(journal: Arc<dyn Journal>) {
    assert_eq!(everything(&*journal).await, []);
    let (mut first, mut second) = (AccessHead::empty(server(9)), AccessHead::empty(server(3)));
    let mut records = chained(&mut first, [read(1, 5), read(2, 6)]).to_vec();
    records[1].stored.signature = Some(AccessSignature {
        epoch: Epoch::from_bytes([4; 12]),
        public_key: PublicKey::from_bytes([5; 32]),
        signature: Signature::from_bytes([6; 64]),
    });
    journal.append_access(records.clone().into()).await.unwrap();
    let other = chained(&mut second, [read(3, 1)]);
    journal.append_access(other.clone()).await.unwrap();
    let more = chained(&mut first, [read(4, 7)]);
    journal.append_access(more.clone()).await.unwrap();

    let expected = other.iter().chain(&records).chain(more.iter());
    let expected: Vec<_> = expected.map(|record| record.stored.clone()).collect();
    assert_eq!(everything(&*journal).await, expected);
    for (taken, record) in expected.iter().enumerate() {
        let place = Some((record.server, record.seq));
        let rest = journal.read_access(place, 2).await.unwrap();
        let room = expected.len().min(taken + 3);
        assert_eq!(rest, expected[taken + 1..room]);
    }
}

pub async fn access_records_are_shown_with_all_that_lies_beside_them(journal: Arc<dyn Journal>) {
    let (mut first, mut second) = (AccessHead::empty(server(9)), AccessHead::empty(server(3)));
    let keyed = Target {
        key: Some("A".parse().unwrap()),
        ..target(Some("web"), Some("prod"))
    };
    let unnamed = access(2, 6, "bob", Target::default());
    let records = chained(&mut first, [access(1, 5, "ci", keyed), unnamed]);
    journal.append_access(records.clone()).await.unwrap();
    let other = chained(&mut second, [read(3, 1)]);
    journal.append_access(other.clone()).await.unwrap();

    let expected = other.iter().chain(records.iter());
    let expected: Vec<_> = expected
        .map(|record| InspectedAccess {
            place: AccessPlace::new(record.stored.server, record.stored.seq),
            stored: Ok(record.stored.clone()),
            found_by: found_by(&record.record.access),
        })
        .collect();
    let shown = journal.inspect_access(None, ALL).await.unwrap();
    assert_eq!(shown, expected);
    let texts = ["5000", "15000", "010101010101010101010101"];
    let texts = texts
        .into_iter()
        .chain(["web", "prod", "A", "ci", "secrets.read", "200"]);
    assert_eq!(
        shown[1].found_by,
        texts.map(|text| Some(text.to_owned())).collect::<Vec<_>>()[..]
    );
    for (taken, access) in expected.iter().enumerate() {
        let rest = journal
            .inspect_access(Some(&access.place), 1)
            .await
            .unwrap();
        assert_eq!(rest, expected[taken + 1..expected.len().min(taken + 2)]);
    }
}

pub async fn access_records_may_be_appended_again_and_not_in_the_place_of_others(
    journal: Arc<dyn Journal>,
) {
    let mut head = AccessHead::empty(server(1));
    let (records, mut fork) = (
        chained(&mut head, [read(1, 1), read(2, 2)]),
        AccessHead::empty(server(1)),
    );
    journal.append_access(records.clone()).await.unwrap();
    journal.append_access(records.clone()).await.unwrap();
    let longer: Arc<[_]> = records
        .iter()
        .cloned()
        .chain(chained(&mut head, [read(3, 3)]).to_vec())
        .collect();
    journal.append_access(longer.clone()).await.unwrap();
    let expected: Vec<_> = longer.iter().map(|record| record.stored.clone()).collect();
    assert_eq!(everything(&*journal).await, expected);

    let forked = chained(&mut fork, [read(7, 1), read(8, 2), read(9, 3), read(10, 4)]);
    for others in [forked.clone(), forked[2..].into()] {
        let refused = journal.append_access(others).await;
        assert!(matches!(refused, Err(AppendError::Conflict)), "{refused:?}");
        assert_eq!(everything(&*journal).await, expected);
    }
}

pub async fn a_search_for_access_finds_what_the_filter_lets_through_newest_first(
    journal: Arc<dyn Journal>,
) {
    let mut head = AccessHead::empty(server(1));
    let keyed = Target {
        key: Some("A".parse().unwrap()),
        ..target(Some("web"), Some("prod"))
    };
    let accesses = vec![
        access(1, 100, "ci", target(Some("web"), Some("prod"))),
        access(2, 300, "ci", keyed.clone()),
        access(3, 200, "alice", keyed),
        access(4, 400, "alice", target(Some("web"), Some("base"))),
        access(5, 500, "bob", target(Some("shop"), Some("prod"))),
        access(6, 600, "ci", target(Some("shop"), None)),
        Access {
            action: "auth.failed".into(),
            status: 401,
            ..access(7, 600, "unknown", Target::default())
        },
    ];
    append(&*journal, &mut head, accesses.clone()).await;
    for (text, expected) in [
        ("", &[7, 6, 5, 4, 2, 3, 1][..]),
        ("project=web", &[4, 2, 3, 1]),
        ("project=shop", &[6, 5]),
        ("project=web config=prod", &[2, 3, 1]),
        ("config=prod", &[5, 2, 3, 1]),
        ("key=A", &[2, 3]),
        ("actor=alice", &[4, 3]),
        ("actor=alice config=base", &[4]),
        ("actor=ALICE", &[]),
        ("action=auth.failed", &[7]),
        ("action=secrets.read project=shop", &[6, 5]),
        ("outcome=failure", &[7]),
        ("outcome=success actor=unknown", &[]),
        ("since=300", &[7, 6, 5, 4, 2]),
        ("since=301 until=400", &[4]),
        ("until=99", &[]),
    ] {
        let filter = filter(text);
        assert_eq!(found(&*journal, &filter).await, expected, "{text}");
        for most in [1, 2, 5] {
            let in_steps = found_in_steps(&*journal, &filter, most).await;
            assert_eq!(in_steps, expected, "{text}, {most} at a time");
        }
        let admitted = accesses.iter().filter(|access| filter.admits(access));
        assert_eq!(admitted.count(), expected.len(), "{text}");
    }
}

/// A filter that is written as `name=value name=value`.
fn filter(text: &str) -> AccessFilter {
    let mut filter = AccessFilter::default();
    for (name, value) in text
        .split_whitespace()
        .filter_map(|part| part.split_once('='))
    {
        match name {
            "project" => filter.project = Some(value.parse().unwrap()),
            "config" => filter.config = Some(value.parse().unwrap()),
            "key" => filter.key = Some(value.parse().unwrap()),
            "actor" => filter.actor = Some(value.to_owned()),
            "action" => filter.action = Some(value.to_owned()),
            "outcome" => filter.outcome = Some(value.parse().unwrap()),
            "since" => filter.since = Some(at(value.parse().unwrap())),
            "until" => filter.until = Some(at(value.parse().unwrap())),
            _ => panic!("{name} is no part of a filter"),
        }
    }
    filter
}

pub async fn a_search_for_access_goes_on_page_by_page(journal: Arc<dyn Journal>) {
    let (mut first, mut second) = (AccessHead::empty(server(1)), AccessHead::empty(server(2)));
    append(
        &*journal,
        &mut first,
        vec![read(5, 1), read(2, 1), read(3, 2)],
    )
    .await;
    append(
        &*journal,
        &mut second,
        vec![read(4, 1), read(1, 3), read(6, 1)],
    )
    .await;
    for filter in ["", "actor=ci"].map(filter) {
        let (mut numbers, mut before) = (Vec::new(), None);
        loop {
            let found = journal.search_access(&filter, before, 2, ALL).await;
            let page = found.unwrap().records;
            let Some(last) = page.last() else {
                break;
            };
            before = Some(
                serde_json::from_slice::<ssm_domain::access_record::AccessRecord>(&last.bytes)
                    .unwrap()
                    .access
                    .position(),
            );
            numbers.extend(page.iter().map(number));
        }
        assert_eq!(numbers, [1, 3, 6, 5, 4, 2]);
    }
}

pub async fn old_access_goes_from_the_front_of_each_chain(journal: Arc<dyn Journal>) {
    let (mut first, mut second) = (AccessHead::empty(server(1)), AccessHead::empty(server(2)));
    // Within a batch times are in no order: the third is older than the second.
    append(
        &*journal,
        &mut first,
        vec![read(1, 10), read(2, 50), read(3, 20), read(4, 60)],
    )
    .await;
    append(&*journal, &mut second, vec![read(5, 10), read(6, 20)]).await;
    let left = async || {
        let mut left: BTreeMap<ServerId, Vec<Seq>> = BTreeMap::new();
        for record in everything(&*journal).await {
            left.entry(record.server).or_default().push(record.seq);
        }
        left.into_values().collect::<Vec<_>>()
    };
    assert_eq!(journal.trim_access(at(20), ALL).await.unwrap(), 0);
    assert_eq!(journal.trim_access(at(45), 2).await.unwrap(), 2);
    assert_eq!(left().await, [vec![2, 3, 4], vec![2]]);
    assert_eq!(journal.trim_access(at(45), ALL).await.unwrap(), 1);
    assert_eq!(left().await, [vec![2, 3, 4]]);
    assert_eq!(journal.trim_access(at(1_000), ALL).await.unwrap(), 3);
    assert!(left().await.is_empty());
}
