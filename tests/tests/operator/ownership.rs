//! What is not the operator's is not touched.

use kube::api::PostParams;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_foreign_secret_is_left_as_it_is() {
    let world = World::new().await;
    let foreign = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "stringData": {"MINE": "1"}});
    let foreign = serde_json::from_value(foreign).unwrap();
    let before = world
        .secrets()
        .create(&PostParams::default(), &foreign)
        .await
        .unwrap();
    world.set("base", "A", "1").await;
    world.create("web", world.spec()).await.unwrap();
    let message = world
        .condition("web", "Ready", "False", "OwnershipConflict")
        .await;
    assert!(message.contains("web"), "{message}");
    world.set("base", "A", "2").await;
    world.settled().await;
    let after = world.secrets().get("web").await.unwrap();
    assert_eq!(
        after.metadata.resource_version,
        before.metadata.resource_version
    );

    // Once it is out of the way, the resource goes on by itself.
    world.delete_secret("web").await;
    world.holds("web", &[("A", "2")]).await;
    world.condition("web", "Ready", "True", "").await;
}

#[tokio::test]
async fn two_resources_with_one_target_do_not_fight() {
    let world = World::new().await;
    world.synced().await;
    world.set("prod", "B", "2").await;
    world.holds("web", &[("A", "1"), ("B", "2")]).await;
    let mut spec = world.spec();
    spec["sources"][0]["config"] = "base".into();
    world.create("rival", spec).await.unwrap();
    world.condition("rival", "Ready", "False", "").await;
    let before = world
        .secrets()
        .get("web")
        .await
        .unwrap()
        .metadata
        .resource_version;
    world.settled().await;
    assert_eq!(
        world
            .secrets()
            .get("web")
            .await
            .unwrap()
            .metadata
            .resource_version,
        before
    );
}

#[tokio::test]
async fn the_secret_belongs_to_its_resource() {
    let world = World::new().await;
    world.synced().await;
    let sync = world.syncs().get("web").await.unwrap();
    let owners = world
        .secrets()
        .get("web")
        .await
        .unwrap()
        .metadata
        .owner_references
        .unwrap();
    assert_eq!(owners.len(), 1);
    assert_eq!(
        (owners[0].kind.as_str(), Some(&owners[0].uid)),
        ("SecretSync", sync.metadata.uid.as_ref())
    );
    assert_eq!(owners[0].controller, Some(true));
    assert!(sync.metadata.finalizers.unwrap_or_default().is_empty());
}
