//! A server that is away, and one that comes back as it was before.

use std::fs;

use anyhow::ensure;
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, OWNER, own_server};
use ssm_tests::{Run, Scratch, Server, ServerOptions, eventually};

use super::{has_no_bug, writes_nothing};
use crate::world::{PATIENCE, World};

/// Waits until the status of `web`, which comes after the Secret, tells this.
async fn told(world: &World, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(PATIENCE, "the status tells it", async || {
        let status = world.status("web").await;
        ensure!(wanted(&status), "{status}");
        Ok(status)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_server_restored_from_a_backup_counts_from_there_and_is_followed() {
    let (before, after) = (
        Scratch::new("before").unwrap(),
        Scratch::new("after").unwrap(),
    );
    let (mut server, owner) = own_server(ServerOptions::default().data_dir(before.path())).await;
    let mut world = World::on(owner, &server.url()).await;
    world.synced().await;
    let file = after.path().join("backup.jsonl");
    let backup = Run::new(["backup".into(), file.clone()]).on(before.path());
    backup.end().await.unwrap().ok();
    for value in ["2", "3"] {
        world.set("base", "A", value).await;
    }
    let newest = world.set("base", "A", "4").await;
    world.holds("web", &[("A", "4")]).await;
    let former = told(&world, |status| status["syncedRevision"] == newest).await;

    let port = server.port();
    server.stop().await.unwrap();
    let data = Scratch::new("restored").unwrap();
    for key in ["ENCRYPTION_KEY", "TOKEN_SALT"] {
        fs::copy(before.path().join(key), data.path().join(key)).unwrap();
    }
    let restore = ["restore".into(), "--keep-tokens".into(), file];
    let restore = Run::new(restore).on(data.path());
    restore.end().await.unwrap().ok();
    let options = ServerOptions {
        port: Some(port),
        ..ServerOptions::default()
    };
    let server = Server::start(options.data_dir(data.path())).await.unwrap();
    world.holds("web", &[("A", "1")]).await;
    let epoch = |status: &Value| status["sources"][0]["epoch"].clone();
    let status = told(&world, |status| epoch(status) != epoch(&former)).await;
    assert!(status["syncedRevision"].as_u64() < former["syncedRevision"].as_u64());
    world.condition("web", "Ready", "True", "").await;

    world.owner = Caller::nobody(&server.url()).sign_in(OWNER).await;
    let newest = world.set("base", "A", "5").await;
    world.holds("web", &[("A", "5")]).await;
    told(&world, |status| status["syncedRevision"] == newest).await;
    writes_nothing(&world).await;
    has_no_bug(&world);
}

#[tokio::test]
async fn what_happened_while_server_and_operator_were_away_is_caught_up_with() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let mut world = World::on(owner, &server.url()).await;
    world.synced().await;
    world.operator.kill_now().unwrap();
    world.set("base", "A", "2").await;
    server.kill_now().unwrap();
    let edit = json!({"target": {"name": "renamed", "labels": {"team": "shop"}}});
    world.patch("web", edit).await;
    world.operator.restart().await.unwrap();
    // It has no copy, so that nothing can be made; and what is there stays until there is something better.
    let why = world
        .condition("web", "Ready", "False", "UpstreamUnreachable")
        .await;
    assert!(why.contains("server"), "{why}");
    world.holds("web", &[("A", "1")]).await;
    server.restart().await.unwrap();
    world.holds("renamed", &[("A", "2")]).await;
    world.condition("web", "Ready", "True", "").await;
    assert!(world.secrets().get_opt("web").await.unwrap().is_none());
    writes_nothing(&world).await;
    has_no_bug(&world);
}
