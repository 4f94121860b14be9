//! What an uninstallation leaves.

use crate::cluster::{alone, kubectl};
use crate::release::Release;
use crate::world::World;

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn what_an_uninstallation_leaves_is_taken_up_by_the_next_installation() {
    let _alone = alone().await;
    let world = World::on(Release::by_default().await).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;

    world.release.uninstall().await;
    world.release.is_gone().await;
    kubectl(&["get", "crd", "secretsyncs.simplesecrets.io"]).await;
    world.release.kubectl(&["get", "secretsync", "web"]).await;
    let volumes = world
        .release
        .kubectl(&["get", "persistentvolumeclaims", "--output", "name"])
        .await;
    assert_eq!(volumes.lines().count(), 1, "{volumes}");
    world.is_synced("hello").await;

    world.release.install().await;
    // The Service may have another address now; people, tokens and values are those of before.
    let owner = world.release.nobody().await.with(world.owner.token());
    let world = World { owner, ..world };
    world.greet("goodbye").await;
    world.is_synced("goodbye").await;
    world.end().await;
}
