//! Who has set which field of a Secret, as the API server remembers it in `metadata.managedFields`. Pure.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use serde_json::{Map, Value, json};

use crate::crd::SecretSync;

/// Name under which Kubernetes records which fields are the operator's.
pub const FIELD_MANAGER: &str = "ssm-operator";
/// The longest name that Kubernetes takes.
const MAX_MANAGER: usize = 128;

/// Name under which the keys that a resource merges are recorded: one for each resource of a namespace. A resource made
/// again under the same name goes on with the keys of the former.
pub fn merge_manager(sync: &SecretSync) -> String {
    let name = sync.metadata.name.as_deref().unwrap_or_default();
    let manager = format!("{FIELD_MANAGER}/{name}");
    if manager.len() <= MAX_MANAGER {
        return manager;
    }
    // No name has a slash, so this is nobody's name either.
    let uid = sync.metadata.uid.as_deref().unwrap_or_default();
    format!("{FIELD_MANAGER}//{uid}")
}

/// Names of labels, annotations and keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Labels.
    pub labels: BTreeSet<String>,
    /// Annotations.
    pub annotations: BTreeSet<String>,
    /// Keys of the data.
    pub data: BTreeSet<String>,
}

impl Fields {
    /// What these managers have set.
    pub fn of(secret: &Secret, managers: &[&str]) -> Self {
        let mut fields = Self::default();
        let entries = entries(secret).filter(|entry| is_by(entry, managers));
        for value in entries.filter_map(|entry| entry.fields_v1.as_ref().map(|fields| &fields.0)) {
            fields
                .labels
                .extend(names(value, "/f:metadata/f:labels").map(str::to_owned));
            fields
                .annotations
                .extend(names(value, "/f:metadata/f:annotations").map(str::to_owned));
            fields
                .data
                .extend(names(value, "/f:data").map(str::to_owned));
        }
        fields
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty() && self.data.is_empty()
    }
}

/// Whether there is anything recorded under this name.
pub fn is_known(secret: &Secret, manager: &str) -> bool {
    entries(secret).any(|entry| is_by(entry, &[manager]))
}

/// Whether the operator is who has set the reference to the owner with this unique id.
pub fn has_set_owner(metadata: &ObjectMeta, uid: &str) -> bool {
    let owner = format!("k:{}", json!({ "uid": uid }));
    let entries = metadata.managed_fields.iter().flatten();
    entries
        .filter(|entry| is_by(entry, &[FIELD_MANAGER]))
        .filter_map(|entry| entry.fields_v1.as_ref().map(|fields| &fields.0))
        .filter_map(|fields| fields.pointer("/f:metadata/f:ownerReferences"))
        .any(|owners| owners.get(&owner).is_some())
}

/// Somebody other than `manager` who has set this field, such as `("/f:data", "A")`.
pub fn other_setter<'a>(
    secret: &'a Secret,
    section: &str,
    name: &str,
    manager: &str,
) -> Option<&'a str> {
    entries(secret)
        .filter(|entry| !is_by(entry, &[manager]))
        .find(|entry| {
            let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
            fields.is_some_and(|fields| names(fields, section).any(|set| set == name))
        })
        .map(|entry| entry.manager.as_deref().unwrap_or_default())
}

/// The records with what `manager` has applied as the operator's own. `None` where there is none, so that nothing is asked for.
pub fn taken_over(secret: &Secret, manager: &str) -> Option<Vec<ManagedFieldsEntry>> {
    if !is_known(secret, manager) {
        return None;
    }
    let (ours, mut records): (Vec<_>, Vec<_>) = entries(secret)
        .cloned()
        .partition(|entry| is_by(entry, &[FIELD_MANAGER, manager]));
    let mut fields = json!({});
    for entry in ours {
        add(&mut fields, entry.fields_v1.map_or(Value::Null, |of| of.0));
    }
    records.push(record(FIELD_MANAGER, "Update", fields));
    Some(records)
}

/// The records with those keys that the operator has set and `takes` handed over to `manager`, as if it had applied them. The rest of them
/// are nobody's afterwards.
pub fn handed_over(
    secret: &Secret,
    manager: &str,
    takes: impl Fn(&str) -> bool,
) -> Vec<ManagedFieldsEntry> {
    let mut keys = Fields::of(secret, &[FIELD_MANAGER]).data;
    keys.retain(|key| takes(key));
    keys.extend(Fields::of(secret, &[manager]).data);
    let mut records: Vec<ManagedFieldsEntry> = entries(secret)
        .filter(|entry| !is_by(entry, &[FIELD_MANAGER, manager]))
        .cloned()
        .collect();
    let keys: Map<String, Value> = keys
        .into_iter()
        .map(|key| (format!("f:{key}"), json!({})))
        .collect();
    records.push(record(manager, "Apply", json!({ "f:data": keys })));
    records
}

fn record(manager: &str, operation: &str, fields: Value) -> ManagedFieldsEntry {
    ManagedFieldsEntry {
        api_version: Some("v1".to_owned()),
        fields_type: Some("FieldsV1".to_owned()),
        fields_v1: Some(FieldsV1(fields)),
        manager: Some(manager.to_owned()),
        operation: Some(operation.to_owned()),
        ..ManagedFieldsEntry::default()
    }
}

/// Fields of either; as deep as such records are, which the API server has read before.
fn add(fields: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (fields, more) {
        for (name, more) in more {
            add(fields.entry(name).or_insert_with(|| json!({})), more);
        }
    }
}

fn entries(secret: &Secret) -> impl Iterator<Item = &ManagedFieldsEntry> {
    secret.metadata.managed_fields.iter().flatten()
}

fn is_by(entry: &ManagedFieldsEntry, managers: &[&str]) -> bool {
    entry
        .manager
        .as_deref()
        .is_some_and(|manager| managers.contains(&manager))
}

fn names<'a>(fields: &'a Value, section: &str) -> impl Iterator<Item = &'a str> {
    let map = fields.pointer(section).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(name, _)| name.strip_prefix("f:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> SecretSync {
        serde_json::from_value(json!({
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync",
            "metadata": { "name": name, "namespace": "shop", "uid": "uid-1" },
            "spec": { "sources": [{ "project": "web", "config": "prod" }] },
        }))
        .expect("valid")
    }

    #[test]
    fn every_resource_merges_under_a_name_of_its_own_that_kubernetes_takes() {
        assert_eq!(merge_manager(&named("web")), "ssm-operator/web");
        let (long, longer) = ("a".repeat(115), "a".repeat(116));
        assert_eq!(merge_manager(&named(&long)).len(), MAX_MANAGER);
        assert_eq!(merge_manager(&named(&longer)), "ssm-operator//uid-1");
    }

    #[test]
    fn what_is_handed_over_is_every_key_of_ours_and_nothing_of_others() {
        let entry = |manager: &str, fields: Value| ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            fields_v1: Some(FieldsV1(fields)),
            ..ManagedFieldsEntry::default()
        };
        let mut secret = Secret::default();
        secret.metadata.managed_fields = Some(vec![
            entry(
                FIELD_MANAGER,
                json!({ "f:type": {}, "f:data": { ".": {}, "f:A": {} } }),
            ),
            entry("kubectl", json!({ "f:data": { "f:B": {} } })),
            entry("ssm-operator/web", json!({ "f:data": { "f:C": {} } })),
        ]);
        secret.metadata.managed_fields = Some(handed_over(&secret, "ssm-operator/web", |_| true));
        let keys = |manager: &str| Vec::from_iter(Fields::of(&secret, &[manager]).data);
        assert_eq!(keys("ssm-operator/web"), ["A", "C"]);
        assert_eq!(keys("kubectl"), ["B"]);
        assert!(!is_known(&secret, FIELD_MANAGER));
        assert_eq!(
            other_setter(&secret, "/f:data", "B", "ssm-operator/web"),
            Some("kubectl")
        );
        assert_eq!(
            other_setter(&secret, "/f:data", "A", "ssm-operator/web"),
            None
        );
    }

    #[test]
    fn whoever_copies_a_secret_has_set_the_owner_and_not_the_operator() {
        let owned = |manager: &str| ObjectMeta {
            managed_fields: Some(vec![record(
                manager,
                "Update",
                json!({ "f:metadata": { "f:ownerReferences": { "k:{\"uid\":\"u\"}": {} } } }),
            )]),
            ..ObjectMeta::default()
        };
        assert!(has_set_owner(&owned(FIELD_MANAGER), "u"));
        assert!(!has_set_owner(&owned(FIELD_MANAGER), "other"));
        assert!(!has_set_owner(&owned("kubectl-create"), "u"));
        assert!(!has_set_owner(&ObjectMeta::default(), "u"));
    }
}
