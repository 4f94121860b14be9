use serde_json::json;

use super::*;

fn live(has_opted_in: bool, secret: &str) -> Live {
    serde_json::from_value(json!({
        "metadata": {"annotations": {"simplesecrets.io/restart": has_opted_in.to_string()}},
        "spec": {"template": {"spec": {"containers": [{"envFrom": [{"secretRef": {"name": secret}}]}]}}},
    }))
    .expect("readable")
}

fn deployment(name: &str) -> Workload {
    Workload {
        kind: WorkloadKind::Deployment,
        name: name.to_owned(),
    }
}

fn known(workloads: &[(&str, &str, bool)]) -> Workloads {
    let known = Workloads::default();
    for (namespace, name, has_opted_in) in workloads {
        let key = Key::new(namespace, name);
        known.apply(&key, WorkloadKind::Deployment, &live(*has_opted_in, "env"));
    }
    known
}

#[test]
fn those_of_the_namespace_that_opted_in_and_use_the_secret_or_are_named_are_concerned() {
    let known = known(&[
        ("shop", "b", true),
        ("shop", "a", true),
        ("shop", "c", false),
        ("other", "d", true),
    ]);
    let concerned = |secret, named: &[Workload]| known.concerned("shop", secret, named);
    assert_eq!(
        concerned("env", &[]),
        Some(vec![deployment("a"), deployment("b")])
    );
    assert_eq!(concerned("none", &[]), Some(vec![]));
    let named = ["b", "c", "d", "e"].map(deployment);
    assert_eq!(concerned("none", &named), Some(vec![deployment("b")]));
    assert_eq!(
        known.unwilling("shop", &named),
        ["c", "d", "e"].map(deployment)
    );
}

#[test]
fn a_kind_of_the_same_name_is_another_workload() {
    let known = known(&[("shop", "a", true)]);
    known.remove(&Key::new("shop", "a"), WorkloadKind::StatefulSet);
    assert_eq!(
        known.concerned("shop", "env", &[]).map(|all| all.len()),
        Some(1)
    );
}

#[test]
fn before_every_list_is_read_nothing_is_known() {
    let known = known(&[("shop", "a", true)]);
    known.expect(2);
    assert_eq!(known.concerned("shop", "env", &[]), None);
    assert!(known.unwilling("shop", &[deployment("b")]).is_empty());
    known.listed();
    assert_eq!(known.concerned("shop", "env", &[]), None);
    known.listed();
    assert!(known.concerned("shop", "env", &[]).is_some());
}

#[test]
fn what_goes_or_takes_its_leave_back_or_is_in_no_list_is_forgotten() {
    let known = known(&[
        ("shop", "a", true),
        ("shop", "b", true),
        ("shop", "c", true),
        ("other", "d", true),
    ]);
    let kind = WorkloadKind::Deployment;
    assert!(!known.apply(&Key::new("shop", "a"), kind, &live(false, "env")));
    known.remove(&Key::new("shop", "b"), kind);
    let names = |namespace| {
        let concerned = known.concerned(namespace, "env", &[]).expect("known");
        concerned
            .into_iter()
            .map(|workload| workload.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("shop"), ["c"]);
    known.retain(Some("shop"), WorkloadKind::DaemonSet, &HashSet::new());
    assert_eq!(names("shop"), ["c"]);
    known.retain(Some("shop"), kind, &HashSet::new());
    assert!(names("shop").is_empty());
    assert_eq!(names("other"), ["d"]);
    known.retain(None, kind, &HashSet::from([Key::new("other", "d")]));
    assert_eq!(names("other"), ["d"]);
    known.retain(None, kind, &HashSet::new());
    assert!(known.lock().opted_in.is_empty());
}
