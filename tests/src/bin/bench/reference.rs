//! What the server is compared with: this very program as a bare server of the same axum, so that nothing else needs to
//! be installed.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use futures::stream;
use ssm_tests::{Launch, Process, eventually, free_port};
use tokio::sync::watch;

use crate::http::Connection;

/// An event as the server's are.
const EVENT: &[u8] =
    b"event: revision\ndata: {\"project\":\"shop-1\",\"config\":\"base\",\"revision\":1000}\n\n";

/// A bare server that runs.
pub struct Reference {
    /// Where.
    pub port: u16,
    _process: Process,
}

impl Reference {
    /// Starts one whose body has `size` bytes.
    pub async fn start(size: usize) -> Result<Self> {
        let port = free_port()?;
        let launch = Launch::new("reference", &std::env::current_exe()?, None)?
            .arg(size.to_string())
            .env("PORT", port.to_string());
        let process = launch.spawn()?;
        eventually(
            Duration::from_secs(10),
            "the reference answers",
            async || Connection::open(port).await.map(drop),
        )
        .await?;
        Ok(Self {
            port,
            _process: process,
        })
    }
}

/// Serves a body of so many bytes at `/`, and an event to everybody at `/events` for each `POST /publish`.
pub async fn serve(size: usize) -> Result<()> {
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let (body, published) = (Bytes::from("x".repeat(size)), watch::Sender::new(0_u64));
    let publish = published.clone();
    let events = async move || {
        let events = stream::unfold(published.subscribe(), async |mut published| {
            published.changed().await.ok()?;
            Some((Ok::<_, Infallible>(Bytes::from_static(EVENT)), published))
        });
        (
            [("content-type", "text/event-stream")],
            Body::from_stream(Box::pin(events)),
        )
    };
    let router = Router::new()
        .route("/", get(async move || body.clone()))
        .route("/events", get(events))
        .route(
            "/publish",
            post(async move || publish.send_modify(|count| *count += 1)),
        );
    Ok(axum::serve(listener, router).await?)
}
