//! What the values of one config refer to, and whether it is there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Issue, IssueKind};
use crate::access::Authority;
use crate::effective::{EffectiveConfig, EffectiveSecret};
use crate::id::ConfigId;
use crate::names::Key;
use crate::references::{Graph, mentioned};
use crate::seal::KeyRing;
use crate::state::State;

/// What one value refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mentions {
    /// Names as they are written, without the signs around them, each once.
    pub names: Vec<String>,
    /// What is wrong with following them.
    pub problem: Option<IssueKind>,
}

/// What the values of a config refer to, as one reader may know it: where they may not follow a reference, nothing is said
/// about it.
#[derive(Debug, Clone, Default)]
pub struct Survey<'a> {
    /// For each key whose value refers to anything.
    pub mentions: BTreeMap<&'a Key, Mentions>,
    /// The configs that references lead to, and that the reader may read.
    pub hops: BTreeSet<ConfigId>,
    /// Whether some reference was not followed, so that another reader may be told more.
    pub is_partial: bool,
}

impl<'a> Survey<'a> {
    /// Follows all references of a config. Values that have some are opened for their names; one that does not open is
    /// left out.
    pub fn of(
        state: &State,
        keys: &KeyRing,
        authority: &Authority,
        config: &EffectiveConfig<'a>,
    ) -> Self {
        if !state.settings().referencing_enabled {
            return Self::default();
        }
        let mut graph = Graph::new(state, authority, config.config.id);
        let mut mentions = BTreeMap::new();
        for (key, found) in &config.secrets {
            let names = names(key, found, keys);
            if names.is_empty() {
                continue;
            }
            let problem = match graph.follow(config.config, key) {
                Ok(shape) => {
                    let is_broken = shape.is_some_and(|shape| shape.broken);
                    is_broken.then_some(IssueKind::Unresolved)
                }
                Err(fault) => Some(Issue::from(fault).kind),
            };
            mentions.insert(*key, Mentions { names, problem });
        }
        let (hops, is_partial) = graph.followed();
        Self {
            mentions,
            hops,
            is_partial,
        }
    }
}

fn names(key: &Key, found: &EffectiveSecret<'_>, keys: &KeyRing) -> Vec<String> {
    let Some(refs) = found.secret.refs.as_deref() else {
        return Vec::new();
    };
    let value = found.open(key, keys);
    value.map_or_else(|_| Vec::new(), |value| mentioned(value.reveal(), refs))
}
