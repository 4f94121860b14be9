//! Puts the parts together.

use std::future::pending;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kube::{Client, Config};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Settings;
use crate::controller;
use crate::events::Events;
use crate::feed::{Feeds, Timings};
use crate::held::Held;
use crate::leader::{Candidate, Election};
use crate::probes::{self, Readiness};
use crate::queue::Queue;
use crate::reconcile::Context;
use crate::restart::Restarts;
use crate::store::Store;
use crate::sync_report::SyncReports;

const CONNECT: Duration = Duration::from_secs(10);
/// A connection to the API server that says nothing for so long is dead; watches are opened anew more often than that.
const READ: Duration = Duration::from_secs(40);
/// How long a replica that lost the Lease keeps what it knows.
const BETWEEN_TERMS: Duration = Duration::from_mins(1);
/// Before everything begins anew.
const PAUSE: Duration = Duration::from_millis(200);
/// How long reconciles that are under way may take to end when the operator is to stop.
const STOPPING: Duration = Duration::from_secs(10);

/// Runs the operator against the cluster of `config` until `stop` is there, then ends what is under way and gives the Lease
/// back. `metrics` is what `/metrics` shows.
pub async fn run(
    mut config: Config,
    settings: &Settings,
    timings: Timings,
    metrics: Option<PrometheusHandle>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(READ);
    config.reset_reader_on_write = true;
    let client = Client::try_from(config.clone())?;
    let context = Arc::new(context(client, settings, timings)?);
    let readiness = Arc::new(Readiness::default());
    let mut election = if settings.leader_election {
        Some(Election::enter(&config, candidate(&config, settings))?)
    } else {
        None
    };
    let served = serve(settings, &readiness, &context, metrics).await?;
    let result = tokio::select! {
        never = lead(election.as_mut(), &context, &readiness, settings) => match never {},
        served = served => served,
        () = stop => Ok(()),
    };
    // Every write stands by itself, so that nothing has to be put in order; but a write that is about to be made need not be lost.
    if tokio::time::timeout(STOPPING, context.queue.at_rest())
        .await
        .is_err()
    {
        tracing::warn!("stopped in the middle of a reconcile; the next start makes it anew");
    }
    if let Some(election) = election {
        election.resign().await;
    }
    result
}

/// Works while this replica leads. What it knows outlives an API server that is away for a moment, the last good copies above all; a
/// replica that stands by for longer holds nothing.
async fn lead(
    mut election: Option<&mut Election>,
    context: &Arc<Context>,
    readiness: &Arc<Readiness>,
    settings: &Settings,
) -> std::convert::Infallible {
    loop {
        if let Some(election) = &mut election {
            readiness.stand_by();
            crate::metrics::leader(false);
            if tokio::time::timeout(BETWEEN_TERMS, election.won())
                .await
                .is_err()
            {
                context.feeds.clear();
                context.store.clear();
                election.won().await;
            }
            tracing::info!("this replica leads");
        }
        context.store.forget_written();
        crate::metrics::leader(true);
        readiness.begin();
        let lost = async {
            match &mut election {
                Some(election) => election.lost().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = controller::run(Arc::clone(context), Arc::clone(readiness), settings.namespaces()) => {}
            () = lost => tracing::warn!("this replica does not lead any more"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn context(client: Client, settings: &Settings, timings: Timings) -> anyhow::Result<Context> {
    let default_ca = match &settings.ssm_server_ca_file {
        Some(path) => {
            let pem = std::fs::read(path)
                .with_context(|| format!("SSM_SERVER_CA_FILE: cannot read {}", path.display()))?;
            Some(Arc::from(pem))
        }
        None => None,
    };
    let queue = Arc::new(Queue::default());
    Ok(Context {
        events: Events::start(client.clone()),
        client,
        store: Store::new(settings.default_token_secret.clone()),
        feeds: Feeds::new(
            Arc::clone(&queue),
            timings,
            usize::from(settings.max_copies) << 20,
        ),
        queue,
        tokens: Held::default(),
        authorities: Held::default(),
        restarts: Restarts::new(settings.restart_enabled),
        sync_reports: SyncReports::default(),
        cluster: settings.cluster_name.clone(),
        default_server: settings.ssm_server_url.clone(),
        default_ca,
        allowed_servers: settings
            .allowed_server_urls
            .iter()
            .flatten()
            .cloned()
            .collect(),
        hasher: RandomState::new(),
    })
}

fn candidate(config: &Config, settings: &Settings) -> Candidate {
    Candidate {
        namespace: settings
            .pod_namespace
            .clone()
            .unwrap_or_else(|| config.default_namespace.clone()),
        lease: settings.lease_name.clone(),
        identity: settings.pod_name.clone(),
    }
}

/// Serves probes and metrics, where an address is given. The outer future fails where it is taken, so that the operator does
/// not run unobserved.
async fn serve(
    settings: &Settings,
    readiness: &Arc<Readiness>,
    context: &Arc<Context>,
    metrics: Option<PrometheusHandle>,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>>> {
    let listener = match settings.metrics_addr {
        Some(address) => Some(
            probes::bind(address)
                .await
                .with_context(|| format!("METRICS_ADDR: cannot listen on {address}"))?,
        ),
        None => None,
    };
    let (readiness, context) = (Arc::clone(readiness), Arc::clone(context));
    Ok(async move {
        let Some(listener) = listener else {
            return pending().await;
        };
        tracing::info!(address = %listener.local_addr()?, "serving /healthz, /readyz and /metrics");
        probes::run(listener, readiness, context, metrics)
            .await
            .context("serving /metrics")
    })
}
