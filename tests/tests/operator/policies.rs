//! Whose a Secret is, and from one policy to another.

use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World};

const POLICIES: [&str; 3] = ["Owner", "Orphan", "Merge"];

fn with(world: &World, target: &Value) -> Value {
    let mut spec = world.spec();
    let both = spec["target"].as_object_mut().unwrap();
    both.extend(target.as_object().unwrap().clone());
    spec
}

#[tokio::test]
async fn an_orphan_belongs_to_nobody_and_is_kept_as_its_resource_says() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    let spec = with(&world, &json!({"creationPolicy": "Orphan"}));
    world.create("web", spec.clone()).await.unwrap();
    let secret = world.holds("web", &[("A", "1")]).await;
    assert_eq!(secret.metadata.owner_references, None);
    world.condition("web", "Ready", "True", "").await;
    world.is_quiet("web", "web").await;

    world
        .edit_secret("web", json!({"stringData": {"A": "edited", "B": "added"}}))
        .await;
    world.holds("web", &[("A", "1")]).await;
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    world.delete_secret("web").await;
    world.holds("web", &[("A", "2")]).await;

    // It stays, and one that is made again under the same name has to be let in.
    world
        .syncs()
        .delete("web", &DeleteParams::default())
        .await
        .unwrap();
    world.settled().await;
    world.holds("web", &[("A", "2")]).await;
    world.create("web", spec).await.unwrap();
    let message = world
        .condition("web", "Ready", "False", "OwnershipConflict")
        .await;
    assert!(message.contains("simplesecrets.io/allow=web"), "{message}");
    world.set("base", "A", "3").await;
    world.settled().await;
    world.holds("web", &[("A", "2")]).await;
    world.allow("web", "web").await;
    world.holds("web", &[("A", "3")]).await;
    world.condition("web", "Ready", "True", "").await;
}

#[tokio::test]
async fn a_copy_of_an_orphan_is_not_taken_for_one() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    world
        .create("web", with(&world, &json!({"creationPolicy": "Orphan"})))
        .await
        .unwrap();
    let mut copy = world.holds("web", &[("A", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    copy.metadata.name = Some("copy".into());
    copy.metadata.resource_version = None;
    copy.metadata.uid = None;
    copy.metadata.managed_fields = None;
    let copy = world
        .secrets()
        .create(&PostParams::default(), &copy)
        .await
        .unwrap();
    world
        .patch("web", json!({"target": {"name": "copy"}}))
        .await;
    world
        .condition("web", "Ready", "False", "OwnershipConflict")
        .await;
    world.set("base", "A", "2").await;
    world.settled().await;
    let after = world.secrets().get("copy").await.unwrap();
    assert_eq!(
        after.metadata.resource_version,
        copy.metadata.resource_version
    );
    // The old one stays until the new one is there.
    world.holds("web", &[("A", "1")]).await;
    world.allow("copy", "web").await;
    world.holds("copy", &[("A", "2")]).await;
    world.is_gone("web").await;
}

#[tokio::test]
async fn a_secret_is_adopted_only_by_the_resource_that_it_names() {
    for policy in ["Owner", "Orphan"] {
        let mut world = World::new().await;
        world.set("base", "A", "1").await;
        world
            .put_secret(
                "web",
                json!({"MINE": "1"}),
                json!({"simplesecrets.io/allow": "other", "seen": "yes"}),
            )
            .await;
        world
            .create("web", with(&world, &json!({"creationPolicy": policy})))
            .await
            .unwrap();
        world
            .condition("web", "Ready", "False", "OwnershipConflict")
            .await;
        world.settled().await;
        world.holds("web", &[("MINE", "1")]).await;
        world.allow("web", "web").await;
        let secret = world.holds("web", &[("A", "1")]).await;
        world.condition("web", "Ready", "True", "").await;
        assert_eq!(secret.metadata.annotations.unwrap()["seen"], "yes");
        // Once adopted it needs no consent any more.
        world
            .edit_secret(
                "web",
                json!({"metadata": {"annotations": {"simplesecrets.io/allow": null}}}),
            )
            .await;
        let revision = world.set("base", "A", "2").await;
        world.holds("web", &[("A", "2")]).await;
        world.tells_revision("web", revision).await;
        world.is_quiet("web", "web").await;
    }
}

#[tokio::test]
async fn what_something_else_controls_is_not_adopted_whatever_it_says() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    let foreign = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {
            "name": "web", "annotations": {"simplesecrets.io/allow": "web"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "x", "uid": "x", "controller": true}],
        },
        "stringData": {"MINE": "1"},
    });
    let foreign = serde_json::from_value(foreign).unwrap();
    world
        .secrets()
        .create(&PostParams::default(), &foreign)
        .await
        .unwrap();
    for policy in ["Owner", "Orphan"] {
        world
            .create(
                &policy.to_lowercase(),
                with(&world, &json!({"creationPolicy": policy})),
            )
            .await
            .unwrap();
        world
            .condition(
                &policy.to_lowercase(),
                "Ready",
                "False",
                "OwnershipConflict",
            )
            .await;
    }
    world.is_quiet("web", "owner").await;
    world.holds("web", &[("MINE", "1")]).await;
}

#[tokio::test]
async fn a_secret_that_hands_out_an_identity_is_neither_adopted_nor_merged_into() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    let types = [
        ("sa", "kubernetes.io/service-account-token"),
        ("boot", "bootstrap.kubernetes.io/token"),
    ];
    for (name, type_) in types {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": type_,
            "metadata": {
                "name": name,
                "annotations": {"simplesecrets.io/allow": name, "kubernetes.io/service-account.name": "default"},
            },
        });
        let secret = serde_json::from_value(secret).unwrap();
        world
            .secrets()
            .create(&PostParams::default(), &secret)
            .await
            .unwrap();
        world
            .create(name, with(&world, &json!({"name": name})))
            .await
            .unwrap();
        for policy in POLICIES {
            world
                .patch(name, json!({"target": {"creationPolicy": policy}}))
                .await;
            world
                .condition(name, "Ready", "False", "ForbiddenType")
                .await;
        }
        world.is_quiet(name, name).await;
        let after = world.secrets().get(name).await.unwrap();
        assert!(!after.data.unwrap_or_default().contains_key("A"));
        assert_eq!(after.type_.as_deref(), Some(type_));
    }
}

#[tokio::test]
async fn a_dangling_reference_is_taken_over_under_every_policy() {
    for policy in ["Owner", "Orphan"] {
        let world = World::new().await;
        world.set("base", "A", "1").await;
        let restored = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "web", "ownerReferences": [{
                "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "name": "web", "uid": "before", "controller": true,
            }]},
            "stringData": {"A": "old"},
        });
        let restored = serde_json::from_value(restored).unwrap();
        world
            .secrets()
            .create(&PostParams::default(), &restored)
            .await
            .unwrap();
        world
            .create("web", with(&world, &json!({"creationPolicy": policy})))
            .await
            .unwrap();
        let secret = world.holds("web", &[("A", "1")]).await;
        let owners = secret.metadata.owner_references.unwrap_or_default();
        assert!(owners.iter().all(|owner| owner.uid != "before"), "{policy}");
    }
}

#[tokio::test]
async fn every_change_of_policy_ends_as_the_last_one_says() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    world.set("base", "B", "1").await;
    world.create("web", world.spec()).await.unwrap();
    world.holds("web", &[("A", "1"), ("B", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    world.allow("web", "web").await;
    for (n, policy) in ["Orphan", "Merge", "Owner", "Merge", "Orphan", "Owner"]
        .into_iter()
        .enumerate()
    {
        world
            .patch("web", json!({"target": {"creationPolicy": policy}}))
            .await;
        ssm_tests::eventually(PATIENCE, policy, async || {
            let metadata = world.secrets().get("web").await?.metadata;
            let is_owned = !metadata.owner_references.unwrap_or_default().is_empty();
            let is_marked = metadata
                .annotations
                .unwrap_or_default()
                .contains_key("simplesecrets.io/owned-by");
            anyhow::ensure!(
                (is_owned, is_marked) == (policy == "Owner", policy == "Orphan"),
                "{is_owned} {is_marked}"
            );
            Ok(())
        })
        .await
        .unwrap();
        let value = n.to_string();
        let revision = world.set("base", "A", &value).await;
        world.holds("web", &[("A", &value), ("B", "1")]).await;
        world.tells_revision("web", revision).await;
        world.condition("web", "Ready", "True", "").await;
    }
    world.is_quiet("web", "web").await;
    // What one policy has written, the next one may take away.
    world
        .patch("web", json!({"target": {"creationPolicy": "Merge"}}))
        .await;
    world
        .owner
        .delete(&world.shop.secret("base", "B"))
        .await
        .ok();
    world.holds("web", &[("A", "5")]).await;
}

#[tokio::test]
async fn an_immutable_secret_is_made_anew_for_every_change() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    world
        .create("web", with(&world, &json!({"immutable": true})))
        .await
        .unwrap();
    let first = world.holds("web", &[("A", "1")]).await;
    assert_eq!(first.immutable, Some(true));
    world.condition("web", "Ready", "True", "").await;
    world.is_quiet("web", "web").await;
    world.set("base", "A", "2").await;
    let second = world.holds("web", &[("A", "2")]).await;
    assert_ne!(second.metadata.uid, first.metadata.uid);
    assert_eq!(second.immutable, Some(true));

    world
        .patch("web", json!({"target": {"immutable": false}}))
        .await;
    ssm_tests::eventually(PATIENCE, "it can be changed", async || {
        anyhow::ensure!(world.secrets().get("web").await?.immutable != Some(true));
        Ok(())
    })
    .await
    .unwrap();
    let third = world.holds("web", &[("A", "2")]).await;
    world.set("base", "A", "3").await;
    let fourth = world.holds("web", &[("A", "3")]).await;
    assert_eq!(fourth.metadata.uid, third.metadata.uid);
    world
        .patch("web", json!({"target": {"immutable": true}}))
        .await;
    ssm_tests::eventually(PATIENCE, "it cannot be changed", async || {
        anyhow::ensure!(world.secrets().get("web").await?.immutable == Some(true));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_is_under_a_former_name_goes_under_every_policy_also_after_a_crash() {
    for policy in POLICIES {
        let mut world = World::new().await;
        world.set("base", "A", "1").await;
        for name in ["web", "moved"] {
            if policy == "Merge" {
                world
                    .put_secret(
                        name,
                        json!({"THEIRS": "1"}),
                        json!({"simplesecrets.io/allow": "web"}),
                    )
                    .await;
            }
        }
        world
            .create("web", with(&world, &json!({"creationPolicy": policy})))
            .await
            .unwrap();
        world.condition("web", "Ready", "True", "").await;
        // As if it had been killed after the new one was written and before the status was.
        let before = world.status("web").await;
        world
            .patch("web", json!({"target": {"name": "moved"}}))
            .await;
        let merged: &[(&str, &str)] = &[("A", "1"), ("THEIRS", "1")];
        let expected = if policy == "Merge" {
            merged
        } else {
            &merged[..1]
        };
        world.holds("moved", expected).await;
        let former_is_gone = async |world: &World| {
            if policy == "Merge" {
                world.holds("web", &[("THEIRS", "1")]).await;
            } else {
                world.is_gone("web").await;
            }
        };
        former_is_gone(&world).await;
        world.condition("web", "Ready", "True", "").await;
        world.operator.kill_now().unwrap();
        if policy == "Orphan" {
            // Somebody else's of that name is not ours, whatever the status says.
            world
                .put_secret("web", json!({"MINE": "1"}), json!({}))
                .await;
        }
        let patch = Patch::Merge(json!({"status": {"target": before["target"]}}));
        world
            .syncs()
            .patch_status("web", &PatchParams::default(), &patch)
            .await
            .unwrap();
        world.operator.restart().await.unwrap();
        world.settled().await;
        world.holds("moved", expected).await;
        if policy == "Orphan" {
            world.holds("web", &[("MINE", "1")]).await;
        } else {
            former_is_gone(&world).await;
        }
        ssm_tests::eventually(PATIENCE, "the status names the new one", async || {
            let status = world.status("web").await;
            anyhow::ensure!(status["target"]["name"] == "moved", "{status}");
            Ok(())
        })
        .await
        .unwrap();
        world.is_quiet("moved", "web").await;
    }
}
