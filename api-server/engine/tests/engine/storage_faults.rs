//! What the engine promises while its storage misbehaves: an acknowledged write is there, a refused one is not, and
//! no answer rests on anything unwritten.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{create_project, open, put, shop, value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use ssm_domain::caller::Actor;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_engine::memory::{Fault, MemoryJournal};
use ssm_engine::{Health, RunError};

/// The faults of `script`, one an append, and none after them.
fn script(journal: &MemoryJournal, script: &'static [Fault]) {
    let mut faults = script.iter().copied();
    journal.inject(move || faults.next());
}

#[tokio::test]
async fn a_refused_append_is_unavailable_and_changes_nothing() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    script(&journal, &[Fault::Refused]);

    assert!(matches!(
        put(&engine, "web/base", "A", "1").await,
        Err(RunError::Unavailable)
    ));
    assert_eq!(engine.health(), Health::WritesFail);
    assert_eq!(value(&engine, "web/base", "A"), None);

    put(&engine, "web/base", "A", "2").await.unwrap();
    assert_eq!(engine.health(), Health::Ready);
    assert_eq!(value(&engine, "web/base", "A").as_deref(), Some("2"));
}

#[tokio::test]
async fn reads_go_on_while_the_journal_cannot_be_written() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    put(&engine, "web/base", "A", "1").await.unwrap();
    journal.inject(|| Some(Fault::Refused));
    journal.fail_reads(true);

    assert!(put(&engine, "web/base", "A", "2").await.is_err());
    assert_eq!(value(&engine, "web/prod", "A").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_written_once() {
    for fault in [Fault::Lost, Fault::AnswerLost, Fault::Half, Fault::Late] {
        let journal = Arc::new(MemoryJournal::default());
        let engine = open(&journal).await;
        shop(&engine).await;
        let before = engine.state().head().seq;
        let mut once = Some(fault);
        journal.inject(move || once.take());

        let written = put(&engine, "web/base", "A", "1").await.unwrap();
        assert_eq!(written.revision, before + 1, "{fault:?}");
        assert_eq!(engine.state().head().seq, before + 1, "{fault:?}");
        assert_eq!(
            value(&engine, "web/base", "A").as_deref(),
            Some("1"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_large_batch_whose_answer_was_lost_is_written_once() {
    for fault in [Fault::Lost, Fault::AnswerLost, Fault::Half, Fault::Late] {
        let journal = Arc::new(MemoryJournal::default());
        let engine = open(&journal).await;
        let before = engine.state().head().seq;
        let mut once = Some(fault);
        journal.inject(move || once.take());

        // They are all queued before the writer sees the first.
        let slugs: Vec<_> = (0..100).map(|n| format!("web-{n}")).collect();
        let created = slugs.iter().map(|slug| create_project(&engine, slug));
        for created in futures::future::join_all(created).await {
            created.unwrap();
        }
        assert_eq!(engine.state().head().seq, before + 100, "{fault:?}");
    }
}

#[tokio::test]
async fn a_rejection_that_rests_on_an_unwritten_entry_is_not_told() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    script(&journal, &[Fault::Refused]);

    // Both are decided in one batch: the second is refused only because of the first, which is not written.
    let (first, second) = tokio::join!(
        create_project(&engine, "web"),
        create_project(&engine, "web")
    );
    assert!(matches!(first, Err(RunError::Unavailable)));
    assert!(matches!(second, Err(RunError::Unavailable)));
    create_project(&engine, "web").await.unwrap();
    assert!(matches!(
        create_project(&engine, "web").await,
        Err(RunError::Rejected(Rejection::AlreadyExists(Noun::Project)))
    ));
}

#[tokio::test]
async fn a_rejection_that_rests_on_nothing_unwritten_is_told_while_storage_fails() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    create_project(&engine, "web").await.unwrap();
    journal.inject(|| Some(Fault::Refused));
    assert!(matches!(
        create_project(&engine, "web").await,
        Err(RunError::Rejected(_))
    ));
}

/// Many writers, each counting up its own key, on storage that fails every fifth time in every way that it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_equals_what_was_acknowledged_while_every_fifth_append_fails() {
    const WRITERS: usize = 8;
    const WRITES: usize = 150;
    // A slow machine makes few large batches of as many writes.
    const FAILURES: usize = 20;
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    let (mut rng, injected) = (StdRng::seed_from_u64(42), Arc::new(AtomicUsize::new(0)));
    let count = injected.clone();
    journal.inject(move || {
        let faults = [
            Fault::Refused,
            Fault::Lost,
            Fault::AnswerLost,
            Fault::Half,
            Fault::Late,
        ];
        rng.random_bool(0.2).then(|| {
            count.fetch_add(1, Ordering::Relaxed);
            faults[rng.random_range(0..faults.len())]
        })
    });

    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (engine, failures) = (engine.clone(), injected.clone());
            tokio::spawn(async move {
                let key = format!("KEY_{writer}");
                let mut acknowledged = None;
                let goes_on = |n| n < WRITES || failures.load(Ordering::Relaxed) < FAILURES;
                for n in (0..).take_while(|n| goes_on(*n)) {
                    let n = n.to_string();
                    match put(&engine, "web/base", &key, &n).await {
                        Ok(_) => acknowledged = Some(n),
                        Err(RunError::Unavailable) => {}
                        Err(other) => panic!("{other}"),
                    }
                    tokio::task::yield_now().await;
                }
                (key, acknowledged)
            })
        })
        .collect();
    let mut expected = BTreeMap::new();
    for writer in writers {
        let (key, acknowledged) = writer.await.unwrap();
        expected.insert(key, acknowledged);
    }
    journal.heal();

    let reopened = open(&journal).await;
    for (key, acknowledged) in expected {
        assert_eq!(value(&engine, "web/base", &key), acknowledged);
        assert_eq!(value(&reopened, "web/base", &key), acknowledged);
    }
    let verified = reopened.verify(&Actor::System, None, None).await.unwrap();
    assert_eq!(verified.findings, []);
    assert_eq!(verified.entries, verified.head.seq);
}
