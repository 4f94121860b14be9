//! References: values that are made of other values. `${KEY}` is the value of that key in the config that is read,
//! `${config.KEY}` in another config of the project, `${project.config.KEY}` in any; `$${` is a literal `${`.
//!
//! What a placeholder means is decided when a value is saved ([`bind`]) and kept as a [`Reference`] beside it: configs are
//! meant by id, so that a renamed one is still meant, and a new one of the same name is not. A value without such a list
//! is plain text, whatever it looks like. Reading ([`Resolver`]) follows the references with the reader's own rights, and
//! never looks at names.
//!
//! [`Reference`]: crate::change::Reference

mod bind;
mod grammar;
mod graph;
mod resolve;

use std::collections::BTreeSet;
use std::fmt;

pub use bind::{Binding, NewValue, bind};
pub use grammar::{Piece, Place, Placeholder, SyntaxError, parse};
pub(crate) use graph::Graph;
pub use resolve::{Budget, Resolver};

use crate::access::{Action, Authority, Scope};
use crate::change::Reference;
use crate::id::ConfigId;
use crate::names::Key;
use crate::state::{Config, State};

/// How many references may be followed one after the other.
pub const MAX_DEPTH: usize = 8;
/// The most bytes of one answer that references may come to.
pub const MAX_OUTPUT: usize = 1024 * 1024;

/// What is wrong with a reference. The texts hold names that have passed their grammar, and nothing else of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A `${` that begins no reference.
    Syntax(SyntaxError),
    /// There is nothing where the reference leads.
    Unresolved(String),
    /// There may be something where the reference leads, but it is not for this caller.
    Forbidden(String),
    /// Following the references comes back to where it has been; the way there.
    Cycle(String),
    /// The references go on for longer than they may.
    TooDeep,
    /// The references come to more bytes than they may.
    TooLarge,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::Unresolved(reference) => write!(f, "Unresolved reference: {reference}"),
            Self::Forbidden(reference) => {
                write!(f, "Not allowed to read what this refers to: {reference}")
            }
            Self::Cycle(way) => write!(f, "Secret reference cycle detected: {way}"),
            Self::TooDeep => write!(f, "References nest deeper than they may ({MAX_DEPTH})"),
            Self::TooLarge => f.write_str("References come to more than 1 MiB"),
        }
    }
}

/// Whether following the references of `key` as `config` has it comes to nothing somewhere, or goes on for too long.
pub fn leads_nowhere(state: &State, config: &Config, key: &Key) -> bool {
    let everything = Authority::of(vec![Scope::EVERYTHING]);
    let followed = Graph::new(state, &everything, config.id).follow(config, key);
    !followed.is_ok_and(|shape| shape.is_some_and(|shape| !shape.broken))
}

/// A key as a config sees it, inherited values included.
type Node = (ConfigId, Key);

/// Whose rights count, and for which config they have been looked at already.
#[derive(Clone, Copy)]
struct Reader<'a> {
    authority: &'a Authority,
    root: ConfigId,
}

impl Reader<'_> {
    /// Every config that a reference leads to needs its own leave. What is inherited there comes with it.
    fn may_read(&self, config: &Config) -> bool {
        config.id == self.root || self.authority.may(Action::SecretsRead, config.place())
    }
}

/// The cycle that closes with `last`, in names. Everything on it is the reader's to read.
fn cycle(state: &State, path: &[Node], last: &Node) -> Fault {
    let begin = path.iter().position(|node| node == last).unwrap_or(0);
    let name = |(config, key): &Node| {
        let path = state
            .config(*config)
            .and_then(|config| state.path_of(config));
        path.map_or_else(
            || key.to_string(),
            |path| format!("{}.{}.{key}", path.project, path.config),
        )
    };
    let nodes = path[begin..].iter().chain([last]);
    Fault::Cycle(nodes.map(name).collect::<Vec<_>>().join(" -> "))
}

/// The pieces of a stored value, unless its text does not have as many placeholders as were bound.
fn pieces_of<'a>(text: &'a str, refs: &[Reference]) -> Option<Vec<Piece<'a>>> {
    let pieces = parse(text).ok()?;
    let placeholders = pieces.iter().filter(|piece| piece.placeholder().is_some());
    (placeholders.count() == refs.len()).then_some(pieces)
}

/// The names that a stored value refers to, as they are written in it, each once.
pub(crate) fn mentioned(text: &str, refs: &[Reference]) -> Vec<String> {
    let pieces = pieces_of(text, refs).unwrap_or_default();
    let names = pieces.iter().filter_map(Piece::placeholder);
    let names = names.map(|Placeholder { text, .. }| {
        let name = text.strip_prefix("${");
        name.and_then(|name| name.strip_suffix('}')).unwrap_or(text)
    });
    let mut told = BTreeSet::new();
    let first = names.filter(|name| told.insert(*name));
    first.map(str::to_owned).collect()
}
