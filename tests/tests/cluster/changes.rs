//! What pods see of a change.

use crate::cluster::among_others;
use crate::release::Release;
use crate::world::World;

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn a_pod_that_opted_in_is_restarted_and_then_sees_the_changed_value() {
    let _others = among_others().await;
    let world = World::on(Release::confined(&["operator.restart.enabled=true"]).await).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;
    world.deploy().await;
    world.is_seen("hello").await;
    world.greet("goodbye").await;
    world.is_synced("goodbye").await;
    world.is_seen("goodbye").await;
    world.end().await;
}
