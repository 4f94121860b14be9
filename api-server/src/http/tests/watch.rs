use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use futures::StreamExt as _;
use serde_json::json;
use ssm_domain::entry::Purpose;
use ssm_domain::secret::Password;
use ssm_engine::Claim;
use ssm_engine::memory::MemoryJournal;
use tempfile::TempDir;
use tokio::time::timeout;

use super::Caller;

const PATIENCE: Duration = Duration::from_mins(1);

/// What a stream tells, until it tells `last`.
async fn read_to(stream: &mut BodyDataStream, last: &str) -> String {
    let mut text = String::new();
    while !text.contains(last) {
        let part = timeout(PATIENCE, stream.next())
            .await
            .expect("the stream goes on");
        text.push_str(std::str::from_utf8(&part.expect("it does not end").unwrap()).unwrap());
    }
    text
}

async fn ends(stream: &mut BodyDataStream) {
    let rest = async { while stream.next().await.is_some() {} };
    timeout(PATIENCE, rest).await.expect("the stream ends");
}

async fn watch(caller: &Caller, query: &str) -> BodyDataStream {
    let response = caller
        .respond(Request::get(format!("/api/watch{query}")), Body::empty())
        .await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    response.into_body().into_data_stream()
}

#[tokio::test]
async fn a_stream_begins_with_what_is_and_goes_on_with_what_changes() {
    let owner = Caller::owner().await.with_configs().await;
    let mut stream = watch(&owner, "").await;
    let first = read_to(&mut stream, "event: synced\ndata: {}\n\n").await;
    assert!(
        first.starts_with("event: hello\ndata: {\"epoch\":\""),
        "{first}"
    );
    assert_eq!(first.matches("event: revision").count(), 2);

    let written = owner
        .json(
            "PUT",
            "/api/projects/web/configs/base/secrets/A",
            r#"{"value":"1"}"#,
        )
        .await
        .json();
    let moved = |config: &str| {
        format!(
            r#"{{"project":"web","config":"{config}","revision":{}}}"#,
            written["revision"]
        )
    };
    let change = read_to(&mut stream, &moved("prod")).await;
    assert!(
        change.contains(&moved("base")) && !change.contains("synced"),
        "{change}"
    );

    owner
        .json("POST", "/api/projects/web/configs", r#"{"slug":"dev"}"#)
        .await
        .is(201);
    read_to(&mut stream, r#""config":"dev""#).await;
    owner.delete("/api/projects/web/configs/dev").await.is(200);
    read_to(
        &mut stream,
        r#"event: gone
data: {"project":"web","config":"dev","reason":"deleted"}"#,
    )
    .await;
}

#[tokio::test]
async fn a_slow_client_is_told_the_latest_of_each_config_once() {
    let owner = Caller::owner().await.with_configs().await;
    let mut stream = watch(&owner, "?config=web/prod&config=web/absent").await;
    let first = read_to(&mut stream, "synced").await;
    assert_eq!(first.matches("event: revision").count(), 1);
    let mut last = json!(0);
    for value in 0..20 {
        let body = format!(r#"{{"value":"{value}"}}"#);
        last = owner
            .json("PUT", "/api/projects/web/configs/base/secrets/A", &body)
            .await
            .json()["revision"]
            .clone();
    }
    let told = read_to(&mut stream, &format!("\"revision\":{last}")).await;
    assert_eq!(told.matches("event: revision").count(), 1, "{told}");
    owner
        .json("POST", "/api/projects/web/configs", r#"{"slug":"absent"}"#)
        .await
        .is(201);
    read_to(&mut stream, r#""config":"absent""#).await;
    owner
        .get("/api/watch?config=CANARY")
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn a_stream_shows_what_its_token_reads_and_ends_with_it_and_with_the_server() {
    let owner = Caller::owner().await.with_configs().await;
    let scope =
        json!({"project": "web", "config": "prod", "actions": ["secrets:read"], "ttl_seconds": 15});
    let short = owner.service(scope.clone()).await;
    let mut dying = watch(&short, "").await;
    let mut scope = scope;
    scope["ttl_seconds"] = json!(0);
    let ci = owner.service(scope).await;
    let (mut revoked, mut stopped) = (watch(&ci, "").await, watch(&owner, "").await);
    let first = read_to(&mut revoked, "synced").await;
    assert!(first.contains("prod") && !first.contains("base"), "{first}");
    read_to(&mut stopped, "synced").await;

    ends(&mut dying).await;
    let body = json!({"token": ci.token}).to_string();
    owner
        .json("POST", "/api/auth/tokens/v2/revoke", &body)
        .await
        .is(200);
    ends(&mut revoked).await;
    let metrics = owner.get("/metrics").await.text;
    assert!(metrics.contains("ssm_watch_streams 1"), "{metrics}");
    owner.app.stopping.cancel();
    ends(&mut stopped).await;
}

#[tokio::test]
async fn a_stream_ends_where_the_history_is_rolled_back_and_another_epoch_begins() {
    let journal = Arc::new(MemoryJournal::default());
    journal.share();
    let nobody = Caller::over(journal.clone(), TempDir::new().unwrap()).await;
    let owner = nobody.made_owner().await.with_configs().await;
    let mut stream = watch(&owner, "").await;
    let first = read_to(&mut stream, "synced").await;
    let (hello, _) = first.split_once("\n\n").unwrap();
    owner
        .json(
            "PUT",
            "/api/projects/web/configs/base/secrets/A",
            r#"{"value":"1"}"#,
        )
        .await
        .is(200);
    read_to(&mut stream, "revision").await;
    journal.tamper(|entries| entries.truncate(entries.len() - 1));
    ends(&mut stream).await;

    // The server may be about to begin the new epoch still.
    let again = async {
        loop {
            let mut stream = watch(&owner, "").await;
            let first = read_to(&mut stream, "synced").await;
            if !first.starts_with(hello) {
                return first;
            }
            ends(&mut stream).await;
        }
    };
    let first = timeout(PATIENCE, again).await.unwrap();
    assert_eq!(first.matches("event: revision").count(), 2);
}

#[tokio::test]
async fn whoever_loses_a_config_while_it_is_renamed_learns_no_new_name() {
    let owner = Caller::owner().await.with_configs().await;
    let password = "correct horse battery";
    let new = json!({"username": "bob", "password": password}).to_string();
    owner
        .json("POST", "/api/workspace/members", &new)
        .await
        .is(201);
    let set_role = async |role: &str| {
        let body = json!({"subjectType": "user", "subjectId": "bob", "role": role}).to_string();
        let path = "/api/workspace/projects/web/members";
        owner.json("PUT", path, &body).await.is(200);
    };
    set_role("viewer").await;
    let claim = Claim {
        username: "bob".into(),
        password: Password::new(password.into()),
        address: None,
        request: None,
    };
    let engine = &owner.app.engine;
    let session = engine.sign_in(claim, Purpose::Session, None).await;
    let bob = owner.with(session.unwrap().token.reveal());
    let mut stream = watch(&bob, "").await;
    read_to(&mut stream, "synced").await;

    // All of it before the client takes any more.
    let rename = r#"{"slug":"live"}"#;
    owner
        .json("PATCH", "/api/projects/web/configs/prod", rename)
        .await
        .is(200);
    set_role("none").await;
    let lost = read_to(&mut stream, "forbidden").await;
    let gone = |config: &str, reason: &str| {
        format!(
            "event: gone\ndata: {{\"project\":\"web\",\"config\":\"{config}\",\"reason\":\"{reason}\"}}"
        )
    };
    assert!(lost.contains(&gone("prod", "deleted")), "{lost}");
    assert!(lost.contains(&gone("base", "forbidden")), "{lost}");
    assert!(!lost.contains("live"), "{lost}");

    // What came and went meanwhile was never theirs to know.
    set_role("viewer").await;
    set_role("none").await;
    set_role("viewer").await;
    let back = read_to(&mut stream, "live").await;
    assert!(!back.contains("gone") && back.contains("base"), "{back}");
}
