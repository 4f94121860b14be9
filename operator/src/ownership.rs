//! Whose a Secret is, and who has agreed to what. Pure, and every doubt is decided against touching it.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use crate::crd::{ALLOW_ANNOTATION, FORBIDDEN_TYPES, GROUP, KIND, OWNED_BY_ANNOTATION, SecretSync};
use crate::fields::{FIELD_MANAGER, Fields};
use crate::problem::Problem;

/// Whose a Secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// This resource's: it is the controller, by unique id.
    Ours,
    /// This resource's, by the annotation that it has put there itself.
    Marked,
    /// A former resource's of the same kind and name, restored from a backup. As names are unique, that one is gone.
    Dangling,
    /// Marked as that of a resource of this name, which is not this one, or marked by others than the operator: perhaps a
    /// copy, perhaps what a deleted resource has left. Nobody's, without consent.
    Left(String),
    /// Nobody's.
    Nobody,
    /// Another `SecretSync`'s, by this name.
    Another(String),
    /// Something else's, in words.
    Other(String),
}

impl Ownership {
    /// Of a live Secret, as `sync` sees it.
    pub fn of(secret: &Secret, sync: &SecretSync) -> Self {
        if let Some(controller) = controller(secret) {
            return if !is_kind(controller) {
                Self::Other(format!("{} {}", controller.kind, controller.name))
            } else if Some(&controller.name) != sync.metadata.name.as_ref() {
                Self::Another(controller.name.clone())
            } else if Some(&controller.uid) == sync.metadata.uid.as_ref() {
                Self::Ours
            } else {
                Self::Dangling
            };
        }
        match annotation(secret, OWNED_BY_ANNOTATION) {
            None => Self::Nobody,
            Some(mark) if mark == mark_of(sync) && is_witnessed(secret) => Self::Marked,
            Some(mark) => {
                let name = mark.split_once('/').map_or(mark, |(name, _)| name);
                Self::Left(name.chars().take(253).collect())
            }
        }
    }
}

/// The annotation alone proves nothing: it goes along with a copy. The operator has to have put it there itself, which the API
/// server remembers of this very Secret.
fn is_witnessed(secret: &Secret) -> bool {
    Fields::of(secret, &[FIELD_MANAGER])
        .annotations
        .contains(OWNED_BY_ANNOTATION)
}

/// What the annotation [`OWNED_BY_ANNOTATION`] says on the Secrets of a resource: its name and its unique id.
pub fn mark_of(sync: &SecretSync) -> String {
    let name = sync.metadata.name.as_deref().unwrap_or_default();
    let uid = sync.metadata.uid.as_deref().unwrap_or_default();
    format!("{name}/{uid}")
}

/// Whether whoever may write this Secret has agreed that the resource adopts it or merges into it.
pub fn is_allowed(secret: &Secret, sync: &SecretSync) -> bool {
    let allowed = annotation(secret, ALLOW_ANNOTATION);
    allowed.is_some() && allowed == sync.metadata.name.as_deref()
}

/// A Secret that hands out an identity is not touched, whatever anybody has agreed to.
pub fn refuse_forbidden(secret: &Secret) -> Result<(), Problem> {
    match secret.type_.as_deref() {
        Some(type_) if FORBIDDEN_TYPES.contains(&type_) => Err(Problem::ForbiddenTarget {
            name: secret.metadata.name.clone().unwrap_or_default(),
            type_: type_.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Whether a reference is to a `SecretSync` of this name, whichever its version or unique id.
pub fn names(reference: &OwnerReference, sync: &SecretSync) -> bool {
    is_kind(reference) && Some(&reference.name) == sync.metadata.name.as_ref()
}

/// The reference by which a Secret is a resource's, and goes with it.
pub fn reference_to(sync: &SecretSync) -> OwnerReference {
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

/// Whether a reference is to a `SecretSync`.
pub fn is_kind(reference: &OwnerReference) -> bool {
    let group = reference
        .api_version
        .split_once('/')
        .map_or("", |(group, _)| group);
    group == GROUP && reference.kind == KIND
}

fn controller(secret: &Secret) -> Option<&OwnerReference> {
    let owners = secret.metadata.owner_references.as_deref();
    owners
        .unwrap_or_default()
        .iter()
        .find(|owner| owner.controller == Some(true))
}

fn annotation<'a>(secret: &'a Secret, name: &str) -> Option<&'a str> {
    let annotations = secret.metadata.annotations.as_ref()?;
    annotations.get(name).map(String::as_str)
}

#[cfg(test)]
#[path = "ownership_tests.rs"]
mod tests;
