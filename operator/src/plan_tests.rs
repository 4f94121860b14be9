use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, Time};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

use super::*;
use crate::crd::{ALLOW_ANNOTATION, KIND, SourceStatus};
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
        names: guard::names(&old.data, &hasher),
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
        Some(vec![other, reference_to(&sync)])
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
    let is_replaced = |sync: &SecretSync, value: &str, secret: &Secret| {
        let desired = desired(sync, &[&[("A", value)]]).expect("plannable");
        matches!(plan_live(sync, &desired, secret), Ok(Plan::Replace { .. }))
    };
    secret.immutable = Some(true);
    assert!(is_replaced(&sync, "1", &secret), "it is to be mutable");
    sync.spec.target.immutable = true;
    let kept = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    assert_eq!(plan_live(&sync, &kept, &secret), Ok(Plan::Nothing));
    assert!(is_replaced(&sync, "2", &secret), "its data is another");
    secret.immutable = None;
    let Ok(Plan::Update(update)) = plan_live(&sync, &kept, &secret) else {
        panic!("not made immutable")
    };
    assert_eq!(update.immutable, Some(true));
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

/// What the API server makes of a write: versions, unique ids, and who has set what.
mod server {
    use super::*;
    use serde_json::{Value, from_value, to_value};

    /// The Secret after the plan was carried out.
    pub fn carry_out(live: &Secret, plan: Plan, sync: &SecretSync) -> Secret {
        let mut after = match plan {
            Plan::Create(secret) | Plan::Replace { secret, .. } => {
                let mut secret = put(&Secret::default(), *secret);
                secret.metadata.uid = Some("another-uid".to_owned());
                secret
            }
            Plan::Update(secret) | Plan::HandOver(secret) => put(live, *secret),
            Plan::Apply(fields) => apply(live, &fields, &merge_manager(sync)),
            other => panic!("{other:?} is no write"),
        };
        let version = live.metadata.resource_version.as_deref().unwrap_or("0");
        let version: u64 = version.parse().expect("a number");
        after.metadata.resource_version = Some((version + 1).to_string());
        after
    }

    const SECTIONS: [&str; 3] = ["data", "metadata/labels", "metadata/annotations"];

    fn section(secret: &Secret, path: &str) -> BTreeMap<String, Value> {
        let value = to_value(secret).expect("serializable");
        let map = value.pointer(&format!("/{path}")).cloned();
        map.filter(Value::is_object)
            .map_or_else(BTreeMap::new, |map| from_value(map).expect("a map"))
    }

    fn fields(path: &str) -> String {
        format!("/f:{}", path.replace('/', "/f:"))
    }

    fn disown(entries: &mut [ManagedFieldsEntry], path: &str, name: &str) {
        for entry in entries {
            let fields_v1 = entry.fields_v1.as_mut().expect("fields");
            if let Some(set) = fields_v1.0.pointer_mut(&fields(path)) {
                set.as_object_mut()
                    .expect("a map")
                    .remove(&format!("f:{name}"));
            }
        }
    }

    fn own(entries: &mut Vec<ManagedFieldsEntry>, manager: &str, path: &str, name: &str) {
        let found = entries
            .iter()
            .position(|entry| entry.manager.as_deref() == Some(manager));
        let at = found.unwrap_or_else(|| {
            entries.push(entry(manager));
            entries.len() - 1
        });
        let mut value = &mut entries[at].fields_v1.as_mut().expect("fields").0;
        for part in path.split('/') {
            value = &mut value[format!("f:{part}")];
        }
        value[format!("f:{name}")] = json!({});
    }

    pub fn entry(manager: &str) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            fields_v1: Some(FieldsV1(json!({}))),
            ..ManagedFieldsEntry::default()
        }
    }

    fn put(live: &Secret, mut new: Secret) -> Secret {
        let mut entries = new.metadata.managed_fields.take().unwrap_or_default();
        if entries.is_empty() {
            entries = live.metadata.managed_fields.clone().unwrap_or_default();
        }
        for path in SECTIONS {
            let (before, after) = (section(live, path), section(&new, path));
            for name in before.keys().filter(|name| !after.contains_key(*name)) {
                disown(&mut entries, path, name);
            }
            for (name, value) in &after {
                if before.get(name) != Some(value) {
                    disown(&mut entries, path, name);
                    own(&mut entries, FIELD_MANAGER, path, name);
                }
            }
        }
        new.metadata.managed_fields = Some(entries);
        new
    }

    fn apply(live: &Secret, applied: &Secret, manager: &str) -> Secret {
        assert_eq!(live.metadata.uid, applied.metadata.uid);
        let mut value = to_value(live).expect("serializable");
        let mut entries = live.metadata.managed_fields.clone().unwrap_or_default();
        let before = Fields::of(live, &[manager]);
        for (path, formerly) in
            SECTIONS
                .into_iter()
                .zip([before.data, before.labels, before.annotations])
        {
            let wanted = section(applied, path);
            let mut now = section(live, path);
            for name in formerly.iter().filter(|name| !wanted.contains_key(*name)) {
                let others = entries.iter().any(|entry| {
                    entry.manager.as_deref() != Some(manager)
                        && entry.fields_v1.as_ref().is_some_and(|set| {
                            set.0
                                .pointer(&fields(path))
                                .is_some_and(|set| set.get(format!("f:{name}")).is_some())
                        })
                });
                if !others {
                    now.remove(name);
                }
                let mut mine: Vec<_> = entries
                    .extract_if(.., |entry| entry.manager.as_deref() == Some(manager))
                    .collect();
                disown(&mut mine, path, name);
                entries.extend(mine);
            }
            for (name, wanted) in wanted {
                if now.get(&name) != Some(&wanted) {
                    let other = fields::other_setter(live, &fields(path), &name, manager);
                    assert_eq!(other, None, "a conflict that was not foreseen");
                }
                own(&mut entries, manager, path, &name);
                now.insert(name, wanted);
            }
            let mut place = &mut value;
            for part in path.split('/') {
                place = &mut place[part];
            }
            *place = to_value(now).expect("serializable");
        }
        let mut after: Secret = from_value(value).expect("a Secret");
        after.metadata.managed_fields = Some(entries);
        after
    }
}

/// Plans and carries out until there is nothing to do or it is refused; gives what is there then, and whether it was written.
fn settle(sync: &SecretSync, desired: &Desired, live: Secret) -> (Secret, bool, Option<Problem>) {
    let (mut live, mut written) = (live, false);
    for _ in 0..4 {
        match plan_live(sync, desired, &live) {
            Ok(Plan::Nothing) => return (live, written, None),
            Ok(plan) => live = server::carry_out(&live, plan, sync),
            Err(problem) => return (live, written, Some(problem)),
        }
        written = true;
    }
    panic!("it is written again and again");
}

fn policies() -> impl Strategy<Value = CreationPolicy> {
    prop::sample::select(vec![
        CreationPolicy::Owner,
        CreationPolicy::Orphan,
        CreationPolicy::Merge,
    ])
}

/// Who a Secret says that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Claim {
    Nobody,
    Ours,
    Dangling,
    Another,
    Deployment,
    /// Our annotation, set by the operator.
    Marked,
    /// Our annotation on a copy.
    Copied,
    /// The annotation of another resource.
    MarkedByAnother,
}

impl Claim {
    fn put_on(self, secret: &mut Secret, sync: &SecretSync) {
        let mut reference = reference_to(sync);
        let references = match self {
            Self::Ours => vec![reference],
            Self::Dangling => {
                reference.uid = "uid-0".into();
                vec![reference]
            }
            Self::Another => {
                reference.name = "other".into();
                vec![reference]
            }
            Self::Deployment => {
                (reference.api_version, reference.kind) = ("apps/v1".into(), "Deployment".into());
                vec![reference]
            }
            _ => Vec::new(),
        };
        secret.metadata.owner_references = Some(references);
        let mark = match self {
            Self::Marked | Self::Copied => mark_of(sync),
            Self::MarkedByAnother => "other/uid-9".to_owned(),
            _ => return,
        };
        let annotations = secret.metadata.annotations.get_or_insert_default();
        annotations.insert(OWNED_BY_ANNOTATION.to_owned(), mark);
        let manager = if self == Self::Marked {
            FIELD_MANAGER
        } else {
            "kubectl"
        };
        let mut entry = server::entry(manager);
        let set = json!({ format!("f:{OWNED_BY_ANNOTATION}"): {} });
        entry.fields_v1 = Some(FieldsV1(json!({ "f:metadata": { "f:annotations": set } })));
        secret
            .metadata
            .managed_fields
            .get_or_insert_default()
            .push(entry);
    }
}

proptest! {
    /// Whatever a Secret looks like and whatever the policy: nothing is written that is neither ours nor agreed to, and carrying
    /// the plans out leaves nothing to do.
    #[test]
    fn only_what_is_ours_or_agreed_to_is_written_and_then_nothing_is_left_to_do(
        policy in policies(),
        live_data in prop::option::of(prop::collection::btree_map("[A-C]", "[a-c]{0,2}", 0..3)),
        config in prop::collection::btree_map("[A-C]", "[a-c]{0,2}", 0..3),
        labels in prop::option::of(prop::collection::btree_map("[a-c]", "[a-c]{0,2}", 0..3)),
        wanted in prop::collection::btree_map("[a-c]", "[a-c]{0,2}", 0..3),
        claim in prop::sample::select(vec![
            Claim::Nobody, Claim::Ours, Claim::Dangling, Claim::Another, Claim::Deployment, Claim::Marked, Claim::Copied,
            Claim::MarkedByAnother,
        ]),
        consent in prop::option::of(prop::sample::select(vec!["web", "other", ""])),
        type_ in prop::sample::select(vec!["Opaque", "example.com/x", "kubernetes.io/service-account-token"]),
        immutable in prop::option::of(any::<bool>()),
        owned_keys in prop::sample::select(vec![None, Some("kubectl"), Some(FIELD_MANAGER), Some("ssm-operator/web")]),
    ) {
        let mut sync = usual();
        sync.spec.target.labels = wanted;
        sync.spec.target.creation_policy = policy;
        let pairs: Vec<(&str, &str)> = config.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let desired = desired(&sync, &[&pairs]).expect("plannable");
        let mut secret = Secret {
            metadata: ObjectMeta {
                name: Some("web".into()),
                uid: Some("secret-uid".into()),
                resource_version: Some("5".into()),
                labels,
                ..ObjectMeta::default()
            },
            data: live_data.map(|data| data.into_iter().map(|(key, value)| (key, ByteString(value.into_bytes()))).collect()),
            type_: Some(type_.into()),
            immutable,
            ..Secret::default()
        };
        if let Some(manager) = owned_keys {
            let mut entry = server::entry(manager);
            let keys = secret.data.iter().flatten().map(|(key, _)| (format!("f:{key}"), json!({})));
            entry.fields_v1 = Some(FieldsV1(json!({ "f:data": keys.collect::<serde_json::Map<_, _>>() })));
            secret.metadata.managed_fields = Some(vec![entry]);
        }
        claim.put_on(&mut secret, &sync);
        if let Some(consent) = consent {
            secret.metadata.annotations.get_or_insert_default().insert(ALLOW_ANNOTATION.into(), consent.into());
        }
        let (after, written, problem) = settle(&sync, &desired, secret.clone());

        let is_agreed = consent == Some("web");
        let may_write = type_ != "kubernetes.io/service-account-token" && match (policy, claim) {
            (_, Claim::Another)
            | (CreationPolicy::Merge, Claim::MarkedByAnother)
            | (CreationPolicy::Owner | CreationPolicy::Orphan, Claim::Deployment) => false,
            (
                CreationPolicy::Owner | CreationPolicy::Orphan,
                Claim::Ours | Claim::Dangling | Claim::Marked,
            ) => true,
            _ => is_agreed,
        };
        if !may_write {
            prop_assert!(!written && problem.is_some());
            prop_assert_eq!(after, secret);
            return Ok(());
        }
        if policy == CreationPolicy::Merge {
            // Others' values may stand in the way, which is told.
            if problem.is_none() {
                for (key, value) in &desired.data {
                    prop_assert_eq!(after.data.as_ref().and_then(|data| data.get(key)), Some(value));
                }
            }
            let theirs = secret.data.unwrap_or_default();
            let ours = Fields::of(&after, &["ssm-operator/web"]).data;
            for (key, value) in theirs.iter().filter(|(key, _)| !ours.contains(*key) && owned_keys == Some("kubectl")) {
                prop_assert_eq!(after.data.as_ref().and_then(|data| data.get(key)), Some(value), "others' key {}", key);
            }
        } else {
            prop_assert!(problem.is_none(), "{:?}", problem);
            prop_assert_eq!(after.data.unwrap_or_default(), desired.data);
        }
    }

    /// From any policy to any other, and on: what is there is always what the last one says.
    #[test]
    fn every_way_from_policy_to_policy_ends_as_if_it_had_begun_there(steps in prop::collection::vec((policies(), "[a-c]{1,2}", any::<bool>()), 1..6)) {
        let mut sync = usual();
        let mut live: Option<Secret> = None;
        for (policy, value, with_b) in steps {
            sync.spec.target.creation_policy = policy;
            let mut config = vec![("A", value.as_str())];
            config.extend(with_b.then_some(("B", "b")));
            let desired = desired(&sync, &[&config]).expect("plannable");
            let mut before = live.take().unwrap_or_else(|| {
                let mut secret = Secret::default();
                secret.metadata.name = Some("web".into());
                secret.metadata.uid = Some("secret-uid".into());
                secret.metadata.resource_version = Some("1".into());
                secret
            });
            before.metadata.annotations.get_or_insert_default().insert(ALLOW_ANNOTATION.into(), "web".into());
            let (after, _, problem) = settle(&sync, &desired, before);
            prop_assert_eq!(problem, None);
            prop_assert_eq!(after.data.as_ref(), Some(&desired.data));
            let owners = after.metadata.owner_references.as_deref().unwrap_or_default();
            let mark = after.metadata.annotations.as_ref().and_then(|map| map.get(OWNED_BY_ANNOTATION)).cloned();
            prop_assert_eq!(owners.len(), usize::from(policy == CreationPolicy::Owner));
            prop_assert_eq!(mark, (policy == CreationPolicy::Orphan).then(|| mark_of(&sync)));
            let managed = after.metadata.labels.clone().unwrap_or_default().contains_key(MANAGED_BY.0);
            prop_assert_eq!(managed, policy != CreationPolicy::Merge);
            prop_assert_eq!(fields::is_known(&after, "ssm-operator/web"), policy == CreationPolicy::Merge);
            live = Some(after);
        }
    }
}

#[test]
fn a_secret_is_never_made_to_merge_into() {
    let mut sync = usual();
    sync.spec.target.creation_policy = CreationPolicy::Merge;
    let desired = desired(&sync, &[&[("A", "1")]]).expect("plannable");
    let planned = plan(&sync, &desired, &Existing::Absent, &RandomState::new());
    assert!(matches!(planned, Err(Problem::TargetMissing { .. })));
}
