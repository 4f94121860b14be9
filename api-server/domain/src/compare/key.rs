//! One key in all configs, with its values.

use std::collections::BTreeSet;
use std::fmt;

use crate::caller::Caller;
use crate::effective::{EffectiveSecret, open};
use crate::id::ConfigId;
use crate::names::Key;
use crate::references::{Budget, Fault, Resolver};
use crate::rejection::Rejection;
use crate::seal::KeyRing;
use crate::secret::SecretValue;
use crate::state::{Config, State};

/// How values are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Whether inherited values count.
    pub inherited: bool,
    /// How many references may follow each other; none are followed where absent.
    pub depth: Option<usize>,
}

/// A key in one config.
pub struct ComparedKey<'a> {
    /// The config.
    pub config: &'a Config,
    /// What counts there; absent where nothing does.
    pub effective: Option<EffectiveSecret<'a>>,
    /// Its value; absent where there is none, or where its references come to nothing that could be shown.
    pub value: Option<SecretValue>,
    /// The config's own value as it is stored.
    pub own: Option<SecretValue>,
    /// What is wrong with it.
    pub issues: Vec<Issue>,
}

/// What is wrong with a key in one config. Its text names references and never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What kind of thing it is.
    pub kind: IssueKind,
    /// What exactly.
    pub message: String,
}

/// The kinds of things that can be wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueKind {
    /// There is no value.
    Missing,
    /// A reference leads nowhere, or to what the reader may not see.
    Unresolved,
    /// What looks like a reference is none.
    Syntax,
    /// References lead back to where they began, go on for too long, or come to too much.
    Endless,
}

impl fmt::Display for IssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing_effective_value",
            Self::Unresolved => "broken_reference_unresolved",
            Self::Syntax => "broken_reference_syntax",
            Self::Endless => "broken_reference_cycle_or_depth",
        })
    }
}

impl From<Fault> for Issue {
    fn from(fault: Fault) -> Self {
        let kind = match &fault {
            Fault::Unresolved(_) | Fault::Forbidden(_) => IssueKind::Unresolved,
            Fault::Syntax(_) => IssueKind::Syntax,
            Fault::Cycle(_) | Fault::TooDeep | Fault::TooLarge => IssueKind::Endless,
        };
        let message = fault.to_string();
        Self { kind, message }
    }
}

/// A key side by side.
pub struct Comparison<'a> {
    /// One for each config, in their order.
    pub configs: Vec<ComparedKey<'a>>,
    /// The other configs that values were taken from.
    pub hops: BTreeSet<ConfigId>,
}

impl Comparison<'_> {
    /// How many different values there are.
    pub fn unique_values(&self) -> usize {
        let values = self.configs.iter().filter_map(|found| found.value.as_ref());
        values
            .map(SecretValue::reveal)
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// Everything that is wrong.
    pub fn issues(&self) -> impl Iterator<Item = &Issue> {
        self.configs.iter().flat_map(|found| &found.issues)
    }
}

/// Looks at `key` in each of `configs`, which the caller may read. What references come to is bounded for all of them
/// together, as it is for any answer.
pub fn compare<'a>(
    state: &'a State,
    keys: &KeyRing,
    caller: &Caller<'_>,
    configs: &[&'a Config],
    key: &Key,
    reading: Reading,
) -> Result<Comparison<'a>, Rejection> {
    let mut comparison = Comparison {
        configs: Vec::with_capacity(configs.len()),
        hops: BTreeSet::new(),
    };
    let mut budget = Budget::default();
    for config in configs {
        let unopenable = |_| Rejection::Unopenable(key.to_string());
        let own = config.secrets.get(key);
        let own = own.map(|secret| open(keys, config, key, secret));
        let mut found = ComparedKey {
            config,
            effective: EffectiveSecret::find(state, config, key, reading.inherited),
            value: None,
            own: own.transpose().map_err(unopenable)?,
            issues: Vec::new(),
        };
        match (&found.effective, reading.depth) {
            (None, _) => found.issues.push(Issue {
                kind: IssueKind::Missing,
                message: "There is no value".to_owned(),
            }),
            (Some(effective), Some(depth)) if effective.secret.refs.is_some() => {
                let authority = caller.authority();
                let mut resolver =
                    Resolver::new(state, keys, authority, config, depth, &mut budget);
                match resolver.resolve(key) {
                    Ok(value) => {
                        found.value = value;
                        comparison.hops.extend(resolver.hops());
                    }
                    Err(Rejection::Reference { fault, .. }) => found.issues.push(fault.into()),
                    Err(other) => return Err(other),
                }
                let unresolved = resolver.unresolved().map(str::to_owned);
                let unresolved = unresolved.map(|text| Fault::Unresolved(text).into());
                found.issues.extend(unresolved);
            }
            (Some(effective), _) => {
                found.value = Some(effective.open(key, keys).map_err(unopenable)?);
            }
        }
        comparison.configs.push(found);
    }
    Ok(comparison)
}
