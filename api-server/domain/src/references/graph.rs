//! Where references lead, by their names alone: no value is opened.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Fault, MAX_DEPTH, Node, Reader, cycle};
use crate::access::Authority;
use crate::change::Reference;
use crate::effective::EffectiveSecret;
use crate::id::ConfigId;
use crate::names::Key;
use crate::state::{Config, State};

/// A config as it will be once something is written that is not in the state yet.
pub(super) struct Written<'a> {
    /// The config.
    pub config: ConfigId,
    /// What it will have, each with its references.
    pub set: BTreeMap<&'a Key, Option<Vec<Reference>>>,
    /// What it will not have any more.
    pub deleted: BTreeSet<&'a Key>,
}

/// What following the references of a key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many references follow one after the other, at most.
    height: usize,
    /// Whether one of them leads to nothing.
    pub(crate) broken: bool,
}

/// The references of one state as one reader may follow them: beyond a config that is not theirs to read nothing is
/// looked at, so that nothing about it shows.
pub(crate) struct Graph<'a> {
    state: &'a State,
    reader: Reader<'a>,
    written: Option<&'a Written<'a>>,
    done: HashMap<Node, Shape>,
    path: Vec<Node>,
    hops: BTreeSet<ConfigId>,
    is_partial: bool,
}

impl<'a> Graph<'a> {
    /// For somebody who reads, or writes, `root`.
    pub(crate) fn new(state: &'a State, authority: &'a Authority, root: ConfigId) -> Self {
        Self {
            state,
            reader: Reader { authority, root },
            written: None,
            done: HashMap::new(),
            path: Vec::new(),
            hops: BTreeSet::new(),
            is_partial: false,
        }
    }

    /// The configs that references led to so far, and whether some were not followed, being not the reader's to follow.
    pub(crate) fn followed(self) -> (BTreeSet<ConfigId>, bool) {
        (self.hops, self.is_partial)
    }

    /// The same with a config as it will be.
    pub(super) fn with(mut self, written: &'a Written<'a>) -> Self {
        self.written = Some(written);
        self
    }

    /// Whether `config` has a value under `key`, inherited ones included.
    pub(super) fn has(&self, config: &'a Config, key: &Key) -> bool {
        self.references(config, key).is_some()
    }

    /// Follows the references of `key` as `config` has it; nothing where it has none.
    pub(crate) fn follow(&mut self, config: &'a Config, key: &Key) -> Result<Option<Shape>, Fault> {
        self.path.clear();
        self.visit(config, key)
    }

    fn visit(&mut self, config: &'a Config, key: &Key) -> Result<Option<Shape>, Fault> {
        let (node, depth) = ((config.id, key.clone()), self.path.len());
        if let Some(known) = self.done.get(&node) {
            return within(depth + known.height).map(|()| Some(*known));
        }
        if self.path.contains(&node) {
            return Err(cycle(self.state, &self.path, &node));
        }
        within(depth)?;
        let Some(references) = self.references(config, key) else {
            return Ok(None);
        };
        let mut shape = Shape {
            height: 0,
            broken: false,
        };
        self.path.push(node.clone());
        for reference in references {
            let target = match reference.config_id {
                None => Some(config),
                Some(id) => self.state.config(id),
            };
            let hops = reference.config_id.is_some();
            let seen = match target {
                Some(target) if hops && !self.reader.may_read(target) => {
                    self.is_partial = true;
                    continue;
                }
                Some(target) => {
                    self.hops.extend(hops.then_some(target.id));
                    self.visit(target, &reference.key)?
                }
                None => None,
            };
            shape.height = shape.height.max(1 + seen.map_or(0, |shape| shape.height));
            shape.broken |= seen.is_none_or(|shape| shape.broken);
        }
        self.path.pop();
        self.done.insert(node, shape);
        Ok(Some(shape))
    }

    /// The references of a value, if there is one; a plain one has none.
    fn references(&self, config: &'a Config, key: &Key) -> Option<&'a [Reference]> {
        let Some(written) = self.written else {
            let found = EffectiveSecret::find(self.state, config, key, true);
            return found.map(|found| found.secret.refs.as_deref().unwrap_or_default());
        };
        self.state.lineage(config).find_map(|config| {
            if config.id == written.config {
                if let Some(references) = written.set.get(key) {
                    return Some(references.as_deref().unwrap_or_default());
                }
                if written.deleted.contains(key) {
                    return None;
                }
            }
            let secret = config.secrets.get(key)?;
            Some(secret.refs.as_deref().unwrap_or_default())
        })
    }
}

fn within(depth: usize) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        Err(Fault::TooDeep)
    } else {
        Ok(())
    }
}
