use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use ssm_engine::memory::{Fault, MemoryJournal};
use tempfile::TempDir;

use super::Caller;
use crate::http::observe::observe;

#[tokio::test]
async fn while_the_journal_cannot_be_written_reads_go_on_and_it_shows() {
    let journal = Arc::new(MemoryJournal::default());
    let nobody = Caller::over(journal.clone(), TempDir::new().unwrap()).await;
    let owner = nobody.made_owner().await.with_configs().await;
    let secret = "/api/projects/web/configs/base/secrets/A";
    owner.json("PUT", secret, r#"{"value":"1"}"#).await.is(200);

    journal.inject(|| Some(Fault::Refused));
    let refused = owner.json("PUT", secret, r#"{"value":"2"}"#).await;
    refused.refused(503, "unavailable");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(owner.get(secret).await.json()["value"], "1");
    assert_eq!(
        owner.get("/readyz").await.is(200).json()["journal"]["state"],
        "writes_fail"
    );
    journal.fail_reads(true);
    owner
        .get("/api/audit/events")
        .await
        .refused(503, "unavailable");

    journal.heal();
    journal.fail_reads(false);
    owner.json("PUT", secret, r#"{"value":"2"}"#).await.is(200);
    assert_eq!(owner.get("/readyz").await.json()["status"], "OK");
    assert!(
        owner
            .get("/metrics")
            .await
            .text
            .contains("ssm_journal_writable 1")
    );
}

#[tokio::test]
async fn what_was_made_is_answered_although_somebody_deletes_it_at_once() {
    let owner = Caller::owner().await.with_configs().await;
    let before = owner.app.engine.state().head().seq;
    let confirmed = "/api/projects/web?confirm=web";
    // All three wait for the writer when it wakes, and so are one batch.
    let (first, made, second) = tokio::join!(
        owner.delete(confirmed),
        owner.json("POST", "/api/projects", r#"{"slug":"web"}"#),
        owner.delete(confirmed),
    );
    first.is(200);
    second.is(200);
    assert_eq!(made.is(201).json()["project"]["slug"], "web");
    assert_eq!(owner.app.engine.state().head().seq, before + 3);
}

#[tokio::test]
async fn no_page_of_the_server_needs_anything_from_elsewhere() {
    let owner = Caller::owner().await;
    let page = owner.get("/api/docs/").await;
    let policy = page.is(200).headers["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(!page.text.contains("http") && !page.text.contains("<script>"));
    for part in [
        "/api/docs/docs.js",
        "/api/docs/docs.css",
        "/api/openapi.json",
    ] {
        let answer = owner.get(part).await;
        assert_eq!(answer.is(200).headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_says_no_more() {
    let mut owner = Caller::owner().await;
    let observed = from_fn_with_state(owner.app.clone(), observe);
    let fails = async || assert!(std::env::args().count() == 0, "CANARY");
    owner.router = Router::new().route("/fails", get(fails)).layer(observed);
    let answer = owner.get("/fails").await;
    answer.refused(500, "internal");
    assert!(!answer.text.contains("CANARY"));
}
