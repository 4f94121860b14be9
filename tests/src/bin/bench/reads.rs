//! Reading a config of 100 keys on two levels, against the same axum serving a static body of the same size.

use anyhow::Result;
use serde_json::json;
use ssm_tests::caller::Caller;

use crate::http::{Connection, paced, request, side_by_side, throughput};
use crate::reference::Reference;
use crate::report::{line, share_line};

const CONNECTIONS: u32 = 32;
const KEYS: usize = 100;

pub async fn measure(owner: &Caller, port: u16) -> Result<()> {
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
    let path = format!("{}?include_meta=false", shop.secrets("prod"));
    let read = request("GET", &path, ci.token(), "", "");
    let held = format!("if-none-match: {}\r\n", ci.get(&path).await.header("etag"));
    let conditional = request("GET", &path, ci.token(), &held, "");
    let size = Connection::open(port).await?.exchange(&read).await?;

    let reference = Reference::start(size).await?;
    let bare = request("GET", "/", ci.token(), "", "");
    let rate = async |port, what: &Vec<u8>| {
        throughput(port, CONNECTIONS as usize, |_, _| what.clone()).await
    };
    let (measured, full) = side_by_side(
        async || rate(port, &read).await,
        async || rate(reference.port, &bare).await,
    )
    .await?;
    let what = format!("config reads ({KEYS} keys, {size} B) : static body");
    line(&what, "/s", measured, full);

    let (ours, theirs) = (
        paced(port, CONNECTIONS, measured / 2.0, &read).await?,
        paced(reference.port, CONNECTIONS, full / 2.0, &bare).await?,
    );
    share_line("the same, p99 at half that rate each", 0.99, &ours, &theirs);

    let (measured, full) = side_by_side(
        async || rate(port, &conditional).await,
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
