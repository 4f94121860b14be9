use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, Time};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

use super::*;
use crate::crd::SourceStatus;
use crate::desired::{Fetched, MANAGED_BY, MAX_DATA, desire};
use crate::snapshot;

fn sync(spec: serde_json::Value) -> SecretSync {
    let mut sync: SecretSync = serde_json::from_value(json!({
        "apiVersion": "simplesecrets.io/v1alpha1",
        "kind": "SecretSync",
        "metadata": { "name": "web", "namespace": "shop", "uid": "uid-1", "generation": 1 },
        "spec": { "sources": [{ "project": "web", "config": "prod" }] },
    }))
    .expect("valid");
    if !spec.is_null() {
        sync.spec = serde_json::from_value(spec).expect("valid");
    }
    sync
}

fn usual() -> SecretSync {
    sync(serde_json::Value::Null)
}

fn fetched<'a>(sync: &'a SecretSync, configs: &[&[(&str, &str)]]) -> Vec<Fetched<'a>> {
    let snapshots = configs
        .iter()
        .map(|secrets| Arc::new(snapshot::of("e", 7, secrets)));
    sync.spec
        .sources
        .iter()
        .zip(snapshots)
        .map(|(source, snapshot)| Fetched { source, snapshot })
        .collect()
}

fn desired(sync: &SecretSync, configs: &[&[(&str, &str)]]) -> Result<Desired, Problem> {
    desire(sync, &fetched(sync, configs), &[])
}

fn data(desired: &Desired) -> BTreeMap<String, String> {
    desired
        .data
        .iter()
        .map(|(key, value)| (key.clone(), String::from_utf8_lossy(&value.0).into_owned()))
        .collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The Secret as it is after `Plan::Create` of what is desired.
fn live(sync: &SecretSync, desired: &Desired) -> Secret {
    let mut secret = fresh(sync, desired);
    secret.metadata.uid = Some("secret-uid".to_owned());
    secret.metadata.resource_version = Some("5".to_owned());
    secret.metadata.managed_fields = Some(vec![ManagedFieldsEntry {
        manager: Some(FIELD_MANAGER.to_owned()),
        fields_v1: Some(FieldsV1(json!({ "f:metadata": {
            "f:labels": desired.labels.keys().map(|key| (format!("f:{key}"), json!({}))).collect::<serde_json::Map<_, _>>(),
            "f:annotations": desired.annotations.keys().map(|key| (format!("f:{key}"), json!({}))).collect::<serde_json::Map<_, _>>(),
        }}))),
        ..ManagedFieldsEntry::default()
    }]);
    secret
}

fn edit_data(secret: &mut Secret, edit: impl FnOnce(&mut BTreeMap<String, ByteString>)) {
    edit(secret.data.get_or_insert_default());
}

fn plan_live(sync: &SecretSync, desired: &Desired, secret: &Secret) -> Result<Plan, Problem> {
    plan(sync, desired, &Existing::Live(secret), &RandomState::new())
}

#[test]
fn a_later_source_wins() {
    let sync = sync(
        json!({ "sources": [{ "project": "web", "config": "base" }, { "project": "web", "config": "prod" }] }),
    );
    let desired = desired(
        &sync,
        &[&[("A", "1"), ("B", "1")], &[("B", "2"), ("C", "2")]],
    )
    .expect("plannable");
    assert_eq!(data(&desired), map(&[("A", "1"), ("B", "2"), ("C", "2")]));
}

#[test]
fn keys_are_chosen_for_each_source_alone() {
    let sync = sync(json!({ "sources": [
        { "project": "web", "config": "base", "keys": { "include": ["DB_*"], "exclude": ["*_TEST"], "rename": { "DB_URL": "URL" } } },
        { "project": "web", "config": "prod", "keys": { "include": ["LOG"] } },
    ] }));
    let desired = desired(
        &sync,
        &[
            &[("DB_URL", "u"), ("DB_TEST", "t"), ("X", "x")],
            &[("LOG", "l"), ("DB_URL", "no")],
        ],
    );
    assert_eq!(
        data(&desired.expect("plannable")),
        map(&[("URL", "u"), ("LOG", "l")])
    );
}

#[test]
fn data_that_makes_no_secret_is_refused_whole() {
    let rename = |to: &str| json!({ "sources": [{ "project": "web", "config": "prod", "keys": { "rename": { "A": to } } }] });
    let typed = |type_: &str| json!({ "sources": [{ "project": "web", "config": "prod" }], "target": { "type": type_ } });
    let large = "x".repeat(600_000);
    let large: &[(&str, &str)] = &[("A", &large), ("B", &large)];
    for (spec, config, reason) in [
        (rename("B"), &[("A", "1"), ("B", "2")][..], "KeyCollision"),
        (rename("not valid"), &[("A", "1")], "InvalidKey"),
        (serde_json::Value::Null, large, "TooLarge"),
        (typed("kubernetes.io/tls"), &[("A", "1")], "MissingKeys"),
        (
            typed("kubernetes.io/ssh-auth"),
            &[("A", "1")],
            "MissingKeys",
        ),
        (
            typed("kubernetes.io/basic-auth"),
            &[("A", "1")],
            "MissingKeys",
        ),
        (
            typed("kubernetes.io/dockerconfigjson"),
            &[("A", "1")],
            "MissingKeys",
        ),
        (
            typed("kubernetes.io/dockerconfigjson"),
            &[(".dockerconfigjson", "no")],
            "InvalidData",
        ),
        (
            typed("kubernetes.io/service-account-token"),
            &[("A", "1")],
            "ForbiddenType",
        ),
        (
            typed("bootstrap.kubernetes.io/token"),
            &[("A", "1")],
            "ForbiddenType",
        ),
    ] {
        let sync = sync(spec);
        let problem = desired(&sync, &[config])
            .err()
            .map(|problem| problem.reason());
        assert_eq!(problem, Some(reason));
    }
    let sync = sync(typed("kubernetes.io/dockerconfigjson"));
    assert!(desired(&sync, &[&[(".dockerconfigjson", r#"{"auths":{}}"#)]]).is_ok());
}

#[test]
fn data_of_exactly_one_mebibyte_fits() {
    let value = "x".repeat(MAX_DATA);
    assert!(desired(&usual(), &[&[("A", &value)]]).is_ok());
    assert!(desired(&usual(), &[&[("A", &value), ("B", "1")]]).is_err());
}

#[test]
fn a_config_that_loses_all_its_keys_keeps_the_secret() {
    let sync = usual();
    let before = |keys| {
        [SourceStatus {
            project: "web".into(),
            config: "prod".into(),
            keys,
            ..SourceStatus::default()
        }]
    };
    let empty = fetched(&sync, &[&[]]);
    assert!(matches!(
        desire(&sync, &empty, &before(3)),
        Err(Problem::UpstreamEmpty { .. })
    ));
    assert!(desire(&sync, &empty, &before(0)).is_ok());
    assert!(desire(&sync, &empty, &[]).is_ok());
}

#[test]
fn a_choice_that_leaves_nothing_keeps_the_secret() {
    let sync = sync(
        json!({ "sources": [{ "project": "web", "config": "prod", "keys": { "include": ["NOPE"] } }] }),
    );
    let before = [SourceStatus {
        project: "web".into(),
        config: "prod".into(),
        keys: 3,
        ..SourceStatus::default()
    }];
    assert!(matches!(
        desire(&sync, &fetched(&sync, &[&[("A", "1")]]), &before),
        Err(Problem::NothingSelected)
    ));
}

#[test]
fn an_absent_secret_is_created_whole_and_owned() {
    let sync = sync(json!({
        "sources": [{ "project": "web", "config": "prod" }],
        "target": { "name": "env", "type": "example.com/x", "labels": { "app": "web" }, "annotations": { "a": "b" } },
    }));
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let Ok(Plan::Create(secret)) = plan(&sync, &desired, &Existing::Absent, &RandomState::new())
    else {
        panic!("no creation")
    };
    assert_eq!(
        (
            secret.metadata.name.as_deref(),
            secret.metadata.namespace.as_deref()
        ),
        (Some("env"), Some("shop"))
    );
    assert_eq!(secret.type_.as_deref(), Some("example.com/x"));
    let owners = secret.metadata.owner_references.unwrap_or_default();
    assert_eq!(
        (owners.len(), owners[0].uid.as_str(), owners[0].controller),
        (1, "uid-1", Some(true))
    );
    assert_eq!(secret.metadata.labels.unwrap_or_default()["app"], "web");
}

#[test]
fn what_is_as_it_should_be_is_left_alone() {
    let sync = usual();
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    assert_eq!(
        plan_live(&sync, &desired, &live(&sync, &desired)),
        Ok(Plan::Nothing)
    );
}

#[test]
fn what_was_last_written_needs_no_reading() {
    let (sync, hasher) = (usual(), RandomState::new());
    let old = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let written = Written {
        resource_version: "5".into(),
        fingerprint: old.fingerprint(&hasher),
    };
    let plan = |sync: &SecretSync, desired: &Desired| {
        plan(sync, desired, &Existing::AsWritten(&written), &hasher)
    };
    assert_eq!(plan(&sync, &old), Ok(Plan::Nothing));

    let new = desired(&sync, &[&[("A", "2")]]).expect("plannable");
    assert_eq!(
        plan(&sync, &new),
        Ok(Plan::PatchData {
            resource_version: "5".into(),
            data: new.data.clone()
        })
    );

    let mut relabelled = sync.clone();
    relabelled.spec.target.labels = map(&[("app", "web")]);
    let new = desired(&relabelled, &[&[("A", "1")]]).expect("plannable");
    assert_eq!(plan(&relabelled, &new), Ok(Plan::Read));
}

#[test]
fn drift_is_undone_with_the_version_that_was_read() {
    let sync = usual();
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let edits: [fn(&mut Secret); 5] = [
        |secret| {
            edit_data(secret, |data| {
                drop(data.insert("A".into(), ByteString(b"edited".to_vec())));
            });
        },
        |secret| {
            edit_data(secret, |data| {
                drop(data.insert("ADDED".into(), ByteString(Vec::new())));
            });
        },
        |secret| edit_data(secret, |data| drop(data.remove("A"))),
        |secret| secret.data = None,
        |secret| secret.metadata.labels = None,
    ];
    for edit in edits {
        let mut secret = live(&sync, &desired);
        edit(&mut secret);
        let Ok(Plan::Update(update)) = plan_live(&sync, &desired, &secret) else {
            panic!("no update")
        };
        assert_eq!(update.metadata.resource_version.as_deref(), Some("5"));
        assert_eq!(update.data.as_ref(), Some(&desired.data));
        assert_eq!(plan_live(&sync, &desired, &update), Ok(Plan::Nothing));
    }
}

#[test]
fn labels_of_others_stay_and_ours_go_when_no_longer_wanted() {
    let mut sync = usual();
    sync.spec.target.labels = map(&[("old", "1"), ("kept", "1")]);
    let mut secret = live(&sync, &desired(&sync, &[&[("A", "1")]]).expect("plannable"));
    secret
        .metadata
        .labels
        .get_or_insert_default()
        .insert("theirs".into(), "1".into());
    secret
        .metadata
        .annotations
        .get_or_insert_default()
        .insert("theirs".into(), "1".into());
    sync.spec.target.labels = map(&[("kept", "2"), ("new", "1")]);
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let Ok(Plan::Update(update)) = plan_live(&sync, &desired, &secret) else {
        panic!("no update")
    };
    let mut expected = map(&[("theirs", "1"), ("kept", "2"), ("new", "1")]);
    expected.insert(MANAGED_BY.0.into(), MANAGED_BY.1.into());
    assert_eq!(update.metadata.labels, Some(expected));
    assert_eq!(update.metadata.annotations, Some(map(&[("theirs", "1")])));
}

#[test]
fn a_secret_of_somebody_else_is_never_touched() {
    let sync = usual();
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let reference =
        |api_version: &str, kind: &str, name: &str, uid: &str, controller: Option<bool>| {
            OwnerReference {
                api_version: api_version.into(),
                kind: kind.into(),
                name: name.into(),
                uid: uid.into(),
                controller,
                block_owner_deletion: None,
            }
        };
    let ours = "simplesecrets.io/v1alpha1";
    for (why, references, expected) in [
        ("no owner at all", None, Some("OwnershipConflict")),
        ("an empty list", Some(vec![]), Some("OwnershipConflict")),
        (
            "owned, not controlled",
            Some(vec![reference(ours, KIND, "web", "uid-1", None)]),
            Some("OwnershipConflict"),
        ),
        (
            "controller is false",
            Some(vec![reference(ours, KIND, "web", "uid-1", Some(false))]),
            Some("OwnershipConflict"),
        ),
        (
            "another resource",
            Some(vec![reference(ours, KIND, "other", "uid-2", Some(true))]),
            Some("OwnershipConflict"),
        ),
        (
            "another kind",
            Some(vec![reference(
                "apps/v1",
                "Deployment",
                "web",
                "uid-3",
                Some(true),
            )]),
            Some("OwnershipConflict"),
        ),
        (
            "the kind of another group",
            Some(vec![reference(
                "example.com/v1",
                KIND,
                "web",
                "uid-4",
                Some(true),
            )]),
            Some("OwnershipConflict"),
        ),
        (
            "controlled by another, owned by us",
            Some(vec![
                reference("apps/v1", "X", "x", "u", Some(true)),
                reference(ours, KIND, "web", "uid-1", None),
            ]),
            Some("OwnershipConflict"),
        ),
        (
            "ours",
            Some(vec![reference(ours, KIND, "web", "uid-1", Some(true))]),
            None,
        ),
        (
            "ours of a later version",
            Some(vec![reference(
                "simplesecrets.io/v1",
                KIND,
                "web",
                "uid-1",
                Some(true),
            )]),
            None,
        ),
        (
            "a dangling one of ours",
            Some(vec![reference(ours, KIND, "web", "uid-0", Some(true))]),
            None,
        ),
    ] {
        let mut secret = live(&sync, &desired);
        secret.data = None;
        secret.metadata.owner_references = references;
        let planned = plan_live(&sync, &desired, &secret);
        assert_eq!(
            planned.as_ref().err().map(Problem::reason),
            expected,
            "{why}"
        );
    }
}

#[test]
fn a_dangling_reference_is_replaced_by_ours() {
    let sync = usual();
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let mut secret = live(&sync, &desired);
    secret.metadata.owner_references.as_mut().expect("owned")[0].uid = "uid-0".into();
    let other = OwnerReference {
        kind: "Other".into(),
        name: "o".into(),
        uid: "o".into(),
        ..OwnerReference::default()
    };
    secret
        .metadata
        .owner_references
        .as_mut()
        .expect("owned")
        .push(other.clone());
    let Ok(Plan::Update(update)) = plan_live(&sync, &desired, &secret) else {
        panic!("not taken over")
    };
    assert_eq!(
        update.metadata.owner_references,
        Some(vec![other, owner_reference(&sync)])
    );
}

#[test]
fn another_type_or_an_immutable_secret_is_replaced_by_its_unique_id() {
    let mut sync = usual();
    let old = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let mut secret = live(&sync, &old);
    sync.spec.target.type_ = "example.com/x".into();
    let new = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let Ok(Plan::Replace {
        uid,
        resource_version,
        secret: replacement,
    }) = plan_live(&sync, &new, &secret)
    else {
        panic!("not replaced")
    };
    assert_eq!(
        (uid.as_str(), resource_version.as_str()),
        ("secret-uid", "5")
    );
    assert_eq!(replacement.type_.as_deref(), Some("example.com/x"));

    sync.spec.target.type_ = "Opaque".into();
    secret.immutable = Some(true);
    assert_eq!(plan_live(&sync, &old, &secret), Ok(Plan::Nothing));
    let changed = desired(&sync, &[&[("A", "2")]]).expect("plannable");
    assert!(matches!(
        plan_live(&sync, &changed, &secret),
        Ok(Plan::Replace { .. })
    ));
}

#[test]
fn a_secret_that_is_being_deleted_is_waited_for() {
    let sync = usual();
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let mut secret = live(&sync, &desired);
    secret.metadata.deletion_timestamp = Some(Time(k8s_openapi::jiff::Timestamp::UNIX_EPOCH));
    assert!(matches!(
        plan_live(&sync, &desired, &secret),
        Err(Problem::Terminating { .. })
    ));
}

proptest! {
    /// Whatever a Secret looks like, either it is not ours and nothing is planned, or carrying the plan out leaves nothing to do.
    #[test]
    fn carrying_a_plan_out_leaves_nothing_to_do(
        live_data in prop::option::of(prop::collection::btree_map("[A-C]", "[a-c]{0,2}", 0..3)),
        config in prop::collection::btree_map("[A-C]", "[a-c]{0,2}", 0..3),
        labels in prop::option::of(prop::collection::btree_map("[a-c]", "[a-c]{0,2}", 0..3)),
        wanted in prop::collection::btree_map("[a-c]", "[a-c]{0,2}", 0..3),
        owner in prop::sample::select(vec![None, Some("uid-1"), Some("uid-0")]),
        other_type in any::<bool>(),
        immutable in prop::option::of(any::<bool>()),
    ) {
        let mut sync = usual();
        sync.spec.target.labels = wanted;
        let pairs: Vec<(&str, &str)> = config.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let desired = desired(&sync, &[&pairs]).expect("plannable");
        let mut secret = live(&sync, &desired);
        secret.data = live_data.map(|data| data.into_iter().map(|(key, value)| (key, ByteString(value.into_bytes()))).collect());
        secret.metadata.labels = labels.clone();
        secret.immutable = immutable;
        if other_type {
            secret.type_ = Some("example.com/x".into());
        }
        match owner {
            None => secret.metadata.owner_references = None,
            Some(uid) => secret.metadata.owner_references.as_mut().expect("owned")[0].uid = uid.into(),
        }
        match plan_live(&sync, &desired, &secret) {
            Err(problem) => prop_assert!(owner.is_none(), "{}", problem),
            Ok(Plan::Nothing) => {
                prop_assert_eq!(owner, Some("uid-1"));
                prop_assert_eq!(secret.data.unwrap_or_default(), desired.data);
            }
            Ok(Plan::Update(after) | Plan::Replace { secret: after, .. }) => {
                prop_assert!(owner.is_some());
                prop_assert_eq!(plan_live(&sync, &desired, &after), Ok(Plan::Nothing));
                prop_assert_eq!(after.data.as_ref(), Some(&desired.data));
            }
            Ok(other) => prop_assert!(false, "{:?}", other),
        }
    }
}
