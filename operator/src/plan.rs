//! What has to be done to make a Secret what it should be. Pure: no clock, no network, no API server.
//!
//! Two rules are kept here and nowhere else: a Secret that the resource does not own is never touched without consent, and a
//! Secret is written whole or not at all. Single keys of somebody else's Secret are the business of [`crate::merge`].

use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::crd::{CreationPolicy, OWNED_BY_ANNOTATION, SecretSync};
use crate::desired::{Desired, Fingerprint};
use crate::fields::{self, Fields, merge_manager};
use crate::guard::{self, Names, Removal};
use crate::identity::Version;
use crate::merge;
use crate::ownership::{Ownership, is_allowed, mark_of, names, reference_to, refuse_forbidden};
use crate::problem::Problem;

pub use crate::fields::FIELD_MANAGER;

/// What is known of the live Secret without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its version after our write.
    pub resource_version: Version,
    /// What we wrote.
    pub fingerprint: Fingerprint,
    /// The names of the keys that we wrote.
    pub names: Names,
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
    /// It cannot be changed in place: delete this very Secret, and create it at once.
    Replace {
        /// Precondition of the deletion.
        uid: String,
        /// Precondition of the deletion.
        resource_version: String,
        /// What to create.
        secret: Box<Secret>,
    },
    /// Give the Secret away, put with the version that was read as precondition, and plan again.
    HandOver(Box<Secret>),
    /// Apply these fields, unforced, to this very Secret in the version that was read.
    Apply(Box<Secret>),
}

/// What to do about the Secret.
pub fn plan(
    sync: &SecretSync,
    desired: &Desired,
    existing: &Existing<'_>,
    hasher: &RandomState,
) -> Result<Plan, Problem> {
    let is_merge = desired.policy == CreationPolicy::Merge;
    match existing {
        Existing::Absent if is_merge => Err(Problem::TargetMissing {
            name: target_name(sync).to_owned(),
            sync: sync.metadata.name.clone().unwrap_or_default(),
        }),
        Existing::Absent => Ok(Plan::Create(Box::new(fresh(sync, desired)))),
        Existing::Unread => Ok(Plan::Read),
        Existing::AsWritten(written) => {
            let fingerprint = desired.fingerprint(hasher);
            if fingerprint == written.fingerprint {
                return Ok(Plan::Nothing);
            }
            if fingerprint.rest != written.fingerprint.rest || is_merge || desired.immutable {
                return Ok(Plan::Read);
            }
            let removal = Removal::of_remembered(&written.names, desired, hasher);
            guard::check(sync, desired, removal)?;
            Ok(Plan::PatchData {
                resource_version: written.resource_version.to_string(),
                data: desired.data.clone(),
            })
        }
        Existing::Live(live) if is_merge => merge::plan(sync, desired, live),
        Existing::Live(live) => against_live(sync, desired, live),
    }
}

fn against_live(sync: &SecretSync, desired: &Desired, live: &Secret) -> Result<Plan, Problem> {
    let name = live.metadata.name.clone().unwrap_or_default();
    refuse_forbidden(live)?;
    let ownership = Ownership::of(live, sync);
    match &ownership {
        Ownership::Ours | Ownership::Marked | Ownership::Dangling => {}
        Ownership::Nobody | Ownership::Left(_) if is_allowed(live, sync) => {}
        Ownership::Nobody | Ownership::Left(_) => {
            return Err(Problem::NotOwned {
                name,
                namespace: sync.metadata.namespace.clone().unwrap_or_default(),
                sync: sync.metadata.name.clone().unwrap_or_default(),
            });
        }
        Ownership::Another(owner) => {
            let owner = format!("SecretSync {owner}");
            return Err(Problem::OwnedByOther { name, owner });
        }
        Ownership::Other(owner) => {
            let owner = owner.clone();
            return Err(Problem::OwnedByOther { name, owner });
        }
    }
    if live.metadata.deletion_timestamp.is_some() {
        return Err(Problem::Terminating { name });
    }
    if matches!(ownership, Ownership::Ours | Ownership::Marked) {
        let names = live.data.iter().flatten().map(|(name, _)| name);
        guard::check(sync, desired, Removal::of_read(names, desired))?;
    }
    let same_type = live.type_.as_deref().unwrap_or("Opaque") == desired.type_;
    let same_data = live
        .data
        .as_ref()
        .map_or(desired.data.is_empty(), |data| *data == desired.data);
    let is_immutable = live.immutable == Some(true);
    if !same_type || (is_immutable && !(same_data && desired.immutable)) {
        return Ok(Plan::Replace {
            uid: live.metadata.uid.clone().unwrap_or_default(),
            resource_version: live.metadata.resource_version.clone().unwrap_or_default(),
            secret: Box::new(fresh(sync, desired)),
        });
    }
    let metadata = owned_metadata(sync, desired, live);
    let same_metadata = metadata.managed_fields.is_none()
        && is_same(metadata.labels.as_ref(), live.metadata.labels.as_ref())
        && is_same(
            metadata.annotations.as_ref(),
            live.metadata.annotations.as_ref(),
        )
        && metadata.owner_references.as_deref().unwrap_or_default()
            == live
                .metadata
                .owner_references
                .as_deref()
                .unwrap_or_default();
    if same_data && same_metadata && is_immutable == desired.immutable {
        return Ok(Plan::Nothing);
    }
    let mut secret = live.clone();
    secret.metadata = metadata;
    secret.data = Some(desired.data.clone());
    secret.string_data = None;
    if desired.immutable {
        secret.immutable = Some(true);
    }
    Ok(Plan::Update(Box::new(secret)))
}

/// The metadata of a Secret that is or becomes the resource's: others' labels, annotations and owners stay.
fn owned_metadata(sync: &SecretSync, desired: &Desired, live: &Secret) -> ObjectMeta {
    let manager = merge_manager(sync);
    let formerly = Fields::of(live, &[FIELD_MANAGER, &manager]);
    let mut metadata = live.metadata.clone();
    metadata.labels = Some(overlay(
        live.metadata.labels.as_ref(),
        &formerly.labels,
        &desired.labels,
    ));
    let mut annotations = overlay(
        live.metadata.annotations.as_ref(),
        &formerly.annotations,
        &desired.annotations,
    );
    annotations.remove(OWNED_BY_ANNOTATION);
    annotations.extend(mark(sync, desired));
    metadata.annotations = Some(annotations);
    metadata.owner_references = Some(owners(sync, desired, live));
    // What was merged before is now the operator's as everything is.
    metadata.managed_fields = fields::taken_over(live, &manager);
    metadata
}

fn owners(sync: &SecretSync, desired: &Desired, live: &Secret) -> Vec<OwnerReference> {
    let owners = live.metadata.owner_references.clone().unwrap_or_default();
    if desired.policy == CreationPolicy::Owner && Ownership::of(live, sync) == Ownership::Ours {
        return owners;
    }
    let others = owners
        .into_iter()
        .filter(|reference| !names(reference, sync));
    let ours = (desired.policy == CreationPolicy::Owner).then(|| reference_to(sync));
    others.chain(ours).collect()
}

fn mark(sync: &SecretSync, desired: &Desired) -> Option<(String, String)> {
    (desired.policy == CreationPolicy::Orphan)
        .then(|| (OWNED_BY_ANNOTATION.to_owned(), mark_of(sync)))
}

fn is_same(
    one: Option<&BTreeMap<String, String>>,
    other: Option<&BTreeMap<String, String>>,
) -> bool {
    one.into_iter().flatten().eq(other.into_iter().flatten())
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
    let mut annotations = desired.annotations.clone();
    annotations.extend(mark(sync, desired));
    let owners = owners(sync, desired, &Secret::default());
    Secret {
        metadata: ObjectMeta {
            name: Some(target_name(sync).to_owned()),
            namespace: sync.metadata.namespace.clone(),
            labels: Some(desired.labels.clone()),
            annotations: (!annotations.is_empty()).then_some(annotations),
            owner_references: (!owners.is_empty()).then_some(owners),
            ..ObjectMeta::default()
        },
        type_: Some(desired.type_.clone()),
        data: Some(desired.data.clone()),
        immutable: desired.immutable.then_some(true),
        ..Secret::default()
    }
}

/// Others' entries stay, ours are set, and what was ours and is wanted no more goes.
fn overlay(
    live: Option<&BTreeMap<String, String>>,
    formerly: &BTreeSet<String>,
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
