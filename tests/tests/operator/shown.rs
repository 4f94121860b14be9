//! What other programs make of what the operator shows: Argo CD of the status, Grafana and Prometheus of the metrics.

use std::path::PathBuf;

use anyhow::ensure;
use serde_json::{Value, json};
use ssm_tests::{Foreign, eventually};

use super::world::{PATIENCE, World};

/// A file that comes with the chart.
fn chart_file(name: &str) -> PathBuf {
    let files = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../charts/simple-secrets-manager/files"
    );
    PathBuf::from(files).join(name)
}

fn health_of(resource: &Value) -> anyhow::Result<Value> {
    Foreign::find()?.argocd_health(&chart_file("argocd-health.lua"), resource)
}

/// Waits until Argo CD would say so about a resource, and why.
async fn judged(world: &World, name: &str, status: &str, says: &str) {
    eventually(PATIENCE, &format!("{name} is {status}"), async || {
        let sync = world.syncs().get(name).await?;
        let health = health_of(&serde_json::to_value(sync)?)?;
        ensure!(health["status"] == status, "{health}");
        ensure!(
            health["message"]
                .as_str()
                .unwrap_or_default()
                .contains(says),
            "{health}"
        );
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn argo_cd_reads_the_status_right() {
    let mut world = World::new().await;
    world.synced().await;
    judged(&world, "web", "Healthy", "").await;
    world.patch("web", json!({"suspend": true})).await;
    judged(&world, "web", "Suspended", "spec.suspend").await;
    world.patch("web", json!({"suspend": false})).await;
    judged(&world, "web", "Healthy", "").await;
    world
        .patch(
            "web",
            json!({"auth": {"tokenSecretRef": {"name": "absent"}}}),
        )
        .await;
    judged(&world, "web", "Degraded", "TokenSecretMissing").await;
    // Nobody is there to look at what is new.
    world.operator.stop().await.unwrap();
    world
        .patch(
            "web",
            json!({"auth": {"tokenSecretRef": {"name": "ssm-token"}}}),
        )
        .await;
    judged(&world, "web", "Progressing", "this spec").await;
    world.create("new", world.spec()).await.unwrap();
    judged(&world, "new", "Progressing", "").await;
}

/// Names of metrics in a text, without what histograms add to them.
fn names(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .match_indices("ssm_operator_")
        .map(|(start, _)| {
            let rest = &text[start..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
        .map(|name| name.strip_suffix("_bucket").unwrap_or(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn dashboards_and_alerts_ask_for_metrics_that_there_are() {
    let made = names(include_str!("../../../operator/src/metrics.rs"));
    for file in ["grafana-dashboard.json", "prometheus-alerts.yaml"] {
        let text = std::fs::read_to_string(chart_file(file)).unwrap();
        let asked = names(&text);
        assert!(asked.len() > 3, "{file}: {asked:?}");
        for name in asked {
            assert!(made.contains(&name), "{file} asks for {name}");
        }
    }
    let alerts = std::fs::read_to_string(chart_file("prometheus-alerts.yaml")).unwrap();
    let alerts: Value = serde_yaml::from_str(&alerts).unwrap();
    for rule in alerts["groups"][0]["rules"].as_array().unwrap() {
        for field in ["alert", "expr", "for"] {
            assert!(rule[field].is_string(), "{rule}");
        }
        assert!(rule["annotations"]["description"].is_string(), "{rule}");
    }
}
