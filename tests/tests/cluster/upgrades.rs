//! Upgrades, and the way back.

use crate::cluster::among_others;
use crate::release::Release;
use crate::world::World;

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn an_upgrade_and_its_rollback_keep_data_and_keys() {
    let _others = among_others().await;
    let world = World::on(Release::confined(&[]).await).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;

    world
        .release
        .upgrade(&["server.settings.LOG_LEVEL=debug"])
        .await;
    world.greet("after the upgrade").await;
    world.is_synced("after the upgrade").await;

    world.release.rollback("1").await;
    // With other keys, neither the session nor the values would be good.
    let read = world
        .owner
        .get(&world.shop.secret("base", "GREETING"))
        .await;
    assert_eq!(read.ok()["value"], "after the upgrade");
    world.greet("after the rollback").await;
    world.is_synced("after the rollback").await;
    world.end().await;
}
