//! `ssm-operator`: reads settings, starts logging, and runs the library.

use std::io::IsTerminal;

use anyhow::Context as _;
use clap::Parser;
use kube::Config;
use ssm_operator::config::{Cli, Command, LogFormat, LogLevel, Settings};
use ssm_operator::feed::Timings;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use zeroizing_alloc::ZeroAlloc;

/// Secrets pass through parsers and buffers of others, which leave them lying in the memory that they give back. Here it is
/// wiped.
#[global_allocator]
static WIPED: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Crd) => {
            print!("{}", ssm_operator::crd::manifest()?);
            Ok(())
        }
        Some(Command::Check(settings)) => check(&settings).await,
        Some(Command::Run(settings)) => run(*settings).await,
        None => run(cli.settings).await,
    }
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    start_logging(&settings)?;
    log_panics_without_their_text();
    let metrics = ssm_operator::metrics::install().context("metrics")?;
    let config = cluster().await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster = settings.cluster_name,
        server = settings
            .ssm_server_url
            .as_ref()
            .map_or("none", |server| server.as_str()),
        namespaces = if settings.namespaces().is_empty() {
            "all".to_owned()
        } else {
            settings.namespaces().join(",")
        },
        "ssm-operator starts"
    );
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("ssm-operator stops");
    };
    ssm_operator::run::run(config, &settings, Timings::default(), Some(metrics), stop).await
}

async fn cluster() -> anyhow::Result<Config> {
    Config::infer()
        .await
        .context("no Kubernetes: set KUBECONFIG, or run in a cluster with a service account")
}

async fn check(settings: &Settings) -> anyhow::Result<()> {
    let config = cluster().await?;
    let findings = ssm_operator::check::check(config, settings).await;
    for finding in &findings {
        println!("{finding}");
    }
    let bad = findings.iter().filter(|finding| !finding.is_good()).count();
    anyhow::ensure!(bad == 0, "{bad} of {} checks failed", findings.len());
    Ok(())
}

/// A panic's text may quote a value, so that only its place is logged.
fn log_panics_without_their_text() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(location, "a bug: panicked");
    }));
}

fn start_logging(settings: &Settings) -> anyhow::Result<()> {
    let level = settings.log_level.unwrap_or(LogLevel::INFO);
    // The Kubernetes client logs bodies that it cannot parse, and those may be Secrets; what its watches meet is logged here
    // in better words.
    let filter =
        format!("warn,ssm_operator={level},ssm_client={level},kube_client=off,kube_runtime=error");
    let filter = EnvFilter::try_new(filter).context("LOG_LEVEL")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
