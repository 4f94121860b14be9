//! Requests that come again under their `Idempotency-Key`, as far as it takes storage that fails on demand.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use serde_json::json;
use ssm_engine::Health;
use ssm_engine::memory::{Fault, MemoryJournal};
use tempfile::TempDir;
use tokio::time::{pause, sleep, timeout};

use super::{Answer, Caller};

const SECRET: &str = "/api/projects/web/configs/base/secrets/A";
const DEADLINE: Duration = Duration::from_secs(20);
const A_MOMENT: Duration = Duration::from_millis(1);

async fn shop() -> (Arc<MemoryJournal>, Caller) {
    let journal = Arc::new(MemoryJournal::default());
    let nobody = Caller::over(journal.clone(), TempDir::new().unwrap()).await;
    (journal, nobody.made_owner().await.with_configs().await)
}

/// The same, where time passes only while all wait for it: however slow the machine is, no request is given up.
async fn shop_in_still_time() -> (Arc<MemoryJournal>, Caller) {
    let shop = shop().await;
    pause();
    shop
}

impl Caller {
    async fn put_once(&self, key: &str, body: &str) -> Answer {
        let request = Request::put(SECRET)
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        self.send(request, body.to_owned()).await
    }

    /// Waits until it is not known whether the last append was written.
    async fn unsettled(&self) {
        let unsettled = async {
            while self.app.engine.health() != Health::Unsettled {
                sleep(A_MOMENT).await;
            }
        };
        timeout(DEADLINE, unsettled)
            .await
            .expect("an append is lost");
    }

    /// Asks again until the same request is not on its way any more.
    async fn put_again(&self, key: &str, body: &str) -> Answer {
        let again = async {
            loop {
                let answer = self.put_once(key, body).await;
                if answer.status != 409 || answer.json()["code"] != "idempotency_in_progress" {
                    return answer;
                }
                sleep(A_MOMENT).await;
            }
        };
        timeout(DEADLINE, again).await.expect("it comes to an end")
    }
}

#[tokio::test]
async fn while_a_request_is_on_its_way_its_retry_is_told_to_wait() {
    let (journal, owner) = shop_in_still_time().await;
    journal.inject(|| Some(Fault::Lost));
    let first = tokio::spawn({
        let owner = owner.clone();
        async move { owner.put_once("k", r#"{"value":"1"}"#).await }
    });
    owner.unsettled().await;
    let retry = owner.put_once("k", r#"{"value":"1"}"#).await;
    retry.refused(409, "idempotency_in_progress");
    assert_eq!(retry.headers["retry-after"], "1");

    journal.heal();
    let first = first.await.unwrap();
    first.is(200);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let retry = owner.put_again("k", r#"{"value":"1"}"#).await;
    assert_eq!(retry.is(200).headers["idempotency-replayed"], "true");
    assert_eq!(
        (&retry.text, &retry.headers["etag"]),
        (&first.text, &first.headers["etag"])
    );
}

#[tokio::test]
async fn a_client_that_went_away_finds_its_answer_when_it_comes_back() {
    let (journal, owner) = shop_in_still_time().await;
    journal.inject(|| Some(Fault::Lost));
    let gone = tokio::spawn({
        let owner = owner.clone();
        async move { owner.put_once("k", r#"{"value":"1"}"#).await }
    });
    owner.unsettled().await;
    gone.abort();
    assert!(gone.await.is_err_and(|ended| ended.is_cancelled()));
    journal.heal();
    let retry = owner.put_again("k", r#"{"value":"1"}"#).await;
    assert_eq!(retry.is(200).headers["idempotency-replayed"], "true");
    assert_eq!(owner.get(SECRET).await.json()["value"], "1");
}

#[tokio::test]
async fn what_failed_without_a_change_is_tried_again() {
    let (journal, owner) = shop().await;
    journal.inject(|| Some(Fault::Refused));
    let failed = owner.put_once("k", r#"{"value":"1"}"#).await;
    failed.refused(503, "unavailable");
    journal.heal();
    let retry = owner.put_once("k", r#"{"value":"1"}"#).await;
    assert!(!retry.is(200).headers.contains_key("idempotency-replayed"));
    let mistake = owner.put_once("m", "{broken").await;
    mistake.refused(400, "malformed_json");
    owner.put_once("m", r#"{"value":"2"}"#).await.is(200);
}

#[tokio::test]
async fn another_server_that_was_faster_is_told_of_and_not_followed() {
    let (journal, owner) = shop().await;
    let other = Caller::over(journal.clone(), TempDir::new().unwrap()).await;
    let other = other.with(&owner.token);
    let first = owner.put_once("k", r#"{"value":"1"}"#).await;
    let retry = other.put_once("k", r#"{"value":"1"}"#).await;
    let told = retry.refused(409, "already_done");
    assert_eq!(told["seq"], first.json()["revision"]);
    assert_eq!(told["revision"], first.json()["revision"]);
    let reused = other.put_once("k", r#"{"value":"2"}"#).await;
    reused.refused(409, "idempotency_key_reused");
}

#[tokio::test]
async fn a_key_counts_for_one_caller_one_path_and_one_body() {
    let (_, owner) = shop().await;
    let other = owner.service(json!({"actions": ["secrets:write"]})).await;
    owner.put_once("k", r#"{"value":"1"}"#).await.is(200);
    let theirs = other.put_once("k", r#"{"value":"2"}"#).await;
    assert!(!theirs.is(200).headers.contains_key("idempotency-replayed"));
    let elsewhere = Request::put("/api/projects/web/configs/base/secrets/B")
        .header("content-type", "application/json")
        .header("idempotency-key", "k");
    owner.send(elsewhere, r#"{"value":"3"}"#).await.is(200);
    let reused = owner.put_once("k", r#"{"value":"1" }"#).await;
    reused.refused(409, "idempotency_key_reused");
    let asked = Request::put(format!("{SECRET}?x=1"))
        .header("content-type", "application/json")
        .header("idempotency-key", "k");
    let reused = owner.send(asked, r#"{"value":"1"}"#).await;
    reused.refused(409, "idempotency_key_reused");
}

#[tokio::test]
async fn a_key_has_a_grammar_and_comes_after_whose_it_is() {
    let (_, owner) = shop().await;
    for bad in ["", "a b", &"x".repeat(256)] {
        let refused = owner.put_once(bad, r#"{"value":"1"}"#).await;
        let body = refused.refused(400, "invalid");
        assert!(body["errors"]["Idempotency-Key"].is_string());
    }
    let stranger = owner.with("ssm_none");
    let refused = stranger.put_once("a b", r#"{"value":"1"}"#).await;
    refused.refused(401, "unauthenticated");
    let reading = Request::get(SECRET).header("idempotency-key", "a b");
    owner
        .send(reading, Body::empty())
        .await
        .refused(404, "secret_not_found");
}

#[tokio::test]
async fn a_retry_by_a_token_that_died_is_nobodys() {
    let (_, owner) = shop().await;
    let ci = owner.service(json!({"actions": ["secrets:write"]})).await;
    ci.put_once("k", r#"{"value":"1"}"#).await.is(200);
    let revoke = json!({"token": ci.token}).to_string();
    owner
        .json("POST", "/api/auth/tokens/v2/revoke", &revoke)
        .await
        .is(200);
    let retry = ci.put_once("k", r#"{"value":"1"}"#).await;
    retry.refused(401, "unauthenticated");
}
