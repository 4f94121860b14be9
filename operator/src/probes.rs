//! `/healthz`, `/readyz` and `/metrics`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Router, serve};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::reconcile::Context;

/// What the operator waits for before it is ready; each is a part of the answer of `/readyz`.
#[derive(Default)]
pub struct Readiness {
    stands_by: AtomicBool,
    syncs: AtomicBool,
    secrets: AtomicBool,
}

impl Readiness {
    /// Another replica works: this one is ready to take over, and watches nothing.
    pub fn stand_by(&self) {
        self.begin();
        self.stands_by.store(true, Ordering::Relaxed);
    }

    /// This replica begins to work; nothing is listed yet.
    pub fn begin(&self) {
        self.set_syncs(false);
        self.set_secrets(false);
        self.stands_by.store(false, Ordering::Relaxed);
    }

    /// All `SecretSync`s were listed, and are watched; or not any more.
    pub fn set_syncs(&self, ready: bool) {
        self.syncs.store(ready, Ordering::Relaxed);
    }

    /// All Secrets were listed, and are watched; or not any more.
    pub fn set_secrets(&self, ready: bool) {
        self.secrets.store(ready, Ordering::Relaxed);
    }

    /// Whether both hold, or another replica works.
    pub fn is_ready(&self) -> bool {
        self.stands_by.load(Ordering::Relaxed)
            || (self.syncs.load(Ordering::Relaxed) && self.secrets.load(Ordering::Relaxed))
    }

    fn describe(&self) -> String {
        if self.stands_by.load(Ordering::Relaxed) {
            return "another replica leads; ready to take over\n".to_owned();
        }
        let word = |ready: &AtomicBool| {
            if ready.load(Ordering::Relaxed) {
                "watched"
            } else {
                "not watched"
            }
        };
        format!(
            "SecretSyncs: {}\nSecrets: {}\n",
            word(&self.syncs),
            word(&self.secrets)
        )
    }
}

#[derive(Clone)]
struct App {
    readiness: Arc<Readiness>,
    context: Arc<Context>,
    metrics: Option<PrometheusHandle>,
    states: Arc<Mutex<Vec<String>>>,
}

/// Binds the address. Fails at once where it is taken, so that the operator does not run unobserved.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers until the process ends.
pub async fn run(
    listener: TcpListener,
    readiness: Arc<Readiness>,
    context: Arc<Context>,
    metrics: Option<PrometheusHandle>,
) -> std::io::Result<()> {
    let app = App {
        readiness,
        context,
        metrics,
        states: Arc::default(),
    };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(app);
    serve(listener, router).await
}

async fn ready(State(app): State<App>) -> (StatusCode, String) {
    let status = if app.readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, app.readiness.describe())
}

async fn metrics_text(State(app): State<App>) -> Result<String, StatusCode> {
    let handle = app.metrics.ok_or(StatusCode::NOT_FOUND)?;
    let mut states = app.states.lock().unwrap_or_else(PoisonError::into_inner);
    crate::metrics::observe(
        &app.context.store,
        &app.context.feeds,
        &app.context.queue,
        &mut states,
    );
    handle.run_upkeep();
    Ok(handle.render())
}
