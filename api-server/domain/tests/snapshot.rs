//! A snapshot and what follows it come to what the whole journal comes to, and nobody else can make one.

use proptest::prelude::*;
use ssm_domain::entry::Entry;
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::snapshot::SnapshotError;
use ssm_domain::state::State;

use crate::chain::live;
use crate::support::steps;
use crate::support::{ROOT_KEY, Stored, World};

const OTHER_ROOT_KEY: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";

fn keys(root: &str) -> KeyRing {
    KeyRing::new(RootKey::parse(root).unwrap())
}

fn snapshot(state: &State) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.write_snapshot(&keys(ROOT_KEY), &mut bytes).unwrap();
    bytes
}

fn replay(world: &World, mut state: State, entries: &[Stored]) -> State {
    for stored in entries {
        let entry = Entry::verify_next(state.head(), &stored.bytes, stored.hash).unwrap();
        state.apply(&entry, stored.hash, &world.store.borrow().values);
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_and_the_tail_behind_it_make_the_state_that_the_whole_journal_makes(
        run in steps::run(60),
        cut in any::<prop::sample::Index>(),
    ) {
        let world = live(&run, |_| ());
        let entries = world.store.borrow().entries.clone();
        let (before, after) = entries.split_at(cut.index(entries.len() + 1));

        let taken = snapshot(&replay(&world, State::default(), before));
        let restored = State::read_snapshot(&keys(ROOT_KEY), &taken).unwrap();
        prop_assert_eq!(&snapshot(&restored), &taken);
        let restored = replay(&world, restored, after);
        prop_assert_eq!(format!("{restored:?}"), format!("{:?}", world.state));
        prop_assert_eq!(snapshot(&restored), snapshot(&world.state));
    }

    #[test]
    fn a_snapshot_that_was_altered_anywhere_is_refused(
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
        end in any::<prop::sample::Index>(),
    ) {
        let taken = snapshot(&live(&steps::furnishing(), |_| ()).state);
        let mut altered = taken.clone();
        altered[at.index(taken.len())] ^= 1 << bit;
        let cut = &taken[..end.index(taken.len())];
        for bad in [&altered, cut] {
            let refused = State::read_snapshot(&keys(ROOT_KEY), bad).unwrap_err();
            let is_found = matches!(
                refused,
                SnapshotError::NotGenuine | SnapshotError::OtherRootKey(_)
            );
            prop_assert!(is_found, "{}", refused);
        }
    }
}

#[test]
fn a_snapshot_made_with_another_root_key_is_refused() {
    let taken = snapshot(&live(&steps::furnishing(), |_| ()).state);
    let refused = State::read_snapshot(&keys(OTHER_ROOT_KEY), &taken).unwrap_err();
    let fingerprint = RootKey::parse(ROOT_KEY).unwrap().fingerprint();
    assert_eq!(refused, SnapshotError::OtherRootKey(fingerprint));

    let label_end = taken.iter().position(|byte| *byte == b'\n').unwrap();
    let other = RootKey::parse(OTHER_ROOT_KEY).unwrap().fingerprint();
    let mut relabelled = taken.clone();
    relabelled[label_end - other.len()..label_end].copy_from_slice(other.as_bytes());
    let refused = State::read_snapshot(&keys(OTHER_ROOT_KEY), &relabelled).unwrap_err();
    assert_eq!(refused, SnapshotError::NotGenuine);
}

#[test]
fn no_value_is_in_a_snapshot_in_clear() {
    let mut run = steps::furnishing();
    let set = vec![("A", "a-value-that-nobody-may-see")];
    let (at, delete, belief) = ("web/base".into(), vec![], steps::Belief::None);
    run.push((
        steps::By::Owner,
        steps::Step::Write {
            at,
            set,
            delete,
            belief,
        },
    ));
    let taken = snapshot(&live(&run, |_| ()).state);
    let clear = b"a-value-that-nobody-may-see";
    assert!(!taken.windows(clear.len()).any(|bytes| bytes == clear));
}
