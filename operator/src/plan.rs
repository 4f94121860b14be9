//! What a Secret should be, and what has to be done to make it so. Pure: no clock, no network, no API server.
//!
//! Two rules are kept here and nowhere else: a Secret that the resource does not own is never touched, and a Secret is
//! written whole or not at all.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::crd::{FORBIDDEN_TYPES, GROUP, KIND, SecretSync, SourceStatus};
use crate::keys;
use crate::problem::Problem;
use crate::snapshot::Snapshot;

/// Name under which Kubernetes records which fields are the operator's.
pub const FIELD_MANAGER: &str = "ssm-operator";
/// What a Secret's values may weigh together.
pub const MAX_DATA: usize = 1 << 20;
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "simple-secrets-manager");

/// A source with what the server gave for it.
pub struct Fetched<'a> {
    /// Its place in `spec.sources`.
    pub source: &'a crate::crd::Source,
    /// The config.
    pub snapshot: Arc<Snapshot>,
}

/// What a Secret should be.
pub struct Desired {
    /// Type.
    pub type_: String,
    /// Labels that are ours.
    pub labels: BTreeMap<String, String>,
    /// Annotations that are ours.
    pub annotations: BTreeMap<String, String>,
    /// The whole data.
    pub data: BTreeMap<String, ByteString>,
    /// Which source has given what.
    pub sources: Vec<SourceStatus>,
}

/// A keyed hash of a Secret's data and of the rest: enough to know that nothing changed without keeping a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    data: u64,
    rest: u64,
}

/// What is known of the live Secret without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its version after our write.
    pub resource_version: String,
    /// What we wrote.
    pub fingerprint: Fingerprint,
}

/// The live Secret, as far as it is known.
pub enum Existing<'a> {
    /// There is none.
    Absent,
    /// It is exactly what we last wrote.
    AsWritten(&'a Written),
    /// It exists, and that is all that is known.
    Unread,
    /// It was read.
    Live(&'a Secret),
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// It is as it should be.
    Nothing,
    /// Read it, and plan again.
    Read,
    /// Make it.
    Create(Box<Secret>),
    /// Only the data differs from what we wrote; the version is the precondition.
    PatchData {
        /// Precondition.
        resource_version: String,
        /// The whole data.
        data: BTreeMap<String, ByteString>,
    },
    /// Put it, with the version that was read as precondition.
    Update(Box<Secret>),
    /// The type cannot be changed in place: delete this very Secret, and create it at once.
    Replace {
        /// Precondition of the deletion.
        uid: String,
        /// Precondition of the deletion.
        resource_version: String,
        /// What to create.
        secret: Box<Secret>,
    },
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
    let mut merged: BTreeMap<String, &[u8]> = BTreeMap::new();
    let mut sources = Vec::with_capacity(fetched.len());
    for Fetched { source, snapshot } in fetched {
        let config = || format!("{}/{}", source.project, source.config);
        if snapshot.unresolved > 0 {
            return Err(Problem::Unresolved {
                config: config(),
                count: snapshot.unresolved,
            });
        }
        let before = previous
            .iter()
            .find(|old| old.project == source.project && old.config == source.config);
        if snapshot.is_empty() && before.is_some_and(|old| old.keys > 0) {
            return Err(Problem::UpstreamEmpty { config: config() });
        }
        merged.extend(keys::select(&source.keys, snapshot.iter())?);
        sources.push(SourceStatus {
            project: source.project.clone(),
            config: source.config.clone(),
            epoch: snapshot.epoch.to_string(),
            revision: snapshot.revision,
            keys: u32::try_from(snapshot.len()).unwrap_or(u32::MAX),
        });
    }
    if merged.is_empty()
        && sources.iter().any(|source| source.keys > 0)
        && previous.iter().any(|old| old.keys > 0)
    {
        return Err(Problem::NothingSelected);
    }
    let bytes = merged.values().map(|value| value.len()).sum();
    if bytes > MAX_DATA {
        return Err(Problem::TooLarge { bytes });
    }
    check_type(&target.type_, &merged)?;
    let mut labels = target.labels.clone();
    labels
        .entry(MANAGED_BY.0.to_owned())
        .or_insert_with(|| MANAGED_BY.1.to_owned());
    Ok(Desired {
        type_: target.type_.clone(),
        labels,
        annotations: target.annotations.clone(),
        data: merged
            .into_iter()
            .map(|(key, value)| (key, ByteString(value.to_vec())))
            .collect(),
        sources,
    })
}

/// What Kubernetes would refuse anyway, said beforehand and in better words.
fn check_type(type_: &str, data: &BTreeMap<String, &[u8]>) -> Result<(), Problem> {
    let has = |key: &str| data.contains_key(key);
    let missing = |needs| {
        Err(Problem::MissingKeys {
            type_: type_.to_owned(),
            needs,
        })
    };
    let json = |key: &'static str| match data
        .get(key)
        .map(|value| serde_json::from_slice::<JsonObject>(value))
    {
        Some(Ok(_)) => Ok(()),
        Some(Err(_)) => Err(Problem::NotJson {
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

/// Whether something is a JSON object, without keeping any of it.
type JsonObject = BTreeMap<String, serde::de::IgnoredAny>;

/// What to do about the Secret.
pub fn plan(
    sync: &SecretSync,
    desired: &Desired,
    existing: &Existing<'_>,
    hasher: &RandomState,
) -> Result<Plan, Problem> {
    match existing {
        Existing::Absent => Ok(Plan::Create(Box::new(fresh(sync, desired)))),
        Existing::Unread => Ok(Plan::Read),
        Existing::AsWritten(written) => {
            let fingerprint = desired.fingerprint(hasher);
            Ok(if fingerprint == written.fingerprint {
                Plan::Nothing
            } else if fingerprint.rest == written.fingerprint.rest {
                Plan::PatchData {
                    resource_version: written.resource_version.clone(),
                    data: desired.data.clone(),
                }
            } else {
                Plan::Read
            })
        }
        Existing::Live(live) => against_live(sync, desired, live),
    }
}

fn against_live(sync: &SecretSync, desired: &Desired, live: &Secret) -> Result<Plan, Problem> {
    let name = live.metadata.name.clone().unwrap_or_default();
    let owner = Ownership::of(live, sync);
    match owner {
        Ownership::Ours | Ownership::Dangling => {}
        Ownership::Nobody => return Err(Problem::NotOwned { name }),
        Ownership::Other(owner) => return Err(Problem::OwnedByOther { name, owner }),
    }
    if live.metadata.deletion_timestamp.is_some() {
        return Err(Problem::Terminating { name });
    }
    let same_type = live.type_.as_deref().unwrap_or("Opaque") == desired.type_;
    let same_data = same_type
        && live
            .data
            .as_ref()
            .map_or(desired.data.is_empty(), |data| *data == desired.data);
    if !same_type || (live.immutable == Some(true) && !same_data) {
        return Ok(Plan::Replace {
            uid: live.metadata.uid.clone().unwrap_or_default(),
            resource_version: live.metadata.resource_version.clone().unwrap_or_default(),
            secret: Box::new(fresh(sync, desired)),
        });
    }
    let formerly = OurFields::of(live);
    let labels = overlay(
        live.metadata.labels.as_ref(),
        &formerly.labels,
        &desired.labels,
    );
    let annotations = overlay(
        live.metadata.annotations.as_ref(),
        &formerly.annotations,
        &desired.annotations,
    );
    let same_metadata = owner == Ownership::Ours
        && labels == live.metadata.labels.clone().unwrap_or_default()
        && annotations == live.metadata.annotations.clone().unwrap_or_default();
    if same_data && same_metadata {
        return Ok(Plan::Nothing);
    }
    let mut secret = live.clone();
    secret.metadata.managed_fields = None;
    secret.metadata.labels = Some(labels);
    secret.metadata.annotations = Some(annotations);
    let theirs = secret.metadata.owner_references.take().unwrap_or_default();
    let theirs = theirs
        .into_iter()
        .filter(|reference| !names(reference, sync));
    secret.metadata.owner_references = Some(theirs.chain([owner_reference(sync)]).collect());
    secret.data = Some(desired.data.clone());
    secret.string_data = None;
    Ok(Plan::Update(Box::new(secret)))
}

/// Whose a Secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ownership {
    /// This resource's, by unique id.
    Ours,
    /// A former resource's of the same kind and name, restored from a backup. As names are unique, that one is gone.
    Dangling,
    /// Nobody's.
    Nobody,
    /// Something else's, in words.
    Other(String),
}

impl Ownership {
    fn of(secret: &Secret, sync: &SecretSync) -> Self {
        let owners = secret
            .metadata
            .owner_references
            .as_deref()
            .unwrap_or_default();
        let Some(owner) = owners.iter().find(|owner| owner.controller == Some(true)) else {
            return Self::Nobody;
        };
        if !names(owner, sync) {
            Self::Other(format!("{} {}", owner.kind, owner.name))
        } else if Some(&owner.uid) == sync.metadata.uid.as_ref() {
            Self::Ours
        } else {
            Self::Dangling
        }
    }
}

/// Whether a reference is to a `SecretSync` of this name, whichever its version or unique id.
fn names(reference: &OwnerReference, sync: &SecretSync) -> bool {
    let group = reference
        .api_version
        .split_once('/')
        .map_or("", |(group, _)| group);
    group == GROUP && reference.kind == KIND && Some(&reference.name) == sync.metadata.name.as_ref()
}

fn owner_reference(sync: &SecretSync) -> OwnerReference {
    OwnerReference {
        api_version: format!("{GROUP}/v1alpha1"),
        kind: KIND.to_owned(),
        name: sync.metadata.name.clone().unwrap_or_default(),
        uid: sync.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        // Blocking the owner's deletion would need a right on its finalizers, and nothing is gained by it.
        block_owner_deletion: None,
    }
}

/// The Secret that a resource names.
pub fn target_name(sync: &SecretSync) -> &str {
    sync.spec
        .target
        .name
        .as_deref()
        .or(sync.metadata.name.as_deref())
        .unwrap_or_default()
}

fn fresh(sync: &SecretSync, desired: &Desired) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(target_name(sync).to_owned()),
            namespace: sync.metadata.namespace.clone(),
            labels: Some(desired.labels.clone()),
            annotations: (!desired.annotations.is_empty()).then(|| desired.annotations.clone()),
            owner_references: Some(vec![owner_reference(sync)]),
            ..ObjectMeta::default()
        },
        type_: Some(desired.type_.clone()),
        data: Some(desired.data.clone()),
        ..Secret::default()
    }
}

impl Desired {
    /// Its fingerprint; only comparable with others of the same hasher.
    pub fn fingerprint(&self, hasher: &RandomState) -> Fingerprint {
        let mut rest = hasher.build_hasher();
        (&self.type_, &self.labels, &self.annotations).hash(&mut rest);
        let mut data = hasher.build_hasher();
        for (key, value) in &self.data {
            (key, &value.0).hash(&mut data);
        }
        Fingerprint {
            data: data.finish(),
            rest: rest.finish(),
        }
    }
}

/// Labels and annotations on a live Secret that the operator has set, as the API server remembers.
#[derive(Default)]
struct OurFields {
    labels: Vec<String>,
    annotations: Vec<String>,
}

impl OurFields {
    fn of(secret: &Secret) -> Self {
        let mut fields = Self::default();
        for entry in secret.metadata.managed_fields.iter().flatten() {
            if entry.manager.as_deref() != Some(FIELD_MANAGER) {
                continue;
            }
            let Some(metadata) = entry
                .fields_v1
                .as_ref()
                .and_then(|fields| fields.0.get("f:metadata"))
            else {
                continue;
            };
            let names = |of: &str| {
                let map = metadata.get(of).and_then(serde_json::Value::as_object);
                map.into_iter()
                    .flatten()
                    .filter_map(|(name, _)| name.strip_prefix("f:"))
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            fields.labels.extend(names("f:labels"));
            fields.annotations.extend(names("f:annotations"));
        }
        fields
    }
}

/// Others' entries stay, ours are set, and what was ours and is wanted no more goes.
fn overlay(
    live: Option<&BTreeMap<String, String>>,
    formerly: &[String],
    ours: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut result = live.cloned().unwrap_or_default();
    result.retain(|name, _| !formerly.contains(name) || ours.contains_key(name));
    result.extend(
        ours.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    result
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
