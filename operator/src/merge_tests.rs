use serde_json::{Value, json};

use super::*;
use crate::crd::{ALLOW_ANNOTATION, CreationPolicy};

fn sync() -> SecretSync {
    serde_json::from_value(json!({
        "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync",
        "metadata": { "name": "web", "namespace": "shop", "uid": "uid-1" },
        "spec": { "sources": [{ "project": "web", "config": "prod" }], "target": { "creationPolicy": "Merge" } },
    }))
    .expect("valid")
}

fn desired(pairs: &[(&str, &str)]) -> Desired {
    let data = pairs.iter().map(|(key, value)| {
        let value = k8s_openapi::ByteString(value.as_bytes().to_vec());
        ((*key).to_owned(), value)
    });
    Desired {
        policy: CreationPolicy::Merge,
        data: data.collect(),
        ..crate::desired::nothing()
    }
}

/// A Secret that agrees, with these records of who has set what.
fn live(data: &[(&str, &str)], setters: &[(&str, &[&str])]) -> Secret {
    let records: Vec<Value> = setters
        .iter()
        .map(|(manager, keys)| {
            let keys: serde_json::Map<_, _> = keys
                .iter()
                .map(|key| (format!("f:{key}"), json!({})))
                .collect();
            json!({ "manager": manager, "fieldsV1": { "f:data": keys } })
        })
        .collect();
    let mut secret: Secret = serde_json::from_value(json!({ "metadata": {
        "name": "shared", "uid": "secret-uid", "resourceVersion": "5",
        "annotations": { ALLOW_ANNOTATION: "web" }, "managedFields": records,
    } }))
    .expect("valid");
    secret.data = Some(desired(data).data);
    secret
}

const OURS: &str = "ssm-operator/web";

#[test]
fn single_keys_are_applied_to_this_very_secret() {
    let live = live(&[("THEIRS", "1")], &[("kubectl", &["THEIRS"])]);
    let Ok(Plan::Apply(fields)) = plan(&sync(), &desired(&[("A", "1")]), &live) else {
        panic!("not applied")
    };
    assert_eq!(fields.data, Some(desired(&[("A", "1")]).data));
    let metadata = fields.metadata;
    assert_eq!(
        (
            metadata.uid.as_deref(),
            metadata.resource_version.as_deref()
        ),
        (Some("secret-uid"), Some("5"))
    );
    assert_eq!((metadata.labels, metadata.owner_references), (None, None));
    assert!(fields.type_.is_none() && fields.immutable.is_none());
}

#[test]
fn what_is_merged_already_is_left_alone_and_what_is_wanted_no_more_is_dropped() {
    let live = live(&[("A", "1"), ("X", "1")], &[(OURS, &["A"])]);
    assert_eq!(
        plan(&sync(), &desired(&[("A", "1")]), &live),
        Ok(Plan::Nothing)
    );
    let Ok(Plan::Apply(fields)) = plan(&sync(), &desired(&[]), &live) else {
        panic!("not dropped")
    };
    assert_eq!(fields.data, Some(desired(&[]).data));
}

#[test]
fn what_others_have_set_otherwise_is_theirs_and_a_deleted_key_is_put_back() {
    let wanted = desired(&[("A", "1"), ("B", "1")]);
    let edited = live(
        &[("A", "1"), ("B", "2")],
        &[(OURS, &["A"]), ("kubectl-edit", &["B"])],
    );
    let Err(problem) = plan(&sync(), &wanted, &edited) else {
        panic!("not refused")
    };
    assert_eq!(problem.reason(), "MergeConflict");
    let message = problem.to_string();
    assert!(
        message.contains("key B") && message.contains("kubectl-edit"),
        "{message}"
    );

    for without in [
        live(&[("A", "1")], &[(OURS, &["A", "B"])]),
        live(&[("A", "1")], &[(OURS, &["A"])]),
    ] {
        assert!(matches!(
            plan(&sync(), &wanted, &without),
            Ok(Plan::Apply(_))
        ));
    }
    // The same value is shared.
    let same = live(
        &[("A", "1"), ("B", "1")],
        &[(OURS, &["A"]), ("kubectl-edit", &["B"])],
    );
    assert!(matches!(plan(&sync(), &wanted, &same), Ok(Plan::Apply(_))));
}

#[test]
fn without_consent_or_with_that_for_another_nothing_is_merged() {
    for consent in [None, Some("api"), Some("")] {
        let mut live = live(&[], &[]);
        live.metadata.annotations =
            consent.map(|name| [(ALLOW_ANNOTATION.to_owned(), name.to_owned())].into());
        let problem = plan(&sync(), &desired(&[("A", "1")]), &live).expect_err("refused");
        assert_eq!(problem.reason(), "NotAllowed");
        let command = "kubectl annotate secret shared --namespace shop --overwrite simplesecrets.io/allow=web";
        assert!(problem.to_string().contains(command), "{problem}");
    }
}

#[test]
fn an_immutable_secret_is_not_merged_into() {
    let mut live = live(&[("A", "1")], &[(OURS, &["A"])]);
    live.immutable = Some(true);
    assert_eq!(
        plan(&sync(), &desired(&[("A", "1")]), &live),
        Ok(Plan::Nothing)
    );
    let refused = plan(&sync(), &desired(&[("A", "2")]), &live);
    assert!(matches!(refused, Err(Problem::TargetImmutable { .. })));
}

#[test]
fn keys_that_another_resource_left_there_stay() {
    let left = live(
        &[("A", "1"), ("LEFT", "1"), ("MERGED", "1")],
        &[(FIELD_MANAGER, &["A", "LEFT"]), (OURS, &["MERGED"])],
    );
    let wanted = desired(&[("A", "2")]);
    let Ok(Plan::HandOver(given)) = plan(&sync(), &wanted, &left) else {
        panic!("not handed over")
    };
    assert!(!fields::is_known(&given, FIELD_MANAGER));
    assert_eq!(
        Vec::from_iter(Fields::of(&given, &[OURS]).data),
        ["A", "MERGED"]
    );
    assert_eq!(given.data, left.data);
}
