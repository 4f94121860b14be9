//! What others do to a Secret is undone, and nothing else is written.

use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_edited_secret_is_repaired() {
    let world = World::new().await;
    world.synced().await;
    let edit = json!({"stringData": {"A": "edited", "B": "added"}});
    world
        .secrets()
        .patch("web", &PatchParams::default(), &Patch::Merge(edit))
        .await
        .unwrap();
    world.holds("web", &[("A", "1")]).await;
}

#[tokio::test]
async fn a_deleted_secret_is_made_again() {
    let world = World::new().await;
    world.synced().await;
    world.delete_secret("web").await;
    world.holds("web", &[("A", "1")]).await;
}

#[tokio::test]
async fn labels_of_others_stay_when_the_data_changes() {
    let world = World::new().await;
    world.synced().await;
    let label = json!({"metadata": {"labels": {"team": "shop"}, "annotations": {"seen": "yes"}}});
    world
        .secrets()
        .patch("web", &PatchParams::default(), &Patch::Merge(label))
        .await
        .unwrap();
    world.set("base", "A", "2").await;
    let secret = world.holds("web", &[("A", "2")]).await;
    assert_eq!(secret.metadata.labels.unwrap()["team"], "shop");
    assert_eq!(secret.metadata.annotations.unwrap()["seen"], "yes");
}

#[tokio::test]
async fn nothing_is_written_when_nothing_changes() {
    let mut world = World::new().await;
    world.synced().await;
    let versions = async |world: &World| {
        let secret = world
            .secrets()
            .get("web")
            .await
            .unwrap()
            .metadata
            .resource_version;
        let sync = world
            .syncs()
            .get("web")
            .await
            .unwrap()
            .metadata
            .resource_version;
        (secret, sync)
    };
    let before = versions(&world).await;
    // Neither a restart nor news about other keys of the same project is a reason to write.
    world.operator.restart().await.unwrap();
    let other = world
        .owner
        .put(
            &format!("{}/dev/secrets/X", world.shop.configs),
            json!({"value": "1"}),
        )
        .await;
    assert_eq!(other.status, 404);
    world.settled().await;
    assert_eq!(versions(&world).await, before);
}
