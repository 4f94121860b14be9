//! Restarts after a change.

use std::fmt;
use std::time::Duration;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const DEFAULT_DEBOUNCE: Duration = Duration::from_secs(5);
const MAX_DEBOUNCE: Duration = Duration::from_mins(10);

/// Which workloads are restarted after the data has changed. Only those with the annotation simplesecrets.io/restart: "true" are,
/// and only where the operator was given the rights.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restart {
    /// Workloads in the resource's namespace to restart besides those whose pods use the Secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub workloads: Vec<Workload>,
    /// How long to wait for further changes, which then cost one restart together; from 0s to 10m.
    #[serde(default = "Restart::default_debounce")]
    #[schemars(length(min = 2, max = 16), regex(pattern = r"^([0-9]+(ms|s|m|h))+$"))]
    #[x_kube(validation = Rule::new("duration(self) >= duration('0s') && duration(self) <= duration('10m')").message("the debounce time must be from 0s to 10m"))]
    pub debounce: String,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            workloads: Vec::new(),
            debounce: Self::default_debounce(),
        }
    }
}

impl Restart {
    fn default_debounce() -> String {
        "5s".to_owned()
    }

    /// The debounce time as a duration; the schema keeps it within bounds, and what slips past is put into them.
    pub fn debounce(&self) -> Duration {
        let parsed = self.debounce.parse::<kube::core::Duration>().ok();
        parsed
            .map_or(DEFAULT_DEBOUNCE, Duration::from)
            .min(MAX_DEBOUNCE)
    }
}

/// A workload.
#[derive(
    KubeSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: WorkloadKind,
    /// Its name.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
}

/// Kinds of workloads that can be restarted.
#[derive(
    JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum WorkloadKind {
    /// Of interchangeable pods.
    Deployment,
    /// Of pods with identities.
    StatefulSet,
    /// One pod on every node.
    DaemonSet,
}

impl WorkloadKind {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet];

    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}
