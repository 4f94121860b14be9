//! Workloads that opt in are restarted after their Secret's data has changed, once, and nothing else is.

use std::time::Duration;

use anyhow::Context as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::json;
use ssm_tests::fault_proxy::{Call, Fault, Verb};
use ssm_tests::{ControlPlane, ControlPlaneOptions, FaultProxy, OperatorOptions, eventually, rbac};

use crate::workloads::{OPT_IN, env_from, nothing};
use crate::world::{CRD, PATIENCE, World, control_plane_with_controllers, shared_server};

/// No test waits for so long.
const LONG: &str = "10m";

/// `web` is synced with this debounce time, and used by a Deployment `web` that has opted in.
async fn used(debounce: &str) -> World {
    let world = World::with_workloads().await;
    synced(&world, debounce).await;
    world
}

async fn synced(world: &World, debounce: &str) {
    world
        .workload("Deployment", "web", true, env_from("web"))
        .await;
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    spec["restart"] = json!({"debounce": debounce});
    world.create("web", spec).await.unwrap();
    world.condition("web", "Ready", "True", "").await;
}

/// Lets a debounce time be over.
async fn end_debounce(world: &World, name: &str) {
    world
        .patch(name, json!({"restart": {"debounce": "0s"}}))
        .await;
}

#[tokio::test]
async fn a_change_restarts_what_has_opted_in_and_uses_the_secret_or_is_named() {
    let world = World::with_workloads().await;
    let volume = json!({"containers": nothing()["containers"], "volumes": [{"name": "v", "secret": {"secretName": "web"}}]});
    let projected = json!({
        "containers": nothing()["containers"],
        "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "web"}}]}}],
    });
    let concerned = [
        ("Deployment", "uses", env_from("web")),
        ("StatefulSet", "uses", volume),
        ("DaemonSet", "uses-it", projected),
        ("Deployment", "named", nothing()),
    ];
    let bystanders = [
        ("Deployment", "no-leave", false, env_from("web")),
        ("StatefulSet", "named-without-leave", false, env_from("web")),
        ("Deployment", "other-secret", true, env_from("other")),
    ];
    for (kind, name, pod) in &concerned {
        world.workload(kind, name, true, pod.clone()).await;
    }
    for (kind, name, has_opted_in, pod) in &bystanders {
        world.workload(kind, name, *has_opted_in, pod.clone()).await;
    }
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    let named = json!([
        {"kind": "Deployment", "name": "named"},
        {"kind": "StatefulSet", "name": "named-without-leave"},
        {"kind": "DaemonSet", "name": "nowhere"},
    ]);
    spec["restart"] = json!({"debounce": "1s", "workloads": named});
    world.create("web", spec).await.unwrap();
    world.condition("web", "Ready", "True", "").await;
    let status = world.status("web").await;
    assert!(status["restartPending"].is_null(), "{status}");

    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    let (reason, message) = world.is_restarted("web").await;
    assert_eq!(reason, "Restarted");
    for (kind, name, _) in &concerned {
        world.has_revisions(kind, name, 2).await;
        assert_eq!(world.writes(kind, name).await, 2, "{kind} {name}");
        assert!(message.contains(&format!("{kind} {name}")), "{message}");
    }
    for (kind, name, ..) in &bystanders {
        assert_eq!(world.writes(kind, name).await, 1, "{kind} {name}");
    }
    let metrics = world.operator.metrics().await.unwrap();
    let restarts = "ssm_operator_restarts_total{result=\"restarted\"} 4";
    assert!(metrics.contains(restarts), "{metrics}");
    eventually(
        PATIENCE,
        "an event about each that has not opted in",
        async || {
            let events: Api<Event> = Api::namespaced(world.client.clone(), &world.namespace);
            let events = events.list(&ListParams::default()).await?;
            for name in ["StatefulSet named-without-leave", "DaemonSet nowhere"] {
                let is_about = |event: &&Event| {
                    event.reason.as_deref() == Some("RestartSkipped")
                        && event
                            .message
                            .as_ref()
                            .is_some_and(|text| text.contains(name))
                };
                events.iter().find(is_about).context(name)?;
            }
            Ok(())
        },
    )
    .await
    .unwrap();
    world.shows_no_secret().await;
}

#[tokio::test]
async fn several_changes_within_the_debounce_time_are_one_restart() {
    let world = used(LONG).await;
    for value in ["2", "3", "4"] {
        world.set("base", "A", value).await;
        world.holds("web", &[("A", value)]).await;
    }
    world.is_pending("web").await;
    end_debounce(&world, "web").await;
    world.is_restarted("web").await;
    world.has_revisions("Deployment", "web", 2).await;
    assert_eq!(world.writes("Deployment", "web").await, 2);
    // The next change is the next restart.
    world.set("base", "A", "5").await;
    world.has_revisions("Deployment", "web", 3).await;
}

#[tokio::test]
async fn a_pending_restart_is_made_once_by_the_operator_after_a_killed_one() {
    let mut world = used(LONG).await;
    world.set("base", "A", "2").await;
    world.is_pending("web").await;
    world.operator.kill_now().unwrap();
    end_debounce(&world, "web").await;
    assert_eq!(world.writes("Deployment", "web").await, 1);
    world.operator.restart().await.unwrap();
    world.is_restarted("web").await;
    world.has_revisions("Deployment", "web", 2).await;
    world.operator.restart().await.unwrap();
    world.settled().await;
    assert_eq!(world.writes("Deployment", "web").await, 2);
}

#[tokio::test]
async fn without_a_change_of_data_nothing_is_restarted() {
    let mut world = used("0s").await;
    world.operator.restart().await.unwrap();
    let edit = Patch::Merge(json!({"stringData": {"A": "edited"}}));
    world
        .secrets()
        .patch("web", &PatchParams::default(), &edit)
        .await
        .unwrap();
    world.holds("web", &[("A", "1")]).await;
    world.delete_secret("web").await;
    world.holds("web", &[("A", "1")]).await;
    let label = json!({"target": {"name": "web", "labels": {"team": "shop"}}});
    world.patch("web", label).await;
    world.condition("web", "Ready", "True", "").await;
    world.settled().await;
    assert_eq!(world.writes("Deployment", "web").await, 1);
    let status = world.status("web").await;
    assert!(status["restartPending"].is_null(), "{status}");
}

#[tokio::test]
async fn without_workloads_that_opt_in_nothing_more_is_written() {
    let world = World::with_workloads().await;
    world
        .workload("Deployment", "web", false, env_from("web"))
        .await;
    world.synced().await;
    let writes = async |kind: &str| {
        let metric = format!("ssm_operator_api_writes_total{{kind=\"{kind}\"}}");
        world.metric(&metric).await
    };
    assert_eq!(writes("secret_create").await, 1);
    let before = [writes("secret_patch").await, writes("status").await];
    let revision = world.set("base", "A", "2").await;
    world.tells_revision("web", revision).await;
    let after = [writes("secret_patch").await, writes("status").await];
    assert_eq!(after, before.map(|count| count + 1));
    assert_eq!(world.writes("Deployment", "web").await, 1);
}

#[tokio::test]
async fn without_the_setting_no_workload_is_watched_or_restarted() {
    let world = World::with_controllers(|_| Vec::new(), |options| options).await;
    synced(&world, "0s").await;
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    world.settled().await;
    assert_eq!(world.writes("Deployment", "web").await, 1);
    let log = world.operator.log().unwrap();
    assert!(!log.contains("Deployments"), "{log}");
}

#[tokio::test]
async fn while_suspended_nothing_is_restarted() {
    let world = used(LONG).await;
    world.set("base", "A", "2").await;
    world.is_pending("web").await;
    let edit = json!({"suspend": true, "restart": {"debounce": "0s"}});
    world.patch("web", edit).await;
    world.condition("web", "Ready", "True", "Suspended").await;
    world.settled().await;
    assert_eq!(world.writes("Deployment", "web").await, 1);
    world.patch("web", json!({"suspend": false})).await;
    world.is_restarted("web").await;
    assert_eq!(world.writes("Deployment", "web").await, 2);
}

#[tokio::test]
async fn whoever_takes_the_leave_back_meanwhile_is_left_alone() {
    let world = used(LONG).await;
    world.set("base", "A", "2").await;
    world.is_pending("web").await;
    world
        .annotate("Deployment", "web", OPT_IN, json!("false"))
        .await;
    world.settled().await;
    end_debounce(&world, "web").await;
    let (reason, _) = world.is_restarted("web").await;
    assert_eq!(reason, "NothingToRestart");
    world.has_revisions("Deployment", "web", 1).await;
}

#[tokio::test]
async fn what_cannot_be_restarted_is_told_and_tried_again() {
    let rights = |namespace: &str| {
        let role = rbac::operator_restart_role_in(namespace).unwrap();
        vec![role.replace("- patch\n", "")]
    };
    let world =
        World::with_controllers(rights, |options| options.env("RESTART_ENABLED", "true")).await;
    synced(&world, "0s").await;
    world.set("base", "A", "2").await;
    let message = world
        .condition("web", "Restarted", "False", "RestartFailed")
        .await;
    assert!(message.contains("Deployment web"), "{message}");
    world.holds("web", &[("A", "2")]).await;
    world.condition("web", "Ready", "True", "").await;
    assert_eq!(world.writes("Deployment", "web").await, 1);

    let role = rbac::operator_restart_role_in(&world.namespace).unwrap();
    let plane = control_plane_with_controllers().await;
    plane.apply(&world.namespace, &role).await.unwrap();
    world.is_restarted("web").await;
    world.has_revisions("Deployment", "web", 2).await;
}

#[tokio::test]
async fn with_rights_in_all_namespaces_a_restart_stays_in_its_own() {
    let plane = ControlPlane::start(ControlPlaneOptions::default())
        .await
        .unwrap();
    plane.apply_crd(CRD).await.unwrap();
    let (owner, url) = shared_server().await;
    let rights = |_: &str| {
        let rights = [rbac::OPERATOR_CLUSTER_ROLE, rbac::OPERATOR_RESTART_ROLE];
        rights.map(str::to_owned).to_vec()
    };
    let settings = |options: OperatorOptions| options.namespace("").env("RESTART_ENABLED", "true");
    let world = World::within(&plane, owner, &url, rights, settings).await;
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "annotations": {OPT_IN: "true"}},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": env_from("web"),
        }},
    });
    let elsewhere = plane.namespace().await.unwrap();
    for namespace in [&world.namespace, &elsewhere] {
        plane
            .apply(namespace, &deployment.to_string())
            .await
            .unwrap();
    }
    world.synced().await;
    world
        .patch("web", json!({"restart": {"debounce": "0s"}}))
        .await;
    world.set("base", "A", "2").await;
    let (_, message) = world.is_restarted("web").await;
    assert_eq!(message, "Deployment web");
    assert_eq!(world.writes("Deployment", "web").await, 2);
    let theirs: Api<Deployment> = Api::namespaced(plane.client().unwrap(), &elsewhere);
    let theirs = theirs.get("web").await.unwrap();
    assert_eq!(theirs.metadata.generation, Some(1));
}

#[tokio::test]
async fn two_resources_that_change_at_once_restart_a_workload_once() {
    let plane = control_plane_with_controllers().await;
    let proxy = FaultProxy::start(plane).await.unwrap();
    let rights = |namespace: &str| vec![rbac::operator_restart_role_in(namespace).unwrap()];
    let world = World::with_controllers(rights, |options| {
        let options = options.env("RESTART_ENABLED", "true");
        options.through(&proxy).unwrap()
    })
    .await;
    let pod = json!({"containers": [{"name": "main", "image": "none", "envFrom": [
        {"secretRef": {"name": "one"}}, {"secretRef": {"name": "two"}},
    ]}]});
    world.workload("Deployment", "web", true, pod).await;
    world.set("base", "A", "1").await;
    for name in ["one", "two"] {
        let mut spec = world.spec();
        spec["target"]["name"] = name.into();
        spec["restart"] = json!({"debounce": LONG});
        world.create(name, spec).await.unwrap();
        world.condition(name, "Ready", "True", "").await;
    }
    world.set("base", "A", "2").await;
    for name in ["one", "two"] {
        world.is_pending(name).await;
    }
    // The first learns that it has restarted the workload when the second's debounce time is over as well.
    let mut is_first = true;
    proxy.play(move |call: &Call| {
        if is_first && call.is(Verb::Patch, "deployments") {
            is_first = false;
            return Fault::DelayAnswer(Duration::from_secs(4));
        }
        Fault::Pass
    });
    for name in ["one", "two"] {
        end_debounce(&world, name).await;
    }
    for name in ["one", "two"] {
        world.is_restarted(name).await;
    }
    world.has_revisions("Deployment", "web", 2).await;
    assert_eq!(world.writes("Deployment", "web").await, 2);
}
