//! The record as a list: changes, reads and refusals, merged by time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use ssm_domain::access_record::{Access, AccessHead, AccessRecord};
use ssm_domain::caller::Actor;
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Change, Entry, EntryActor, NewEntry, Request, Target};
use ssm_domain::id::{OpId, ServerId};
use ssm_engine::access::{
    AccessFilter, AccessStore as _, ChainedAccess, Event, Outcome, StoredAccess,
};
use ssm_engine::journal::{Batch, BatchEntry, Journal as _, StoredEntry};
use ssm_engine::memory::MemoryJournal;
use ssm_engine::{AuditEvent, AuditPage, AuditQuery, Engine, EventPosition, PageStart, Which};

use crate::support::{open, put, shop};

pub const KEYS: [&str; 3] = ["A", "B", "C"];

/// Something happens that goes on record.
pub async fn happen(engine: &Engine, rng: &mut StdRng) {
    let key = KEYS.choose(rng).unwrap();
    let config = ["base", "prod"].choose(rng).unwrap();
    if rng.random_ratio(1, 3) {
        let value = rng.random::<u64>().to_string();
        let at = format!("web/{config}");
        put(engine, &at, key, &value).await.unwrap();
        return;
    }
    let event = Event {
        actor: [Actor::System, Actor::Anonymous]
            .choose(rng)
            .copied()
            .unwrap(),
        action: ["secrets.read", "access.denied"].choose(rng).unwrap(),
        target: Target {
            project: Some("web".parse().unwrap()),
            config: Some(config.parse().unwrap()),
            key: Some(key.parse().unwrap()),
            ..Target::default()
        },
        method: "GET".into(),
        status: *[200, 403].choose(rng).unwrap(),
        address: None,
    };
    let read = engine.record_read(event, Duration::from_millis(1), request);
    read.await.unwrap();
}

fn request() -> Request {
    Request {
        id: "id".into(),
        method: "GET".into(),
        path: "/".into(),
        ip: None,
        user_agent: None,
        idempotency: None,
    }
}

/// Stores what is in memory.
pub async fn store(engine: &Engine) {
    engine.shut_down().await;
}

async fn page(engine: &Engine, filter: &AccessFilter, limit: usize, from: PageStart) -> AuditPage {
    let filter = filter.clone();
    let query = AuditQuery {
        filter,
        limit,
        from,
    };
    engine.audit(&Actor::System, &query).await.unwrap()
}

fn positions(page: &AuditPage) -> Vec<EventPosition> {
    page.events.iter().map(AuditEvent::position).collect()
}

pub async fn all(engine: &Engine, filter: &AccessFilter) -> Vec<EventPosition> {
    let page = page(engine, filter, usize::MAX >> 1, PageStart::default()).await;
    assert_eq!(page.next, None);
    positions(&page)
}

/// Everything page by page: by cursor, or by number.
async fn paged(
    engine: &Engine,
    filter: &AccessFilter,
    limit: usize,
    by_cursor: bool,
) -> Vec<EventPosition> {
    let (mut all, mut from) = (Vec::new(), PageStart::default());
    for number in 1.. {
        let page = page(engine, filter, limit, from).await;
        all.extend(positions(&page));
        let Some(next) = page.next else { break };
        assert_eq!(page.events.len(), limit);
        from = if by_cursor {
            PageStart::Below(next)
        } else {
            PageStart::After(number)
        };
    }
    all
}

/// What a filter lets through of everything that is stored, merged without any thought of how much it is.
async fn naive(journal: &MemoryJournal, filter: &AccessFilter) -> Vec<EventPosition> {
    let stored = journal.read_access(None, usize::MAX).await.unwrap();
    let accesses = stored.iter().map(access).filter(|it| filter.admits(it));
    let mut merged: BTreeSet<EventPosition> = accesses.map(|it| it.position().into()).collect();
    for stored in journal.read(0, usize::MAX).await.unwrap() {
        let entry: Entry = serde_json::from_slice(&stored.bytes).unwrap();
        let imported = entry.changes.iter().flat_map(|change| match change {
            Change::EventsImported { events } => events.as_slice(),
            _ => &[],
        });
        let imported = imported.filter(|event| filter.admits(event));
        merged.extend(imported.map(|event| EventPosition {
            at: event.at,
            which: Which::Imported(event.id),
        }));
        let is_wanted = |key| {
            let mut changed = entry.changes.iter().filter_map(|change| change.secret());
            entry.target.key.as_ref() == Some(key) || changed.any(|(changed, _)| changed == key)
        };
        let target = &entry.target;
        let admitted = filter.outcome != Some(Outcome::Failure)
            && filter
                .project
                .as_ref()
                .is_none_or(|it| target.project.as_ref() == Some(it))
            && filter
                .config
                .as_ref()
                .is_none_or(|it| target.config.as_ref() == Some(it))
            && filter.key.as_ref().is_none_or(is_wanted)
            && filter.actor.as_ref().is_none_or(|it| *it == entry.actor.id)
            && filter.action.as_ref().is_none_or(|it| *it == entry.action)
            && filter.since.is_none_or(|it| entry.at >= it)
            && filter.until.is_none_or(|it| entry.at <= it);
        if admitted {
            let which = Which::Entry(entry.seq);
            merged.insert(EventPosition {
                at: entry.at,
                which,
            });
        }
    }
    merged.into_iter().rev().collect()
}

fn access(stored: &StoredAccess) -> Access {
    AccessRecord::verify(&stored.bytes, stored.hash)
        .unwrap()
        .access
}

fn some_filter(rng: &mut StdRng, events: &[EventPosition]) -> AccessFilter {
    let mut filter = AccessFilter::default();
    if rng.random_ratio(1, 3) {
        filter.project = Some("web".parse().unwrap());
        if rng.random() {
            filter.config = Some("prod".parse().unwrap());
        }
    }
    if rng.random_ratio(1, 3) {
        filter.key = KEYS.choose(rng).map(|key| key.parse().unwrap());
    }
    if rng.random_ratio(1, 4) {
        filter.actor = ["server", "unknown", "nobody"]
            .choose(rng)
            .map(ToString::to_string);
    }
    if rng.random_ratio(1, 4) {
        let actions = ["secrets.read", "secrets.write", "access.denied"];
        filter.action = actions.choose(rng).map(ToString::to_string);
    }
    if rng.random_ratio(1, 4) {
        filter.outcome = [Outcome::Success, Outcome::Failure].choose(rng).copied();
    }
    if rng.random_ratio(1, 3) {
        filter.since = events.choose(rng).map(|event| event.at);
    }
    if rng.random_ratio(1, 3) {
        filter.until = events.choose(rng).map(|event| event.at);
    }
    filter
}

/// Whether the list is what it should be, under several filters, as a whole and page by page.
pub async fn is_a_naive_merge(
    engine: &Engine,
    journal: &MemoryJournal,
    rng: &mut StdRng,
    seed: u64,
) {
    let known = all(engine, &AccessFilter::default()).await;
    let filters: Vec<_> = (0..10).map(|_| some_filter(rng, &known)).collect();
    let mut unstored = Vec::new();
    for filter in &filters {
        unstored.push(all(engine, filter).await);
    }
    store(engine).await;
    for (filter, unstored) in filters.iter().zip(unstored) {
        let expected = naive(journal, filter).await;
        assert_eq!(
            unstored, expected,
            "before it was stored: {seed} {filter:?}"
        );
        assert_eq!(all(engine, filter).await, expected, "{seed} {filter:?}");
        let limit = rng.random_range(1..7);
        for by_cursor in [true, false] {
            let paged = paged(engine, filter, limit, by_cursor).await;
            assert_eq!(paged, expected, "{seed} {filter:?} {limit} {by_cursor}");
        }
    }
}

#[tokio::test]
async fn the_list_is_what_a_naive_merge_of_everything_comes_to() {
    for seed in 0..20 {
        let mut rng = StdRng::seed_from_u64(seed);
        let journal = Arc::new(MemoryJournal::default());
        let engine = open(&journal).await;
        shop(&engine).await;
        for _ in 0..rng.random_range(0..60) {
            happen(&engine, &mut rng).await;
            if rng.random_ratio(1, 15) {
                store(&engine).await;
            }
        }
        is_a_naive_merge(&engine, &journal, &mut rng, seed).await;
    }
}

#[tokio::test]
async fn by_cursor_each_event_comes_once_while_new_ones_arrive() {
    for seed in 0..10 {
        let mut rng = StdRng::seed_from_u64(seed);
        let engine = open(&Arc::default()).await;
        shop(&engine).await;
        for _ in 0..40 {
            happen(&engine, &mut rng).await;
        }
        let expected = all(&engine, &AccessFilter::default()).await;
        let (mut seen, mut from) = (Vec::new(), PageStart::default());
        loop {
            let page = page(&engine, &AccessFilter::default(), 4, from).await;
            seen.extend(positions(&page));
            let Some(next) = page.next else { break };
            from = PageStart::Below(next);
            happen(&engine, &mut rng).await;
            if rng.random_ratio(1, 5) {
                store(&engine).await;
            }
        }
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{seed}");
        // Of what came later, that of the same millisecond may stand below the newest that there was.
        let newest = expected[0].at;
        seen.retain(|event| expected.contains(event) || event.at < newest);
        assert_eq!(seen, expected, "{seed}");
    }
}

/// Counts how often the journal is read.
pub fn count_reads(journal: &MemoryJournal) -> Arc<AtomicUsize> {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = reads.clone();
    journal.inject_reads(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    });
    reads
}

/// Pages through what a filter lets through, and returns how many events and pages that are.
pub async fn walk(engine: &Engine, filter: &AccessFilter, reads: &AtomicUsize) -> (usize, usize) {
    let (mut events, mut from) = (0, PageStart::default());
    for pages in 1.. {
        reads.store(0, Ordering::Relaxed);
        let page = page(engine, filter, 50, from).await;
        assert!(reads.load(Ordering::Relaxed) < 300, "a page reads it all");
        events += page.events.len();
        match page.next {
            Some(next) => from = PageStart::Below(next),
            None => return (events, pages),
        }
    }
    unreachable!()
}

#[tokio::test]
async fn a_page_passes_over_so_many_changes_and_no_more() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    put(&engine, "web/base", "A", "1").await.unwrap();
    let mut head = *engine.state().head();
    let mut batch = Batch::default();
    for number in 0..25_000_u32 {
        let mut op_id = [0; 12];
        op_id[..4].copy_from_slice(&number.to_be_bytes());
        let entry = Entry::append_to(
            &head,
            NewEntry {
                op_id: OpId::from_bytes(op_id),
                now: head.at,
                actor: EntryActor::server(),
                request: None,
                action: "me.update".into(),
                target: Target::default(),
                changes: Vec::new(),
            },
        );
        let bytes = entry.canonical_bytes();
        let hash = Digest::of(&bytes);
        head = entry.head(hash);
        let seq = entry.seq;
        let stored = StoredEntry { seq, hash, bytes };
        batch.entries.push(BatchEntry { entry, stored });
    }
    journal.append(Arc::new(batch)).await.unwrap();
    let reads = count_reads(&journal);
    let filter = AccessFilter {
        key: Some("A".parse().unwrap()),
        ..AccessFilter::default()
    };
    assert_eq!(walk(&engine, &filter, &reads).await, (1, 3));
}

#[tokio::test]
async fn a_page_passes_over_so_many_reads_and_no_more() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    let (mut head, mut records) = (AccessHead::empty(ServerId::MIN), Vec::new());
    let now = engine.now();
    for number in 0..45_000_u32 {
        let mut id = [0; 12];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let access = Access {
            id: OpId::from_bytes(id),
            at: now,
            until: now,
            count: 1,
            actor: EntryActor::server(),
            request: None,
            action: "secrets.read".into(),
            target: Target::default(),
            status: if number == 3 { 403 } else { 200 },
            latency_ms: None,
        };
        let record = ChainedAccess::behind(&head, access);
        head = record.head();
        records.push(record);
    }
    journal.append_access(records.into()).await.unwrap();
    let reads = count_reads(&journal);
    let filter = AccessFilter {
        outcome: Some(Outcome::Failure),
        ..AccessFilter::default()
    };
    assert_eq!(walk(&engine, &filter, &reads).await, (1, 3));
}
