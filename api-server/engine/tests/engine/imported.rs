//! What another system had on record, in the list of what is on record.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use ssm_domain::access_record::Access;
use ssm_domain::entry::{ActorKind, EntryActor, Target};
use ssm_domain::id::OpId;
use ssm_domain::import::{Import, ImportEvents};
use ssm_domain::time::Timestamp;
use ssm_engine::Engine;
use ssm_engine::access::{AccessFilter, Outcome};
use ssm_engine::memory::MemoryJournal;

use crate::events::{KEYS, all, count_reads, happen, is_a_naive_merge, store, walk};
use crate::support::{open, server, shop};

/// As many as an import from version 1.4 puts into an entry.
const AT_ONCE: usize = 200;

/// Something that somebody did elsewhere.
pub fn event(id: OpId, at: Timestamp) -> Access {
    Access {
        id,
        at,
        until: at,
        count: 1,
        actor: EntryActor {
            kind: ActorKind::User,
            id: "alice".to_owned(),
            token_id: None,
        },
        request: None,
        action: "secrets.read".to_owned(),
        target: Target::default(),
        status: 200,
        latency_ms: None,
    }
}

/// One entry with these.
pub fn unit(events: Vec<Access>) -> Import {
    Import {
        action: "audit.import",
        target: Target::default(),
        steps: vec![Arc::new(ImportEvents { events })],
    }
}

async fn bring(engine: &Engine, events: &[Access], at_once: usize) {
    for events in events.chunks(at_once) {
        engine.run(server(), unit(events.to_vec())).await.unwrap();
    }
}

/// Something that the filters of these tests may be about.
fn some_event(rng: &mut StdRng, at: Timestamp) -> Access {
    let mut event = event(OpId::random(rng), at);
    let name = |name: &str| Some(name.parse().unwrap());
    if rng.random() {
        event.target.project = name("web");
        event.target.config = name(["base", "prod"].choose(rng).unwrap());
        event.target.key = KEYS.choose(rng).map(|key| key.parse().unwrap());
    }
    let actors = ["server", "unknown", "alice"];
    (*actors.choose(rng).unwrap()).clone_into(&mut event.actor.id);
    let actions = ["secrets.read", "secrets.write", "access.denied"];
    (*actions.choose(rng).unwrap()).clone_into(&mut event.action);
    event.status = *[200, 403].choose(rng).unwrap();
    event
}

#[tokio::test]
async fn it_is_merged_by_time_with_what_was_done_here_whatever_is_asked_for() {
    for seed in 0..20 {
        let mut rng = StdRng::seed_from_u64(seed);
        let journal = Arc::new(MemoryJournal::default());
        let engine = open(&journal).await;
        shop(&engine).await;
        for _ in 0..rng.random_range(0..40) {
            happen(&engine, &mut rng).await;
            if rng.random_ratio(1, 15) {
                store(&engine).await;
            }
        }
        // Before, between and behind what was done here, and in the very same milliseconds.
        let mut events = Vec::new();
        for done in all(&engine, &AccessFilter::default()).await {
            for _ in 0..rng.random_range(0..3) {
                let at = done.at.as_millis() + rng.random_range(-2..=2);
                events.push(some_event(&mut rng, Timestamp::from_millis(at)));
            }
        }
        events.sort_by_key(Access::position);
        bring(&engine, &events, rng.random_range(1..9)).await;
        for _ in 0..5 {
            happen(&engine, &mut rng).await;
        }
        is_a_naive_merge(&engine, &journal, &mut rng, seed).await;
    }
}

#[tokio::test]
async fn a_page_passes_over_so_much_of_it_and_no_more() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    let now = engine.now();
    let events = (0..25_000_u32).map(|number| {
        let mut id = [0; 12];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let mut event = event(OpId::from_bytes(id), now);
        event.status = if number == 3 { 403 } else { 200 };
        event
    });
    bring(&engine, &events.collect::<Vec<_>>(), AT_ONCE).await;
    let reads = count_reads(&journal);
    let failures = AccessFilter {
        outcome: Some(Outcome::Failure),
        ..AccessFilter::default()
    };
    assert_eq!(walk(&engine, &failures, &reads).await, (1, 2));
    let before = AccessFilter {
        until: Some(Timestamp::from_millis(now.as_millis() - 1)),
        ..failures.clone()
    };
    assert_eq!(walk(&engine, &before, &reads).await, (0, 1));
    let after = AccessFilter {
        since: Some(Timestamp::from_millis(now.as_millis() + 1)),
        ..failures
    };
    assert_eq!(walk(&engine, &after, &reads).await, (0, 1));
}
