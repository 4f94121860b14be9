//! `SecretSync` v1alpha1. After the first release it only gains optional fields.
//!
//! Validation is in the schema (bounds, patterns, CEL), so that there is no admission webhook to be down. What the schema
//! cannot know, such as what the upstream holds, is checked in [`crate::plan`] and reported as a condition.

mod refresh;
mod restart;
mod schema;
mod server;
mod source;
mod status;
mod target;

use kube::{CustomResource, CustomResourceExt as _, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use refresh::{Mode, Refresh};
pub use restart::{Restart, Workload, WorkloadKind};
pub use server::{Auth, CaSecretRef, Server, TokenSecretRef};
pub use source::{Keys, Source, Transform};
pub use status::{RestartPending, SecretSyncStatus, SourceStatus, TargetStatus};
pub use target::{CreationPolicy, Format, MAX_TEMPLATE, Target, Template};

/// API group.
pub const GROUP: &str = "simplesecrets.io";
/// Kind.
pub const KIND: &str = "SecretSync";
/// Annotation on a token Secret: a server that its token may be sent to.
pub const SERVER_ANNOTATION: &str = "simplesecrets.io/server";
/// Annotation on an existing Secret: name of the `SecretSync` that may adopt it or merge into it.
pub const ALLOW_ANNOTATION: &str = "simplesecrets.io/allow";
/// Annotation on a Secret that the operator has made and that nothing owns: name and unique id of its `SecretSync`.
pub const OWNED_BY_ANNOTATION: &str = "simplesecrets.io/owned-by";
/// Annotation on a `SecretSync`: revision up to which keys may go, however many.
pub const ALLOW_REMOVAL_ANNOTATION: &str = "simplesecrets.io/allow-removal";
/// Annotation on a `SecretSync`: another value of it asks for a look at server and Secret now.
pub const RECONCILE_AT_ANNOTATION: &str = "simplesecrets.io/reconcile-at";
/// Annotation on a workload: `true` where it may be restarted.
pub const RESTART_ANNOTATION: &str = "simplesecrets.io/restart";
/// Types of Secret that hand out identities and are never written.
pub const FORBIDDEN_TYPES: [&str; 2] = [
    "kubernetes.io/service-account-token",
    "bootstrap.kubernetes.io/token",
];

/// The `CustomResourceDefinition`, as YAML for `kubectl apply`.
pub fn manifest() -> Result<String, serde_yaml::Error> {
    let mut crd = serde_yaml::to_value(SecretSync::crd())?;
    not_nullable(&mut crd);
    serde_yaml::to_string(&crd)
}

/// Without `nullable`, an explicit null is the same as an absent field, and no rule has to think of it.
fn not_nullable(value: &mut serde_yaml::Value) {
    match value {
        serde_yaml::Value::Mapping(map) => {
            map.remove("nullable");
            map.iter_mut().for_each(|(_, value)| not_nullable(value));
        }
        serde_yaml::Value::Sequence(list) => list.iter_mut().for_each(not_nullable),
        _ => {}
    }
}

/// What is to be synced.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "simplesecrets.io",
    version = "v1alpha1",
    kind = "SecretSync",
    plural = "secretsyncs",
    shortname = "ssync",
    category = "simplesecrets",
    namespaced,
    status = "SecretSyncStatus",
    doc = "Keeps one Kubernetes Secret equal to one or more configs of Simple Secrets Manager.",
    derive = "PartialEq",
    validation = Rule::new("!has(self.spec.auth.tokenSecretRef) || (has(self.spec.target.name) ? self.spec.target.name : self.metadata.name) != self.spec.auth.tokenSecretRef.name").message("the target must not be the Secret that holds the token; set spec.target.name"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status", description = "Whether the Secret is there and as it should be."),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", description = "Why."),
    printcolumn(name = "Revision", type_ = "integer", json_path = ".status.syncedRevision", description = "The greatest revision that is in the Secret."),
    printcolumn(name = "Keys", type_ = "integer", json_path = ".status.syncedKeys", description = "How many keys the Secret has."),
    printcolumn(name = "Last sync", type_ = "date", json_path = ".status.lastSyncTime", description = "When the data last changed."),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp", description = "When the resource was made."),
    printcolumn(name = "Target", type_ = "string", json_path = ".status.target.name", description = "The Secret.", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", description = "What to do.", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct SecretSyncSpec {
    /// The server to read from. The operator's default server where absent.
    #[serde(default)]
    pub server: Server,
    /// How to authenticate.
    #[serde(default)]
    pub auth: Auth,
    /// The configs to read. Where they have a key in common, the later one wins.
    #[schemars(length(min = 1, max = 16))]
    pub sources: Vec<Source>,
    /// The Secret to write, in the resource's own namespace.
    #[serde(default)]
    pub target: Target,
    /// What happens to the Secret when the server says that a config was deleted. A revoked token, a lost permission and a deleted
    /// project always leave it as it is.
    #[serde(default)]
    pub on_upstream_missing: OnUpstreamMissing,
    /// Of the keys in the Secret, how many (in percent) may go at once because they were deleted in the server. More is refused
    /// until somebody has looked: the annotation simplesecrets.io/allow-removal with the revision lets it through.
    #[serde(default = "SecretSyncSpec::default_max_removed_percent")]
    #[schemars(range(min = 0, max = 100), extend("format" = "int32"))]
    pub max_removed_percent: u8,
    /// When to look for changes.
    #[serde(default)]
    pub refresh: Refresh,
    /// Which workloads to restart after the Secret's data has changed, and when.
    #[serde(default)]
    pub restart: Restart,
    /// Touch nothing while true. Changes made meanwhile are caught up with afterwards.
    #[serde(default)]
    pub suspend: bool,
}

impl SecretSyncSpec {
    fn default_max_removed_percent() -> u8 {
        50
    }
}

/// What happens to the Secret when a config is deleted.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnUpstreamMissing {
    /// It stays as it is.
    #[default]
    Retain,
    /// It is deleted or, with `creationPolicy: Merge`, loses the keys that it got from here.
    Delete,
}

#[cfg(test)]
#[path = "crd_tests.rs"]
mod tests;
