//! Several engines on one journal.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ssm_domain::access::Action;
use ssm_engine::memory::{Fault, MemoryJournal};
use ssm_engine::{Engine, Health};
use tokio::time::{advance, timeout};

use crate::support::{create_project, open, put, service_token, shop, value};

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
async fn a_token_that_another_made_a_moment_ago_is_known() {
    let journal = shared();
    let (one, other) = (open(&journal).await, open(&journal).await);
    shop(&one).await;
    for _ in 0..5 {
        let token = service_token(&one, &[Action::SecretsRead], "web/prod").await;
        let actor = other.authenticate_anywhere(&token).await;
        assert_eq!(actor, one.authenticate(&token));
        assert!(actor.is_some());
    }

    let elsewhere = open(&shared()).await;
    shop(&elsewhere).await;
    let unknown = service_token(&elsewhere, &[Action::SecretsRead], "web/prod").await;
    assert_eq!(other.authenticate_anywhere(&unknown).await, None);
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
    let news = async {
        while engine.is_stale() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, news).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_ones_own_is_never_stale() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    journal.fail_reads(true);
    advance(Duration::from_hours(24)).await;
    assert!(!engine.is_stale());
}
