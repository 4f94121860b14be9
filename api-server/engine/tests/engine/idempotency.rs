//! Whoever sends a request again under the same key gets it done once.

use std::sync::Arc;

use crate::support::{open, path, server, shop, value, write};
use ssm_domain::caller::Actor;
use ssm_domain::configs::DeleteConfig;
use ssm_domain::entry::{Entry, Idempotency, Request};
use ssm_domain::idempotency::Repeatable;
use ssm_domain::rejection::Rejection;
use ssm_domain::secrets::Written;
use ssm_domain::tokens::{Holder, IssueToken, ScopeRequest};
use ssm_engine::journal::Journal;
use ssm_engine::memory::{Fault, MemoryJournal};
use ssm_engine::{Admission, Answer, Engine, Requester, RunError};

/// What a request is known by, one body apart from another.
fn known(engine: &Engine, key: &str, body: &str) -> Idempotency {
    let request = Repeatable {
        actor: &Actor::System,
        method: "PUT",
        path: "/somewhere",
        key,
    };
    engine.idempotency(&request, &[body.as_bytes()])
}

fn repeatable(idempotency: Idempotency) -> Requester {
    Requester {
        request: Some(Request {
            id: "test".into(),
            method: "PUT".into(),
            path: "/somewhere".into(),
            ip: None,
            user_agent: None,
            idempotency: Some(idempotency),
        }),
        ..server()
    }
}

async fn put_once(engine: &Engine, key: &str, secret: &str) -> Result<Written, RunError> {
    let requester = repeatable(known(engine, key, secret));
    engine.run(requester, write("web/base", "A", secret)).await
}

/// The entries that were written under a key.
async fn entries(journal: &MemoryJournal, engine: &Engine, key: &str) -> usize {
    let sought = known(engine, key, "").key;
    let stored = journal.read(0, usize::MAX).await.unwrap();
    let entries = stored
        .iter()
        .map(|stored| serde_json::from_slice::<Entry>(&stored.bytes).unwrap());
    entries
        .filter_map(|entry| entry.request?.idempotency)
        .filter(|idempotency| idempotency.key == sought)
        .count()
}

async fn started() -> (Arc<MemoryJournal>, Engine) {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    (journal, engine)
}

fn answer() -> Answer {
    Answer {
        status: 200,
        etag: Some("\"e.7\"".into()),
        content_type: Some("application/json".into()),
        body: "{}".into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_is_carried_out_and_the_others_learn_of_it() {
    let (journal, engine) = started().await;
    let attempts = (0..50).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { put_once(&engine, "k", "one").await })
    });
    let (mut written, mut told) = (Vec::new(), Vec::new());
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(answer) => written.push(answer.revision),
            Err(RunError::Rejected(Rejection::AlreadyDone(done))) => told.push(done.seq),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((written.len(), told.len()), (1, 49));
    assert!(told.iter().all(|seq| *seq == written[0]));
    assert_eq!(entries(&journal, &engine, "k").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_done_once_however_storage_fails() {
    let (journal, engine) = started().await;
    let faults = [
        Fault::AnswerLost,
        Fault::Lost,
        Fault::Late,
        Fault::Half,
        Fault::Refused,
    ];
    let mut appends = 0_usize;
    journal.inject(move || {
        appends += 1;
        (!appends.is_multiple_of(3)).then(|| faults[appends % faults.len()])
    });
    for round in 0..20 {
        let key = format!("k{round}");
        let retries = (0..3).map(|_| {
            let (engine, key) = (engine.clone(), key.clone());
            tokio::spawn(async move {
                loop {
                    match put_once(&engine, &key, &key).await {
                        Ok(_) | Err(RunError::Rejected(Rejection::AlreadyDone(_))) => return,
                        Err(RunError::Unavailable | RunError::OutcomeUnknown) => {
                            tokio::task::yield_now().await;
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
            })
        });
        for retry in retries.collect::<Vec<_>>() {
            retry.await.unwrap();
        }
        assert_eq!(entries(&journal, &engine, &key).await, 1, "{key}");
        assert_eq!(value(&engine, "web/base", "A"), Some(key));
    }
}

#[tokio::test]
async fn what_one_server_did_is_not_done_again_by_another_or_after_a_restart() {
    let (journal, engine) = started().await;
    let other = open(&journal).await;
    let written = put_once(&engine, "k", "one").await.unwrap();
    for server in [&other, &open(&journal).await] {
        let again = put_once(server, "k", "one").await;
        let seq = match again {
            Err(RunError::Rejected(Rejection::AlreadyDone(done))) => done.seq,
            other => panic!("{other:?}"),
        };
        assert_eq!(seq, written.revision);
        assert!(matches!(
            put_once(server, "k", "two").await,
            Err(RunError::Rejected(Rejection::IdempotencyKeyReused))
        ));
    }
    assert_eq!(entries(&journal, &engine, "k").await, 1);
}

#[tokio::test]
async fn the_first_answer_is_kept_and_while_there_is_none_the_retry_waits() {
    let (_, engine) = started().await;
    let idempotency = known(&engine, "k", "body");
    let Admission::First(ticket) = engine.admit(idempotency) else {
        panic!("nobody was first")
    };
    assert!(matches!(engine.admit(idempotency), Admission::Running));
    ticket.keep(&answer());
    drop(ticket);
    let Admission::Answered(kept) = engine.admit(idempotency) else {
        panic!("it was answered")
    };
    assert_eq!(kept, answer());
    let other = known(&engine, "k", "another body");
    assert!(matches!(engine.admit(other), Admission::Reused));
    let other = known(&engine, "another key", "body");
    assert!(matches!(engine.admit(other), Admission::First(_)));
}

#[tokio::test]
async fn what_came_to_nothing_may_be_tried_again() {
    let (_, engine) = started().await;
    let idempotency = known(&engine, "k", "body");
    assert!(matches!(engine.admit(idempotency), Admission::First(_)));
    assert!(matches!(engine.admit(idempotency), Admission::First(_)));
}

#[tokio::test]
async fn answers_outlive_a_restart_and_without_them_the_journal_tells() {
    let (journal, engine) = started().await;
    put_once(&engine, "k", "one").await.unwrap();
    put_once(&engine, "lost", "two").await.unwrap();
    let (kept, lost) = (known(&engine, "k", "one"), known(&engine, "lost", "two"));
    let done = *engine.state().done(&kept.key, engine.now()).unwrap();
    assert!(matches!(engine.admit(kept), Admission::Done(there) if there == done));

    let unanswered = known(&engine, "same", "body");
    let Admission::First(ticket) = engine.admit(unanswered) else {
        panic!("nobody was first")
    };
    ticket.keep(&answer());
    drop(ticket);
    engine.shut_down().await;
    let reopened = open(&journal).await;
    assert!(matches!(reopened.admit(unanswered), Admission::Answered(_)));
    assert!(matches!(reopened.admit(lost), Admission::Done(_)));
}

#[tokio::test]
async fn what_was_done_names_the_config_and_the_token_that_it_was_about() {
    let (_, engine) = started().await;
    let state = engine.state();
    let base = state.config_at(&path("web/base")).unwrap().id;
    put_once(&engine, "k", "one").await.unwrap();
    let delete = DeleteConfig {
        path: path("web/prod"),
    };
    let prod = state.config_at(&path("web/prod")).unwrap().id;
    let requester = repeatable(known(&engine, "gone", ""));
    engine.run(requester, delete).await.unwrap();
    let issue = IssueToken {
        holder: Holder::Service("ci".parse().unwrap()),
        scopes: vec![ScopeRequest {
            actions: Some(ssm_domain::access::ActionSet::ALL),
            project: None,
            config: None,
        }],
        ttl: None,
        cidrs: Vec::new(),
    };
    let idempotency = known(&engine, "token", "");
    let Admission::First(ticket) = engine.admit(idempotency) else {
        panic!("nobody was first")
    };
    assert!(!ticket.made_a_token());
    let issued = engine.run(repeatable(idempotency), issue).await.unwrap();
    assert!(ticket.made_a_token());

    for (key, config_id, token_id) in [
        ("k", Some(base), None),
        ("gone", Some(prod), None),
        ("token", None, Some(issued.token_id)),
    ] {
        let (state, sought) = (engine.state(), known(&engine, key, "").key);
        let done = state.done(&sought, engine.now()).unwrap();
        assert_eq!((done.config_id, done.token_id), (config_id, token_id));
    }
}
