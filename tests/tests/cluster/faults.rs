//! What a cluster does to those in it.

use crate::cluster::{alone, among_others, kill};
use crate::load::Load;
use crate::release::Release;
use crate::world::World;

/// How many writes come before a fault, and after it.
const WRITES: usize = 50;
/// How often a pod is killed.
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn no_acknowledged_write_is_lost_when_the_servers_pod_is_killed_under_load() {
    let _others = among_others().await;
    let world = World::on(Release::confined(&[]).await).await;
    let load = Load::start(&world.owner, &world.shop);
    for _ in 0..KILLS {
        let pod = world.release.ready_pod("server").await;
        load.goes_on(WRITES).await;
        world
            .release
            .kubectl(&["delete", &pod, "--force", "--grace-period=0"])
            .await;
    }
    world.release.ready_pod("server").await;
    load.goes_on(WRITES).await;
    load.finds_everything(&world.owner, &world.shop).await;
    world.end().await;
}

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn secrets_follow_after_the_api_server_has_been_killed() {
    let _alone = alone().await;
    let world = World::on(Release::confined(&[]).await).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;
    kill("kube-apiserver").await;
    // While it is away.
    world.greet("goodbye").await;
    world.is_synced("goodbye").await;
    world.end().await;
}

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn pods_outlive_the_container_runtime() {
    let _alone = alone().await;
    let world = World::on(Release::confined(&[]).await).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;
    let before = (world.pods("server").await, world.pods("operator").await);
    kill("containerd").await;
    world.greet("goodbye").await;
    world.is_synced("goodbye").await;
    // A new pod comes up beside them.
    world.deploy().await;
    world.is_seen("goodbye").await;
    let after = (world.pods("server").await, world.pods("operator").await);
    assert_eq!(after, before);
    world.end().await;
}
