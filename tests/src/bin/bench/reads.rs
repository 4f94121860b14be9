//! Reading a config of 100 keys on two levels, against the same axum serving a static body of the same size.

use anyhow::Result;
use serde_json::json;
use ssm_tests::caller::Caller;

use crate::http::{Connection, paced, request, side_by_side, throughput};
use crate::reference::Reference;
use crate::report::{line, share_line};

const CONNECTIONS: u32 = 32;
const KEYS: usize = 100;

/// A config to be read, and how it is asked for.
pub struct Reading {
    port: u16,
    plain: Vec<u8>,
    conditional: Vec<u8>,
    /// The length of the answer.
    size: usize,
}

impl Reading {
    /// Makes the config, and a token that may read it and nothing else.
    pub async fn prepare(owner: &Caller, port: u16) -> Result<Self> {
        let shop = owner.shop().await;
        for (config, from) in [("base", 0), ("prod", KEYS / 2)] {
            let set: serde_json::Map<_, _> = (from..from + KEYS / 2)
                .map(|n| (format!("KEY_{n:03}"), json!("v".repeat(48))))
                .collect();
            let set = json!({"set": set});
            owner.patch(&shop.secrets(config), set).await.ok();
        }
        let scope = json!({"project": shop.slug, "config": "prod", "actions": ["secrets:export"]});
        let ci = owner.service(scope).await;
        let path = format!("{}?include_meta=false", shop.secrets("prod"));
        let plain = request("GET", &path, ci.token(), "", "");
        let held = format!("if-none-match: {}\r\n", ci.get(&path).await.header("etag"));
        Ok(Self {
            port,
            size: Connection::open(port).await?.exchange(&plain).await?,
            conditional: request("GET", &path, ci.token(), &held, ""),
            plain,
        })
    }

    /// Reads a second.
    pub async fn rate(&self) -> Result<f64> {
        rate(self.port, &self.plain).await
    }
}

async fn rate(port: u16, what: &[u8]) -> Result<f64> {
    throughput(port, CONNECTIONS as usize, |_, _| what.to_vec()).await
}

pub async fn measure(owner: &Caller, port: u16) -> Result<()> {
    let reading = Reading::prepare(owner, port).await?;
    let reference = Reference::start(reading.size).await?;
    let bare = request("GET", "/", "", "", "");
    let (measured, full) = side_by_side(
        async || reading.rate().await,
        async || rate(reference.port, &bare).await,
    )
    .await?;
    let what = format!(
        "config reads ({KEYS} keys, {} B) : static body",
        reading.size
    );
    line(&what, "/s", measured, full);

    let (ours, theirs) = (
        paced(port, CONNECTIONS, measured / 2.0, &reading.plain).await?,
        paced(reference.port, CONNECTIONS, full / 2.0, &bare).await?,
    );
    share_line("the same, p99 at half that rate each", 0.99, &ours, &theirs);

    let (measured, full) = side_by_side(
        async || rate(port, &reading.conditional).await,
        async || rate(reference.port, &bare).await,
    )
    .await?;
    line(
        "the same with If-None-Match : static body",
        "/s",
        measured,
        full,
    );
    Ok(())
}
