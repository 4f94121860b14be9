//! What is there for Prometheus and Grafana: kinds whose definitions the tests have no server for, held to the objects that
//! they are about and to the files that they are made of.

use serde_json::Value;

use crate::rendered::{NAME, Rendered};

const ALERTS: &str =
    include_str!("../../../charts/simple-secrets-manager/files/prometheus-alerts.yaml");
const DASHBOARD: &str =
    include_str!("../../../charts/simple-secrets-manager/files/grafana-dashboard.json");

#[test]
fn everything_for_monitoring_is_off_by_default() {
    let rendered = Rendered::with(&[]);
    for kind in ["ServiceMonitor", "PrometheusRule"] {
        assert_eq!(rendered.kind(kind).count(), 0, "{kind}");
    }
    assert_eq!(rendered.kind("ConfigMap").count(), 2);
}

#[test]
fn each_monitor_names_a_port_of_the_service_that_it_selects() {
    for args in [
        &["--set", "metrics.serviceMonitor.enabled=true"][..],
        &[
            "--values",
            crate::rendered::variant("everything").to_str().unwrap(),
        ],
    ] {
        let rendered = Rendered::with(args);
        for component in ["server", "operator"] {
            let name = format!("{NAME}-{component}");
            let monitor = rendered.get("ServiceMonitor", &name);
            assert_eq!(monitor["apiVersion"], "monitoring.coreos.com/v1");
            let service = rendered.get("Service", &name);
            let labels = service["metadata"]["labels"].as_object().unwrap();
            let wanted = monitor["spec"]["selector"]["matchLabels"]
                .as_object()
                .unwrap();
            assert!(!wanted.is_empty());
            assert!(
                wanted
                    .iter()
                    .all(|(label, value)| labels.get(label) == Some(value))
            );
            assert_eq!(
                monitor["spec"]["endpoints"][0]["port"],
                service["spec"]["ports"][0]["name"]
            );
        }
    }
}

#[test]
fn alerts_and_dashboard_are_those_of_the_files() {
    let rendered = Rendered::variant("everything");
    let rule = rendered.get("PrometheusRule", &format!("{NAME}-operator"));
    assert_eq!(rule["metadata"]["labels"]["release"], "prometheus");
    let alerts: Value = serde_yaml::from_str(ALERTS).unwrap();
    assert_eq!(rule["spec"], alerts);

    let map = rendered.get("ConfigMap", &format!("{NAME}-operator-dashboard"));
    assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
    let files = map["data"].as_object().unwrap();
    let file = files.values().next().unwrap().as_str().unwrap();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parsed(file), parsed(DASHBOARD));
}
