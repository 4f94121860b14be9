//! What the operator says.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// What the operator has done.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretSyncStatus {
    /// The generation of the spec that this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The generation of the spec that the Secret was last in sync with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced_generation: Option<i64>,
    /// What of each source is in the Secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub sources: Vec<SourceStatus>,
    /// The greatest revision among the sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "int64"))]
    pub synced_revision: Option<u64>,
    /// How many keys the Secret has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "int32"))]
    pub synced_keys: Option<u32>,
    /// The Secret that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetStatus>,
    /// When the Secret's data last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_sync_time: Option<Time>,
    /// Keys that more than one source has; the value of the last such source is in the Secret. The first 32 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 253)))]
    pub overlapping_keys: Vec<String>,
    /// Workloads are to be restarted because the data has changed; absent when that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_pending: Option<RestartPending>,
    /// The value of the annotation simplesecrets.io/reconcile-at that was last followed; its first 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub last_reconcile_at: Option<String>,
    /// `Ready`, `Synced`, `UpstreamReachable` and `AuthValid`; `TokenExpiring` where the token was or is about to expire;
    /// `Restarted` after the first restart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_string()]))]
    pub conditions: Vec<Condition>,
}

/// What of a source is in the Secret.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// Slug of the project, such as `shop`.
    #[schemars(length(max = 64))]
    pub project: String,
    /// Slug of the config, such as `prod`.
    #[schemars(length(max = 64))]
    pub config: String,
    /// What the revision counts within; it changes when the server's data is restored from a backup.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub epoch: String,
    /// Revision of the config.
    #[schemars(extend("format" = "int64"))]
    pub revision: u64,
    /// How many keys the config had, before any choice of keys.
    #[serde(default)]
    #[schemars(extend("format" = "int32"))]
    pub keys: u32,
}

/// The Secret that was written.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {
    /// Name.
    #[schemars(length(max = 253))]
    pub name: String,
    /// Unique id, which tells it from a later one of the same name.
    #[schemars(length(max = 128))]
    pub uid: String,
    /// Its version after the operator's last write.
    #[schemars(length(max = 128))]
    pub resource_version: String,
}

/// A restart that is still to be made.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestartPending {
    /// When the data changed.
    pub since: Time,
    /// The Secret's version before the change. Once `target` tells another one, the change is made.
    #[serde(default)]
    #[schemars(length(max = 128))]
    pub replaces: String,
    /// The same of an earlier change whose restart is not made yet either.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub former: Option<String>,
}
