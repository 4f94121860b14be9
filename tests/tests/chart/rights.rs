//! Who may do what.

use serde_json::{Value, json};
use ssm_tests::rbac;

use crate::rendered::{NAME, Rendered, name, variants};

fn rules(yaml: &str) -> Vec<Value> {
    let role: Value = serde_yaml::from_str(yaml).unwrap();
    role["rules"].as_array().unwrap().clone()
}

/// What the operator's tests run with where it serves these rights: all that a role may say, and nothing besides.
fn expected(restarts: bool) -> Vec<Value> {
    let mut expected = rules(rbac::OPERATOR_CLUSTER_ROLE);
    if restarts {
        expected.extend(rules(rbac::OPERATOR_RESTART_ROLE));
    }
    expected
}

fn is_role(object: &Value) -> bool {
    matches!(object["kind"].as_str(), Some("Role" | "ClusterRole"))
}

#[test]
fn the_operator_has_the_very_rights_that_its_tests_run_with() {
    for restarts in [false, true] {
        let enabled = format!("operator.restart.enabled={restarts}");
        let rendered = Rendered::with(&["--set", &enabled]);
        let role = rendered.get("ClusterRole", &format!("{NAME}-operator"));
        assert_eq!(role["rules"], json!(expected(restarts)));
        let lease = rendered.get("Role", &format!("{NAME}-operator-lease"));
        assert_eq!(lease["rules"], json!(rules(rbac::OPERATOR_ROLE)));
        assert_eq!(lease["metadata"]["namespace"], "ssm");
        let set = rendered.settings("operator").get("RESTART_ENABLED");
        assert_eq!(set.is_some(), restarts);
    }
}

#[test]
fn confined_to_namespaces_the_operator_has_roles_in_these_and_nothing_is_the_clusters() {
    let rendered = Rendered::variant("confined");
    for object in &rendered.0 {
        let kind = object["kind"].as_str().unwrap();
        assert!(!kind.starts_with("Cluster"), "{}", name(object));
        assert_ne!(kind, "CustomResourceDefinition");
    }
    let roles: Vec<_> = rendered
        .kind("Role")
        .filter(|role| role["metadata"]["name"] == format!("{NAME}-operator"))
        .collect();
    let places: Vec<_> = roles
        .iter()
        .map(|role| &role["metadata"]["namespace"])
        .collect();
    assert_eq!(places, ["shop", "billing"]);
    for role in roles {
        assert_eq!(role["rules"], json!(expected(true)));
    }
    let watched = &rendered.settings("operator")["WATCH_NAMESPACES"];
    assert_eq!(watched, "shop,billing");
}

#[test]
fn every_binding_is_the_operators_and_binds_a_role_that_is_there() {
    for file in variants() {
        let rendered = Rendered::with(&["--values", file.to_str().unwrap()]);
        let bindings = |object: &&Value| object["kind"].as_str().unwrap().ends_with("Binding");
        for binding in rendered.0.iter().filter(bindings) {
            let account = json!([{ "kind": "ServiceAccount", "name": format!("{NAME}-operator"), "namespace": "ssm" }]);
            assert_eq!(binding["subjects"], account, "{}", name(binding));
            let role = &binding["roleRef"];
            let bound = rendered.get(
                role["kind"].as_str().unwrap(),
                role["name"].as_str().unwrap(),
            );
            assert!(is_role(bound));
        }
    }
}

#[test]
fn no_role_has_a_wildcard_or_a_right_by_which_somebody_could_become_somebody_else() {
    for file in variants() {
        let rendered = Rendered::with(&["--values", file.to_str().unwrap()]);
        for role in rendered.0.iter().filter(|object| is_role(object)) {
            let rules = role["rules"].to_string();
            for right in [
                "*",
                "serviceaccounts",
                "impersonate",
                "bind",
                "escalate",
                "pods",
                "nodes",
            ] {
                assert!(!rules.contains(right), "{}: {rules}", name(role));
            }
        }
    }
}

#[test]
fn who_may_view_or_edit_a_namespace_may_do_so_with_its_resources() {
    let rendered = Rendered::with(&[]);
    for (role, aggregated, verb) in [("view", "view", "list"), ("edit", "edit", "create")] {
        let role = rendered.get("ClusterRole", &format!("{NAME}-{role}"));
        let label = format!("rbac.authorization.k8s.io/aggregate-to-{aggregated}");
        assert_eq!(role["metadata"]["labels"][label], "true");
        let rules = role["rules"].as_array().unwrap();
        assert!(
            rules
                .iter()
                .all(|rule| rule["apiGroups"] == json!(["simplesecrets.io"]))
        );
        assert!(rules[0]["verbs"].as_array().unwrap().contains(&json!(verb)));
    }
}
