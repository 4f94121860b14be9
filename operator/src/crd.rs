//! `SecretSync` v1alpha1. After the first release it only gains optional fields.
//!
//! Validation is in the schema (bounds, patterns, CEL), so that there is no admission webhook to be down. What the schema
//! cannot know, such as what the upstream holds, is checked in [`crate::plan`] and reported as a condition.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, CustomResourceExt as _, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// API group.
pub const GROUP: &str = "simplesecrets.io";
/// Kind.
pub const KIND: &str = "SecretSync";
/// Annotation on a token Secret: a server that its token may be sent to.
pub const SERVER_ANNOTATION: &str = "simplesecrets.io/server";
/// Types of Secret that hand out identities and are never written.
pub const FORBIDDEN_TYPES: [&str; 2] = [
    "kubernetes.io/service-account-token",
    "bootstrap.kubernetes.io/token",
];

const DEFAULT_INTERVAL: Duration = Duration::from_mins(5);
const MIN_INTERVAL: Duration = Duration::from_secs(10);
const MAX_INTERVAL: Duration = Duration::from_hours(24);

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
    /// When to look for changes.
    #[serde(default)]
    pub refresh: Refresh,
    /// Touch nothing while true. Changes made meanwhile are caught up with afterwards.
    #[serde(default)]
    pub suspend: bool,
}

/// A server.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.caBundle) || has(self.url)").message("caBundle needs url: the default server's CA is the operator's setting"))]
pub struct Server {
    /// Scheme, host and port, such as `https://ssm.example.com`. A token is sent there only if this is the operator's default
    /// server, is on its allow-list, or is named by the token Secret's annotation simplesecrets.io/server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 8, max = 300),
        regex(
            pattern = r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$"
        )
    )]
    pub url: Option<String>,
    /// PEM certificates (base64) to trust for that server instead of the system's. Not used for the operator's default server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 131_072),
        regex(pattern = r"^[A-Za-z0-9+/=\r\n]+$")
    )]
    pub ca_bundle: Option<String>,
}

/// Authentication.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// The Secret, in the resource's own namespace, that holds the API token. The operator's default name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_secret_ref: Option<TokenSecretRef>,
}

/// A key of a Secret.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenSecretRef {
    /// Name of the Secret.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
    /// Key in the Secret.
    #[serde(default = "TokenSecretRef::default_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

impl TokenSecretRef {
    fn default_key() -> String {
        "token".to_owned()
    }
}

/// A config and what to take of it.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Slug of the project, such as `shop`.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9_-]+$"))]
    pub project: String,
    /// Slug of the config, such as `prod`.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9_-]+$"))]
    pub config: String,
    /// Which keys to take, and under which names. All, under their own names, where absent.
    #[serde(default)]
    pub keys: Keys,
}

/// Choice of keys, in this order: include, exclude, rename.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// Only keys that match one of these; all where empty. An asterisk stands for any characters, a question mark for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9_.*?-]+$"))
    )]
    pub include: Vec<String>,
    /// None of the keys that match one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9_.*?-]+$"))
    )]
    pub exclude: Vec<String>,
    /// Name in the server to name in the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "rename_schema")]
    pub rename: BTreeMap<String, String>,
}

/// The Secret to write.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Name of the Secret; the resource's own name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: Option<String>,
    /// Type of the Secret. A changed type replaces the Secret.
    #[serde(rename = "type", default = "Target::default_type")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9._/]*[A-Za-z0-9])?$")
    )]
    #[x_kube(validation = Rule::new("!(self in ['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'])").message("this type hands out identities and is never written"))]
    pub type_: String,
    /// Labels to set on the Secret. Labels set by others are kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels_schema")]
    pub labels: BTreeMap<String, String>,
    /// Annotations to set on the Secret. Annotations set by others are kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations_schema")]
    pub annotations: BTreeMap<String, String>,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            name: None,
            type_: Self::default_type(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }
}

impl Target {
    fn default_type() -> String {
        "Opaque".to_owned()
    }
}

/// How changes are noticed.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// The server tells at once; polling steps in while the stream is down.
    #[default]
    Push,
    /// The server is asked every interval.
    Poll,
}

/// When to look for changes.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    /// Push: the server tells at once, and polling steps in while the stream is down. Poll: the server is asked every interval.
    #[serde(default)]
    pub mode: Mode,
    /// Poll: how often to ask. Push: how often the stream is opened anew. Both within a fifth, at random; from 10s to 24h.
    #[serde(default = "Refresh::default_interval")]
    #[schemars(length(min = 2, max = 16), regex(pattern = r"^([0-9]+(ms|s|m|h))+$"))]
    #[x_kube(validation = Rule::new("duration(self) >= duration('10s') && duration(self) <= duration('24h')").message("the interval must be from 10s to 24h"))]
    pub interval: String,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            interval: Self::default_interval(),
        }
    }
}

impl Refresh {
    fn default_interval() -> String {
        "5m".to_owned()
    }

    /// The interval as a duration; the schema keeps it within bounds, and what slips past is put into them.
    pub fn interval(&self) -> Duration {
        let parsed = self
            .interval
            .parse::<kube::core::Duration>()
            .ok()
            .map(Duration::from);
        parsed
            .unwrap_or(DEFAULT_INTERVAL)
            .clamp(MIN_INTERVAL, MAX_INTERVAL)
    }
}

/// What the operator has done.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretSyncStatus {
    /// The generation of the spec that this status is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
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
    /// `Ready`, `Synced`, `UpstreamReachable` and `AuthValid`.
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

fn rename_schema(_: &mut SchemaGenerator) -> Schema {
    string_map(
        256,
        &json_schema!({ "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[-._a-zA-Z0-9]+$" }),
        None,
    )
}

fn labels_schema(_: &mut SchemaGenerator) -> Schema {
    let value = json_schema!({ "type": "string", "maxLength": 63, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$" });
    string_map(64, &value, Some("labels"))
}

fn annotations_schema(_: &mut SchemaGenerator) -> Schema {
    string_map(
        64,
        &json_schema!({ "type": "string", "maxLength": 4096 }),
        Some("annotations"),
    )
}

/// A bounded map; with `what`, its keys must be metadata keys outside the operator's own prefix.
fn string_map(max: u32, value: &Schema, what: Option<&str>) -> Schema {
    let mut schema =
        json_schema!({ "type": "object", "maxProperties": max, "additionalProperties": value });
    if let Some(what) = what {
        let rule = "self.all(k, k.size() <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$') \
                    && !k.startsWith('simplesecrets.io/'))";
        let message =
            format!("{what} must be valid metadata keys, and not begin with simplesecrets.io/");
        schema.insert(
            "x-kubernetes-validations".to_owned(),
            serde_json::json!([{ "rule": rule, "message": message }]),
        );
    }
    schema
}

#[cfg(test)]
#[path = "crd_tests.rs"]
mod tests;
