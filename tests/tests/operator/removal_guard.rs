//! Keys that vanish in the server, many at once.

use serde_json::json;

use crate::world::World;

const ALLOW: &str = "simplesecrets.io/allow-removal";

impl World {
    async fn set_all(&self, keys: &[&str]) {
        for key in keys {
            self.set("prod", key, "1").await;
        }
    }

    /// Deletes keys and sets others in one change; gives its revision.
    async fn replace(&self, gone: &[&str], new: &[&str]) -> u64 {
        let set: serde_json::Map<_, _> = new
            .iter()
            .map(|key| ((*key).to_owned(), json!("1")))
            .collect();
        let patch = json!({"set": set, "delete": gone});
        let path = self.shop.secrets("prod");
        self.owner.patch(&path, patch).await.ok()["revision"]
            .as_u64()
            .unwrap()
    }

    async fn holds_keys(&self, name: &str, keys: &[&str]) {
        let data: Vec<_> = keys.iter().map(|key| (*key, "1")).collect();
        self.holds(name, &data).await;
    }
}

#[tokio::test]
async fn more_than_half_of_the_keys_stay_until_somebody_has_looked() {
    let mut world = World::new().await;
    world.set_all(&["A", "B", "C", "D"]).await;
    world.create("web", world.spec()).await.unwrap();
    world.condition("web", "Ready", "True", "").await;

    // As many come as go, and they go all the same.
    let revision = world.replace(&["A", "B", "C"], &["X", "Y", "Z"]).await;
    let message = world
        .condition("web", "Ready", "False", "RemovalGuard")
        .await;
    for part in ["3 of the 4 keys", &format!("{ALLOW}={revision}")] {
        assert!(message.contains(part), "{message}");
    }
    world.holds_keys("web", &["A", "B", "C", "D"]).await;
    world.is_quiet("web", "web").await;
    world.holds_keys("web", &["A", "B", "C", "D"]).await;

    world
        .annotate_sync("web", ALLOW, &(revision - 1).to_string())
        .await;
    world.settled().await;
    world.holds_keys("web", &["A", "B", "C", "D"]).await;
    world
        .annotate_sync("web", ALLOW, &revision.to_string())
        .await;
    world.holds_keys("web", &["D", "X", "Y", "Z"]).await;
    world.condition("web", "Ready", "True", "").await;
    world.is_quiet("web", "web").await;

    // It counts for nothing that comes later.
    world.replace(&["D", "X", "Y"], &[]).await;
    world
        .condition("web", "Ready", "False", "RemovalGuard")
        .await;
    world.holds_keys("web", &["D", "X", "Y", "Z"]).await;
    // When they are back, all is well.
    world.replace(&[], &["D", "X"]).await;
    world.condition("web", "Ready", "True", "").await;
    world.holds_keys("web", &["D", "X", "Z"]).await;
}

#[tokio::test]
async fn keys_that_went_while_the_operator_was_away_are_counted_in_the_secret() {
    let mut world = World::new().await;
    world.set_all(&["A", "B", "C", "D"]).await;
    let mut spec = world.spec();
    spec["maxRemovedPercent"] = json!(25);
    world.create("web", spec).await.unwrap();
    world.condition("web", "Ready", "True", "").await;
    world.operator.stop().await.unwrap();
    world.replace(&["A", "B"], &["X", "Y"]).await;
    world.operator.restart().await.unwrap();
    world
        .condition("web", "Ready", "False", "RemovalGuard")
        .await;
    world.holds_keys("web", &["A", "B", "C", "D"]).await;
    world.patch("web", json!({"maxRemovedPercent": 50})).await;
    world.holds_keys("web", &["C", "D", "X", "Y"]).await;
}

#[tokio::test]
async fn a_spec_that_takes_fewer_keys_is_not_guarded() {
    let world = World::new().await;
    world.set_all(&["A", "B", "C", "D"]).await;
    world.create("web", world.spec()).await.unwrap();
    world.condition("web", "Ready", "True", "").await;
    let sources =
        json!([{"project": world.shop.slug, "config": "prod", "keys": {"include": ["A"]}}]);
    world.patch("web", json!({"sources": sources})).await;
    world.holds_keys("web", &["A"]).await;
    world.condition("web", "Ready", "True", "").await;
}

#[tokio::test]
async fn an_emptied_config_is_let_through_by_the_same_annotation() {
    let mut world = World::new().await;
    world.set_all(&["A", "B"]).await;
    let mut spec = world.spec();
    spec["maxRemovedPercent"] = json!(100);
    world.create("web", spec).await.unwrap();
    world.condition("web", "Ready", "True", "").await;
    let revision = world.replace(&["A", "B"], &[]).await;
    let message = world
        .condition("web", "Ready", "False", "UpstreamEmpty")
        .await;
    assert!(
        message.contains(&format!("{ALLOW}={revision}")),
        "{message}"
    );
    world.holds_keys("web", &["A", "B"]).await;
    world
        .annotate_sync("web", ALLOW, &revision.to_string())
        .await;
    world.holds_keys("web", &[]).await;
    world.condition("web", "Ready", "True", "").await;
    world.is_quiet("web", "web").await;
}

#[tokio::test]
async fn merged_keys_and_files_are_guarded_too() {
    let world = World::new().await;
    world.set_all(&["A", "B", "C"]).await;
    world
        .put_secret(
            "shared",
            json!({"T1": "1", "T2": "1", "T3": "1"}),
            json!({"simplesecrets.io/allow": "web"}),
        )
        .await;
    let mut spec = world.spec();
    spec["target"] = json!({"name": "shared", "creationPolicy": "Merge"});
    world.create("web", spec).await.unwrap();
    world.condition("web", "Ready", "True", "").await;
    world.replace(&["A", "B"], &[]).await;
    let message = world
        .condition("web", "Ready", "False", "RemovalGuard")
        .await;
    assert!(message.contains("2 of the 3 keys"), "{message}");
    world
        .holds_keys("shared", &["A", "B", "C", "T1", "T2", "T3"])
        .await;
}
