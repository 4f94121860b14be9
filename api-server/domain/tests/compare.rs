//! Configs side by side, against what each of them comes to by itself.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ssm_domain::access::Action::{ConfigsRead, SecretsRead};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::compare::{self, IssueKind, Reading, Standing};
use ssm_domain::effective::EffectiveConfig;
use ssm_domain::names::Key;
use ssm_domain::references::MAX_DEPTH;

use crate::support::{World, key, slug, write};

const CONFIGS: [&str; 4] = ["web/base", "web/mid", "web/prod", "web/solo"];

/// `base`, `mid` that inherits it, `prod` that inherits both, and `solo` that inherits nothing.
fn world(secrets: &[(usize, u8)]) -> World {
    let mut world = World::new();
    world.project("web");
    for (config, parent) in CONFIGS.iter().zip([None, Some("base"), Some("mid"), None]) {
        world.config(config, parent);
    }
    for (config, name) in secrets {
        let value = format!("{config}-{name}");
        world.set(CONFIGS[*config], &[(&format!("K{name:02}"), &value)]);
    }
    world
}

fn secrets() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((0..CONFIGS.len(), 0..20_u8), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_of_keys_are_together_all_that_any_config_comes_to(secrets in secrets(), limit in 1_usize..7) {
        let world = world(&secrets);
        let configs = CONFIGS.map(|at| world.at(at));
        let all: BTreeSet<&Key> = configs
            .iter()
            .flat_map(|config| EffectiveConfig::of(&world.state, config, true).secrets.into_keys())
            .collect();
        let mut paged: Vec<&Key> = Vec::new();
        loop {
            let page = compare::keys(&world.state, &configs, paged.last().copied(), limit);
            prop_assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        prop_assert_eq!(paged, all.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_cell_says_what_its_config_says(secrets in secrets()) {
        let world = world(&secrets);
        let caller = Caller::identify(&world.state, &world.owner(), world.now).unwrap();
        let configs = CONFIGS.map(|at| world.at(at));
        for name in (0..20).map(|name| key(&format!("K{name:02}"))) {
            for cell in compare::row(&world.state, caller.authority(), &configs, &name) {
                let effective = EffectiveConfig::of(&world.state, cell.config, true);
                let own = cell.config.secrets.contains_key(&name);
                let expected = match effective.secrets.get(&name) {
                    None => Standing::Missing,
                    Some(_) if !own => Standing::Inherited,
                    Some(found) if found.overrides.is_some() => Standing::Overridden,
                    Some(_) => Standing::Own,
                };
                prop_assert_eq!(cell.standing, expected);
                prop_assert!(!cell.broken);
            }
        }
    }
}

#[test]
fn a_cell_is_broken_where_its_own_reader_would_find_it_so() {
    let mut world = world(&[]);
    world.set("web/base", &[("GONE", "x"), ("PLAIN", "x")]);
    world.set(
        "web/base",
        &[("A", "${GONE}"), ("B", "${A}"), ("OK", "${PLAIN}")],
    );
    world.set("web/prod", &[("GONE", "own")]);
    let owner = world.owner();
    world
        .run(&write("web/base", &[], &["GONE"]), &owner)
        .unwrap();
    let caller = Caller::identify(&world.state, &owner, world.now).unwrap();
    let configs = CONFIGS.map(|at| world.at(at));
    for (name, expected) in [
        ("A", [true, true, false, false]),
        ("B", [true, true, false, false]),
        ("OK", [false; 4]),
    ] {
        let row = compare::row(&world.state, caller.authority(), &configs, &key(name));
        let broken: Vec<_> = row.iter().map(|cell| cell.broken).collect();
        assert_eq!(broken, expected, "{name}");
    }
}

#[test]
fn what_references_come_to_is_bounded_for_all_configs_together() {
    let mut world = world(&[]);
    let kilobyte = "x".repeat(1024);
    world.set("web/base", &[("PART", &kilobyte)]);
    world.set("web/base", &[("BIG", &"${PART}".repeat(400))]);
    let owner = world.owner();
    let caller = Caller::identify(&world.state, &owner, world.now).unwrap();
    let web = world.state.project_at(&slug("web")).unwrap();
    let configs = compare::open_to(&world.state, &caller, web, &[SecretsRead]);
    let reading = Reading {
        inherited: true,
        depth: Some(MAX_DEPTH),
    };
    let found = compare::compare(
        &world.state,
        &world.keys,
        &caller,
        &configs,
        &key("BIG"),
        reading,
    );
    let found = found.unwrap();
    let issues: Vec<_> = found.issues().map(|issue| issue.kind).collect();
    assert_eq!(issues, [IssueKind::Endless, IssueKind::Missing]);
    assert_eq!(found.unique_values(), 1);
}

#[test]
fn a_config_shows_to_those_who_may_do_all_that_is_asked_in_it() {
    let mut world = world(&[]);
    let reader = world.service(&[ConfigsRead, SecretsRead], "web/prod");
    let onlooker = world.service(&[ConfigsRead], "web");
    let shown = |by: &Actor, actions: &[_]| -> Vec<String> {
        let caller = Caller::identify(&world.state, by, world.now).unwrap();
        let web = world.state.project_at(&slug("web")).unwrap();
        let configs = compare::open_to(&world.state, &caller, web, actions);
        configs
            .iter()
            .map(|config| config.slug.to_string())
            .collect()
    };
    assert_eq!(shown(&reader, &[ConfigsRead, SecretsRead]), ["prod"]);
    assert_eq!(
        shown(&onlooker, &[ConfigsRead]),
        ["base", "mid", "prod", "solo"]
    );
    assert!(shown(&onlooker, &[ConfigsRead, SecretsRead]).is_empty());
}
