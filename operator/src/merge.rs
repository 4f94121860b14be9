//! What has to be done to keep single keys of a Secret that is somebody else's. Pure.
//!
//! Kubernetes' server-side apply does the bookkeeping: what the resource has set is recorded under a name of its own, what it
//! no longer sets goes, and what others have set otherwise is theirs. It is never forced.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::crd::{OWNED_BY_ANNOTATION, SecretSync};
use crate::desired::Desired;
use crate::fields::{self, FIELD_MANAGER, Fields, merge_manager};
use crate::guard::{self, Removal};
use crate::ownership::{self, Ownership, is_allowed, refuse_forbidden};
use crate::plan::Plan;
use crate::problem::{Problem, printable};

/// What to do about a live Secret.
pub fn plan(sync: &SecretSync, desired: &Desired, live: &Secret) -> Result<Plan, Problem> {
    let name = live.metadata.name.clone().unwrap_or_default();
    refuse_forbidden(live)?;
    match Ownership::of(live, sync) {
        // Two resources of which one wants all of the Secret and one a part would undo each other's work for ever.
        Ownership::Another(owner) => {
            let owner = format!("SecretSync {owner}");
            return Err(Problem::OwnedByOther { name, owner });
        }
        Ownership::Left(owner) if Some(&owner) != sync.metadata.name.as_ref() => {
            return Err(Problem::LeftByOther { name, owner });
        }
        _ => {}
    }
    if !is_allowed(live, sync) {
        return Err(Problem::MergeNotAllowed {
            name,
            namespace: sync.metadata.namespace.clone().unwrap_or_default(),
            sync: sync.metadata.name.clone().unwrap_or_default(),
        });
    }
    if live.metadata.deletion_timestamp.is_some() {
        return Err(Problem::Terminating { name });
    }
    let manager = merge_manager(sync);
    if needs_hand_over(sync, live) {
        let secret = handed_over(sync, desired, live, &manager);
        return Ok(Plan::HandOver(Box::new(secret)));
    }
    let ours = Fields::of(live, &[&manager]);
    let of_data = Differences::new(live.data.as_ref(), &desired.data);
    let of_labels = Differences::new(live.metadata.labels.as_ref(), &desired.labels);
    let of_annotations = Differences::new(live.metadata.annotations.as_ref(), &desired.annotations);
    let is_same = of_data.is_empty() && of_labels.is_empty() && of_annotations.is_empty();
    if is_same
        && ours.data.iter().eq(desired.data.keys())
        && ours.labels.iter().eq(desired.labels.keys())
        && ours.annotations.iter().eq(desired.annotations.keys())
    {
        return Ok(Plan::Nothing);
    }
    if live.immutable == Some(true) {
        return Err(Problem::TargetImmutable { name });
    }
    guard::check(sync, desired, Removal::of_read(ours.data.iter(), desired))?;
    for (what, section, differences) in [
        ("key", "/f:data", of_data),
        ("label", "/f:metadata/f:labels", of_labels),
        ("annotation", "/f:metadata/f:annotations", of_annotations),
    ] {
        for field in differences.0 {
            if let Some(other) = fields::other_setter(live, section, field, &manager) {
                return Err(Problem::MergeConflict {
                    name,
                    what,
                    field: field.clone(),
                    other: printable(other),
                });
            }
        }
    }
    let map = |map: &BTreeMap<String, String>| (!map.is_empty()).then(|| map.clone());
    Ok(Plan::Apply(Box::new(Secret {
        metadata: ObjectMeta {
            labels: map(&desired.labels),
            annotations: map(&desired.annotations),
            resource_version: live.metadata.resource_version.clone(),
            ..nothing(&name, live.metadata.uid.as_deref()).metadata
        },
        data: Some(desired.data.clone()),
        ..Secret::default()
    })))
}

/// What is applied to take back everything that was merged. The unique id keeps it from making a Secret.
pub fn nothing(name: &str, uid: Option<&str>) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            uid: uid.map(str::to_owned),
            ..ObjectMeta::default()
        },
        ..Secret::default()
    }
}

/// Names whose values are to become others.
struct Differences<'a>(Vec<&'a String>);

impl<'a> Differences<'a> {
    fn new<V: PartialEq>(
        live: Option<&BTreeMap<String, V>>,
        wanted: &'a BTreeMap<String, V>,
    ) -> Self {
        let live = |name| live.and_then(|live| live.get(name));
        let differ = wanted
            .iter()
            .filter(|(name, value)| live(*name) != Some(*value));
        Self(differ.map(|(name, _)| name).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether it was this resource's under another policy, or a former resource's that is gone.
fn needs_hand_over(sync: &SecretSync, live: &Secret) -> bool {
    let references = live.metadata.owner_references.iter().flatten();
    let annotations = live.metadata.annotations.as_ref();
    references
        .into_iter()
        .any(|reference| ownership::names(reference, sync))
        || annotations.is_some_and(|annotations| annotations.contains_key(OWNED_BY_ANNOTATION))
        || fields::is_known(live, FIELD_MANAGER)
}

/// As nobody's Secret, with the keys recorded as merged. What another resource left there is not this one's to take away: of that only
/// the keys are recorded that are wanted here, and the others become nobody's.
fn handed_over(sync: &SecretSync, desired: &Desired, live: &Secret, manager: &str) -> Secret {
    let was_ours = matches!(
        Ownership::of(live, sync),
        Ownership::Ours | Ownership::Marked | Ownership::Dangling
    );
    let formerly = if was_ours {
        Fields::of(live, &[FIELD_MANAGER])
    } else {
        Fields::default()
    };
    let mut secret = live.clone();
    let metadata = &mut secret.metadata;
    if let Some(references) = &mut metadata.owner_references {
        references.retain(|reference| !ownership::names(reference, sync));
    }
    if let Some(labels) = &mut metadata.labels {
        labels.retain(|name, _| !formerly.labels.contains(name));
    }
    if let Some(annotations) = &mut metadata.annotations {
        annotations
            .retain(|name, _| name != OWNED_BY_ANNOTATION && !formerly.annotations.contains(name));
    }
    metadata.managed_fields = Some(fields::handed_over(live, manager, |key| {
        was_ours || desired.data.contains_key(key)
    }));
    secret
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
