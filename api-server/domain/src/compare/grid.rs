//! All keys in all configs. Nothing is opened for it.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::access::Authority;
use crate::effective::EffectiveSecret;
use crate::names::Key;
use crate::references::Graph;
use crate::state::{Config, State};

/// How a config comes by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has a value of its own, and nothing above it has one.
    Own,
    /// It has one from above.
    Inherited,
    /// It has a value of its own, which hides one from above.
    Overridden,
    /// It has none.
    Missing,
}

/// A key in one config.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// The config.
    pub config: &'a Config,
    /// How it comes by the key.
    pub standing: Standing,
    /// What it comes to.
    pub effective: Option<EffectiveSecret<'a>>,
    /// Whether a reference in it leads nowhere, or for ever on.
    pub broken: bool,
}

/// The keys that some of `configs` comes to, in order: those after `after`, and at most `limit`.
pub fn keys<'a>(
    state: &'a State,
    configs: &[&'a Config],
    after: Option<&Key>,
    limit: usize,
) -> Vec<&'a Key> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut first = BTreeSet::new();
    for config in configs.iter().flat_map(|config| state.lineage(config)) {
        // No config can add more to the first so many than its own first so many.
        let own = config.secrets.range::<_, Key>((from, Bound::Unbounded));
        first.extend(own.map(|(key, _)| key).take(limit));
        while first.len() > limit {
            first.pop_last();
        }
    }
    first.into_iter().collect()
}

/// A key in each of `configs`, as a reader with `authority` may know of it: beyond what they may read nothing is looked
/// at.
pub fn row<'a>(
    state: &'a State,
    authority: &Authority,
    configs: &[&'a Config],
    key: &Key,
) -> Vec<Cell<'a>> {
    let follows = state.settings().referencing_enabled;
    let cell = |config: &&'a Config| {
        let effective = EffectiveSecret::find(state, config, key, true);
        let standing = match effective {
            None => Standing::Missing,
            Some(found) if found.is_inherited(config) => Standing::Inherited,
            Some(found) if found.overrides.is_some() => Standing::Overridden,
            Some(_) => Standing::Own,
        };
        let refers = effective.is_some_and(|found| found.secret.refs.is_some());
        let broken = || match Graph::new(state, authority, config.id).follow(config, key) {
            Ok(shape) => shape.is_some_and(|shape| shape.broken),
            Err(_) => true,
        };
        Cell {
            config,
            standing,
            effective,
            broken: follows && refers && broken(),
        }
    };
    configs.iter().map(cell).collect()
}
