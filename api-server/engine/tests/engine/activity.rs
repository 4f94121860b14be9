//! What the engine remembers and may lose.

use std::sync::Arc;

use ssm_domain::access::Action;
use ssm_domain::caller::Actor;
use ssm_domain::id::TokenId;
use ssm_domain::time::Timestamp;
use ssm_engine::activity::ActivityStore as _;
use ssm_engine::memory::MemoryJournal;

use crate::support::{open, service_token, shop};

fn soon() -> Timestamp {
    Timestamp::from_millis(i64::MAX)
}

#[tokio::test]
async fn what_is_remembered_outlives_an_orderly_end() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    let token = service_token(&engine, &[Action::SecretsRead], "web/prod").await;
    let Some(Actor::Token(id)) = engine.authenticate(&token) else {
        panic!("the token is known");
    };
    let used = Timestamp::from_millis(1_900_000_000_000);
    engine.activity().touch_token(id, used);
    engine.activity().throttle().put("alice", vec![3], soon());
    engine.activity().answers().put("key", vec![4], soon());
    engine.shut_down().await;

    let again = open(&journal).await;
    assert_eq!(again.activity().last_used(id), Some(used));
    assert_eq!(
        again.activity().throttle().get("alice", used),
        Some(vec![3])
    );
    assert_eq!(again.activity().answers().get("key", used), Some(vec![4]));
}

#[tokio::test]
async fn a_token_that_nobody_knows_any_more_is_forgotten() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    engine.activity().touch_token(TokenId::MIN, engine.now());
    engine.shut_down().await;
    assert_eq!(journal.load_activity().await.unwrap().len(), 1);

    let again = open(&journal).await;
    assert_eq!(again.activity().last_used(TokenId::MIN), None);
    again.shut_down().await;
    assert!(journal.load_activity().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_could_not_be_stored_is_stored_the_next_time() {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    engine.activity().throttle().put("alice", vec![3], soon());
    engine.activity().touch_token(TokenId::MIN, engine.now());
    journal.refuse_beside(true);
    engine.shut_down().await;
    assert!(journal.load_activity().await.unwrap().is_empty());
    journal.refuse_beside(false);
    engine.shut_down().await;
    assert_eq!(journal.load_activity().await.unwrap().len(), 2);
}
