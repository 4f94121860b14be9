//! The removal guard: keys that vanish because somebody deleted them in the server may be at most a share of those that were
//! last written, until somebody has looked. Pure.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use k8s_openapi::ByteString;

use crate::crd::{ALLOW_REMOVAL_ANNOTATION, Format, SecretSync, SourceStatus};
use crate::desired::Desired;
use crate::problem::Problem;

/// Names that were written, each as a keyed hash of 32 bits: enough to count those that are to go.
pub type Names = Arc<[u32]>;

/// The names of this data; only comparable with others of the same hasher.
pub fn names(data: &BTreeMap<String, ByteString>, hasher: &RandomState) -> Names {
    let short = |hash: u64| u32::try_from(hash >> 32).expect("32 bits are left");
    data.keys()
        .map(|name| short(hasher.hash_one(name)))
        .collect()
}

/// How many names there were, and how many of them are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Names that are to go.
    pub removed: usize,
    /// Names that were last written.
    pub of: usize,
}

impl Removal {
    /// Of names that were remembered.
    pub fn of_remembered(before: &Names, desired: &Desired, hasher: &RandomState) -> Self {
        let after = names(&desired.data, hasher);
        let removed = before.iter().filter(|name| !after.contains(name)).count();
        Self {
            removed,
            of: before.len(),
        }
    }

    /// Of names that were read.
    pub fn of_read<'a>(before: impl Iterator<Item = &'a String>, desired: &Desired) -> Self {
        let mut removal = Self { removed: 0, of: 0 };
        for name in before {
            removal.of += 1;
            removal.removed += usize::from(!desired.data.contains_key(name));
        }
        removal
    }

    /// Of the configs' keys, for a Secret whose names are not theirs. Only their numbers are known.
    fn of_counts(before: &[SourceStatus], after: &[SourceStatus]) -> Self {
        let count =
            |sources: &[SourceStatus]| sources.iter().map(|source| source.keys as usize).sum();
        let removed = before.iter().map(|old| {
            let now = after.iter().find(|new| is_same_config(new, old));
            (old.keys).saturating_sub(now.map_or(0, |new| new.keys)) as usize
        });
        Self {
            removed: removed.sum(),
            of: count(before),
        }
    }
}

/// Refuses a removal that is too large. A changed spec, a first sync and drift at an unchanged revision are not guarded.
pub fn check(sync: &SecretSync, desired: &Desired, names: Removal) -> Result<(), Problem> {
    let Some(status) = &sync.status else {
        return Ok(());
    };
    let is_same_spec =
        status.synced_generation.is_some() && status.synced_generation == sync.metadata.generation;
    if !is_same_spec || status.sources == desired.sources {
        return Ok(());
    }
    let target = &sync.spec.target;
    let removal = if target.format == Format::Keys && target.template.is_none() {
        names
    } else {
        Removal::of_counts(&status.sources, &desired.sources)
    };
    let Removal { removed, of } = removal;
    let percent = sync.spec.max_removed_percent;
    if removed * 100 <= of * usize::from(percent)
        || is_allowed(sync, &status.sources, &desired.sources)
    {
        return Ok(());
    }
    Err(Problem::RemovalGuard {
        name: crate::plan::target_name(sync).to_owned(),
        removed,
        of,
        percent,
        command: command(sync, &desired.sources),
    })
}

/// Whether somebody has looked at what goes with these sources. The annotation counts up to its revision; after a restore the
/// server counts anew, so that what was allowed before would allow anything: then it has to be the very revision.
pub fn is_allowed(sync: &SecretSync, before: &[SourceStatus], now: &[SourceStatus]) -> bool {
    let annotations = sync.metadata.annotations.as_ref();
    let allowed = annotations
        .and_then(|annotations| annotations.get(ALLOW_REMOVAL_ANNOTATION))
        .and_then(|revision| revision.trim().parse::<u64>().ok());
    let Some(allowed) = allowed else {
        return false;
    };
    let is_same_epoch = now.iter().all(|new| {
        let old = before.iter().find(|old| is_same_config(new, old));
        old.is_some_and(|old| old.epoch == new.epoch)
    });
    let revision = revision(now);
    allowed == revision || (allowed > revision && is_same_epoch)
}

/// What to type to allow it.
pub fn command(sync: &SecretSync, sources: &[SourceStatus]) -> String {
    let of = |part: &Option<String>| part.clone().unwrap_or_default();
    format!(
        "kubectl annotate secretsync {} --namespace {} --overwrite {ALLOW_REMOVAL_ANNOTATION}={}",
        of(&sync.metadata.name),
        of(&sync.metadata.namespace),
        revision(sources)
    )
}

fn revision(sources: &[SourceStatus]) -> u64 {
    let revisions = sources.iter().map(|source| source.revision);
    revisions.max().unwrap_or_default()
}

fn is_same_config(one: &SourceStatus, other: &SourceStatus) -> bool {
    one.project == other.project && one.config == other.config
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
