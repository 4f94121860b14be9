//! What a Secret should be: the configs chosen from, renamed, merged, given a shape, and checked against what Kubernetes takes.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

use k8s_openapi::ByteString;

use crate::crd::{CreationPolicy, FORBIDDEN_TYPES, SecretSync, Source, SourceStatus};
use crate::guard;
use crate::keys::{self, Selected};
use crate::problem::Problem;
use crate::snapshot::Snapshot;
use crate::{format, template};

/// What a Secret's values may weigh together.
pub const MAX_DATA: usize = 1 << 20;
/// How many overlapping keys are told of.
const MAX_OVERLAPPING: usize = 32;
/// A label on every Secret that the operator makes, unless the resource sets another value.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "simple-secrets-manager");

/// A source with what the server gave for it.
pub struct Fetched<'a> {
    /// Its place in `spec.sources`.
    pub source: &'a Source,
    /// The config.
    pub snapshot: Arc<Snapshot>,
}

impl Fetched<'_> {
    /// What the status says of it, once it is in the Secret.
    fn status(&self) -> SourceStatus {
        let (source, snapshot) = (self.source, &self.snapshot);
        SourceStatus {
            project: source.project.clone(),
            config: source.config.clone(),
            epoch: snapshot.epoch.to_string(),
            revision: snapshot.revision,
            keys: u32::try_from(snapshot.len()).unwrap_or(u32::MAX),
        }
    }
}

/// What a Secret should be.
pub struct Desired {
    /// Type.
    pub type_: String,
    /// Labels that are ours.
    pub labels: BTreeMap<String, String>,
    /// Annotations that are ours.
    pub annotations: BTreeMap<String, String>,
    /// Whose it is to be.
    pub policy: CreationPolicy,
    /// Whether nobody may change it.
    pub immutable: bool,
    /// The whole data.
    pub data: BTreeMap<String, ByteString>,
    /// Which source has given what.
    pub sources: Vec<SourceStatus>,
    /// Keys that more than one source has, the first of them in order.
    pub overlapping: Vec<String>,
}

/// A keyed hash of a Secret's data and of the rest: enough to know that nothing changed without keeping a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of the data.
    pub data: u64,
    /// Of everything else.
    pub rest: u64,
}

/// What the Secret should be. `previous` is what the status says about the last sync.
pub fn desire(
    sync: &SecretSync,
    fetched: &[Fetched<'_>],
    previous: &[SourceStatus],
) -> Result<Desired, Problem> {
    let target = &sync.spec.target;
    if FORBIDDEN_TYPES.contains(&target.type_.as_str()) {
        return Err(Problem::ForbiddenType {
            type_: target.type_.clone(),
        });
    }
    let mut merged = Selected::new();
    let mut overlapping = BTreeSet::new();
    let sources: Vec<SourceStatus> = fetched.iter().map(Fetched::status).collect();
    let may_empty = guard::is_allowed(sync, previous, &sources);
    for Fetched { source, snapshot } in fetched {
        if snapshot.unresolved > 0 {
            return Err(Problem::Unresolved {
                config: source.path(),
                count: snapshot.unresolved,
            });
        }
        let before = previous
            .iter()
            .find(|old| old.project == source.project && old.config == source.config);
        if snapshot.is_empty() && before.is_some_and(|old| old.keys > 0) && !may_empty {
            return Err(Problem::UpstreamEmpty {
                config: source.path(),
                command: guard::command(sync, &sources),
            });
        }
        for (key, value) in keys::select(source, snapshot.iter())? {
            if merged.contains_key(&key) {
                overlapping.insert(key.clone());
            }
            merged.insert(key, value);
        }
    }
    if merged.is_empty()
        && sources.iter().any(|source| source.keys > 0)
        && previous.iter().any(|old| old.keys > 0)
    {
        return Err(Problem::NothingSelected);
    }
    let data = match &target.template {
        Some(template) => template::render(template, &merged)?,
        None => format::write(target, merged)?,
    };
    let bytes = data.values().map(|value| value.0.len()).sum();
    if bytes > MAX_DATA {
        return Err(Problem::TooLarge { bytes });
    }
    check_type(&target.type_, &data)?;
    let mut labels = target.labels.clone();
    if target.creation_policy != CreationPolicy::Merge {
        labels
            .entry(MANAGED_BY.0.to_owned())
            .or_insert_with(|| MANAGED_BY.1.to_owned());
    }
    Ok(Desired {
        type_: target.type_.clone(),
        labels,
        annotations: target.annotations.clone(),
        policy: target.creation_policy,
        immutable: target.immutable,
        data,
        sources,
        overlapping: overlapping.into_iter().take(MAX_OVERLAPPING).collect(),
    })
}

/// What Kubernetes would refuse anyway, said beforehand and in better words.
fn check_type(type_: &str, data: &BTreeMap<String, ByteString>) -> Result<(), Problem> {
    let has = |key: &str| data.contains_key(key);
    let missing = |needs| {
        Err(Problem::MissingKeys {
            type_: type_.to_owned(),
            needs,
        })
    };
    let json = |key: &'static str| match data.get(key).map(|value| is_json_object(&value.0)) {
        Some(true) => Ok(()),
        Some(false) => Err(Problem::NotJson {
            type_: type_.to_owned(),
            key,
        }),
        None => missing(key),
    };
    match type_ {
        "kubernetes.io/tls" if !has("tls.crt") || !has("tls.key") => missing("tls.crt and tls.key"),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            missing("username or password")
        }
        "kubernetes.io/ssh-auth" if !has("ssh-privatekey") => missing("ssh-privatekey"),
        "kubernetes.io/dockerconfigjson" => json(".dockerconfigjson"),
        "kubernetes.io/dockercfg" => json(".dockercfg"),
        _ => Ok(()),
    }
}

/// Without keeping any of it.
fn is_json_object(value: &[u8]) -> bool {
    value.trim_ascii_start().starts_with(b"{")
        && serde_json::from_slice::<serde::de::IgnoredAny>(value).is_ok()
}

impl Desired {
    /// Its fingerprint; only comparable with others of the same hasher.
    pub fn fingerprint(&self, hasher: &RandomState) -> Fingerprint {
        let mut data = hasher.build_hasher();
        for (key, value) in &self.data {
            (key, &value.0).hash(&mut data);
        }
        Fingerprint {
            data: data.finish(),
            rest: hasher.hash_one((
                &self.type_,
                &self.labels,
                &self.annotations,
                self.policy,
                self.immutable,
            )),
        }
    }
}

/// An empty one, for tests to fill in.
#[cfg(test)]
pub(crate) fn nothing() -> Desired {
    Desired {
        type_: "Opaque".to_owned(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        policy: CreationPolicy::Owner,
        immutable: false,
        data: BTreeMap::new(),
        sources: Vec::new(),
        overlapping: Vec::new(),
    }
}
