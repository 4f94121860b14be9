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
        ..Outcome::default()
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
fn a_write_that_a_status_has_told_of_is_not_told_again() {
    let first = next(None, Some(1), &synced(1, true), at(100));
    assert_eq!(
        next(Some(&first), Some(1), &synced(1, true), at(200)),
        first
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
        then: crate::problem::Gone::Kept,
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
        ..Outcome::default()
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

#[test]
fn what_is_synced_is_of_the_generation_that_was_last_written() {
    let status = next(None, Some(1), &synced(7, true), at(10));
    assert_eq!(status.synced_generation, Some(1));
    let refused = Outcome::problem(Problem::NoServer);
    let refused = next(Some(&status), Some(2), &refused, at(20));
    assert_eq!(
        (refused.synced_generation, refused.observed_generation),
        (Some(1), Some(2))
    );
    assert!(
        refused
            .conditions
            .iter()
            .filter(|condition| [READY, SYNCED].contains(&condition.type_.as_str()))
            .all(|condition| condition.observed_generation == Some(2))
    );
    let synced = next(Some(&refused), Some(2), &synced(7, false), at(30));
    assert_eq!(synced.synced_generation, Some(2));
}

#[test]
fn of_a_secret_that_went_with_its_config_nothing_is_said_any_more() {
    let status = next(None, Some(1), &synced(7, true), at(10));
    let gone = Outcome {
        removed: true,
        ..Outcome::problem(Problem::ConfigDeleted {
            config: "web/prod".into(),
            then: crate::problem::Gone::Deleted { name: "web".into() },
        })
    };
    let after = next(Some(&status), Some(1), &gone, at(20));
    assert_eq!(
        (&after.target, after.synced_keys, after.sources.len()),
        (&None, None, 0)
    );
    assert_eq!(ready(&after), ("False", "ConfigDeleted"));
    assert_eq!(next(Some(&after), Some(1), &gone, at(30)), after);
    let back = next(Some(&after), Some(1), &synced(9, true), at(40));
    assert_eq!(
        (ready(&back), back.synced_revision),
        (("True", "Synced"), Some(9))
    );
}

#[test]
fn an_expiring_token_is_said_until_it_is_another_and_not_before() {
    let told = |expiring| Outcome {
        expiring,
        ..synced(7, false)
    };
    let shown = |status: &SecretSyncStatus| {
        find(status, TOKEN_EXPIRING).map(|condition| condition.status.clone())
    };
    let fine = next(None, Some(1), &told(Expiring::No), at(10));
    assert_eq!(shown(&fine), None);
    let near = Expiring::Yes("The token expires".into());
    let near = next(Some(&fine), Some(1), &told(near), at(20));
    assert_eq!(shown(&near).as_deref(), Some("True"));
    // After a restart nothing is known at first.
    let unknown = next(Some(&near), Some(1), &told(Expiring::Unchanged), at(30));
    assert_eq!(unknown, near);
    let renewed = next(Some(&near), Some(1), &told(Expiring::No), at(40));
    assert_eq!(shown(&renewed).as_deref(), Some("False"));
    assert_eq!(ready(&renewed), ("True", "Synced"));
}

#[test]
fn a_wish_that_was_followed_is_remembered() {
    let followed = Outcome {
        reconcile_at: Some("now".into()),
        ..synced(7, false)
    };
    let status = next(None, Some(1), &followed, at(10));
    assert_eq!(status.last_reconcile_at.as_deref(), Some("now"));
    assert_eq!(
        next(Some(&status), Some(1), &synced(7, false), at(20)),
        status
    );
}
