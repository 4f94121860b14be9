//! The reference of a cold start: a loop that knows everything beforehand, and makes the same Secrets and statuses.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::stream::{self, TryStreamExt as _};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::population::{AT_ONCE, KEYS, Population, name};

/// Makes all, and says how long that took.
pub async fn make_all(population: &Population) -> Result<Duration> {
    let begin = Instant::now();
    stream::iter((0..population.size).map(Ok::<_, anyhow::Error>))
        .try_for_each_concurrent(AT_ONCE, async |n| {
            let secret = serde_json::from_value(objects::secret(&name(n)))?;
            let made = population
                .secrets(n)
                .create(&PostParams::default(), &secret)
                .await?;
            let version = made.metadata.resource_version.unwrap_or_default();
            let uid = made.metadata.uid.unwrap_or_default();
            let status = Patch::Merge(objects::status(&name(n), &uid, &version));
            population
                .syncs(n)
                .patch_status(&name(n), &PatchParams::default(), &status)
                .await?;
            Ok(())
        })
        .await?;
    Ok(begin.elapsed())
}

/// The objects as the operator makes them.
pub mod objects {
    use super::{KEYS, Value, json};

    pub const MADE: &str = "app.kubernetes.io/managed-by=simple-secrets-manager";

    pub fn secret(name: &str) -> Value {
        let data: serde_json::Map<String, Value> = (0..KEYS)
            .map(|key| (format!("KEY_{key}"), format!("{key:032}").into()))
            .collect();
        json!({
            "metadata": {
                "name": name,
                "labels": {"app.kubernetes.io/managed-by": "simple-secrets-manager", "reads": "prod"},
                "ownerReferences": [{
                    "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "name": name,
                    "uid": "00000000-0000-0000-0000-000000000000", "controller": true,
                }],
            },
            "type": "Opaque",
            "stringData": data,
        })
    }

    pub fn status(name: &str, uid: &str, version: &str) -> Value {
        let condition = |kind: &str, message: &str| {
            json!({
                "type": kind, "status": "True", "reason": "Synced", "message": message, "observedGeneration": 1,
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            })
        };
        json!({"status": {
            "observedGeneration": 1,
            "sources": [{"project": "fleet", "config": "prod", "epoch": "0123456789abcdef", "revision": 100, "keys": KEYS}],
            "syncedRevision": 100,
            "syncedKeys": KEYS,
            "target": {"name": name, "uid": uid, "resourceVersion": version},
            "lastSyncTime": "2026-01-01T00:00:00Z",
            "conditions": [
                condition("Ready", "The Secret is up to date."), condition("Synced", ""),
                condition("UpstreamReachable", ""), condition("AuthValid", ""),
            ],
        }})
    }
}
