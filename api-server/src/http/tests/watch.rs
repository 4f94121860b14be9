use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use futures::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use super::Caller;

/// What a stream tells, until it tells `last`.
async fn read_to(stream: &mut BodyDataStream, last: &str) -> String {
    let mut text = String::new();
    while !text.contains(last) {
        let part = timeout(Duration::from_secs(10), stream.next())
            .await
            .expect("the stream goes on");
        text.push_str(std::str::from_utf8(&part.expect("it does not end").unwrap()).unwrap());
    }
    text
}

async fn ends(stream: &mut BodyDataStream) {
    let rest = async { while stream.next().await.is_some() {} };
    timeout(Duration::from_secs(10), rest)
        .await
        .expect("the stream ends");
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
        json!({"project": "web", "config": "prod", "actions": ["secrets:read"], "ttl_seconds": 1});
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
