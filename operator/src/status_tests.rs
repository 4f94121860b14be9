use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::new(second, 123_456_789).expect("in range")
}

fn synced(revision: u64, changed: bool) -> Outcome {
    let source = SourceStatus {
        project: "web".into(),
        config: "prod".into(),
        epoch: "e".into(),
        revision,
        keys: 2,
    };
    let target = TargetStatus {
        name: "web".into(),
        uid: "u".into(),
        resource_version: revision.to_string(),
    };
    Outcome {
        synced: Some(Synced {
            sources: vec![source],
            keys: 2,
            overlapping: Vec::new(),
            target,
            changed,
        }),
        problem: None,
        reachable: Known::Yes,
        auth: Known::Yes,
    }
}

fn shown(status: &SecretSyncStatus) -> Vec<(&str, &str, &str)> {
    status
        .conditions
        .iter()
        .map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str()))
        .collect()
}

fn ready(status: &SecretSyncStatus) -> (&str, &str) {
    find(status, READY).map_or(("", ""), |ready| (&ready.status, &ready.reason))
}

#[test]
fn a_first_sync_sets_everything() {
    let status = next(None, Some(1), &synced(7, true), at(10));
    assert_eq!(
        shown(&status),
        [
            ("Ready", "True", "Synced"),
            ("Synced", "True", "Synced"),
            ("UpstreamReachable", "True", "Reachable"),
            ("AuthValid", "True", "Accepted"),
        ]
    );
    assert_eq!(
        (
            status.synced_revision,
            status.synced_keys,
            status.observed_generation
        ),
        (Some(7), Some(2), Some(1))
    );
    assert_eq!(
        status.last_sync_time.map(|time| time.0.as_nanosecond()),
        Some(10_000_000_000)
    );
}

#[test]
fn nothing_new_changes_nothing() {
    let status = next(None, Some(1), &synced(7, true), at(10));
    assert_eq!(
        next(Some(&status), Some(1), &synced(7, false), at(99)),
        status
    );
    // Nor does a write of somebody else's that changed nothing of ours.
    let mut touched = synced(7, false);
    touched
        .synced
        .as_mut()
        .expect("synced")
        .target
        .resource_version = "99".into();
    assert_eq!(next(Some(&status), Some(1), &touched, at(99)), status);
}

#[test]
fn a_revision_without_a_change_of_data_keeps_the_time_of_the_last_sync() {
    let status = next(None, Some(1), &synced(7, true), at(10));
    let later = next(Some(&status), Some(1), &synced(8, false), at(99));
    assert_eq!(
        (later.synced_revision, &later.last_sync_time),
        (Some(8), &status.last_sync_time)
    );
}

#[test]
fn a_condition_keeps_its_time_until_its_status_changes() {
    let status = next(None, Some(1), &synced(7, true), at(10));
    let broken = next(
        Some(&status),
        Some(1),
        &Outcome::problem(Problem::NoServer),
        at(20),
    );
    let other = next(
        Some(&broken),
        Some(2),
        &Outcome::problem(Problem::NoTokenRef),
        at(30),
    );
    let since = |status: &SecretSyncStatus| {
        find(status, READY).map(|ready| ready.last_transition_time.0.as_second())
    };
    assert_eq!(
        (since(&status), since(&broken), since(&other)),
        (Some(10), Some(20), Some(20))
    );
    assert_eq!(ready(&other), ("False", "NoToken"));
    assert_eq!(
        find(&other, AUTH_VALID).map(|auth| auth.status.as_str()),
        Some("False")
    );
}

#[test]
fn a_problem_keeps_what_is_known_of_the_secret() {
    let status = next(None, Some(1), &synced(7, true), at(10));
    let problem = Problem::ConfigDeleted {
        config: "web/prod".into(),
    };
    let after = next(Some(&status), Some(1), &Outcome::problem(problem), at(20));
    assert_eq!(ready(&after), ("False", "ConfigDeleted"));
    assert_eq!(
        (after.synced_revision, after.target, after.sources),
        (Some(7), status.target, status.sources)
    );
}

#[test]
fn an_outage_leaves_ready_as_it_was() {
    let outage = |synced: Option<Synced>, reachable| Outcome {
        synced,
        problem: Some(Problem::Unreachable {
            why: "refused".into(),
        }),
        reachable,
        auth: Known::Unchanged,
    };
    let good = next(None, Some(1), &synced(7, true), at(10));
    let away = next(
        Some(&good),
        Some(1),
        &outage(None, Known::No("refused".into())),
        at(80),
    );
    assert_eq!(ready(&away), ("True", "Synced"));
    assert_eq!(
        find(&away, UPSTREAM_REACHABLE).map(|c| c.status.as_str()),
        Some("False")
    );
    assert_eq!(
        find(&away, SYNCED).map(|c| c.status.as_str()),
        Some("False")
    );

    let first = next(
        None,
        Some(1),
        &outage(None, Known::No("refused".into())),
        at(10),
    );
    assert_eq!(ready(&first), ("False", "UpstreamUnreachable"));
    // A new resource that is served from the shared copy is as good as any.
    let shared = next(
        None,
        Some(1),
        &outage(synced(7, true).synced, Known::Unchanged),
        at(10),
    );
    assert_eq!(ready(&shared), ("True", "Synced"));
    assert_eq!(
        ready(&next(Some(&away), Some(1), &synced(7, false), at(90))),
        ("True", "Synced")
    );
}

#[test]
fn a_suspended_resource_says_so_and_stays_ready_if_it_was() {
    let suspended = Outcome::problem(Problem::Suspended);
    let good = next(None, Some(1), &synced(7, true), at(10));
    assert_eq!(
        ready(&next(Some(&good), Some(2), &suspended, at(20))),
        ("True", "Suspended")
    );
    assert_eq!(
        ready(&next(None, Some(1), &suspended, at(20))),
        ("False", "Suspended")
    );
}
