//! What others keep in the annotations of Secrets is not kept in the operator. `kubectl apply` puts the whole Secret there.

use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use ssm_tests::{canary, eventually, memory};

use crate::world::{PATIENCE, World};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Annotations as `kubectl apply` leaves them.
fn applied(value: &str) -> Value {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"PASSWORD": value}});
    json!({"annotations": {LAST_APPLIED: secret.to_string()}})
}

async fn annotate(world: &World, name: &str, value: &str) {
    let patch = Patch::Merge(json!({"metadata": applied(value)}));
    let parameters = PatchParams::default();
    world
        .secrets()
        .patch(name, &parameters, &patch)
        .await
        .unwrap();
}

#[tokio::test]
async fn values_in_annotations_do_not_stay_in_memory() {
    let mut world = World::new().await;
    world.synced().await;
    let mark = canary::value("annotation-4f1c9e");
    let other = json!({"metadata": applied(&mark), "stringData": {"PASSWORD": "x"}});
    for name in ["before", "after"] {
        let mut other = other.clone();
        other["metadata"]["name"] = name.into();
        let other = serde_json::from_value(other).unwrap();
        world
            .secrets()
            .create(&PostParams::default(), &other)
            .await
            .unwrap();
        // Of these the operator reads all there is.
        annotate(&world, "ssm-token", &mark).await;
        annotate(&world, "web", &mark).await;
        world.settled().await;
        if name == "before" {
            // Then they come with a list.
            world.operator.restart().await.unwrap();
            world.settled().await;
        }
    }
    // The connection's own buffers hold what came last until something else has come.
    for n in 0..16 {
        for name in ["before", "after", "web", "ssm-token"] {
            annotate(&world, name, &"x".repeat(10_000 + n)).await;
        }
    }
    world.settled().await;
    let pid = world.operator.process().pid();
    eventually(PATIENCE, "the value is gone", async || {
        let found = memory::sightings(pid, mark.as_bytes())?;
        anyhow::ensure!(found == 0, "it is there {found} times");
        Ok(())
    })
    .await
    .unwrap();
}
