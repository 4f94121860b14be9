//! A resource as it is kept between reconciles. As a structure it takes several KiB, nearly all of which it has in common with every
//! other resource: as JSON, compressed against an example that is in sync, a few hundred bytes are left.

use std::sync::{Arc, LazyLock};

use k8s_openapi::jiff::Timestamp;
use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use serde_json::json;

use crate::crd::{SecretSync, SourceStatus, TargetStatus};
use crate::status::{self, Known, Outcome, Synced};

/// What most resources look like. What is packed can only be opened with the same.
static EXAMPLE: LazyLock<Vec<u8>> = LazyLock::new(|| to_json(&example()));

/// A packed resource.
#[derive(Clone)]
pub struct Packed(Form);

#[derive(Clone)]
enum Form {
    Small(Arc<[u8]>),
    /// One that JSON does not bring back as it was, for a time before the year 0, for instance.
    Whole(Arc<SecretSync>),
}

impl Packed {
    /// Packs a resource.
    pub fn of(sync: &SecretSync) -> Self {
        let small = Form::Small(compress_prepend_size_with_dict(&to_json(sync), &EXAMPLE).into());
        Self(match small.open() {
            Some(opened) if opened == *sync => small,
            _ => Form::Whole(Arc::new(sync.clone())),
        })
    }

    /// The resource.
    pub fn open(&self) -> SecretSync {
        self.0.open().expect("opened before it was kept")
    }
}

impl Form {
    fn open(&self) -> Option<SecretSync> {
        match self {
            Self::Small(bytes) => {
                let json = decompress_size_prepended_with_dict(bytes, &EXAMPLE).ok()?;
                serde_json::from_slice(&json).ok()
            }
            Self::Whole(sync) => Some((**sync).clone()),
        }
    }
}

fn to_json(sync: &SecretSync) -> Vec<u8> {
    serde_json::to_vec(sync).unwrap_or_default()
}

fn example() -> SecretSync {
    let sync = json!({
        "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync",
        "metadata": { "generation": 1, "name": "web", "namespace": "default", "resourceVersion": "1000", "uid": "00000000-" },
        "spec": {
            "auth": { "tokenSecretRef": { "name": "ssm-token" } },
            "sources": [{ "project": "web", "config": "prod" }],
        },
    });
    let mut sync: SecretSync = serde_json::from_value(sync).expect("valid");
    let outcome = Outcome {
        synced: Some(Synced {
            sources: vec![SourceStatus {
                project: "web".to_owned(),
                config: "prod".to_owned(),
                revision: 1,
                ..SourceStatus::default()
            }],
            keys: 1,
            overlapping: Vec::new(),
            target: TargetStatus::default(),
            changed: true,
        }),
        reachable: Known::Yes,
        auth: Known::Yes,
        ..Outcome::default()
    };
    sync.status = Some(status::next(None, Some(1), &outcome, Timestamp::UNIX_EPOCH));
    sync
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    #[test]
    fn what_was_packed_comes_out() {
        let everything = json!({
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync",
            "metadata": {
                "name": "api", "namespace": "shop", "generation": 7, "deletionTimestamp": "2026-01-02T03:04:05Z",
                "annotations": { "simplesecrets.io/reconcile-at": "now \u{e9}" },
            },
            "spec": {
                "server": { "url": "https://ssm.example", "caSecretRef": { "name": "ca" } },
                "sources": [{ "project": "web", "config": "prod", "keys": {
                    "include": ["A*"], "exclude": ["B"], "decode": ["C"], "rename": { "D": "E" }, "transform": "camel", "prefix": "p-",
                }}],
                "target": { "name": "t", "type": "kubernetes.io/tls", "labels": { "a": "b" }, "annotations": { "c": "d" },
                    "immutable": true, "creationPolicy": "Orphan", "template": { "data": { "f": "{{ A }}" } } },
                "onUpstreamMissing": "Delete", "maxRemovedPercent": 0, "suspend": true,
                "refresh": { "mode": "Poll", "interval": "10s" },
                "restart": { "workloads": [{ "kind": "DaemonSet", "name": "w" }], "debounce": "0s" },
            },
            "status": {
                "observedGeneration": 7, "overlappingKeys": ["A"], "lastReconcileAt": "x",
                "restartPending": { "since": "2026-01-02T03:04:05Z", "replaces": "1", "former": "2" },
            },
        });
        let everything: SecretSync = serde_json::from_value(everything).expect("valid");
        for sync in [everything, example()] {
            assert_eq!(Packed::of(&sync).open(), sync);
        }
    }

    #[test]
    fn one_that_json_does_not_bring_back_is_kept_as_it_is() {
        for time in ["0000-01-01T00:00:00+00:01", "2026-01-02T03:04:05.5Z"] {
            let mut sync = example();
            let status = sync.status.as_mut().expect("in sync");
            status.last_sync_time = Some(Time(time.parse().expect("a time")));
            assert_eq!(Packed::of(&sync).open(), sync, "{time}");
        }
    }

    #[test]
    fn a_usual_resource_takes_few_bytes() {
        let mut sync = example();
        sync.metadata.uid = Some("2f8a3c51-7d0e-4b69-9a14-c35be0d7f268".to_owned());
        sync.metadata.resource_version = Some("734912".to_owned());
        let status = sync.status.as_mut().expect("in sync");
        let target = status.target.as_mut().expect("in sync");
        target.uid = "91c7d4ee-05ab-4f32-8b6d-6e20f1a943b7".to_owned();
        target.resource_version = "734911".to_owned();
        for condition in &mut status.conditions {
            condition.last_transition_time = status::whole_seconds(Timestamp::MAX);
        }
        let Packed(Form::Small(packed)) = Packed::of(&sync) else {
            panic!("it is kept whole");
        };
        let (packed, json) = (packed.len(), to_json(&sync).len());
        assert!(packed * 4 < json, "{packed} of {json}");
    }
}
