//! References: what they mean when they are saved, and what they come to when they are read.

mod binding;
mod property;
mod resolving;

use std::collections::BTreeMap;

use ssm_domain::access::Action;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::effective::EffectiveConfig;
use ssm_domain::references::{Budget, Fault, MAX_DEPTH, Resolver};
use ssm_domain::rejection::Rejection;

use crate::support::{World, key, path, write};

/// Two projects: `web` with `base`, from which `prod` and `dev` inherit, and `shop` with `prod`.
fn world() -> World {
    let mut world = World::new();
    for (project, configs) in [
        (
            "web",
            &[
                ("base", None),
                ("prod", Some("base")),
                ("dev", Some("base")),
            ][..],
        ),
        ("shop", &[("prod", None)]),
    ] {
        world.project(project);
        for (config, parent) in configs {
            world.config(&format!("{project}/{config}"), *parent);
        }
    }
    world
}

/// What a write is refused with, if it is refused for its references.
fn refused(world: &mut World, by: &Actor, at: &str, set: &[(&str, &str)]) -> Option<Fault> {
    match world.run(&write(at, set, &[]), by) {
        Ok(_) => None,
        Err(Rejection::Reference { fault, .. }) => Some(fault),
        Err(other) => panic!("{other:?}"),
    }
}

/// What somebody reads: values by key, and the references that lead nowhere.
type Read = (BTreeMap<String, String>, Vec<String>);

/// Everything in a config, with its references resolved.
fn read(world: &World, by: &Actor, at: &str) -> Result<Read, Fault> {
    let caller = Caller::identify(&world.state, by, world.now).unwrap();
    let config = caller.config_for(Action::SecretsRead, &path(at)).unwrap();
    let (mut budget, authority) = (Budget::default(), caller.authority());
    let mut resolver = Resolver::new(
        &world.state,
        &world.keys,
        authority,
        config,
        MAX_DEPTH,
        &mut budget,
    );
    let mut values = BTreeMap::new();
    for found in EffectiveConfig::of(&world.state, config, true)
        .secrets
        .keys()
    {
        match resolver.resolve(found) {
            Ok(value) => {
                let value = value.expect("it is in the effective config");
                values.insert(found.to_string(), value.reveal().to_owned());
            }
            Err(Rejection::Reference { fault, .. }) => return Err(fault),
            Err(other) => panic!("{other:?}"),
        }
    }
    let unresolved = resolver.unresolved().map(str::to_owned).collect();
    Ok((values, unresolved))
}

/// One value as the owner reads it.
fn value(world: &World, at: &str, name: &str) -> String {
    let (values, _) = read(world, &world.owner(), at).unwrap();
    values[name].clone()
}

/// Whether the stored value is plain text.
fn is_plain(world: &World, at: &str, name: &str) -> bool {
    world.at(at).secrets[&key(name)].refs.is_none()
}
