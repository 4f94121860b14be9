//! Steps that change a config as a whole.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use ssm_domain::caller::Actor;
use ssm_domain::command::Draft;
use ssm_domain::configs::CloneConfig;
use ssm_domain::id::ConfigId;
use ssm_domain::rejection::Rejection;
use ssm_domain::secrets::{Edit, Promote, Rollback};

use super::{Answer, CONFIGS, KEYS, PROJECTS, answered, config_path, one_of};
use crate::support::{World, key, path, slug, update_config};

/// One such change.
#[derive(Debug, Clone)]
pub enum Changing {
    Update {
        at: String,
        slug: Option<&'static str>,
        parent: Edit<&'static str>,
    },
    Clone {
        at: String,
        slug: &'static str,
    },
    Promote {
        project: &'static str,
        from: &'static str,
        to: &'static str,
        keys: Option<Vec<&'static str>>,
    },
    /// To the revision of so many entries after the config was made, counted modulo what there is.
    Rollback {
        at: String,
        entries: u64,
    },
}

pub fn changing() -> impl Strategy<Value = Changing> {
    prop_oneof![
        8 => updating(),
        3 => (config_path(), one_of(&CONFIGS)).prop_map(|(at, slug)| Changing::Clone { at, slug }),
        5 => promoting(),
        6 => (config_path(), any::<u64>())
            .prop_map(|(at, entries)| Changing::Rollback { at, entries }),
    ]
}

fn updating() -> impl Strategy<Value = Changing> {
    let parent = prop_oneof![
        1 => Just(Edit::Keep),
        1 => Just(Edit::Clear),
        4 => one_of(&CONFIGS).prop_map(Edit::Set),
    ];
    let slug = proptest::option::weighted(0.4, one_of(&CONFIGS));
    (config_path(), slug, parent).prop_map(|(at, slug, parent)| Changing::Update {
        at,
        slug,
        parent,
    })
}

fn promoting() -> impl Strategy<Value = Changing> {
    let keys = proptest::option::of(vec(one_of(&KEYS), 0..3));
    let configs = (one_of(&CONFIGS), one_of(&CONFIGS));
    (one_of(&PROJECTS), configs, keys).prop_map(|(project, (from, to), keys)| Changing::Promote {
        project,
        from,
        to,
        keys,
    })
}

pub(super) fn decide(
    world: &mut World,
    change: &Changing,
    actor: &Actor,
) -> Result<Draft<Answer>, Rejection> {
    match change {
        Changing::Update {
            at,
            slug: new,
            parent,
        } => {
            let mut command = update_config(at);
            command.slug = new.map(slug);
            command.parent = match parent {
                Edit::Keep => Edit::Keep,
                Edit::Clear => Edit::Clear,
                Edit::Set(parent) => Edit::Set(slug(parent)),
            };
            world
                .decide(&command, actor)
                .map(|draft| answered(draft, |config| Answer::Updated(config.id, config.revision)))
        }
        Changing::Clone { at, slug: new } => {
            let command = CloneConfig {
                source: path(at),
                slug: slug(new),
            };
            world
                .decide(&command, actor)
                .map(|draft| answered(draft, |made| Answer::Config(made.id)))
        }
        Changing::Promote {
            project,
            from,
            to,
            keys,
        } => {
            let keys = keys.as_ref();
            let command = Promote {
                project: slug(project),
                from: slug(from),
                to: slug(to),
                keys: keys.map(|keys| keys.iter().map(|name| key(name)).collect()),
                expected: None,
            };
            world
                .decide(&command, actor)
                .map(|draft| answered(draft, Answer::Written))
        }
        Changing::Rollback { at, entries } => {
            let command = rollback(world, at, *entries);
            world
                .decide(&command, actor)
                .map(|draft| answered(draft, Answer::Written))
        }
    }
}

/// To a revision between the one that made the config and the one that it has.
fn rollback(world: &World, at: &str, entries: u64) -> Rollback {
    let Some(config) = world.state.config_at(&path(at)) else {
        return Rollback {
            path: path(at),
            config_id: ConfigId::MIN,
            secrets: BTreeMap::new(),
            expected: None,
        };
    };
    let made = world.history(config).last().expect("it was made").seq;
    let revision = made + entries % (config.revision - made + 1);
    world.rollback(at, revision).expect("it was there")
}
