//! From a change to its event at a thousand open streams, against a bare server that tells as many.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use serde_json::json;
use ssm_tests::caller::Caller;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::http::{Connection, request};
use crate::reference::Reference;
use crate::report::share_line;

const STREAMS: usize = 1_000;
const CHANGES: usize = 50;
const PATIENCE: Duration = Duration::from_secs(30);
const EVENT: &[u8] = b"event: revision";

/// Open streams, each of which tells when its event came.
struct Streams {
    came: mpsc::UnboundedReceiver<Instant>,
    _reading: JoinSet<Result<()>>,
}

impl Streams {
    /// Opens them; `greeting` is what each is sent before anything changes.
    async fn open(port: u16, what: &[u8], greeting: &[u8]) -> Result<Self> {
        let opened = (0..STREAMS).map(async |_| {
            let mut connection = Connection::open(port).await?;
            connection.begin(what).await?;
            while !holds(connection.more().await?, greeting) {}
            Ok::<_, anyhow::Error>(connection)
        });
        let (tell, came) = mpsc::unbounded_channel();
        let mut reading = JoinSet::new();
        for mut connection in try_join_all(opened).await? {
            let tell = tell.clone();
            reading.spawn(async move {
                loop {
                    if holds(connection.more().await?, EVENT) {
                        tell.send(Instant::now())?;
                    }
                }
            });
        }
        Ok(Self {
            came,
            _reading: reading,
        })
    }

    /// From `begin` until each of them has its event.
    async fn all(&mut self, begin: Instant) -> Result<Vec<Duration>> {
        let mut took = Vec::with_capacity(STREAMS);
        while took.len() < STREAMS {
            let came = timeout(PATIENCE, self.came.recv()).await;
            let came = came
                .context("a stream is silent")?
                .context("the streams end")?;
            took.push(came - begin);
        }
        Ok(took)
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

pub async fn measure(owner: &Caller, port: u16) -> Result<()> {
    let shop = owner.shop().await;
    let ci = owner
        .service(json!({"project": shop.slug, "config": "base", "actions": ["secrets:read"]}))
        .await;
    let watch = request("GET", "/api/watch", ci.token(), "", "");
    let mut streams = Streams::open(port, &watch, b"event: synced").await?;
    let path = shop.secret("base", "N");
    let mut ours = Vec::new();
    let mut writer = Connection::open(port).await?;
    for n in 0..CHANGES {
        let body = format!("{{\"value\":\"{n}\"}}");
        let change = request("PUT", &path, owner.token(), "", &body);
        let begin = Instant::now();
        writer.exchange(&change).await?;
        ours.extend(streams.all(begin).await?);
    }
    drop(streams);

    let reference = Reference::start(1).await?;
    let watch = request("GET", "/events", "", "", "");
    let mut streams = Streams::open(reference.port, &watch, b"event-stream").await?;
    let publish = request("POST", "/publish", "", "", "");
    let mut theirs = Vec::new();
    let mut writer = Connection::open(reference.port).await?;
    for _ in 0..CHANGES {
        let begin = Instant::now();
        writer.exchange(&publish).await?;
        theirs.extend(streams.all(begin).await?);
    }
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let what = format!("change → event at {STREAMS} streams, {name} : bare server");
        share_line(&what, share, &ours, &theirs);
    }
    Ok(())
}
