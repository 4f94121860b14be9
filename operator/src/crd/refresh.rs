//! When to look for changes.

use std::time::Duration;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const DEFAULT_INTERVAL: Duration = Duration::from_mins(5);
const MIN_INTERVAL: Duration = Duration::from_secs(10);
const MAX_INTERVAL: Duration = Duration::from_hours(24);

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
