//! The chart with its own MongoDB.

use anyhow::ensure;
use ssm_tests::eventually;

use crate::cluster::{PATIENCE, among_others, run};
use crate::load::Load;
use crate::release::Release;
use crate::world::World;

/// How many writes come before one of the servers dies, and after it.
const WRITES: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn two_servers_share_a_mongodb_and_no_acknowledged_write_is_lost_when_one_is_killed() {
    let _others = among_others().await;
    let values = ["server.storage.type=mongodb", "server.replicas=2"];
    let mut release = Release::prepared_confined(&values).await;
    // Without keys it says how to make them, and the command does.
    let refused = release.try_install().await;
    assert_ne!(refused.code, 0);
    let mut paragraphs = refused.stderr.split("\n\n");
    let command = paragraphs.find(|paragraph| paragraph.contains("kubectl -n"));
    let command = command.unwrap_or_else(|| panic!("{}", refused.stderr));
    run("sh", &["-c", command], "").await.ok();
    release.set("server.existingSecret=ssm-keys");
    release.install().await;

    let world = World::on(release).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;
    let load = Load::start(&world.owner, &world.shop);
    load.goes_on(WRITES).await;
    let servers = world.release.pods("server").await.unwrap();
    assert_eq!(servers.len(), 2, "{servers:?}");
    world
        .release
        .kubectl(&["delete", &servers[0], "--force", "--grace-period=0"])
        .await;
    load.goes_on(WRITES).await;
    eventually(PATIENCE, "another server in its place", async || {
        let now = world.release.pods("server").await?;
        ensure!(now.len() == 2 && !now.contains(&servers[0]), "{now:?}");
        Ok(())
    })
    .await
    .unwrap();
    world.release.answers().await;
    load.finds_everything(&world.owner, &world.shop).await;
    world.greet("goodbye").await;
    world.is_synced("goodbye").await;
    world.release.test().await;
    world.end().await;
}
