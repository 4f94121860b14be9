//! From nothing to a pod that has a value, as the notes of the chart tell it.

use std::time::Instant;

use serde_json::Value;

use crate::cluster::{alone, kubectl, measured};
use crate::release::Release;
use crate::world::World;

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn an_installation_of_the_chart_leads_to_a_synced_secret() {
    let _alone = alone().await;
    let started = Instant::now();
    let release = Release::by_default().await;
    let installed = started.elapsed();
    let world = World::on(release).await;
    world.greet("hello").await;
    world.sync().await;
    world.is_synced("hello").await;
    measured(
        "from helm install until all is ready",
        &format!("{installed:.1?}"),
    );
    measured(
        "from helm install to the first synced Secret",
        &format!("{:.1?}", started.elapsed()),
    );
    world.release.test().await;
    memory(&world.release.namespace).await;
    world.end().await;
}

/// Says how much memory the pods of a namespace take.
async fn memory(namespace: &str) {
    let summary = kubectl(&["get", "--raw", "/api/v1/nodes/node/proxy/stats/summary"]).await;
    let summary: Value = serde_json::from_str(&summary).unwrap();
    for pod in summary["pods"].as_array().into_iter().flatten() {
        if pod["podRef"]["namespace"] == namespace {
            let bytes = pod["memory"]["workingSetBytes"]
                .as_u64()
                .unwrap_or_default();
            let name = pod["podRef"]["name"].as_str().unwrap_or_default();
            measured(
                &format!("memory of {name}"),
                &format!("{} MiB", bytes >> 20),
            );
        }
    }
}
