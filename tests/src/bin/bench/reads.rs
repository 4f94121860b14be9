//! Reading a config of 100 keys on two levels, against the same axum serving a static body of the same size.

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use serde_json::json;
use ssm_tests::caller::Caller;
use ssm_tests::{Launch, eventually, free_port};
use std::time::Duration;

use crate::http::{Connection, request, side_by_side, throughput};
use crate::report::line;

const CONNECTIONS: usize = 32;
const KEYS: usize = 100;

/// The reference: one route, one body.
pub async fn serve_static(size: usize) -> Result<()> {
    let body = "x".repeat(size);
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let body = bytes::Bytes::from(body);
    Ok(axum::serve(
        listener,
        Router::new().route("/", get(async move || body.clone())),
    )
    .await?)
}

pub async fn measure(owner: &Caller) -> Result<()> {
    let shop = owner.shop().await;
    for (config, from) in [("base", 0), ("prod", KEYS / 2)] {
        let set: serde_json::Map<_, _> = (from..from + KEYS / 2)
            .map(|n| (format!("KEY_{n:03}"), json!("v".repeat(48))))
            .collect();
        owner
            .patch(&shop.secrets(config), json!({"set": set}))
            .await
            .ok();
    }
    let ci = owner
        .service(json!({"project": shop.slug, "config": "prod", "actions": ["secrets:export"]}))
        .await;
    let url = owner.request("GET", "").build()?.url().clone();
    let port = url.port().unwrap_or_default();
    let read = request(
        "GET",
        &format!("{}?include_meta=false", shop.secrets("prod")),
        ci.token(),
        "",
    );
    let size = Connection::open(port).await?.exchange(&read).await?;

    let reference_port = free_port()?;
    let launch = Launch::new("static", &std::env::current_exe()?, None)?;
    let _reference = launch
        .arg(size.to_string())
        .env("PORT", reference_port.to_string())
        .spawn()?;
    eventually(
        Duration::from_secs(10),
        "the reference answers",
        async || Connection::open(reference_port).await.map(drop),
    )
    .await?;
    let static_read = request("GET", "/", ci.token(), "");
    let (measured, reference) = side_by_side(
        async || throughput(port, CONNECTIONS, |_, _| read.clone()).await,
        async || throughput(reference_port, CONNECTIONS, |_, _| static_read.clone()).await,
    )
    .await?;
    line(
        &format!("config reads ({KEYS} keys, {size} B) : static body"),
        "/s",
        measured,
        reference,
    );
    Ok(())
}
