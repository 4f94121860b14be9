//! How the server is.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use ssm_engine::access::AccessHealth;
use ssm_engine::{Engine, Health, RunError};
use utoipa::ToSchema;

use super::{Done, Status};
use crate::http::errors::{ApiResult, ErrorBody};
use crate::serve::TlsHealth;
use crate::state::App;

/// After how long without news from the database that is told.
const NO_NEWS: Duration = Duration::from_secs(2);
/// How a part is that is well.
const READY: &str = "ready";

/// Whether the process lives
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "System", security(()), responses((status = 200, body = Done)))]
pub(crate) async fn healthz() -> Json<Done> {
    Done::OK
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `degraded` where one of the parts is not `ready`
    #[schema(example = "OK")]
    status: &'static str,
    journal: JournalState,
    audit: AuditState,
    /// Where the server has a TLS certificate: `ready`; `reload_failed` where its files have changed to something that
    /// cannot be used, and the one before them is; `expired`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ready")]
    tls: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct JournalState {
    /// `ready`; `writes_fail` where the last write failed and the next one tries again; `unsettled` where it is being
    /// found out what became of a write; `no_news` where the database that other servers write to, too, does not answer
    #[schema(example = "ready")]
    state: &'static str,
    /// The last entry
    seq: u64,
}

/// Whether what happens goes on record.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditState {
    /// The journal's state, which is the record of changes
    #[schema(example = "ready")]
    changes: &'static str,
    /// `ready`; `writes_fail` where reads and refusals could not be stored the last time, and will be tried again
    #[schema(example = "ready")]
    reads: &'static str,
}

impl AuditState {
    fn of(engine: &Engine, journal: &'static str) -> Self {
        let reads = match engine.access_health() {
            AccessHealth::Ready => READY,
            AccessHealth::Fails => "writes_fail",
        };
        Self {
            changes: journal,
            reads,
        }
    }

    fn is_well(&self) -> bool {
        self.changes == READY && self.reads == READY
    }
}

/// Whether requests are served, and which part is not well
///
/// Answers 200 as long as reads work, writes or not: a server that got no traffic for failing writes could never find
/// out that they work again.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "System", security(()),
    responses(
        (status = 200, body = Readiness),
        (status = 503, body = ErrorBody, description = "There has been no news from the database for so long that nothing is read any more"),
    )
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> ApiResult<Json<Readiness>> {
    if app.engine.is_stale() {
        return Err(RunError::Stale.into());
    }
    let state = match app.engine.health() {
        Health::Ready if app.engine.silence() > NO_NEWS => "no_news",
        Health::Ready => READY,
        Health::WritesFail => "writes_fail",
        Health::Unsettled => "unsettled",
    };
    let tls = app.tls.as_ref().map(|tls| match tls.health() {
        TlsHealth::Ready => READY,
        TlsHealth::ReloadFailed => "reload_failed",
        TlsHealth::Expired => "expired",
    });
    let audit = AuditState::of(&app.engine, state);
    let well = audit.is_well() && tls.is_none_or(|tls| tls == READY);
    let seq = app.engine.state().head().seq;
    let journal = JournalState { state, seq };
    Ok(Json(Readiness {
        status: if well { "OK" } else { "degraded" },
        journal,
        audit,
        tls,
    }))
}

/// Counts and measures in Prometheus' format
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "System", security(()),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        app.metrics.render(
            &app.engine,
            app.tls.as_ref().and_then(|tls| tls.expires_at()),
        ),
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
