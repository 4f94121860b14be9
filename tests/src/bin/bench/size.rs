//! Much in one server: its memory with many secrets, and its start behind many entries against the start of an empty one.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;
use ssm_tests::caller::{Caller, own_server};
use ssm_tests::{Server, ServerOptions};
use tokio::time::sleep;

use crate::http::{Connection, request};
use crate::report::{line, memory, millis};
use crate::writes::{many, seq};

const CONFIGS: usize = 100;
const KEYS: usize = 1_000;
/// How long entries are written before the start is measured, and by how many.
const FILLING: Duration = Duration::from_mins(1);
const WRITERS: usize = 128;

pub async fn measure() -> Result<()> {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    memory("server, idle", server.process())?;
    let empty = start(&mut server).await?;
    for project in 0..CONFIGS / 10 {
        let slug = format!("size-{project}");
        owner
            .post("/api/projects", json!({"slug": slug}))
            .await
            .ok();
        let configs = format!("/api/projects/{slug}/configs");
        for config in 0..10 {
            let config = format!("config-{config}");
            owner.post(&configs, json!({"slug": config})).await.ok();
            let set = many(KEYS, "a value of thirty-two characters");
            owner
                .patch(&format!("{configs}/{config}/secrets"), set)
                .await
                .ok();
        }
    }
    let what = format!("server, {} secrets", CONFIGS * KEYS);
    memory(&what, server.process())?;
    fill(
        &server,
        &owner,
        "/api/projects/size-0/configs/config-0/secrets",
        FILLING,
    )
    .await?;
    let entries = seq(&owner).await;
    let full = start(&mut server).await?;
    let what = format!("start behind {entries} entries : start of an empty server");
    line(&what, "ms", millis(full), millis(empty));
    memory("the same, after its start", server.process())
}

/// Writes entries for a while.
pub async fn fill(server: &Server, owner: &Caller, secrets: &str, filling: Duration) -> Result<()> {
    let begin = Instant::now();
    let writers = (0..WRITERS).map(async |writer| {
        let mut connection = Connection::open(server.port()).await?;
        let path = format!("{secrets}/FILL_{writer}");
        let mut count = 0;
        while begin.elapsed() < filling {
            let body = format!("{{\"value\":\"{count}\"}}");
            connection
                .exchange(&request("PUT", &path, owner.token(), "", &body))
                .await?;
            count += 1;
        }
        Ok::<_, anyhow::Error>(())
    });
    try_join_all(writers).await.map(drop)
}

/// Ends the server well, and returns how long it takes to be ready again.
pub async fn start(server: &mut Server) -> Result<Duration> {
    server.stop().await?;
    let port = server.port();
    let begin = Instant::now();
    let ready = tokio::spawn(async move {
        let asks = request("GET", "/readyz", "", "", "");
        loop {
            let answer = async { Connection::open(port).await?.exchange(&asks).await };
            if answer.await.is_ok() {
                return begin.elapsed();
            }
            sleep(Duration::from_millis(1)).await;
        }
    });
    server.restart().await?;
    Ok(ready.await?)
}
