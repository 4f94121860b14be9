//! What has to be done to make a Secret what it should be. Pure: no clock, no network, no API server.
//!
//! Two rules are kept here and nowhere else: a Secret that the resource does not own is never touched, and a Secret is
//! written whole or not at all.

use std::collections::BTreeMap;
use std::hash::RandomState;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::crd::{GROUP, KIND, SecretSync};
use crate::desired::{Desired, Fingerprint};
use crate::problem::Problem;

/// Name under which Kubernetes records which fields are the operator's.
pub const FIELD_MANAGER: &str = "ssm-operator";

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
