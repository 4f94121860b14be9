//! A MongoDB that does not answer yet when the server starts.

use std::time::Duration;

use anyhow::ensure;
use ssm_tests::caller::bootstrap;
use ssm_tests::{Place, Server, eventually};

const PATIENCE: Duration = Duration::from_secs(30);

/// A place whose MongoDB is away, and a server that waits for it.
async fn waiting() -> (Place, Server) {
    let mut place = Place::new().await.unwrap();
    place.mongo.kill_now().unwrap();
    let server = Server::spawn(place.options()).await.unwrap();
    eventually(PATIENCE, "the server waits", async || {
        ensure!(server.log()?.contains("waiting for the database"));
        Ok(())
    })
    .await
    .unwrap();
    (place, server)
}

#[tokio::test]
async fn it_is_waited_for() {
    let (mut place, mut server) = waiting().await;
    place.mongo.restart().await.unwrap();
    server.ready().await.unwrap();
    bootstrap(&server).await.shop().await;
}

#[tokio::test]
async fn a_server_that_waits_can_be_told_to_stop() {
    let (_place, mut server) = waiting().await;
    assert!(server.stop().await.unwrap().success());
}
