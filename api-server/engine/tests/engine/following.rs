//! Several engines on one journal.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ssm_domain::access::Action;
use ssm_domain::id::Epoch;
use ssm_engine::memory::{Fault, MemoryJournal};
use ssm_engine::{Engine, Health};
use tokio::time::{advance, sleep, timeout};

use crate::support::{create_config, create_project, open, put, service_token, shop, value};

const PATIENCE: Duration = Duration::from_secs(30);

fn shared() -> Arc<MemoryJournal> {
    let journal = Arc::new(MemoryJournal::default());
    journal.share();
    journal
}

/// Waits until `engine` is as far as `other`.
async fn follows(engine: &Engine, other: &Engine) {
    let seq = other.state().head().seq;
    assert!(engine.wait_for(seq, PATIENCE).await);
}

fn epoch(engine: &Engine) -> Epoch {
    engine.state().journal().unwrap().epoch
}

async fn eventually(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test]
async fn what_one_writes_the_other_reads() {
    let journal = shared();
    let (one, other) = (open(&journal).await, open(&journal).await);
    shop(&one).await;
    put(&one, "web/base", "A", "1").await.unwrap();
    follows(&other, &one).await;
    assert_eq!(value(&other, "web/prod", "A").as_deref(), Some("1"));

    put(&other, "web/prod", "A", "2").await.unwrap();
    follows(&one, &other).await;
    assert_eq!(value(&one, "web/prod", "A").as_deref(), Some("2"));
    assert_eq!(one.state().head(), other.state().head());
}

#[tokio::test]
async fn a_change_is_decided_on_what_others_did_before_it_was_asked_for() {
    let journal = shared();
    let (one, other) = (open(&journal).await, open(&journal).await);
    shop(&one).await;
    for round in 0..5 {
        let (before, after) = (format!("{round}"), format!("{round} again"));
        // Never "not found", though it was made elsewhere a moment ago.
        let project = format!("p{round}");
        create_project(&one, &project).await.unwrap();
        create_config(&other, &format!("{project}/base"), None)
            .await
            .unwrap();
        put(&one, &format!("{project}/base"), "A", "1")
            .await
            .unwrap();

        put(&other, "web/base", "A", &before).await.unwrap();
        put(&one, "web/base", "A", &after).await.unwrap();
        // Never "it is that already", though it was that a moment ago.
        put(&other, "web/base", "A", &before).await.unwrap();
        follows(&one, &other).await;
        assert_eq!(value(&one, "web/base", "A"), Some(before));
    }
}

#[tokio::test]
async fn a_token_that_another_made_a_moment_ago_is_known() {
    let journal = shared();
    let (one, other) = (open(&journal).await, open(&journal).await);
    shop(&one).await;
    for _ in 0..5 {
        let token = service_token(&one, &[Action::SecretsRead], "web/prod").await;
        let actor = other.authenticate_anywhere(&token).await.unwrap();
        assert_eq!(actor, one.authenticate(&token));
        assert!(actor.is_some());
    }

    let elsewhere = open(&shared()).await;
    shop(&elsewhere).await;
    let unknown = service_token(&elsewhere, &[Action::SecretsRead], "web/prod").await;
    let unknown = other.authenticate_anywhere(&unknown).await;
    assert_eq!(unknown.unwrap(), None);
}

#[tokio::test]
async fn two_who_write_at_once_lose_nothing_and_double_nothing() {
    let journal = shared();
    let (one, other) = (open(&journal).await, open(&journal).await);
    let mut faults = [Some(Fault::AnswerLost), None, Some(Fault::Half), None, None]
        .into_iter()
        .cycle();
    journal.inject(move || faults.next().flatten());
    let writers = (0..40).map(|n| {
        let engine = if n % 2 == 0 { &one } else { &other }.clone();
        // Each name is wanted by one writer of either engine: one of the two gets it.
        tokio::spawn(async move { create_project(&engine, &format!("p{}", n / 2)).await })
    });
    let mut made = 0;
    for writer in writers.collect::<Vec<_>>() {
        made += usize::from(writer.await.unwrap().is_ok());
    }
    assert_eq!(made, 20);
    follows(&one, &other).await;
    follows(&other, &one).await;
    let slugs = |engine: &Engine| -> BTreeSet<_> {
        engine
            .state()
            .projects()
            .map(|project| project.slug.to_string())
            .collect()
    };
    assert_eq!(slugs(&one).len(), 20);
    assert_eq!(slugs(&one), slugs(&other));
    assert_eq!(one.health(), Health::Ready);
}

#[tokio::test]
async fn a_database_that_was_put_back_is_read_again_in_a_new_epoch() {
    let journal = shared();
    let engine = open(&journal).await;
    shop(&engine).await;
    put(&engine, "web/base", "A", "1").await.unwrap();
    let before = epoch(&engine);
    put(&engine, "web/base", "A", "2").await.unwrap();
    put(&engine, "web/base", "B", "2").await.unwrap();
    let lost = engine.state().head().seq;

    journal.tamper(|entries| entries.truncate(entries.len() - 2));
    eventually(|| epoch(&engine) != before).await;
    assert_eq!(value(&engine, "web/prod", "A").as_deref(), Some("1"));
    assert_eq!(value(&engine, "web/prod", "B"), None);
    assert_eq!(engine.state().head().seq, lost - 1);
    put(&engine, "web/base", "A", "3").await.unwrap();
    assert_eq!(value(&engine, "web/prod", "A").as_deref(), Some("3"));
}

#[tokio::test]
async fn the_new_epoch_begins_also_where_it_cannot_be_written_at_first() {
    let journal = shared();
    let engine = open(&journal).await;
    shop(&engine).await;
    let before = epoch(&engine);
    let mut refused = 0..3;
    journal.inject(move || refused.next().map(|_| Fault::Refused));
    journal.tamper(|entries| entries.truncate(entries.len() - 1));
    eventually(|| epoch(&engine) != before).await;
    assert_eq!(engine.health(), Health::Ready);
    put(&engine, "web/base", "A", "1").await.unwrap();
}

#[tokio::test]
async fn a_write_over_a_database_that_was_put_back_is_refused_or_is_there() {
    for _ in 0..20 {
        let journal = shared();
        let engine = open(&journal).await;
        shop(&engine).await;
        put(&engine, "web/base", "A", "1").await.unwrap();
        let before = epoch(&engine);
        journal.tamper(|entries| entries.truncate(entries.len() - 1));
        let written = put(&engine, "web/base", "B", "2").await.is_ok();
        eventually(|| epoch(&engine) != before).await;
        assert_eq!(value(&engine, "web/base", "B").is_some(), written);
        assert_eq!(value(&engine, "web/base", "A"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn without_news_for_too_long_nothing_is_certain_any_more() {
    let journal = shared();
    let engine = open(&journal).await;
    journal.fail_reads(true);
    advance(Duration::from_secs(50)).await;
    assert!(!engine.is_stale());
    advance(Duration::from_secs(11)).await;
    assert!(engine.is_stale());

    journal.heal();
    eventually(|| !engine.is_stale()).await;
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_ones_own_is_never_stale() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    journal.fail_reads(true);
    advance(Duration::from_hours(24)).await;
    assert!(!engine.is_stale());
}
