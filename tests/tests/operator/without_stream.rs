//! Without a watch stream, and without a server for longer than a moment.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ssm_tests::caller::{self, Caller, own_server};
use ssm_tests::{ServerOptions, eventually};
use tokio::net::TcpListener;

use crate::world::World;

/// Longer than the operator waits before it says that a server is away, or before it asks without a stream.
const LONG_PATIENCE: Duration = Duration::from_mins(2);

/// A server that is `upstream`, but for its watch streams, which fail. Returns its URL.
async fn without_streams(upstream: Caller) -> String {
    async fn pass_on(State(upstream): State<Arc<Caller>>, request: Request) -> Response {
        if request.uri().path() == "/api/watch" {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let mut passed = upstream.request(request.method().as_str(), path);
        for name in ["authorization", "if-none-match"] {
            if let Some(value) = request.headers().get(name) {
                passed = passed.header(name, value);
            }
        }
        let answer = Caller::send(passed).await;
        let mut response = Response::new(Body::from(answer.text));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        response
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .fallback(pass_on)
        .with_state(Arc::new(upstream));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn polling_steps_in_while_there_is_no_stream() {
    let owner = caller::owner().await;
    let url = owner.request("GET", "").build().unwrap().url().to_string();
    let url = without_streams(Caller::nobody(url.trim_end_matches('/'))).await;
    let world = World::on(owner, &url).await;
    world.set("base", "A", "1").await;
    world.create("web", world.spec()).await.unwrap();
    world.holds("web", &[("A", "1")]).await;
    world.set("base", "A", "2").await;
    eventually(
        LONG_PATIENCE,
        "the Secret follows without a stream",
        async || {
            let data = world.secrets().get("web").await?.data.unwrap_or_default();
            anyhow::ensure!(data.get("A").is_some_and(|value| value.0 == b"2"));
            Ok(())
        },
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_long_outage_is_told_and_takes_neither_the_secret_nor_ready() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let world = World::on(owner, &server.url()).await;
    world.synced().await;
    server.kill_now().unwrap();
    let condition = async |kind: &str| {
        let status = world.status("web").await;
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        conditions
            .into_iter()
            .find(|condition| condition["type"] == kind)
            .unwrap_or_default()
    };
    eventually(LONG_PATIENCE, "the outage is told", async || {
        let reachable = condition("UpstreamReachable").await;
        anyhow::ensure!(reachable["status"] == "False", "{reachable}");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(condition("Ready").await["status"], "True");
    world.holds("web", &[("A", "1")]).await;
    server.restart().await.unwrap();
    world
        .condition("web", "UpstreamReachable", "True", "")
        .await;
}
