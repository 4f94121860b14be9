//! Secrets that look as if they were the resource's.

use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_secret_that_only_looks_like_the_resources_own_is_not_touched() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let real = world.create("real", {
        let mut spec = world.spec();
        spec["target"]["name"] = "real".into();
        spec
    });
    let real = real.await.unwrap().metadata.uid.unwrap();
    let owner = |version: &str, kind: &str, name: &str, uid: &str, controller: bool| {
        json!({"ownerReferences": [
            {"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": controller},
        ]})
    };
    let ours = "simplesecrets.io/v1alpha1";
    // `UID` and `NAME` stand for those of the resource that wants the Secret.
    let forged = [
        (
            "other-group",
            owner("example.com/v1", "SecretSync", "NAME", "UID", true),
        ),
        ("no-group", owner("v1", "SecretSync", "NAME", "UID", true)),
        (
            "like-group",
            owner(
                "simplesecrets.io.example.com/v1alpha1",
                "SecretSync",
                "NAME",
                "UID",
                true,
            ),
        ),
        ("other-kind", owner(ours, "ConfigMap", "NAME", "UID", true)),
        ("other-name", owner(ours, "SecretSync", "real", "UID", true)),
        (
            "other-resource",
            owner(ours, "SecretSync", "real", &real, true),
        ),
        (
            "no-controller",
            owner(ours, "SecretSync", "NAME", "UID", false),
        ),
        (
            "label",
            json!({"labels": {"app.kubernetes.io/managed-by": "simple-secrets-manager"}}),
        ),
        (
            "consent-to-other",
            json!({"annotations": {"simplesecrets.io/allow": "real"}}),
        ),
        (
            "consent-to-part",
            json!({"annotations": {"simplesecrets.io/allow": "consent"}}),
        ),
        (
            "server",
            json!({"annotations": {"simplesecrets.io/server": "https://example.com"}}),
        ),
    ];
    for (name, metadata) in forged {
        let mut spec = world.spec();
        spec["target"]["name"] = name.into();
        spec["suspend"] = true.into();
        let sync = world.create(name, spec).await.unwrap();
        let uid = sync.metadata.uid.unwrap();
        let mut metadata: Value = serde_json::from_str(
            &metadata
                .to_string()
                .replace("UID", &uid)
                .replace("NAME", name),
        )
        .unwrap();
        metadata["name"] = name.into();
        let secret = json!({"metadata": metadata, "stringData": {"MINE": "1"}});
        let secret = serde_json::from_value(secret).unwrap();
        let before = world
            .secrets()
            .create(&PostParams::default(), &secret)
            .await
            .unwrap();
        world.patch(name, json!({"suspend": false})).await;
        let message = world
            .condition(name, "Ready", "False", "OwnershipConflict")
            .await;
        assert!(message.contains(name), "{message}");
        let after = world.secrets().get(name).await.unwrap();
        assert_eq!(after, before, "{name} was touched");
        // Nor when its resource lets go of it.
        let elsewhere = json!({"target": {"name": format!("{name}-2")}});
        world.patch(name, elsewhere).await;
        world.condition(name, "Ready", "True", "").await;
        assert_eq!(
            world.secrets().get(name).await.unwrap(),
            before,
            "{name} was touched"
        );
    }
}

/// Somebody who takes a Secret over takes it for good.
#[tokio::test]
async fn a_secret_that_was_given_to_somebody_else_is_not_touched() {
    let world = World::new().await;
    world.synced().await;
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x", "controller": true});
    let given = Patch::Merge(
        json!({"metadata": {"ownerReferences": [owner]}, "stringData": {"A": "mine"}}),
    );
    let before = world
        .secrets()
        .patch("web", &PatchParams::default(), &given)
        .await
        .unwrap();
    world
        .condition("web", "Ready", "False", "OwnershipConflict")
        .await;
    world.set("base", "A", "2").await;
    world
        .patch("web", json!({"target": {"name": "other"}}))
        .await;
    world.holds("other", &[("A", "2")]).await;
    world.condition("web", "Ready", "True", "").await;
    assert_eq!(world.secrets().get("web").await.unwrap(), before);
}
