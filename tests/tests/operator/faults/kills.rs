//! The operator dies after its k-th write, before it hears that the write was made.

use anyhow::ensure;
use futures::future::join_all;
use kube::api::PostParams;
use serde_json::json;
use ssm_tests::fault_proxy::{Call, Fault, Script};
use ssm_tests::{FaultProxy, eventually, rbac};

use super::scenario::{Scenario, Step};
use super::{AFTERWARDS, behind_a_proxy, has_no_bug, writes_nothing};
use crate::workloads::{OPT_IN, env_from};
use crate::world::{World, control_plane, shared_server};

/// Scenarios at a time.
const AT_A_TIME: usize = 4;

/// Holds the answer to the k-th write.
fn hold(kth: usize) -> impl Script {
    move |call: &Call| {
        if call.write == Some(kth) {
            Fault::Hold
        } else {
            Fault::Pass
        }
    }
}

/// Lives a life for every k, some at a time, until one ends without having had a k-th write.
async fn for_every_write<L: Future<Output = bool>>(at_least: usize, life: impl Fn(usize) -> L) {
    for first in (1..).step_by(AT_A_TIME) {
        let died = join_all((first..first + AT_A_TIME).map(&life)).await;
        if died.contains(&false) {
            assert!(first > at_least, "there are only {first} writes or fewer");
            return;
        }
    }
}

#[tokio::test]
async fn an_operator_that_dies_after_any_of_its_writes_loses_and_doubles_nothing() {
    for_every_write(8, dies_after).await;
}

#[tokio::test]
async fn an_operator_that_dies_after_any_of_its_writes_finds_what_has_another_name_since() {
    for_every_write(0, dies_and_finds_another_name).await;
}

#[tokio::test]
async fn an_operator_that_dies_after_any_of_its_writes_makes_each_restart_once() {
    for_every_write(4, dies_around_a_restart).await;
}

/// Whether there was such a write.
async fn dies_after(kth: usize) -> bool {
    let (mut world, mut proxy) = behind_a_proxy().await;
    proxy.play(hold(kth));
    let owner = world.owner.clone();
    let mut scenario = Scenario::new(&owner, "web").await;
    let mut has_died = false;
    for step in Step::ALL {
        scenario.act(&world, step).await;
        let dies = tokio::select! {
            biased;
            held = proxy.held(), if !has_died => Some(held.unwrap()),
            () = scenario.holds(&world, AFTERWARDS) => None,
        };
        if let Some(call) = dies {
            has_died = true;
            println!("{kth}: dies in {step:?} after {call:?}");
            world.operator.kill_now().unwrap();
            proxy.calm();
            world.operator.restart().await.unwrap();
            scenario.holds(&world, AFTERWARDS).await;
        }
    }
    writes_nothing(&world).await;
    // Nor does an operator that knows nothing write anything.
    world.operator.restart().await.unwrap();
    writes_nothing(&world).await;
    has_no_bug(&world);
    has_died
}

/// Whether there was such a write. Nobody is there to see the former names between one death and the next start.
async fn dies_and_finds_another_name(kth: usize) -> bool {
    let (mut world, mut proxy) = behind_a_proxy().await;
    proxy.play(hold(kth));
    world.set("base", "A", "1").await;
    world.create("web", world.spec()).await.unwrap();
    let is_synced = world.condition("web", "Ready", "True", "");
    let dies = tokio::select! {
        biased;
        held = proxy.held() => Some(held.unwrap()),
        _ = is_synced => None,
    };
    if let Some(call) = &dies {
        println!("{kth}: dies after {call:?}");
        world.operator.kill_now().unwrap();
        proxy.calm();
        for name in ["never-seen", "moved"] {
            world.patch("web", json!({"target": {"name": name}})).await;
        }
    }
    // Somebody else's copy, the owner included, was not made by the operator.
    let owner = world.syncs().get("web").await.unwrap();
    let copy = json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": {"A": "copied"},
        "metadata": {"name": "copy", "ownerReferences": [{
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "controller": true,
            "name": "web", "uid": owner.metadata.uid,
        }]},
    });
    let copy = serde_json::from_value(copy).unwrap();
    world
        .secrets()
        .create(&PostParams::default(), &copy)
        .await
        .unwrap();
    if dies.is_some() {
        world.operator.restart().await.unwrap();
        world.holds("moved", &[("A", "1")]).await;
        world.is_gone("web").await;
        world.condition("web", "Ready", "True", "").await;
    }
    writes_nothing(&world).await;
    world.holds("copy", &[("A", "copied")]).await;
    has_no_bug(&world);
    dies.is_some()
}

/// The same with a workload that is to be restarted once for each change.
async fn dies_around_a_restart(kth: usize) -> bool {
    let (owner, url) = shared_server().await;
    let plane = control_plane().await;
    let mut proxy = FaultProxy::start(plane).await.unwrap();
    let rights = |namespace: &str| vec![rbac::operator_restart_role_in(namespace).unwrap()];
    let mut world = World::within(plane, owner, &url, rights, |options| {
        options
            .env("RESTART_ENABLED", "true")
            .through(&proxy)
            .unwrap()
    })
    .await;
    let labels = json!({"app": "web"});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {OPT_IN: "true"}},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": env_from("web")},
        },
    });
    let deployment = serde_json::from_value(deployment).unwrap();
    let deployments = world.workloads("Deployment");
    deployments
        .create(&PostParams::default(), &deployment)
        .await
        .unwrap();
    proxy.play(hold(kth));
    let mut has_died = false;
    for changes in 0..3 {
        let value = changes.to_string();
        world.set("base", "A", &value).await;
        if changes == 0 {
            let mut spec = world.spec();
            spec["restart"] = json!({"debounce": "0s"});
            world.create("web", spec).await.unwrap();
        }
        let dies = tokio::select! {
            biased;
            held = proxy.held(), if !has_died => Some(held.unwrap()),
            () = was_restarted(&world, changes) => None,
        };
        if let Some(call) = dies {
            has_died = true;
            println!("{kth}: dies before restart {changes} after {call:?}");
            world.operator.kill_now().unwrap();
            proxy.calm();
            world.operator.restart().await.unwrap();
            was_restarted(&world, changes).await;
        }
    }
    writes_nothing(&world).await;
    world.operator.restart().await.unwrap();
    writes_nothing(&world).await;
    was_restarted(&world, 2).await;
    has_no_bug(&world);
    has_died
}

/// Waits until the Secret has had so many changes, and the workload as many restarts.
async fn was_restarted(world: &World, changes: i64) {
    let what = format!("{changes} restarts");
    eventually(AFTERWARDS, &what, async || {
        let secret = world.secrets().get("web").await?;
        let data = secret.data.unwrap_or_default();
        let value = data.get("A").map(|value| &*value.0);
        ensure!(value == Some(changes.to_string().as_bytes()));
        let sync = world.syncs().get("web").await?;
        let status = &sync.data["status"];
        ensure!(status["syncedRevision"].is_u64(), "{status}");
        ensure!(status["restartPending"].is_null(), "{status}");
        let deployment = world.workloads("Deployment").get("web").await?;
        // Making it was the first write of its spec.
        ensure!(deployment.metadata.generation == Some(1 + changes));
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#} in {}", world.namespace));
}
