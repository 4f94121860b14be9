use serde_json::{Value, json};

use super::*;

fn live(annotations: &Value, pod: &Value) -> Live {
    serde_json::from_value(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web", "namespace": "shop", "resourceVersion": "7", "uid": "1",
            "annotations": annotations, "managedFields": [{"manager": "kubectl"}],
        },
        "spec": {"replicas": 1, "template": {"metadata": null, "spec": pod}},
        "status": {"replicas": 1},
    }))
    .expect("readable")
}

fn secrets(pod: &Value) -> Vec<String> {
    let live = live(&json!({}), pod);
    live.secrets().into_iter().map(str::to_owned).collect()
}

#[test]
fn only_the_annotation_true_is_an_opt_in() {
    for (annotations, expected) in [
        (json!({"simplesecrets.io/restart": "true"}), true),
        (json!({"simplesecrets.io/restart": "false"}), false),
        (json!({"simplesecrets.io/restart": "True"}), false),
        (json!({"simplesecrets.io/restart": ""}), false),
        (json!({"restart": "true"}), false),
        (json!({}), false),
        (Value::Null, false),
    ] {
        let live = live(&annotations, &json!({}));
        assert_eq!(live.has_opted_in(), expected, "{annotations}");
    }
}

#[test]
fn what_is_being_deleted_is_not_restarted() {
    let mut live = live(&json!({"simplesecrets.io/restart": "true"}), &json!({}));
    live.metadata.deletion_timestamp = Some(Time(k8s_openapi::jiff::Timestamp::UNIX_EPOCH));
    assert!(!live.has_opted_in());
}

#[test]
fn every_way_to_get_a_secret_into_a_pod_counts() {
    let of = |name: &str| json!({"secretRef": {"name": name}});
    let key = |name: &str| json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "A"}}});
    let pod = json!({
        "containers": [
            {"envFrom": [of("a"), {"configMapRef": {"name": "no"}}], "env": [key("b"), {"name": "B", "value": "no"}]},
            {"env": [{"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        ],
        "initContainers": [{"envFrom": [of("c")]}],
        "ephemeralContainers": [{"env": [key("d")]}],
        "volumes": [
            {"name": "1", "secret": {"secretName": "e", "optional": true}},
            {"name": "2", "projected": {"sources": [{"secret": {"name": "f"}}, {"configMap": {"name": "no"}}]}},
            {"name": "3", "configMap": {"name": "no"}},
            {"name": "4", "emptyDir": {}},
        ],
        "imagePullSecrets": [{"name": "no"}],
    });
    assert_eq!(secrets(&pod), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn nulls_and_gaps_are_nothing() {
    for pod in [
        Value::Null,
        json!({}),
        json!({"containers": null, "volumes": null}),
        json!({"containers": [{"env": null, "envFrom": null}], "initContainers": []}),
        json!({"containers": [{"env": [{"name": "A"}, {"name": "B", "valueFrom": {}}], "envFrom": [{}]}]}),
        json!({"containers": [{"envFrom": [{"secretRef": {}}]}], "volumes": [{"secret": {}}, {"projected": {}}]}),
    ] {
        assert!(secrets(&pod).is_empty(), "{pod}");
    }
}

#[test]
fn of_the_metadata_nothing_is_kept_that_is_not_needed() {
    let annotations = json!({"simplesecrets.io/restart": "true", "last-applied": "a value"});
    let pod = json!({"containers": [{"env": [{"name": "A", "value": "a value"}]}]});
    let live = live(&annotations, &pod);
    assert!(!format!("{live:?}").contains("a value"));
    assert!(live.metadata.managed_fields.is_none());
    assert_eq!(live.metadata.resource_version.as_deref(), Some("7"));
}

#[test]
fn being_named_is_no_opt_in() {
    let web = Workload {
        kind: WorkloadKind::Deployment,
        name: "web".to_owned(),
    };
    let named = std::slice::from_ref(&web);
    let uses = json!({"containers": [{"envFrom": [{"secretRef": {"name": "env"}}]}]});
    let opt_in = json!({"simplesecrets.io/restart": "true"});
    for (annotations, pod, named, expected) in [
        (json!({}), uses.clone(), named, false),
        (opt_in.clone(), uses.clone(), named, true),
        (opt_in.clone(), uses, &[][..], true),
        (opt_in.clone(), json!({}), named, true),
        (opt_in, json!({}), &[][..], false),
    ] {
        assert_eq!(
            live(&annotations, &pod).is_concerned(&web, "env", named),
            expected
        );
    }
}

#[test]
fn the_change_that_pods_were_restarted_for_is_read_from_the_template() {
    let live: Live = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {"template": {"metadata": {"annotations": {"simplesecrets.io/restarted-for": "web/7", "a": "b"}}}},
    }))
    .expect("readable");
    assert_eq!(live.restarted_for(), Some("web/7"));
}
