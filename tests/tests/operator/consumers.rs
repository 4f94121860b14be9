//! Who has which revision, as the operator tells it and the server shows it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::stream;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use ssm_tests::caller::{self, Caller};
use ssm_tests::eventually;
use tokio::net::TcpListener;

use crate::world::{PATIENCE, World};

/// Waits until so many are told of the config that the world syncs, and so many of these are current.
async fn told(world: &World, total: u64, current: u64) -> Value {
    let path = format!("{}/prod/consumers", world.shop.configs);
    eventually(
        PATIENCE,
        &format!("{current} of {total} are current"),
        async || {
            let told = world.owner.get(&path).await.ok();
            ensure!(
                told["total"] == total && told["current"] == current,
                "{told}"
            );
            Ok(told)
        },
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn whoever_changes_a_secret_sees_when_everybody_has_it() {
    let mut world = World::with_cluster("eu-1").await;
    world.synced().await;
    let consumer = &told(&world, 1, 1).await["consumers"][0];
    assert_eq!(consumer["cluster"], "eu-1");
    assert_eq!(consumer["namespace"], world.namespace);
    assert_eq!(
        (&consumer["name"], &consumer["reportedBy"]),
        (&json!("web"), &json!("ci"))
    );

    world.operator.stop().await.unwrap();
    world.set("base", "A", "2").await;
    told(&world, 1, 0).await;
    world.operator.restart().await.unwrap();
    world.holds("web", &[("A", "2")]).await;
    told(&world, 1, 1).await;

    // What is set behind its back is told as well as what it had before it began.
    world.set("prod", "B", "3").await;
    world.holds("web", &[("A", "2"), ("B", "3")]).await;
    told(&world, 1, 1).await;

    world
        .syncs()
        .delete("web", &DeleteParams::default())
        .await
        .unwrap();
    told(&world, 0, 0).await;
}

#[tokio::test]
async fn a_resource_that_gets_another_token_is_told_of_with_that_one_only() {
    let world = World::with_cluster("eu-1").await;
    world.synced().await;
    told(&world, 1, 1).await;
    let another = world.token(json!({})).await;
    world.put_token("another", &another).await;
    let auth = json!({"auth": {"tokenSecretRef": {"name": "another", "key": "token"}}});
    world.patch("web", auth).await;
    world.condition("web", "Ready", "True", "").await;
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    told(&world, 1, 1).await;
}

/// A server that is `upstream`, and what it was told.
struct Between {
    upstream: Caller,
    knows_reports: bool,
    reports: Mutex<Vec<Value>>,
}

impl Between {
    /// Returns its URL, too.
    async fn start(upstream: Caller, knows_reports: bool) -> (Arc<Self>, String) {
        let between = Arc::new(Self {
            upstream,
            knows_reports,
            reports: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(Self::pass_on)
            .with_state(Arc::clone(&between));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (between, url)
    }

    async fn pass_on(State(between): State<Arc<Self>>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        if parts.uri.path() == "/api/sync-reports" {
            let report = serde_json::from_slice(&body).unwrap();
            between.reports.lock().unwrap().push(report);
            if !between.knows_reports {
                return StatusCode::NOT_FOUND.into_response();
            }
        }
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut passed = between.upstream.request(parts.method.as_str(), path);
        for name in ["authorization", "if-none-match", "content-type", "accept"] {
            if let Some(value) = parts.headers.get(name) {
                passed = passed.header(name, value);
            }
        }
        let answer = passed.body(body).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        // A stream has no end.
        let chunks = stream::unfold(answer, |mut answer| async {
            let chunk: Bytes = answer.chunk().await.ok()??;
            Some((Ok::<_, Infallible>(chunk), answer))
        });
        let mut response = Response::new(Body::from_stream(chunks));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    /// How often a resource was told of.
    fn count(&self, name: &str) -> usize {
        let reports = self.reports.lock().unwrap();
        let consumers = reports
            .iter()
            .flat_map(|report| report["consumers"].as_array().unwrap());
        consumers.filter(|one| one["name"] == name).count()
    }
}

/// How many reports the operator says had this result.
async fn reports(world: &World, result: &str) -> usize {
    let metric = format!("ssm_operator_sync_reports_total{{result=\"{result}\"}}");
    world.metric(&metric).await
}

/// A world behind such a server.
async fn behind(knows_reports: bool) -> (World, Arc<Between>) {
    let owner = caller::owner().await;
    let url = owner.request("GET", "").build().unwrap().url().to_string();
    let upstream = Caller::nobody(url.trim_end_matches('/'));
    let (between, url) = Between::start(upstream, knows_reports).await;
    (World::on(owner, &url).await, between)
}

#[tokio::test]
async fn what_the_server_was_told_is_not_told_again_while_it_is_so() {
    let (world, between) = behind(true).await;
    world.synced().await;
    told(&world, 1, 1).await;
    // A repair writes, and changes nothing that is worth telling.
    world.delete_secret("web").await;
    world.holds("web", &[("A", "1")]).await;
    world.settled().await;
    told(&world, 2, 2).await;
    let count = between.count("web");
    // One that had no answer in time is sent again.
    let unanswered = reports(&world, "unavailable").await;
    assert!(
        count <= 1 + unanswered,
        "{count} times, {unanswered} unanswered"
    );
}

#[tokio::test]
async fn a_server_from_before_there_were_reports_is_asked_once_and_synced_as_ever() {
    let (world, _) = behind(false).await;
    let began = Instant::now();
    world.synced().await;
    eventually(PATIENCE, "it was asked", async || {
        ensure!(reports(&world, "refused").await > 0);
        Ok(())
    })
    .await
    .unwrap();
    for value in ["2", "3"] {
        world.set("base", "A", value).await;
        world.holds("web", &[("A", value)]).await;
        world.condition("web", "Ready", "True", "").await;
    }
    world.settled().await;
    // It is left alone for a minute or so, and then it may have been asked again.
    let refused = reports(&world, "refused").await;
    let is_late = began.elapsed() > Duration::from_secs(45);
    assert!(refused == 1 || is_late, "{refused} times");
    told(&world, 0, 0).await;
}
