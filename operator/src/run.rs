//! Puts the parts together.

use std::hash::RandomState;
use std::sync::Arc;

use anyhow::Context as _;
use kube::Client;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Settings;
use crate::controller;
use crate::events::Events;
use crate::feed::{Feeds, Timings};
use crate::probes::{self, Readiness};
use crate::queue::Queue;
use crate::reconcile::Context;
use crate::store::Store;
use crate::tokens::Tokens;

/// Runs the operator against the cluster of `client`, until the future is dropped. `metrics` is what `/metrics` shows.
pub async fn run(
    client: Client,
    settings: &Settings,
    timings: Timings,
    metrics: Option<PrometheusHandle>,
) -> anyhow::Result<()> {
    let default_ca = match &settings.ssm_server_ca_file {
        Some(path) => {
            let pem = std::fs::read(path)
                .with_context(|| format!("SSM_SERVER_CA_FILE: cannot read {}", path.display()))?;
            Some(Arc::from(pem))
        }
        None => None,
    };
    let queue = Arc::new(Queue::default());
    let context = Arc::new(Context {
        events: Events::start(client.clone()),
        client,
        store: Store::new(settings.default_token_secret.clone()),
        feeds: Feeds::new(Arc::clone(&queue), timings),
        queue,
        tokens: Tokens::default(),
        default_server: settings.ssm_server_url.clone(),
        default_ca,
        allowed_servers: settings
            .allowed_server_urls
            .iter()
            .flatten()
            .cloned()
            .collect(),
        hasher: RandomState::new(),
    });
    let readiness = Arc::new(Readiness::default());
    let controller = controller::run(
        Arc::clone(&context),
        Arc::clone(&readiness),
        settings.namespaces(),
    );
    let Some(address) = settings.metrics_addr else {
        controller.await;
        return Ok(());
    };
    let listener = probes::bind(address)
        .await
        .with_context(|| format!("METRICS_ADDR: cannot listen on {address}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving /healthz, /readyz and /metrics");
    tokio::select! {
        () = controller => Ok(()),
        served = probes::run(listener, readiness, context, metrics) => served.context("serving /metrics"),
    }
}
