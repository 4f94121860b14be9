//! How the server is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use ssm_engine::Health;
use utoipa::ToSchema;

use super::{Done, Status};
use crate::state::App;

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "System", security(()), responses((status = 200, body = Done)))]
pub(crate) async fn healthz() -> Json<Done> {
    Done::OK
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `degraded` where reads work and writes do not
    #[schema(example = "OK")]
    status: &'static str,
    journal: JournalState,
    /// The journal is the audit record, so it has the same state
    #[schema(example = "ready")]
    audit: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct JournalState {
    /// `ready`; `writes_fail` where the last write failed and the next one tries again; `unsettled` where it is being
    /// found out what became of a write
    #[schema(example = "ready")]
    state: &'static str,
    /// The last entry
    seq: u64,
}

/// Whether requests are served, and how the journal is
///
/// Answers 200 as long as reads work, writes or not: a server that got no traffic for failing writes could never find
/// out that they work again.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "System", security(()), responses((status = 200, body = Readiness)))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Json<Readiness> {
    let (status, state) = match app.engine.health() {
        Health::Ready => ("OK", "ready"),
        Health::WritesFail => ("degraded", "writes_fail"),
        Health::Unsettled => ("degraded", "unsettled"),
    };
    let seq = app.engine.state().head().seq;
    let journal = JournalState { state, seq };
    Json(Readiness {
        status,
        journal,
        audit: state,
    })
}

/// Counts and measures in Prometheus' format
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "System", security(()),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics.render(&app.engine),
    )
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    status: Status,
    version: &'static str,
}

/// The server's version
#[utoipa::path(get, path = "/api/version", operation_id = "version", tag = "System", security(()), responses((status = 200, body = Version)))]
pub(crate) async fn version() -> Json<Version> {
    Json(Version {
        status: Status::Ok,
        version: env!("CARGO_PKG_VERSION"),
    })
}
