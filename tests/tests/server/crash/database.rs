//! kill -9 of the database under load, while the server stays up.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use ssm_tests::caller::{Caller, Shop, own_server};
use ssm_tests::eventually;

use super::{Load, Store, rounds};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_a_hundred_kills_of_the_database() {
    let store = Store::mongodb().await;
    let (_server, owner) = own_server(store.options).await;
    let mut place = store.place.unwrap();
    let shop = owner.shop().await;
    let mut load = Load::new(&owner, &shop);
    let rounds = rounds();
    for round in 1..=rounds {
        let when = format!("round {round}");
        let running = load.run(round * 7 % 29).await;
        place.mongo.kill_now().unwrap();
        place.mongo.restart().await.unwrap();
        load = running.end().await;
        settled(&owner, &shop, &when).await;
        load.check(&owner, &shop, &when).await;
        if round % 10 == 0 || round == rounds {
            // What the database itself has is what a server finds that knows nothing yet.
            let other = place.server().await.unwrap();
            let there = Caller::nobody(&other.url()).with(owner.token());
            load.check(&there, &shop, &when).await;
            let verified = place.command(&["audit", "verify"]).end().await.unwrap();
            assert!(verified.ok().contains("all is as it was written"), "{when}");
        }
    }
}

/// Waits until the server has found its database again and knows what became of every write: then it writes `when`.
async fn settled(owner: &Caller, shop: &Shop, when: &str) {
    let path = shop.secret("base", "SETTLED");
    eventually(PATIENCE, "the server writes again", async || {
        let written = owner.put(&path, json!({"value": when})).await;
        ensure!(written.status == 200, "{}", written.text);
        Ok(())
    })
    .await
    .unwrap();
}
