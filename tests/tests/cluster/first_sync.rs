//! From nothing to a pod that has a value, as the notes of the chart tell it.

use std::time::Instant;

use anyhow::ensure;
use serde_json::Value;
use ssm_tests::eventually;

use crate::cluster::{PATIENCE, alone, measured, run};
use crate::release::Release;
use crate::world::World;

/// What the kubelet has measured.
const SUMMARY: &str = "/api/v1/nodes/node/proxy/stats/summary";

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

/// Says how much memory the pods of a namespace take, as soon as the kubelet knows.
async fn memory(namespace: &str) {
    let known = eventually(PATIENCE, "the kubelet to know", async || {
        // It fails now and then, while a mount that it looks at goes away.
        let summary = run("kubectl", &["get", "--raw", SUMMARY], "").await;
        ensure!(summary.code == 0, "{}", summary.stderr);
        let summary: Value = serde_json::from_slice(&summary.stdout)?;
        let pods = summary["pods"].as_array().into_iter().flatten();
        let ours = pods.filter(|pod| pod["podRef"]["namespace"] == namespace);
        let memory: Vec<_> = ours
            .map(|pod| {
                let name = pod["podRef"]["name"].as_str().unwrap_or_default();
                let bytes = pod["memory"]["workingSetBytes"].as_u64();
                (name.to_owned(), bytes.unwrap_or_default() >> 20)
            })
            .collect();
        ensure!(memory.iter().all(|(_, mebibytes)| *mebibytes > 0));
        Ok(memory)
    });
    let Ok(known) = known.await else {
        measured("memory", "not known");
        return;
    };
    for (name, mebibytes) in known {
        measured(&format!("memory of {name}"), &format!("{mebibytes} MiB"));
    }
}
