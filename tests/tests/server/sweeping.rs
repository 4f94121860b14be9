//! What a killed server leaves in a MongoDB beside the journal.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use ssm_tests::caller::{Caller, bootstrap_as};
use ssm_tests::{Place, Server, canary, eventually};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_left_that_died_before_its_entry_was_written_is_destroyed_after_the_next_entry()
 {
    let place = Place::new().await.unwrap();
    let mut server = place.server().await.unwrap();
    let owner = bootstrap_as(&Caller::nobody(&server.url())).await;
    let shop = owner.shop().await;
    server.stop().await.unwrap();

    let dying = place
        .options()
        .env("SSM_TEST_CRASH_AT", "append:before-rows");
    let mut dying = Server::start(dying).await.unwrap();
    let path = shop.secret("prod", "A");
    let value = json!({"value": canary::value("orphan")});
    let there = Caller::nobody(&dying.url()).with(owner.token());
    let _ = there.request("PUT", &path).json(&value).send().await;
    dying.process().wait(PATIENCE).await.unwrap();

    // The entry might be somebody's who is about to write it.
    let mut server = place.server().await.unwrap();
    let there = Caller::nobody(&server.url()).with(owner.token());
    there.put(&path, json!({"value": "1"})).await.ok();
    server.stop().await.unwrap();
    assert!(!server.log().unwrap().contains("no entry names"));

    let server = place.server().await.unwrap();
    eventually(PATIENCE, "the orphan is destroyed", async || {
        let log = server.log()?;
        ensure!(log.contains("destroyed what no entry names"), "{log}");
        ensure!(log.contains("values=1 records=0"), "{log}");
        Ok(())
    })
    .await
    .unwrap();
    let there = Caller::nobody(&server.url()).with(owner.token());
    assert_eq!(there.get(&path).await.ok()["value"], "1");
    let verified = place.command(&["audit", "verify"]).end().await.unwrap();
    assert!(verified.ok().contains("all is as it was written"));
}
