use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::feed::SourceView;
use crate::snapshot;
use crate::status::{Synced, next};
use k8s_openapi::jiff::Timestamp;

fn sync() -> SecretSync {
    serde_json::from_value(json!({
        "apiVersion": "simplesecrets.io/v1alpha1",
        "kind": "SecretSync",
        "metadata": { "name": "web", "namespace": "shop", "uid": "u", "generation": 1 },
        "spec": { "sources": [{ "project": "web", "config": "prod" }] },
    }))
    .expect("valid")
}

/// One that was synced before.
fn synced() -> SecretSync {
    let outcome = Outcome {
        synced: Some(Synced {
            sources: Vec::new(),
            keys: 0,
            overlapping: Vec::new(),
            target: crate::crd::TargetStatus::default(),
            changed: true,
        }),
        problem: None,
        reachable: Known::Yes,
        auth: Known::Yes,
        ..Outcome::default()
    };
    let mut sync = sync();
    sync.status = Some(next(None, Some(1), &outcome, Timestamp::UNIX_EPOCH));
    sync
}

/// The same with a spec that was changed since.
fn edited() -> SecretSync {
    let mut sync = synced();
    sync.metadata.generation = Some(2);
    sync
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Facts {
    held: bool,
    trouble: Option<Trouble>,
    failing: bool,
    unreachable: bool,
    unauthorized: bool,
    expiry: Expiry,
}

fn view(facts: Facts) -> View {
    let snapshot = facts
        .held
        .then(|| Arc::new(snapshot::of("e", 1, &[("A", "1")])));
    View {
        failing: facts.failing.then(|| "refused".to_owned()),
        unreachable: facts.unreachable,
        unauthorized: facts.unauthorized,
        authorized: facts.held,
        expiry: facts.expiry,
        sources: vec![SourceView {
            snapshot,
            trouble: facts.trouble,
            announced_at: None,
        }],
    }
}

/// In one word, with the problem's reason.
fn judged(sync: &SecretSync, facts: Facts) -> (&'static str, &'static str) {
    let reason = |outcome: &Outcome| outcome.problem.as_ref().map_or("", Problem::reason);
    match verdict(sync, &view(facts), "token") {
        Verdict::Wait => ("wait", ""),
        Verdict::Report(outcome) => ("report", reason(&outcome)),
        Verdict::Remove { outcome, .. } => ("remove", reason(&outcome)),
        Verdict::Write { outcome, .. } => ("write", reason(&outcome)),
    }
}

#[test]
fn what_is_held_is_written_and_what_is_not_is_waited_for() {
    assert_eq!(
        judged(
            &sync(),
            Facts {
                held: true,
                ..Facts::default()
            }
        ),
        ("write", "")
    );
    assert_eq!(judged(&sync(), Facts::default()), ("wait", ""));
}

#[test]
fn an_outage_is_told_to_the_new_at_once_and_to_others_after_a_while() {
    let failing = || Facts {
        failing: true,
        ..Facts::default()
    };
    assert_eq!(
        judged(&sync(), failing()),
        ("report", "UpstreamUnreachable")
    );
    assert_eq!(judged(&synced(), failing()), ("wait", ""));
    assert_eq!(
        judged(&edited(), failing()),
        ("report", "UpstreamUnreachable")
    );
    assert_eq!(
        judged(
            &synced(),
            Facts {
                unreachable: true,
                ..failing()
            }
        ),
        ("report", "UpstreamUnreachable")
    );
}

#[test]
fn during_an_outage_the_copy_is_used() {
    for sync in [sync(), synced(), edited()] {
        let failing = Facts {
            held: true,
            failing: true,
            ..Facts::default()
        };
        assert_eq!(judged(&sync, failing), ("write", ""));
        let unreachable = Facts {
            held: true,
            failing: true,
            unreachable: true,
            ..Facts::default()
        };
        assert_eq!(judged(&sync, unreachable), ("write", "UpstreamUnreachable"));
    }
}

#[test]
fn a_copy_that_may_no_longer_be_read_repairs_and_makes_nothing_new() {
    for (trouble, reason) in [
        (Trouble::Forbidden("no".into()), "Forbidden"),
        (Trouble::NotFound, "ConfigNotFound"),
        (Trouble::Deleted, "ConfigDeleted"),
        (Trouble::Unusable("odd".into()), "UnusableAnswer"),
    ] {
        let held = || Facts {
            held: true,
            trouble: Some(trouble.clone()),
            ..Facts::default()
        };
        assert_eq!(judged(&synced(), held()), ("write", reason));
        assert_eq!(judged(&edited(), held()), ("report", reason));
        // Looked at is not synced.
        let mut seen = edited();
        let status = seen.status.as_mut().expect("synced");
        status.observed_generation = Some(2);
        assert_eq!(judged(&seen, held()), ("report", reason));
        assert_eq!(judged(&sync(), held()), ("report", reason));
        assert_eq!(
            judged(
                &sync(),
                Facts {
                    trouble: Some(trouble.clone()),
                    ..Facts::default()
                }
            ),
            ("report", reason)
        );
    }
    let revoked = || Facts {
        held: true,
        unauthorized: true,
        ..Facts::default()
    };
    assert_eq!(judged(&synced(), revoked()), ("write", "Unauthorized"));
    assert_eq!(judged(&sync(), revoked()), ("report", "Unauthorized"));
}

/// A source that the server said this of, with or without a copy.
fn source(trouble: Option<Trouble>) -> SourceView {
    SourceView {
        snapshot: Some(Arc::new(snapshot::of("e", 1, &[("A", "1")]))),
        trouble,
        announced_at: None,
    }
}

#[test]
fn a_secret_goes_only_where_the_spec_says_so_and_every_source_was_deleted() {
    let forbidden = || Some(Trouble::Forbidden("no".into()));
    let (deleted, not_found) = (|| Some(Trouble::Deleted), || Some(Trouble::NotFound));
    for (policy, troubles, expected) in [
        (OnUpstreamMissing::Delete, vec![deleted()], "remove"),
        (
            OnUpstreamMissing::Delete,
            vec![deleted(), deleted()],
            "remove",
        ),
        (OnUpstreamMissing::Delete, vec![deleted(), None], "write"),
        (
            OnUpstreamMissing::Delete,
            vec![deleted(), not_found()],
            "write",
        ),
        (OnUpstreamMissing::Delete, vec![not_found()], "write"),
        (OnUpstreamMissing::Delete, vec![forbidden()], "write"),
        (
            OnUpstreamMissing::Delete,
            vec![Some(Trouble::Unusable("odd".into()))],
            "write",
        ),
        (OnUpstreamMissing::Retain, vec![deleted()], "write"),
    ] {
        let mut sync = synced();
        let one = sync.spec.sources[0].clone();
        sync.spec.sources = vec![one; troubles.len()];
        sync.spec.on_upstream_missing = policy;
        let mut view = view(Facts::default());
        view.sources = troubles.iter().cloned().map(source).collect();
        let judged = match verdict(&sync, &view, "token") {
            Verdict::Remove { .. } => "remove",
            Verdict::Write { .. } => "write",
            Verdict::Wait | Verdict::Report(_) => "other",
        };
        assert_eq!(judged, expected, "{policy:?} {troubles:?}");

        // Whoever may no longer read has not been told anything.
        view.unauthorized = true;
        let verdict = verdict(&sync, &view, "token");
        assert!(!matches!(verdict, Verdict::Remove { .. }));
    }
}

#[test]
fn a_token_that_is_about_to_expire_is_told_of_in_every_verdict() {
    let end = Timestamp::from_second(1_000_000).expect("in range");
    for held in [true, false] {
        let facts = Facts {
            held,
            trouble: Some(Trouble::NotFound),
            expiry: Expiry::Near(end),
            ..Facts::default()
        };
        let sync = synced();
        let (Verdict::Report(outcome) | Verdict::Write { outcome, .. }) =
            verdict(&sync, &view(facts), "ssm-token")
        else {
            panic!("nothing to say")
        };
        let Expiring::Yes(why) = outcome.expiring else {
            panic!("not told")
        };
        assert!(
            why.contains("ssm-token") && why.contains("1970-01-12"),
            "{why}"
        );
    }
}
