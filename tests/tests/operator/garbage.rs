//! What goes by itself when a resource or its namespace does: the controller manager's work, which stands on what the operator
//! wrote.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::DeleteParams;
use serde_json::json;
use ssm_tests::eventually;

use crate::world::{PATIENCE, World};

async fn world() -> World {
    World::with_controllers(|_| Vec::new(), |options| options).await
}

/// The collector looks every half a minute for kinds that it does not know yet.
const COLLECTED: Duration = Duration::from_mins(2);

async fn is_gone(world: &World) -> Result<()> {
    ensure!(world.syncs().get_opt("web").await?.is_none());
    ensure!(world.secrets().get_opt("web").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_deleted_resource_takes_its_secret_along() {
    let world = world().await;
    for how in [DeleteParams::background(), DeleteParams::foreground()] {
        world.synced().await;
        world.syncs().delete("web", &how).await.unwrap();
        eventually(COLLECTED, "resource and Secret to go", async || {
            is_gone(&world).await
        })
        .await
        .unwrap();
        // Nor does the operator make it again, or only before it hears of the end: then that one goes, too.
        world.settled().await;
        eventually(COLLECTED, "resource and Secret to stay away", async || {
            is_gone(&world).await
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn a_namespace_can_be_deleted_with_its_resources() {
    let mut world = world().await;
    world.synced().await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces
        .delete(&world.namespace, &DeleteParams::default())
        .await
        .unwrap();
    eventually(PATIENCE, "the namespace to go", async || {
        ensure!(namespaces.get_opt(&world.namespace).await?.is_none());
        Ok(())
    })
    .await
    .unwrap();
    // With it went its rights, which is no reason to end.
    assert!(world.operator.process().is_running().unwrap());
}

#[tokio::test]
async fn a_secret_with_the_policy_orphan_outlives_its_resource() {
    let world = world().await;
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    spec["target"] = json!({"name": "kept", "creationPolicy": "Orphan"});
    world.create("kept", spec).await.unwrap();
    world.condition("kept", "Ready", "True", "").await;
    world.synced().await;
    // The collector goes on to the second when it is done with the first.
    for name in ["kept", "web"] {
        let how = DeleteParams::background();
        world.syncs().delete(name, &how).await.unwrap();
    }
    eventually(COLLECTED, "the other Secret to go", async || {
        is_gone(&world).await
    })
    .await
    .unwrap();
    assert!(world.syncs().get_opt("kept").await.unwrap().is_none());
    world.settled().await;
    world.holds("kept", &[("A", "1")]).await;
}
