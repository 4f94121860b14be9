//! The journal alone makes the state, and nobody can change the journal unnoticed.

use proptest::prelude::*;
use ssm_domain::digest::Digest;
use ssm_domain::entry::{BrokenChain, Entry};
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::state::State;

use crate::support::observe::observe;
use crate::support::steps::{self, Answer, By, Step};
use crate::support::{ROOT_KEY, Stored, World, load_keys, verify};

/// Does a run, calling `look` after each step.
pub fn live(run: &[(By, Step)], mut look: impl FnMut(&World)) -> World {
    let mut world = World::new();
    let mut tokens = Vec::new();
    for (by, step) in run {
        if let Step::Wait = step {
            world.wait(std::time::Duration::from_hours(7));
            continue;
        }
        let actor = steps::actor(&world, *by, &tokens);
        let draft = steps::decide(&mut world, step, &actor, &tokens);
        if let Ok(Answer::Issued(id, _)) = draft.map(|draft| world.write(draft).unwrap()) {
            tokens.push(id);
        }
        look(&world);
    }
    world
}

/// A journal with every kind of change in it.
fn journal() -> Vec<Stored> {
    let mut run = steps::furnishing();
    run.extend([
        (
            By::Owner,
            Step::Write {
                at: "web/base".into(),
                set: vec![("A", "one"), ("B", "")],
                delete: vec![],
                belief: steps::Belief::None,
            },
        ),
        (
            By::Owner,
            Step::Write {
                at: "web/base".into(),
                set: vec![],
                delete: vec!["A"],
                belief: steps::Belief::Right,
            },
        ),
        (By::Owner, Step::DeleteConfig("web/eu".into())),
        (By::Owner, Step::Revoke(2)),
        (By::Owner, Step::DeleteProject("web")),
    ]);
    live(&run, |_| ()).store.take().entries
}

/// Where the first entry stands that is not as it should be.
fn first_bad(entries: &[Stored]) -> Option<u64> {
    verify(entries).err().map(|broken| broken.seq())
}

fn rehash(stored: &mut Stored) {
    stored.hash = Digest::of(&stored.bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_prefix_of_a_journal_makes_the_state_that_there_was(run in steps::run(40)) {
        let mut seen = Vec::new();
        let world = live(&run, |world| seen.push((world.seq(), observe(&world.state, &world.keys))));
        let store = world.store.borrow();
        let keys = KeyRing::new(RootKey::parse(ROOT_KEY).unwrap());
        load_keys(&keys, &store);

        let mut state = State::default();
        for stored in &store.entries {
            let entry = Entry::verify_next(state.head(), &stored.bytes, stored.hash).unwrap();
            prop_assert_eq!(&entry.canonical_bytes(), &stored.bytes);
            state.apply(&entry, stored.hash, &store.values);
            let there_was = seen.iter().filter(|(seq, _)| *seq == state.head().seq);
            for (_, there_was) in there_was {
                prop_assert_eq!(&observe(&state, &keys), there_was);
            }
        }
        prop_assert_eq!(format!("{state:?}"), format!("{:?}", world.state));
    }

    #[test]
    fn a_journal_with_entries_taken_out_swapped_or_repeated_breaks_where_it_was_done(
        run in steps::run(20),
        picks in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let entries = live(&run, |_| ()).store.take().entries;
        let (first, second) = (picks.0.index(entries.len() - 1), picks.1.index(entries.len() - 1) + 1);
        let seq = first as u64 + 1;

        let mut without = entries.clone();
        without.remove(first);
        prop_assert_eq!(first_bad(&without), Some(seq));

        let mut repeated = entries.clone();
        repeated.insert(first, entries[first].clone());
        prop_assert_eq!(first_bad(&repeated), Some(seq + 1));

        if first < second {
            let mut swapped = entries;
            swapped.swap(first, second);
            prop_assert_eq!(first_bad(&swapped), Some(seq));
        }
    }
}

#[test]
fn flipping_any_bit_of_any_entry_is_noticed_there() {
    let entries = journal();
    assert_eq!(first_bad(&entries), None);
    for at in 0..entries.len() {
        for byte in 0..entries[at].bytes.len() {
            let mut flipped = entries[at].clone();
            flipped.bytes[byte] ^= 1 << (byte % 8);
            assert_eq!(
                behind(&entries[..at], &[flipped]),
                Err(BrokenChain::WrongHash(at as u64 + 1)),
                "byte {byte}"
            );
        }
    }
}

#[test]
fn an_entry_that_was_edited_and_hashed_again_breaks_the_chain_there_or_right_behind() {
    let entries = journal();
    for at in 0..entries.len() - 1 {
        // Entries have the same form at the same places: every seventh byte sees all of it over the journal.
        for byte in (at % 7..entries[at].bytes.len()).step_by(7) {
            let mut edited = entries[at..=at + 1].to_vec();
            edited[0].bytes[byte] ^= 1;
            rehash(&mut edited[0]);
            let broken = behind(&entries[..at], &edited).unwrap_err().seq();
            let here = at as u64 + 1;
            assert!(
                broken == here || broken == here + 1,
                "byte {byte} of {here}"
            );
        }
    }
}

/// Reads `entries` as what stands behind `before`, which is good.
fn behind(before: &[Stored], entries: &[Stored]) -> Result<(), BrokenChain> {
    let mut head = before
        .last()
        .map_or(ssm_domain::entry::Head::EMPTY, |last| {
            let entry: Entry = serde_json::from_slice(&last.bytes).unwrap();
            entry.head(last.hash)
        });
    for stored in entries {
        head = Entry::verify_next(&head, &stored.bytes, stored.hash)?.head(stored.hash);
    }
    Ok(())
}

#[test]
fn no_entry_holds_a_value_a_token_or_a_password_hash() {
    const CANARY: &str = "canary-3f9c";
    let mut world = World::new();
    world.project("web");
    world.config("web/prod", None);
    world.set("web/prod", &[("A", CANARY)]);
    let owner = world.owner();
    let issued = world
        .run(
            &crate::support::issue(vec![crate::support::scope(
                &[ssm_domain::access::Action::SecretsRead],
                "web",
            )]),
            &owner,
        )
        .unwrap();
    for stored in &world.store.borrow().entries {
        let text = std::str::from_utf8(&stored.bytes).unwrap();
        for secret in [CANARY, issued.token.reveal(), "$2b$"] {
            assert!(!text.contains(secret));
        }
    }
}
