//! References against a resolver that is too simple to be wrong, after any history of writes.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use proptest::prelude::*;
use ssm_domain::access::Action::{SecretsExport, SecretsRead};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::id::ConfigId;
use ssm_domain::references::{Budget, Fault, Resolver};
use ssm_domain::rejection::Rejection;
use ssm_domain::secrets::Edit;

use super::world;
use crate::support::{World, issue, key, path, scope, slug, update_config, write};

const CONFIGS: [&str; 4] = ["web/base", "web/prod", "web/dev", "shop/prod"];
const KEYS: [&str; 4] = ["A", "B", "C", "D"];

/// Something that is done to the secrets of a config.
#[derive(Debug, Clone)]
enum Step {
    Set(&'static str, &'static str, String),
    Delete(&'static str, &'static str),
    /// Lets it inherit from `web/base`, or from nothing.
    Inherit(&'static str, bool),
}

fn config() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&CONFIGS[..])
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&KEYS[..])
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        1 => "[a-z]{0,2}",
        3 => name().prop_map(|key| format!("${{{key}}}")),
        3 => (config(), name()).prop_map(|(config, key)| format!("${{{}.{key}}}", config.replace('/', "."))),
        1 => Just("$${A}".to_owned()),
    ];
    prop::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (config(), name(), text()).prop_map(|(config, key, text)| Step::Set(config, key, text)),
        2 => (config(), name()).prop_map(|(config, key)| Step::Delete(config, key)),
        1 => (prop::sample::select(&["web/prod", "web/dev"][..]), any::<bool>())
            .prop_map(|(config, inherits)| Step::Inherit(config, inherits)),
    ];
    prop::collection::vec(step, 1..40)
}

/// Every key everywhere, so that there is something to refer to.
fn full_world() -> World {
    let mut world = world();
    for config in CONFIGS {
        world.set(config, &KEYS.map(|key| (key, "x")));
    }
    world
}

/// What is refused stays as it was.
fn take(world: &mut World, step: &Step) {
    let owner = world.owner();
    match step {
        Step::Set(config, key, text) => {
            let _ = world.run(&write(config, &[(key, text)], &[]), &owner);
        }
        Step::Delete(config, key) => {
            let _ = world.run(&write(config, &[], &[key]), &owner);
        }
        Step::Inherit(config, inherits) => {
            let mut update = update_config(config);
            update.parent = if *inherits {
                Edit::Set(slug("base"))
            } else {
                Edit::Clear
            };
            let _ = world.run(&update, &owner);
        }
    }
}

/// Follows references one by one, by the names in texts, and remembers nothing.
struct Naive<'a> {
    world: &'a World,
    readable: BTreeSet<&'a str>,
    max_depth: usize,
    unresolved: BTreeSet<String>,
}

impl Naive<'_> {
    fn resolve(
        &mut self,
        config: &str,
        key: &str,
        way: &mut Vec<(String, String)>,
    ) -> Result<Option<String>, Fault> {
        let node = (config.to_owned(), key.to_owned());
        if way.contains(&node) {
            return Err(Fault::Cycle(String::new()));
        }
        if way.len() > self.max_depth {
            return Err(Fault::TooDeep);
        }
        let Some(text) = self.world.effective(config, key) else {
            return Ok(None);
        };
        way.push(node);
        let (mut resolved, mut rest) = (String::new(), &*text);
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                resolved.push_str(&rest[..at - 1]);
                resolved.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            resolved.push_str(&rest[..at]);
            let end = at + rest[at..].find('}').expect("it was saved");
            let reference = &rest[at..=end];
            let found = self.reference(config, reference, way)?;
            resolved.push_str(&found.unwrap_or_else(|| {
                self.unresolved.insert(reference.to_owned());
                String::new()
            }));
            rest = &rest[end + 1..];
        }
        resolved.push_str(rest);
        way.pop();
        Ok(Some(resolved))
    }

    fn reference(
        &mut self,
        config: &str,
        text: &str,
        way: &mut Vec<(String, String)>,
    ) -> Result<Option<String>, Fault> {
        let name = &text[2..text.len() - 1];
        let Some((place, key)) = name.rsplit_once('.') else {
            return self.resolve(config, name, way);
        };
        let place = place.replace('.', "/");
        if !self.readable.contains(&*place) {
            return Err(Fault::Forbidden(text.to_owned()));
        }
        self.resolve(&place, key, way)
    }
}

/// What each key of `at` comes to, all of them read by one resolver, and what led nowhere.
type Found = (
    BTreeMap<&'static str, Result<Option<String>, Fault>>,
    BTreeSet<String>,
);

fn resolved(world: &World, by: &Actor, at: &str, max_depth: usize) -> Found {
    let caller = Caller::identify(&world.state, by, world.now).unwrap();
    let (config, mut budget) = (world.at(at), Budget::default());
    let mut resolver = Resolver::new(
        &world.state,
        &world.keys,
        caller.authority(),
        config,
        max_depth,
        &mut budget,
    );
    let values = KEYS.map(|name| {
        let value = match resolver.resolve(&key(name)) {
            Ok(value) => Ok(value.map(|value| value.reveal().to_owned())),
            Err(Rejection::Reference { fault, .. }) => Err(fault),
            Err(other) => panic!("{other:?}"),
        };
        (name, value)
    });
    (
        values.into(),
        resolver.unresolved().map(str::to_owned).collect(),
    )
}

fn naive(world: &World, readable: &[&str], at: &str, max_depth: usize) -> Found {
    let readable = readable.iter().copied().collect();
    let mut naive = Naive {
        world,
        readable,
        max_depth,
        unresolved: BTreeSet::new(),
    };
    let values = KEYS.map(|name| (name, naive.resolve(at, name, &mut Vec::new())));
    (values.into(), naive.unresolved)
}

/// The configs that `config` depends on: itself, what it inherits, and what these refer to.
fn closure(world: &World, config: ConfigId, seen: &mut BTreeSet<ConfigId>) {
    if !seen.insert(config) {
        return;
    }
    let Some(config) = world.state.config(config) else {
        return;
    };
    let references = config
        .secrets
        .values()
        .filter_map(|secret| secret.refs.as_deref());
    let referred = references
        .flatten()
        .filter_map(|reference| reference.config_id);
    for next in referred.chain(config.parent_id) {
        closure(world, next, seen);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn values_come_to_what_following_them_one_by_one_comes_to(steps in steps(), max_depth in 1_usize..6) {
        let mut world = full_world();
        for step in &steps {
            take(&mut world, step);
        }
        for (readable, places) in [
            (&CONFIGS[..], &[""][..]),
            (&CONFIGS[..3], &["web"]),
            (&["web/prod", "shop/prod"], &["web/prod", "shop"]),
        ] {
            let scopes = places.iter().map(|place| scope(&[SecretsRead, SecretsExport], place));
            let command = issue(scopes.collect());
            let reader = Actor::Token(world.run(&command, &world.owner()).unwrap().token_id);
            for at in readable {
                let (values, unresolved) = resolved(&world, &reader, at, max_depth);
                let (expected, nowhere) = naive(&world, readable, at, max_depth);
                for (name, value) in &values {
                    match (value, &expected[name]) {
                        (Err(Fault::Cycle(_)), Err(other)) => {
                            prop_assert_eq!(discriminant(&Fault::Cycle(String::new())), discriminant(other));
                        }
                        (value, expected) => prop_assert_eq!(value, expected, "{}.{}", at, name),
                    }
                }
                prop_assert_eq!(unresolved, nowhere);
            }
        }
    }

    #[test]
    fn a_revision_moves_if_and_only_if_something_that_the_config_depends_on_was_changed(steps in steps()) {
        let mut world = full_world();
        let revisions = |world: &World| CONFIGS.map(|at| world.at(at).revision);
        for step in &steps {
            let (before, seq) = (revisions(&world), world.seq());
            take(&mut world, step);
            let changed = match step {
                Step::Set(at, ..) | Step::Delete(at, _) | Step::Inherit(at, _) => world.state.config_at(&path(at)).unwrap().id,
            };
            for ((at, before), after) in CONFIGS.iter().zip(before).zip(revisions(&world)) {
                let mut depends_on = BTreeSet::new();
                closure(&world, world.at(at).id, &mut depends_on);
                let concerned = world.seq() > seq && depends_on.contains(&changed);
                prop_assert_eq!(after, if concerned { world.seq() } else { before }, "{} after {:?}", at, step);
            }
        }
    }
}
