//! The same server on a MongoDB and on the embedded database, side by side. What stands in for MongoDB here is written in
//! Python for the most part, so that the ratios say more about it than about MongoDB.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use ssm_tests::caller::{Caller, Shop, bootstrap, own_server};
use ssm_tests::{Place, ServerOptions};
use tokio::time::sleep;

use crate::http::side_by_side;
use crate::reads::Reading;
use crate::report::{line, millis, share_line};
use crate::size::{fill, start};
use crate::writes::{WRITERS, change, seq};

/// How long entries are written before the start is measured.
const FILLING: Duration = Duration::from_secs(10);
/// How many changes are followed from one server to the other.
const CHANGES: usize = 200;

pub async fn measure() -> Result<()> {
    let place = Place::new().await?;
    let mut on_mongo = place.server().await?;
    let owner = bootstrap(&on_mongo).await;
    let (mut embedded, other) = own_server(ServerOptions::default().embedded()).await;

    let reading = Reading::prepare(&owner, on_mongo.port()).await?;
    let reference = Reading::prepare(&other, embedded.port()).await?;
    let (measured, full) = side_by_side(
        async || reading.rate().await,
        async || reference.rate().await,
    )
    .await?;
    line("config reads, MongoDB : embedded", "/s", measured, full);

    let (shop, other_shop) = (owner.shop().await, other.shop().await);
    let elsewhere = place.server().await?;
    let there = Caller::nobody(&elsewhere.url()).with(owner.token());
    let (far, near) = (
        visible(&owner, &there, &shop).await?,
        visible(&owner, &owner, &shop).await?,
    );
    share_line(
        "change → read at another server : at its own, p99",
        0.99,
        &far,
        &near,
    );
    drop(elsewhere);

    let (measured, full) = side_by_side(
        async || Ok(change(&owner, on_mongo.port(), &shop).await?.0),
        async || Ok(change(&other, embedded.port(), &other_shop).await?.0),
    )
    .await?;
    let what = format!("durable writes, {WRITERS} writers, MongoDB : embedded");
    line(&what, "/s", measured, full);

    fill(&on_mongo, &owner, &shop.secrets("prod"), FILLING).await?;
    let entries = seq(&owner).await;
    let (measured, full) = (start(&mut on_mongo).await?, start(&mut embedded).await?);
    let what = format!("start behind {entries} entries, MongoDB : embedded");
    line(&what, "ms", millis(measured), millis(full));
    Ok(())
}

/// How long it takes from the beginning of each of some changes until `reader` reads it.
async fn visible(writer: &Caller, reader: &Caller, shop: &Shop) -> Result<Vec<Duration>> {
    let (path, mut took) = (shop.secret("base", "FAR"), Vec::new());
    for count in 0..CHANGES {
        let value = count.to_string();
        let begin = Instant::now();
        writer.put(&path, json!({"value": value})).await.ok();
        while reader.get(&path).await.ok()["value"] != value {
            sleep(Duration::from_millis(1)).await;
        }
        took.push(begin.elapsed());
    }
    Ok(took)
}
