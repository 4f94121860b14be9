use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::crd::{CreationPolicy, SecretSyncStatus};

fn source(epoch: &str, revision: u64, keys: u32) -> SourceStatus {
    SourceStatus {
        project: "web".into(),
        config: "prod".into(),
        epoch: epoch.into(),
        revision,
        keys,
    }
}

/// One that was synced at revision 10 of epoch `e`, with ten keys.
fn sync(percent: u8) -> SecretSync {
    let mut sync: SecretSync = serde_json::from_value(json!({
        "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync",
        "metadata": { "name": "web", "namespace": "shop", "uid": "u", "generation": 3 },
        "spec": { "sources": [{ "project": "web", "config": "prod" }], "maxRemovedPercent": percent },
    }))
    .expect("valid");
    sync.status = Some(SecretSyncStatus {
        observed_generation: Some(3),
        synced_generation: Some(3),
        sources: vec![source("e", 10, 10)],
        ..SecretSyncStatus::default()
    });
    sync
}

fn desired(epoch: &str, revision: u64, keys: u32) -> Desired {
    Desired {
        data: (0..keys)
            .map(|n| (format!("K{n}"), ByteString::default()))
            .collect(),
        sources: vec![source(epoch, revision, keys)],
        policy: CreationPolicy::Owner,
        ..crate::desired::nothing()
    }
}

fn removal(removed: usize, of: usize) -> Removal {
    Removal { removed, of }
}

fn allow(sync: &mut SecretSync, revision: &str) {
    let annotations = sync.metadata.annotations.get_or_insert_default();
    annotations.insert(ALLOW_REMOVAL_ANNOTATION.to_owned(), revision.to_owned());
}

#[test]
fn a_share_above_the_bound_is_refused() {
    for (percent, removed, of, is_refused) in [
        (50, 5, 10, false),
        (50, 6, 10, true),
        (50, 1, 1, true),
        (0, 1, 1000, true),
        (0, 0, 10, false),
        (100, 10, 10, false),
        (99, 10, 10, true),
        (33, 1, 3, true),
        (34, 1, 3, false),
        (50, 0, 0, false),
    ] {
        let checked = check(&sync(percent), &desired("e", 11, 4), removal(removed, of));
        assert_eq!(
            checked.is_err(),
            is_refused,
            "{removed} of {of} at {percent}"
        );
    }
}

#[test]
fn only_what_was_deleted_in_the_server_is_guarded() {
    let refused = |sync: &SecretSync, revision| {
        check(sync, &desired("e", revision, 1), removal(9, 10)).is_err()
    };
    assert!(refused(&sync(50), 11));
    let drift = Desired {
        sources: vec![source("e", 10, 10)],
        ..desired("e", 10, 1)
    };
    assert!(check(&sync(50), &drift, removal(9, 10)).is_ok(), "drift");
    let mut never = sync(50);
    never.status = None;
    assert!(!refused(&never, 11), "never synced");
    let mut edited = sync(50);
    edited.metadata.generation = Some(4);
    assert!(!refused(&edited, 11), "another spec");
    // Also where the other spec was judged before, and could not be synced then.
    edited.status.as_mut().expect("synced").observed_generation = Some(4);
    assert!(!refused(&edited, 11), "another spec that was judged");
}

#[test]
fn the_message_says_what_goes_and_what_to_type() {
    let problem = check(&sync(50), &desired("e", 815, 1), removal(9, 10)).expect_err("refused");
    assert_eq!(problem.reason(), "RemovalGuard");
    let message = problem.to_string();
    for part in [
        "9 of the 10 keys",
        "maxRemovedPercent is 50",
        "kubectl annotate secretsync web --namespace shop --overwrite simplesecrets.io/allow-removal=815",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_annotation_counts_up_to_its_revision_within_the_epoch() {
    for (annotation, epoch, revision, is_allowed) in [
        ("11", "e", 11, true),
        ("12", "e", 11, true),
        (" 11\n", "e", 11, true),
        ("10", "e", 11, false),
        ("", "e", 11, false),
        ("yes", "e", 11, false),
        ("-1", "e", 11, false),
        ("99999999999999999999999", "e", 11, false),
        // The server was restored and counts anew: what was allowed before says nothing about it.
        ("12", "f", 5, false),
        ("5", "f", 5, true),
    ] {
        let mut sync = sync(50);
        allow(&mut sync, annotation);
        let checked = check(&sync, &desired(epoch, revision, 1), removal(9, 10));
        assert_eq!(
            checked.is_ok(),
            is_allowed,
            "{annotation} {epoch} {revision}"
        );
    }
}

#[test]
fn a_file_is_guarded_by_the_numbers_of_the_configs_keys() {
    let mut sync = sync(50);
    sync.spec.target.format = Format::Env;
    // One key, before and after.
    let names = removal(0, 1);
    assert!(check(&sync, &desired("e", 11, 4), names).is_err());
    assert!(check(&sync, &desired("e", 11, 5), names).is_ok());
}

proptest! {
    /// Ten that go and ten that come are ten that go.
    #[test]
    fn names_are_counted_not_numbers(
        before in prop::collection::btree_set("[A-F]{1,2}", 0..12), after in prop::collection::btree_set("[A-F]{1,2}", 0..12)
    ) {
        let data = |names: &std::collections::BTreeSet<String>| -> BTreeMap<String, ByteString> {
            names.iter().map(|name| (name.clone(), ByteString::default())).collect()
        };
        let hasher = RandomState::new();
        let mut desired = desired("e", 11, 0);
        desired.data = data(&after);
        let expected = removal(before.difference(&after).count(), before.len());
        prop_assert_eq!(Removal::of_read(before.iter(), &desired), expected);
        prop_assert_eq!(Removal::of_remembered(&names(&data(&before), &hasher), &desired, &hasher), expected);
    }
}
