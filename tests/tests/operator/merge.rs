//! Single keys of somebody else's Secret.

use anyhow::ensure;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use ssm_tests::eventually;

use crate::world::{PATIENCE, World};

fn spec(world: &World) -> Value {
    let mut spec = world.spec();
    spec["target"] = json!({"name": "shared", "creationPolicy": "Merge"});
    spec
}

/// `web` merges `A=1` into `shared`, which holds `THEIRS=1` besides.
async fn merged() -> World {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    world
        .put_secret(
            "shared",
            json!({"THEIRS": "1"}),
            json!({"simplesecrets.io/allow": "web"}),
        )
        .await;
    world.create("web", spec(&world)).await.unwrap();
    world.holds("shared", &[("A", "1"), ("THEIRS", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    world
}

#[tokio::test]
async fn keys_are_merged_kept_and_dropped_and_others_stay() {
    let mut world = merged().await;
    let secret = world.secrets().get("shared").await.unwrap();
    assert_eq!(secret.metadata.owner_references, None);
    assert_eq!(secret.metadata.labels, None);
    world.is_quiet("shared", "web").await;

    world.set("base", "A", "2").await;
    world.set("base", "B", "2").await;
    world
        .holds("shared", &[("A", "2"), ("B", "2"), ("THEIRS", "1")])
        .await;
    world
        .edit_secret("shared", json!({"stringData": {"THEIRS": "2"}}))
        .await;
    world
        .owner
        .delete(&world.shop.secret("base", "B"))
        .await
        .ok();
    world.holds("shared", &[("A", "2"), ("THEIRS", "2")]).await;
    // What is deleted is put back.
    world
        .edit_secret("shared", json!({"data": {"A": null}}))
        .await;
    world.holds("shared", &[("A", "2"), ("THEIRS", "2")]).await;
    world.condition("web", "Ready", "True", "").await;
    eventually(PATIENCE, "the status to tell the repair", async || {
        let version = world.secrets().get("shared").await?.metadata;
        let version = json!(version.resource_version);
        let status = world.status("web").await;
        ensure!(status["target"]["resourceVersion"] == version, "{status}");
        Ok(())
    })
    .await
    .unwrap();
    world.is_quiet("shared", "web").await;

    // They stay when the resource goes, and one that is made again under its name goes on with them.
    world
        .syncs()
        .delete("web", &DeleteParams::default())
        .await
        .unwrap();
    world.settled().await;
    world.holds("shared", &[("A", "2"), ("THEIRS", "2")]).await;
    world.set("base", "A", "3").await;
    world.create("web", spec(&world)).await.unwrap();
    world.holds("shared", &[("A", "3"), ("THEIRS", "2")]).await;
}

#[tokio::test]
async fn a_key_that_somebody_else_has_set_is_theirs_until_they_give_it_up() {
    let mut world = merged().await;
    world
        .edit_secret("shared", json!({"stringData": {"A": "theirs"}}))
        .await;
    let message = world
        .condition("web", "Ready", "False", "MergeConflict")
        .await;
    assert!(
        message.contains("key A") && message.contains("somebody"),
        "{message}"
    );
    world.set("base", "A", "2").await;
    world.set("base", "B", "2").await;
    world.is_quiet("shared", "web").await;
    world
        .holds("shared", &[("A", "theirs"), ("THEIRS", "1")])
        .await;
    world.shows_no_secret().await;

    world
        .edit_secret("shared", json!({"data": {"A": null}}))
        .await;
    world
        .holds("shared", &[("A", "2"), ("B", "2"), ("THEIRS", "1")])
        .await;
    world.condition("web", "Ready", "True", "").await;
}

#[tokio::test]
async fn a_key_that_was_there_before_is_not_taken_over() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    world
        .put_secret(
            "shared",
            json!({"A": "theirs"}),
            json!({"simplesecrets.io/allow": "web"}),
        )
        .await;
    world.create("web", spec(&world)).await.unwrap();
    world
        .condition("web", "Ready", "False", "MergeConflict")
        .await;
    world.is_quiet("shared", "web").await;
    world.holds("shared", &[("A", "theirs")]).await;
}

#[tokio::test]
async fn nothing_is_merged_without_consent_or_after_it_is_taken_back() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    world
        .put_secret(
            "shared",
            json!({"THEIRS": "1"}),
            json!({"simplesecrets.io/allow": "other"}),
        )
        .await;
    world.create("web", spec(&world)).await.unwrap();
    let message = world.condition("web", "Ready", "False", "NotAllowed").await;
    assert!(message.contains("simplesecrets.io/allow=web"), "{message}");
    world.is_quiet("shared", "web").await;
    world.holds("shared", &[("THEIRS", "1")]).await;

    world.allow("shared", "web").await;
    world.holds("shared", &[("A", "1"), ("THEIRS", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    world.allow("shared", "other").await;
    world.condition("web", "Ready", "False", "NotAllowed").await;
    world.set("base", "A", "2").await;
    world.settled().await;
    world.holds("shared", &[("A", "1"), ("THEIRS", "1")]).await;
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_waited_for_and_never_made() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    world.create("web", spec(&world)).await.unwrap();
    world
        .condition("web", "Ready", "False", "TargetMissing")
        .await;
    world.is_quiet("shared", "web").await;
    assert!(world.secrets().get_opt("shared").await.unwrap().is_none());
    let make = async |world: &World| {
        world
            .put_secret(
                "shared",
                json!({"THEIRS": "1"}),
                json!({"simplesecrets.io/allow": "web"}),
            )
            .await;
        world.holds("shared", &[("A", "1"), ("THEIRS", "1")]).await;
        world.condition("web", "Ready", "True", "").await;
    };
    make(&world).await;
    world.delete_secret("shared").await;
    world
        .condition("web", "Ready", "False", "TargetMissing")
        .await;
    make(&world).await;
}

#[tokio::test]
async fn two_resources_merge_into_one_secret_and_none_into_anothers() {
    let mut world = merged().await;
    world.set("prod", "P", "1").await;
    world
        .holds("shared", &[("A", "1"), ("P", "1"), ("THEIRS", "1")])
        .await;
    let mut rival = spec(&world);
    rival["sources"] =
        json!([{"project": world.shop.slug, "config": "base", "keys": {"rename": {"A": "OTHER"}}}]);
    world.create("rival", rival).await.unwrap();
    world
        .condition("rival", "Ready", "False", "NotAllowed")
        .await;

    // A Secret that a resource wants all of is nothing to merge into, whatever it says.
    for policy in ["Owner", "Orphan"] {
        let name = policy.to_lowercase();
        let mut whole = world.spec();
        whole["target"] = json!({"name": name, "creationPolicy": policy});
        world.create(&name, whole).await.unwrap();
        world.condition(&name, "Ready", "True", "").await;
        world.allow(&name, "rival").await;
        world
            .patch("rival", json!({"target": {"name": name}}))
            .await;
        world
            .condition("rival", "Ready", "False", "OwnershipConflict")
            .await;
        world.is_quiet(&name, &name).await;
    }
}
