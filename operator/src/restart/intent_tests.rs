use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::*;
use crate::crd::{SourceStatus, TargetStatus};

fn source(revision: u64) -> SourceStatus {
    SourceStatus {
        project: "web".into(),
        config: "prod".into(),
        epoch: "e".into(),
        revision,
        keys: 1,
    }
}

fn target(version: &str) -> TargetStatus {
    TargetStatus {
        name: "web".into(),
        uid: "u".into(),
        resource_version: version.into(),
    }
}

/// Synced at revision 1, as version 10 of the Secret.
fn status() -> SecretSyncStatus {
    SecretSyncStatus {
        synced_generation: Some(1),
        sources: vec![source(1)],
        target: Some(target("10")),
        ..SecretSyncStatus::default()
    }
}

fn sync(status: Option<SecretSyncStatus>) -> SecretSync {
    let mut sync: SecretSync = serde_json::from_value(json!({
        "apiVersion": "simplesecrets.io/v1alpha1",
        "kind": "SecretSync",
        "metadata": { "name": "web", "namespace": "shop", "uid": "uid-1", "generation": 1 },
        "spec": { "sources": [{ "project": "web", "config": "prod" }] },
    }))
    .expect("valid");
    sync.status = status;
    sync
}

fn data(value: &str) -> BTreeMap<String, ByteString> {
    BTreeMap::from([("A".to_owned(), ByteString(value.into()))])
}

fn secret(value: &str) -> Secret {
    Secret {
        data: Some(data(value)),
        ..Secret::default()
    }
}

fn desired(value: &str, revision: u64) -> Desired {
    let sync = sync(None);
    let snapshot = crate::snapshot::of("e", revision, &[("A", value)]).into();
    let fetched = crate::desired::Fetched {
        source: &sync.spec.sources[0],
        snapshot,
    };
    crate::desired::desire(&sync, &[fetched], &[]).expect("well")
}

fn replace(value: &str) -> Plan {
    Plan::Replace {
        uid: "u".into(),
        resource_version: "10".into(),
        secret: Box::new(secret(value)),
    }
}

fn update(value: &str) -> Plan {
    Plan::Update(Box::new(secret(value)))
}

fn create(value: &str) -> Plan {
    Plan::Create(Box::new(secret(value)))
}

fn patch(value: &str) -> Plan {
    Plan::PatchData {
        resource_version: "10".into(),
        data: data(value),
    }
}

/// Whether a plan that puts `value`, which `revision` has, over the live Secret is a change; the last write was `written`.
fn is_change(
    plan: &Plan,
    value: &str,
    revision: u64,
    live: Option<&str>,
    written: Option<&str>,
) -> bool {
    let hasher = RandomState::new();
    let written = written.map(|value| Written {
        resource_version: "10".into(),
        fingerprint: desired(value, 1).fingerprint(&hasher),
        names: crate::guard::names(&desired(value, 1).data, &hasher),
    });
    let live = live.map(secret);
    let sync = sync(Some(status()));
    let desired = desired(value, revision);
    changes_data(
        &sync,
        &desired,
        plan,
        live.as_ref(),
        written.as_ref(),
        &hasher,
    )
}

#[test]
fn other_data_than_was_written_last_is_a_change() {
    assert!(is_change(&patch("2"), "2", 2, None, Some("1")));
    assert!(is_change(&update("2"), "2", 2, Some("1"), Some("1")));
    assert!(is_change(&update("2"), "2", 2, Some("drifted"), Some("1")));
    assert!(is_change(&replace("2"), "2", 2, Some("1"), Some("1")));
    assert!(is_change(&create("2"), "2", 2, None, Some("1")));
    assert!(!is_change(&Plan::Nothing, "2", 2, Some("2"), Some("1")));
    assert!(!is_change(&Plan::Read, "2", 2, None, Some("1")));
}

#[test]
fn what_others_did_is_repaired_without_a_change() {
    assert!(!is_change(&update("1"), "1", 1, Some("drifted"), Some("1")));
    assert!(!is_change(&create("1"), "1", 1, None, Some("1")));
    // A revision may grow without a visible change.
    assert!(!is_change(&update("1"), "1", 2, Some("drifted"), Some("1")));
    // Only labels, or only the type.
    assert!(!is_change(&update("1"), "1", 1, Some("1"), Some("1")));
    assert!(!is_change(&replace("1"), "1", 1, Some("1"), Some("1")));
}

#[test]
fn a_process_that_has_written_nothing_yet_asks_the_status() {
    assert!(!is_change(&update("1"), "1", 1, Some("drifted"), None));
    assert!(!is_change(&create("1"), "1", 1, None, None));
    assert!(!is_change(&update("1"), "1", 1, Some("1"), None));
    assert!(is_change(&update("2"), "2", 2, Some("1"), None));
    assert!(is_change(&create("2"), "2", 2, None, None));
    let mut edited = sync(Some(status()));
    edited.metadata.generation = Some(2);
    let (live, hasher) = (secret("1"), RandomState::new());
    let desired = desired("2", 1);
    assert!(changes_data(
        &edited,
        &desired,
        &update("2"),
        Some(&live),
        None,
        &hasher
    ));
}

#[test]
fn a_first_sync_and_a_renamed_target_are_no_change() {
    let hasher = RandomState::new();
    let mut renamed = status();
    renamed.target.as_mut().expect("there").name = "former".into();
    let unsynced = SecretSyncStatus::default();
    for status in [None, Some(unsynced), Some(renamed)] {
        let sync = sync(status);
        let desired = desired("2", 2);
        assert!(!changes_data(
            &sync,
            &desired,
            &create("2"),
            None,
            None,
            &hasher
        ));
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::new(second, 999_999_999).expect("in range")
}

fn synced(version: &str, changed: bool) -> Synced {
    Synced {
        sources: vec![source(2)],
        keys: 1,
        overlapping: Vec::new(),
        target: target(version),
        changed,
    }
}

fn announced() -> SecretSyncStatus {
    let mut status = status();
    status.restart_pending = announcement(&status, at(5));
    status
}

#[test]
fn a_change_is_announced_once_and_made_when_the_status_tells_another_version() {
    let mut status = announced();
    let pending = status.restart_pending.clone().expect("announced");
    let since = Timestamp::from_second(5).expect("in range");
    assert_eq!((&*pending.replaces, pending.since), ("10", Time(since)));
    assert!(!is_made(&status));
    assert_eq!(announcement(&status, at(6)), None);

    settle(&mut status, &synced("11", true));
    assert!(is_made(&status));
    let next = announcement(&status, at(5)).expect("another change, another announcement");
    assert_eq!(next.replaces, "11");
    assert_eq!(announcement(&SecretSyncStatus::default(), at(5)), None);
}

#[test]
fn a_change_that_a_killed_process_made_is_found_to_be_made() {
    let mut status = announced();
    settle(&mut status, &synced("11", false));
    assert!(is_made(&status));
}

#[test]
fn a_change_that_was_never_made_is_announced_no_more() {
    let mut status = announced();
    settle(&mut status, &synced("10", false));
    assert_eq!(status.restart_pending, None);
}

#[test]
fn a_change_that_is_made_outlives_one_that_does_not_come() {
    let mut status = announced();
    settle(&mut status, &synced("11", true));
    status.target = Some(target("11"));
    status.restart_pending = announcement(&status, at(7));
    let pending = status.restart_pending.clone().expect("announced");
    assert_eq!(
        (&*pending.replaces, pending.former.as_deref()),
        ("11", Some("10"))
    );
    settle(&mut status, &synced("11", false));
    let pending = status.restart_pending.clone().expect("still due");
    assert_eq!((&*pending.replaces, pending.former), ("10", None));
    assert!(is_made(&status));
}

#[test]
fn what_is_made_stays_so() {
    let mut status = announced();
    settle(&mut status, &synced("11", true));
    let before = status.clone();
    settle(&mut status, &synced("12", true));
    settle(&mut status, &synced("11", false));
    assert_eq!(status, before);
    let mut calm = self::status();
    settle(&mut calm, &synced("12", true));
    assert_eq!(calm, self::status());
}

#[test]
fn the_window_counts_from_the_announcement_however_wrong_clocks_are() {
    let debounce = Duration::from_secs(10);
    let now = Instant::now();
    let later = |seconds| now + Duration::from_secs(seconds);
    let left = |window: Window, seconds| window.left(debounce, later(seconds)).as_secs();
    let fresh = Window::open(now);
    assert_eq!(
        (left(fresh, 0), left(fresh, 4), left(fresh, 99)),
        (10, 6, 0)
    );
    let since = at(100);
    let older = Window::reopen(since, at(103), now);
    assert_eq!((left(older, 0), left(older, 4), left(older, 7)), (7, 3, 0));
    let from_the_future = Window::reopen(since, at(1), now);
    assert_eq!(
        (left(from_the_future, 0), left(from_the_future, 10)),
        (10, 0)
    );
    let ancient = Window::reopen(Timestamp::MIN, Timestamp::MAX, now);
    assert_eq!(left(ancient, 0), 0);
}
