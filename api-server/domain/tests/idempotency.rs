//! How long it is remembered what was done under an idempotency key.

use std::time::Duration;

use ssm_domain::digest::Digest;
use ssm_domain::entry::{ActorKind, Entry, EntryActor, Idempotency, NewEntry, Request, Target};
use ssm_domain::id::OpId;
use ssm_domain::rejection::Rejection;
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;

use crate::support::World;

const DAY: Duration = Duration::from_hours(24);

fn idempotency(key: &str, body: &str) -> Idempotency {
    Idempotency {
        key: Digest::of(key.as_bytes()),
        body: Digest::of(body.as_bytes()),
    }
}

/// Applies an entry that changes nothing but this.
fn done(state: &mut State, now: Timestamp, idempotency: Option<Idempotency>) {
    let request = Request {
        id: "test".into(),
        method: "PUT".into(),
        path: "/somewhere".into(),
        ip: None,
        user_agent: None,
        idempotency,
    };
    let new = NewEntry {
        op_id: OpId::MIN,
        now,
        actor: EntryActor {
            kind: ActorKind::System,
            id: "server".into(),
            token_id: None,
        },
        request: Some(request),
        action: "test".into(),
        target: Target::default(),
        changes: Vec::new(),
    };
    let entry = Entry::append_to(state.head(), new);
    let hash = Digest::of(&entry.canonical_bytes());
    state.apply(&entry, hash, &std::collections::HashMap::new());
}

#[test]
fn a_key_is_remembered_for_a_day_and_then_free_for_something_else() {
    let world = World::new();
    let (mut state, start) = (world.state.clone(), world.now);
    let (first, other) = (idempotency("k", "one"), idempotency("k", "two"));
    done(&mut state, start, Some(first));
    let almost = start.plus(DAY.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(matches!(
        first.check(&state, almost),
        Err(Rejection::AlreadyDone(done)) if done.seq == state.head().seq
    ));
    assert_eq!(
        other.check(&state, almost),
        Err(Rejection::IdempotencyKeyReused)
    );
    // Also where nothing was written since, so that it still lies there.
    assert_eq!(other.check(&state, start.plus(DAY)), Ok(()));

    let later = start.plus(DAY);
    done(&mut state, later, Some(other));
    assert_eq!(
        first.check(&state, later),
        Err(Rejection::IdempotencyKeyReused)
    );
    done(&mut state, later.plus(DAY / 2), None);
    assert!(
        other.check(&state, later.plus(DAY / 2)).is_err(),
        "only half a day has passed"
    );
    done(&mut state, later.plus(DAY), None);
    assert!(state.done(&other.key, later).is_none(), "it is forgotten");
}
