//! Settings, read once. Variables and flags have the same names.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ssm_client::Origin;

use crate::crd::TokenSecretRef;

/// Keeps Kubernetes Secrets equal to configs of Simple Secrets Manager.
#[derive(Debug, Parser)]
#[command(name = "ssm-operator", version)]
pub struct Cli {
    /// What to do; run where nothing is given.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings of `run`.
    #[command(flatten)]
    pub settings: Settings,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the operator.
    Run(Box<Settings>),
    /// Print the definition of the resource, for `kubectl apply`.
    Crd,
    /// Look whether everything that `run` needs is there: the cluster, the definition, the rights, the server.
    Check(Box<Settings>),
}

/// How the operator runs. Kubernetes is found by `KUBECONFIG`, or from within the cluster.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// Server of resources that name none, as scheme, host and port.
    #[arg(long, env = "SSM_SERVER_URL", value_parser = parse_origin)]
    pub ssm_server_url: Option<Origin>,
    /// File with PEM certificates to trust for that server instead of the system's.
    #[arg(long, env = "SSM_SERVER_CA_FILE")]
    pub ssm_server_ca_file: Option<PathBuf>,
    /// Namespaces to watch, separated by commas; all where empty.
    #[arg(long, env = "WATCH_NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// Other servers that tokens may be sent to, as scheme, host and port, separated by commas.
    #[arg(long, env = "ALLOWED_SERVER_URLS", value_delimiter = ',', value_parser = parse_origin_or_blank)]
    pub allowed_server_urls: Vec<Option<Origin>>,
    /// Token Secret of resources that name none, as name/key, looked up in the resource's namespace.
    #[arg(long, env = "DEFAULT_TOKEN_SECRET", value_parser = parse_token_ref)]
    pub default_token_secret: Option<TokenSecretRef>,
    /// How many MiB of last good copies to keep in memory (sealed), to repair Secrets while the server is away. Others are read again
    /// when they are needed.
    #[arg(long, env = "MAX_COPIES", default_value = "32", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_copies: u16,
    /// Address of /healthz, /readyz and /metrics.
    #[arg(long, env = "METRICS_ADDR", default_value = "0.0.0.0:9090")]
    pub metrics_addr: Option<SocketAddr>,
    /// Whether replicas choose one of them that works, by a Lease in the operator's own namespace.
    #[arg(long, env = "LEADER_ELECTION", default_value_t = true, action = clap::ArgAction::Set)]
    pub leader_election: bool,
    /// Name of that Lease. Operators in one namespace that serve different ones each need their own.
    #[arg(long, env = "LEASE_NAME", default_value = "ssm-operator")]
    pub lease_name: String,
    /// The operator's own namespace; that of the service account or the kubeconfig where absent.
    #[arg(long, env = "POD_NAMESPACE")]
    pub pod_namespace: Option<String>,
    /// Who this replica is, as the Lease shows it.
    #[arg(long, env = "POD_NAME", default_value = "ssm-operator")]
    pub pod_name: String,
    /// Whether to restart workloads that opt in after their Secret has changed; needs rights on workloads.
    #[arg(long, env = "RESTART_ENABLED", default_value_t = false, action = clap::ArgAction::Set)]
    pub restart_enabled: bool,
    /// Name of this cluster.
    #[arg(long, env = "CLUSTER_NAME", default_value = "default")]
    pub cluster_name: String,
    /// Least important log lines to show: error, warn, info, debug or trace. Of libraries, only warnings are shown.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub log_level: Option<LogLevel>,
    /// Form of log lines.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// Importance of log lines.
pub type LogLevel = tracing::level_filters::LevelFilter;

/// Form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

impl Settings {
    /// Namespaces to watch; empty for all.
    pub fn namespaces(&self) -> Vec<String> {
        let mut namespaces: Vec<String> = self
            .watch_namespaces
            .iter()
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        namespaces.sort();
        namespaces.dedup();
        namespaces
    }
}

fn parse_origin(text: &str) -> Result<Origin, String> {
    Origin::parse(text).map_err(|error| format!("{error}; give it as https://host:port"))
}

fn parse_origin_or_blank(text: &str) -> Result<Option<Origin>, String> {
    if text.trim().is_empty() {
        Ok(None)
    } else {
        parse_origin(text).map(Some)
    }
}

fn parse_token_ref(text: &str) -> Result<TokenSecretRef, String> {
    match text.split_once('/') {
        Some((name, key)) if !name.is_empty() && crate::keys::is_valid(key) => Ok(TokenSecretRef {
            name: name.to_owned(),
            key: key.to_owned(),
        }),
        _ => Err("give it as name/key, such as ssm-token/token".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_and_variables_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bad_settings_are_refused() {
        for bad in [
            ["--ssm-server-url", "https://ssm.example.com/path"],
            ["--allowed-server-urls", "https://a.example.com,nonsense"],
            ["--default-token-secret", "no-key"],
            ["--metrics-addr", "9090"],
            ["--log-format", "xml"],
            ["--log-level", "loud"],
            ["--restart-enabled", "perhaps"],
        ] {
            assert!(
                Cli::try_parse_from([&["ssm-operator"], &bad[..]].concat()).is_err(),
                "{bad:?}"
            );
        }
    }
}
