//! From a config to a Secret, and after each of its changes.

use serde_json::json;
use ssm_tests::canary;

use crate::world::World;

#[tokio::test]
async fn a_change_is_pushed_to_the_secret() {
    let world = World::new().await;
    world.set("base", "INHERITED", &canary::value("base")).await;
    world.set("prod", "OWN", &canary::value("own")).await;
    world.create("web", world.spec()).await.unwrap();
    world
        .holds(
            "web",
            &[
                ("INHERITED", &canary::value("base")),
                ("OWN", &canary::value("own")),
            ],
        )
        .await;

    let revision = world.set("base", "INHERITED", &canary::value("new")).await;
    let secret = world
        .holds(
            "web",
            &[
                ("INHERITED", &canary::value("new")),
                ("OWN", &canary::value("own")),
            ],
        )
        .await;
    assert_eq!(secret.type_.as_deref(), Some("Opaque"));
    ssm_tests::eventually(
        crate::world::PATIENCE,
        "the status tells the revision",
        async || {
            let status = world.status("web").await;
            anyhow::ensure!(status["syncedRevision"] == json!(revision), "{status}");
            assert_eq!(status["syncedKeys"], 2);
            assert_eq!(status["sources"][0]["config"], "prod");
            assert_eq!(status["target"]["name"], "web");
            assert!(status["lastSyncTime"].is_string());
            Ok(())
        },
    )
    .await
    .unwrap();
    for condition in ["Ready", "Synced", "UpstreamReachable", "AuthValid"] {
        world.condition("web", condition, "True", "").await;
    }
    world.shows_no_secret().await;
}

#[tokio::test]
async fn a_deleted_key_leaves_the_secret() {
    let world = World::new().await;
    world.set("prod", "B", "2").await;
    world.set("base", "A", "1").await;
    world.create("web", world.spec()).await.unwrap();
    world.holds("web", &[("A", "1"), ("B", "2")]).await;
    world
        .owner
        .delete(&world.shop.secret("prod", "B"))
        .await
        .ok();
    world.holds("web", &[("A", "1")]).await;
}

#[tokio::test]
async fn with_push_off_changes_are_polled_for() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    spec["refresh"] = json!({"mode": "Poll", "interval": "10s"});
    world.create("web", spec).await.unwrap();
    world.holds("web", &[("A", "1")]).await;
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
}

#[tokio::test]
async fn keys_are_filtered_and_renamed_and_later_sources_win() {
    let world = World::new().await;
    for (config, key, value) in [
        ("base", "DB_URL", "base"),
        ("base", "DB_TEST", "no"),
        ("base", "OTHER", "no"),
        ("prod", "DB_URL", "prod"),
        ("prod", "LOG", "info"),
    ] {
        world.set(config, key, value).await;
    }
    let mut spec = world.spec();
    spec["sources"] = json!([
        {
            "project": world.shop.slug, "config": "base",
            "keys": {"include": ["DB_*"], "exclude": ["*_TEST"], "rename": {"DB_URL": "DATABASE_URL"}},
        },
        {"project": world.shop.slug, "config": "prod", "keys": {"include": ["LOG"]}},
    ]);
    world.create("web", spec).await.unwrap();
    world
        .holds("web", &[("DATABASE_URL", "base"), ("LOG", "info")])
        .await;

    let sources = json!([
        {"project": world.shop.slug, "config": "base", "keys": {"include": ["DB_URL"]}},
        {"project": world.shop.slug, "config": "prod", "keys": {"include": ["DB_URL"]}},
    ]);
    world.patch("web", json!({"sources": sources})).await;
    world.holds("web", &[("DB_URL", "prod")]).await;
}

#[tokio::test]
async fn labels_annotations_and_type_are_the_targets() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    spec["target"] = json!({"name": "web", "type": "example.com/env", "labels": {"app": "web"}, "annotations": {"a": "b"}});
    world
        .create("web", spec)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let secret = world.holds("web", &[("A", "1")]).await;
    assert_eq!(secret.type_.as_deref(), Some("example.com/env"));
    assert_eq!(secret.metadata.labels.unwrap()["app"], "web");
    assert_eq!(secret.metadata.annotations.unwrap()["a"], "b");

    // Kubernetes lets nobody change a Secret's type: it is made anew.
    world
        .patch("web", json!({"target": {"type": "Opaque"}}))
        .await;
    ssm_tests::eventually(crate::world::PATIENCE, "the type changes", async || {
        let secret = world.secrets().get("web").await?;
        anyhow::ensure!(secret.type_.as_deref() == Some("Opaque"));
        Ok(())
    })
    .await
    .unwrap();
    world.holds("web", &[("A", "1")]).await;
}

#[tokio::test]
async fn a_renamed_target_is_moved() {
    let world = World::new().await;
    world.synced().await;
    world
        .patch("web", json!({"target": {"name": "moved"}}))
        .await;
    world.holds("moved", &[("A", "1")]).await;
    ssm_tests::eventually(crate::world::PATIENCE, "the old Secret goes", async || {
        anyhow::ensure!(world.secrets().get_opt("web").await?.is_none());
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_suspended_resource_is_left_alone_until_it_is_resumed() {
    let world = World::new().await;
    world.synced().await;
    world.patch("web", json!({"suspend": true})).await;
    world.condition("web", "Ready", "True", "Suspended").await;
    world.set("base", "A", "2").await;
    world.settled().await;
    world.holds("web", &[("A", "1")]).await;
    world.patch("web", json!({"suspend": false})).await;
    world.holds("web", &[("A", "2")]).await;
}

#[tokio::test]
async fn one_change_reaches_every_resource_that_uses_the_config() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    for n in 0..10 {
        let mut spec = world.spec();
        spec["target"]["name"] = format!("web-{n}").into();
        world.create(&format!("web-{n}"), spec).await.unwrap();
    }
    for n in 0..10 {
        world.holds(&format!("web-{n}"), &[("A", "1")]).await;
    }
    world.set("base", "A", "2").await;
    for n in 0..10 {
        world.holds(&format!("web-{n}"), &[("A", "2")]).await;
    }
}
