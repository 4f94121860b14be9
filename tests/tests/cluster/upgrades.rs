//! Upgrades, and the way back.

use anyhow::ensure;
use ssm_tests::{canary, eventually};

use crate::cluster::{PATIENCE, among_others};
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
    assert_eq!(read.ok()["value"], canary::value("after the upgrade"));
    world.greet("after the rollback").await;
    world.is_synced("after the rollback").await;
    world.end().await;
}

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn an_upgrade_to_images_that_are_not_there_is_rolled_back_and_keeps_data() {
    let _others = among_others().await;
    let world = World::on(Release::confined(&[]).await).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;

    let tags = ["server.image.tag=no-such", "operator.image.tag=no-such"];
    world.release.begin_upgrade(&tags).await;
    for component in ["server", "operator"] {
        eventually(PATIENCE, "an image that cannot be had", async || {
            let selector = format!("--selector=app.kubernetes.io/component={component}");
            let why =
                "--output=jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}";
            let why = ["get", "pods", &selector, why];
            let why = world.release.try_kubectl(&why).await?;
            ensure!(
                why.contains("ErrImagePull") || why.contains("ImagePullBackOff"),
                "{why}"
            );
            Ok(())
        })
        .await
        .unwrap();
    }
    // Of what others have, nothing is lost meanwhile.
    world.is_synced("hello").await;

    world.release.rollback("1").await;
    let path = world.shop.secret("base", "GREETING");
    let read = world.owner.get(&path).await;
    assert_eq!(read.ok()["value"], canary::value("hello"));
    world.greet("after the rollback").await;
    world.is_synced("after the rollback").await;
    world.end().await;
}
