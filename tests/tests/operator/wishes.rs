//! What a person asks for by an annotation, and what a suspended resource does not do.

use serde_json::json;
use ssm_tests::eventually;

use crate::world::{PATIENCE, World};

const NOW: &str = "simplesecrets.io/reconcile-at";

impl World {
    async fn followed(&self, wish: &str) {
        eventually(PATIENCE, "the wish is followed", async || {
            let status = self.status("web").await;
            anyhow::ensure!(status["lastReconcileAt"] == wish, "{status}");
            Ok(())
        })
        .await
        .unwrap();
    }

    /// How many reads of configs there were.
    async fn reads(&self) -> usize {
        self.metric("ssm_operator_fetches_total").await
    }
}

#[tokio::test]
async fn a_wish_is_followed_once() {
    let mut world = World::new().await;
    world.synced().await;
    world.settled().await;
    let before = world.reads().await;
    let secret = world.versions("web", "web").await.0;
    world
        .annotate_sync("web", NOW, "2026-11-29T12:00:00Z")
        .await;
    world.followed("2026-11-29T12:00:00Z").await;
    eventually(PATIENCE, "the server is asked", async || {
        anyhow::ensure!(world.reads().await > before);
        Ok(())
    })
    .await
    .unwrap();
    world.settled().await;
    assert_eq!(world.reads().await, before + 1);
    assert_eq!(
        world.versions("web", "web").await.0,
        secret,
        "nothing was to be written"
    );
    world.is_quiet("web", "web").await;
    world.annotate_sync("web", NOW, "again").await;
    world.followed("again").await;
}

#[tokio::test]
async fn a_wish_finds_what_nobody_has_told_of() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    spec["refresh"] = json!({"mode": "Poll", "interval": "24h"});
    world.create("web", spec).await.unwrap();
    world.holds("web", &[("A", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    world.set("base", "A", "2").await;
    world.annotate_sync("web", NOW, "now").await;
    world.holds("web", &[("A", "2")]).await;
}

#[tokio::test]
async fn a_suspended_resource_follows_no_wish_and_catches_up() {
    let world = World::new().await;
    world.synced().await;
    world.patch("web", json!({"suspend": true})).await;
    world.condition("web", "Ready", "True", "Suspended").await;
    let before = world.versions("web", "web").await;
    world.annotate_sync("web", NOW, "now").await;
    world.set("base", "A", "2").await;
    world
        .edit_secret("web", json!({"metadata": {"labels": {"a": "b"}}}))
        .await;
    let edited = world.versions("web", "web").await;
    assert_ne!(edited, before);
    world.settled().await;
    assert_eq!(world.versions("web", "web").await, edited);
    world.patch("web", json!({"suspend": false})).await;
    world.holds("web", &[("A", "2")]).await;
    world.followed("now").await;
    world.condition("web", "Ready", "True", "Synced").await;
}
