//! Several deciders on one journal: whoever is second decides again, and nobody can tell that they raced.

use proptest::collection::vec;
use proptest::prelude::*;
use ssm_domain::caller::Actor;
use ssm_domain::id::{ConfigId, TokenId};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::state::{Changed, State};

use crate::support::observe::observe;
use crate::support::steps::{self, Answer, Belief, By, Step};
use crate::support::{Conflict, World, bootstrap, invalid, verify, without_reason};

/// A world in which there is something to race for, and the tokens that there are.
fn furnished() -> (World, Vec<TokenId>) {
    let (mut world, mut tokens) = (World::new(), Vec::new());
    for (by, step) in steps::furnishing() {
        if let Ok(Answer::Issued(id, _)) = sequential(&mut world, by, &step, &tokens) {
            tokens.push(id);
        }
    }
    (world, tokens)
}

fn sequential(
    world: &mut World,
    by: By,
    step: &Step,
    tokens: &[TokenId],
) -> Result<Answer, Rejection> {
    let actor = steps::actor(world, by, tokens);
    let draft = steps::decide(world, step, &actor, tokens)?;
    Ok(world.write(draft).unwrap())
}

/// Two servers, each with commands of its own, on one journal.
struct Race {
    servers: [World; 2],
    tokens: Vec<TokenId>,
    /// Which commands were settled, in the order of the journal.
    order: Vec<(By, Step)>,
}

impl Race {
    fn new() -> Self {
        let (first, tokens) = furnished();
        let second = first.replica(2);
        Self {
            servers: [first, second],
            tokens,
            order: Vec::new(),
        }
    }

    /// Both decide against what they know. `first` appends before the other, who may have to decide again.
    fn round(&mut self, steps: [(By, Step); 2], first: usize) {
        let drafts: Vec<_> = steps
            .iter()
            .zip(&mut self.servers)
            .map(|((by, step), server)| {
                let actor = steps::actor(server, *by, &self.tokens);
                (actor, steps::decide(server, step, &actor, &self.tokens))
            })
            .collect();
        let mut turns: Vec<_> = std::iter::zip(steps, drafts).enumerate().collect();
        turns.rotate_left(first);
        for (at, ((by, step), (actor, draft))) in turns {
            let server = &mut self.servers[at];
            // A refusal rests on what the server knew; it is as if it had come before the other's entry.
            let Ok(mut draft) = draft else { continue };
            loop {
                match server.write(draft) {
                    Ok(_) => {
                        self.order.push((by, step));
                        break;
                    }
                    Err(Conflict) => server.catch_up(),
                }
                match steps::decide(server, &step, &actor, &self.tokens) {
                    Ok(again) => draft = again,
                    Err(_) => break,
                }
            }
        }
    }
}

fn two_steps() -> impl Strategy<Value = ([(By, Step); 2], usize)> {
    let one = || {
        let step =
            steps::step().prop_filter("waiting is no race", |step| !matches!(step, Step::Wait));
        // The first tokens are the same in every world; later ones are not.
        let by = prop_oneof![3 => Just(By::Owner), 2 => (0..4usize).prop_map(By::Token)];
        (by, step)
    };
    ((one(), one()).prop_map(|(a, b)| [a, b]), 0..2usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_deciders_do_at_once_could_have_been_done_in_turn(rounds in vec(two_steps(), 1..25)) {
        let mut race = Race::new();
        for (steps, first) in rounds {
            race.round(steps, first);
        }
        let [first, second] = &mut race.servers;
        first.catch_up();
        second.catch_up();
        prop_assert_eq!(format!("{:?}", first.state), format!("{:?}", second.state));
        prop_assert!(verify(&first.store.borrow().entries).is_ok());
        invariants(&first.state)?;

        let (mut alone, tokens) = furnished();
        for (by, step) in &race.order {
            prop_assert!(sequential(&mut alone, *by, step, &tokens).is_ok());
        }
        prop_assert_eq!(observe(&alone.state, &alone.keys), observe(&first.state, &first.keys));
    }
}

/// What holds in every state, however it came about.
fn invariants(state: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(state.users().count(), 1, "the first user comes once");
    let mut revisions: Vec<ConfigId> = Vec::new();
    for project in state.projects() {
        let found = state.project_at(&project.slug).map(|found| found.id);
        prop_assert_eq!(found, Some(project.id), "slugs are unique");
        for config in state.configs_of(project) {
            let path = state.path_of(config).expect("its project is there");
            prop_assert_eq!(
                state.config_at(&path).map(|found| found.id),
                Some(config.id)
            );
            prop_assert_eq!(config.project_id, project.id);
            if let Some(parent) = config.parent_id {
                let parent = state.config(parent).expect("no parent dangles");
                prop_assert_eq!(parent.project_id, project.id);
                prop_assert!(parent.has_children() && parent.revision <= config.revision);
            }
            prop_assert!(state.lineage(config).take(17).count() <= 16, "no cycle");
            revisions.push(config.id);
        }
    }
    let changed = state.changed_since(0).filter_map(|changed| match changed {
        Changed::Config(config) => Some(config.id),
        Changed::Gone(..) => None,
    });
    let mut changed: Vec<_> = changed.collect();
    changed.sort_unstable();
    revisions.sort_unstable();
    prop_assert_eq!(
        changed,
        revisions,
        "every config changed once since the beginning"
    );
    for token in state.tokens().filter(|token| token.revoked_at.is_none()) {
        let project = token.scopes[0].place.project_id;
        let only_there = token
            .scopes
            .iter()
            .all(|scope| scope.place.project_id == project);
        if let (Some(project), true) = (project, only_there) {
            prop_assert!(
                state.project(project).is_some(),
                "no token outlives its project"
            );
        }
    }
    Ok(())
}

#[test]
fn whoever_is_second_is_told_what_the_first_one_did() {
    let write =
        |set: &[(&'static str, &'static str)], delete: &[&'static str], belief| Step::Write {
            at: "web/eu".into(),
            set: set.into(),
            delete: delete.into(),
            belief,
        };
    let config = |at: &str, parent| Step::CreateConfig {
        at: at.into(),
        parent,
    };
    let issue = |config| Step::Issue {
        personal: false,
        scopes: vec![steps::Wanted {
            actions: None,
            project: Some("web"),
            config,
        }],
        hours: None,
    };
    let moved = |seq| Err(Rejection::RevisionMoved { current: seq });
    let project_gone = || Err(Rejection::NotFound(Noun::Project));
    let config_gone = || Err(Rejection::NotFound(Noun::Config));
    let seq = furnished().0.seq() + 2;
    let delete_web = || Step::DeleteProject("web");
    let delete_eu = || Step::DeleteConfig("web/eu".into());
    let set = |belief| write(&[("A", "two")], &[], belief);

    let exists = Err(Rejection::AlreadyExists(Noun::Config));
    for (first, second, expected) in [
        (config("api/dev", None), config("api/dev", None), exists),
        (delete_web(), delete_web(), project_gone()),
        (delete_web(), config("web/new", None), project_gone()),
        (delete_web(), set(Belief::None), project_gone()),
        (delete_web(), issue(None), project_gone()),
        (delete_eu(), delete_eu(), config_gone()),
        (delete_eu(), set(Belief::None), config_gone()),
        (delete_eu(), issue(Some("eu")), config_gone()),
        (
            config("web/new", Some("eu")),
            delete_eu(),
            Err(Rejection::HasChildren),
        ),
        (
            delete_eu(),
            config("web/new", Some("eu")),
            Err(invalid("parent")),
        ),
        (set(Belief::Right), set(Belief::Right), moved(seq)),
        (set(Belief::None), set(Belief::None), Ok(())),
        (
            write(&[], &["D"], Belief::None),
            write(&[], &["D"], Belief::None),
            Err(Rejection::NotFound(Noun::Secret)),
        ),
        (Step::Revoke(0), Step::Revoke(0), Ok(())),
    ] {
        let (mut one, tokens) = furnished();
        one.set("web/eu", &[("D", "one")]);
        let mut other = one.replica(2);
        let owner = one.owner();
        let draft = steps::decide(&mut one, &first, &owner, &tokens).unwrap();
        let stale = steps::decide(&mut other, &second, &owner, &tokens).unwrap();
        one.write(draft).unwrap();
        assert!(other.write(stale).is_err(), "{second:?} after {first:?}");
        let believed = other.state.clone();
        other.catch_up();
        let again = steps::decide_believing(&mut other, &believed, &second, &owner, &tokens);
        let again = again.map(|_| ()).map_err(without_reason);
        assert_eq!(again, expected, "{second:?} after {first:?}");
    }
}

#[test]
fn of_two_first_users_one_is_the_first() {
    let mut one = World::empty(1);
    let mut other = one.replica(2);
    let first = one.decide(&bootstrap("alice"), &Actor::Anonymous).unwrap();
    let second = other.decide(&bootstrap("bob"), &Actor::Anonymous).unwrap();
    one.write(first).unwrap();
    assert!(other.write(second).is_err());
    assert_eq!(
        other.run(&bootstrap("bob"), &Actor::Anonymous).unwrap_err(),
        Rejection::AlreadyInitialized
    );
    other.catch_up();
    let names: Vec<_> = other
        .state
        .users()
        .map(|user| user.username.as_str())
        .collect();
    assert_eq!(names, ["alice"]);
}
