use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::*;
use crate::crd::{RestartPending, SecretSyncStatus, TargetStatus, WorkloadKind};

fn key() -> Key {
    Key::new("shop", "web")
}

/// A resource whose Secret has this version, and whose pending restart is for a change that replaced that one.
fn sync(version: &str, replaces: Option<&str>) -> SecretSync {
    let mut sync: SecretSync = serde_json::from_value(json!({
        "apiVersion": "simplesecrets.io/v1alpha1",
        "kind": "SecretSync",
        "metadata": { "name": "web", "namespace": "shop", "uid": "uid-1", "generation": 1 },
        "spec": { "sources": [{ "project": "web", "config": "prod" }], "restart": { "debounce": "10s" } },
    }))
    .expect("valid");
    sync.status = Some(SecretSyncStatus {
        target: Some(TargetStatus {
            name: "web".into(),
            uid: "u".into(),
            resource_version: version.into(),
        }),
        restart_pending: replaces.map(|replaces| RestartPending {
            since: Time(Timestamp::now()),
            replaces: replaces.into(),
            former: None,
        }),
        ..SecretSyncStatus::default()
    });
    sync
}

fn change(due: Option<Due>) -> Option<String> {
    due.map(|due| due.change)
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn changes_within_the_window_of_the_first_are_one_restart() {
    let restarts = Restarts::new(true);
    restarts.announce(&key(), "1");
    restarts.consider(&key(), &sync("2", Some("1")));
    pass(6).await;
    restarts.announce(&key(), "2");
    // The Secret does not have the second change yet.
    assert!(restarts.take(&key(), &sync("2", Some("2"))).is_none());
    restarts.consider(&key(), &sync("3", Some("2")));
    pass(3).await;
    assert!(restarts.take(&key(), &sync("3", Some("2"))).is_none());
    pass(1).await;
    let due = restarts.take(&key(), &sync("3", Some("2")));
    assert_eq!(change(due.clone()).as_deref(), Some("2"));
    // Nobody else takes it meanwhile, and it is over when it has succeeded.
    assert!(restarts.take(&key(), &sync("3", Some("2"))).is_none());
    restarts.succeeded(&key(), &due.expect("taken"));
    assert!(restarts.take(&key(), &sync("3", None)).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_announced_during_a_restart_is_for_another_one() {
    let restarts = Restarts::new(true);
    restarts.announce(&key(), "1");
    pass(10).await;
    let first = restarts.take(&key(), &sync("2", Some("1"))).expect("due");
    restarts.announce(&key(), "2");
    restarts.consider(&key(), &sync("3", Some("2")));
    restarts.succeeded(&key(), &first);
    assert!(restarts.take(&key(), &sync("3", Some("2"))).is_none());
    pass(10).await;
    let second = restarts.take(&key(), &sync("3", Some("2")));
    assert_eq!(change(second).as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn failures_wait_longer_each_time_and_reconciles_do_not_hurry_them() {
    let restarts = Restarts::new(true);
    let sync = sync("2", Some("1"));
    restarts.announce(&key(), "1");
    pass(10).await;
    let mut waits = Vec::new();
    for failures in 0..10 {
        let due = restarts.take(&key(), &sync).expect("due");
        assert_eq!(due.failures, failures);
        restarts.failed(&key(), &due);
        let began = Instant::now();
        while look(&mut restarts.entries(), &key(), &sync) != Some(Duration::ZERO) {
            restarts.consider(&key(), &sync);
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        waits.push(began.elapsed());
    }
    assert!(waits[0] <= Duration::from_millis(1100), "{waits:?}");
    assert!(waits[9] >= Duration::from_secs(30), "{waits:?}");
    assert!(waits[9] <= Duration::from_secs(61), "{waits:?}");
    // A new change is not held up by that.
    restarts.failed(&key(), &restarts.take(&key(), &sync).expect("due"));
    restarts.announce(&key(), "2");
    pass(10).await;
    let due = restarts.take(&key(), &self::sync("3", Some("2")));
    assert_eq!(due.map(|due| due.failures), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_was_broken_off_is_taken_up_again() {
    let restarts = Restarts::new(true);
    restarts.announce(&key(), "1");
    pass(10).await;
    assert!(restarts.take(&key(), &sync("2", Some("1"))).is_some());
    restarts.release(&key());
    assert!(restarts.take(&key(), &sync("2", Some("1"))).is_some());
}

#[tokio::test(start_paused = true)]
async fn suspended_deleted_and_unfinished_resources_wait() {
    let restarts = Restarts::new(true);
    restarts.announce(&key(), "1");
    pass(60).await;
    let mut suspended = sync("2", Some("1"));
    suspended.spec.suspend = true;
    let mut deleted = sync("2", Some("1"));
    deleted.metadata.deletion_timestamp = Some(Time(Timestamp::now()));
    let unmade = sync("1", Some("1"));
    for sync in [suspended, deleted, unmade] {
        restarts.consider(&key(), &sync);
        assert!(restarts.take(&key(), &sync).is_none());
    }
    assert!(restarts.take(&key(), &sync("2", Some("1"))).is_some());
}

#[tokio::test(start_paused = true)]
async fn another_process_goes_on_with_what_the_status_says() {
    let restarts = Restarts::new(true);
    let mut sync = sync("2", Some("1"));
    let pending = sync
        .status
        .as_mut()
        .and_then(|status| status.restart_pending.as_mut());
    pending.expect("there").since = Time(Timestamp::UNIX_EPOCH);
    assert!(restarts.take(&key(), &sync).is_some());
}

#[tokio::test(start_paused = true)]
async fn where_restarts_are_not_enabled_nothing_is_due() {
    let restarts = Restarts::new(false);
    restarts.consider(&key(), &sync("2", Some("1")));
    pass(60).await;
    assert!(restarts.entries().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_workload_is_restarted_by_one_at_a_time_and_the_next_knows_of_it() {
    let restarts = Restarts::new(true);
    let web = Workload {
        kind: WorkloadKind::Deployment,
        name: "web".to_owned(),
    };
    let (first, second) = (restarts.latest("shop", &web), restarts.latest("shop", &web));
    let mut latest = first.lock().await;
    assert!(second.try_lock().is_err());
    let attempt = Some((Instant::now(), "web/1".to_owned()));
    latest.clone_from(&attempt);
    drop(latest);
    assert_eq!(*second.lock().await, attempt);
    assert_eq!(*restarts.latest("other", &web).lock().await, None);
}
