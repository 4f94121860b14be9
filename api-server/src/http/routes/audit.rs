//! Who did what, and the proof that nothing of it was changed since.

pub(crate) mod proof;

use axum::Json;
use serde::Serialize;
use ssm_domain::access::Action;
use ssm_domain::entry::{Change, Entry};
use ssm_domain::time::Timestamp;
use ssm_engine::AuditQuery;
use utoipa::ToSchema;

use super::Status;
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::errors::{ApiResult, ReadErrors};
use crate::http::query::Params;

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 100;
/// Pages are counted from the newest event, so a late one costs as much as all before it.
const MAX_PAGE: u64 = 10_000;

/// A change as version 1.4 told it, with the journal's position and what changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    #[schema(value_type = String, format = DateTime)]
    ts: Timestamp,
    /// `token` where one was used, else `user` or `system`
    #[schema(example = "token")]
    actor_type: &'static str,
    /// `user`, `service` or `system`
    #[serde(rename = "actorKind")]
    #[schema(example = "user")]
    actor_kind: &'static str,
    /// The username, or the service token's name
    actor_id: String,
    token_id: Option<String>,
    #[schema(example = "secrets.write")]
    action: String,
    project_slug: Option<String>,
    config_slug: Option<String>,
    /// Where one secret was changed
    key: Option<String>,
    status_code: u16,
    method: Option<String>,
    path: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    /// Not measured: a change is recorded before it is answered
    latency_ms: Option<u64>,
    /// The position in the journal
    seq: u64,
    changes: Vec<AuditChange>,
}

/// What changed, without values.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditChange {
    #[schema(example = "secret_set")]
    kind: &'static str,
    /// The secret's key
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The secret's version
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

impl AuditChange {
    pub(super) fn of(change: &Change) -> Self {
        let secret = change.secret();
        let kind = change.kind();
        let key = secret.map(|(key, _)| key.to_string());
        let version = secret.and_then(|(_, version)| version);
        Self { kind, key, version }
    }
}

impl AuditEvent {
    fn of(entry: Entry) -> Self {
        let kind = entry.actor.kind.as_str();
        let request = entry.request;
        Self {
            ts: entry.at,
            actor_type: if entry.actor.token_id.is_some() {
                "token"
            } else {
                kind
            },
            actor_kind: kind,
            actor_id: entry.actor.id,
            token_id: entry.actor.token_id.map(|id| id.to_string()),
            status_code: status_code(&entry.action),
            action: entry.action,
            project_slug: entry.target.project.map(|slug| slug.to_string()),
            config_slug: entry.target.config.map(|slug| slug.to_string()),
            key: entry.target.key.map(|key| key.to_string()),
            method: request.as_ref().map(|request| request.method.clone()),
            path: request.as_ref().map(|request| request.path.clone()),
            ip: request.as_ref().and_then(|request| request.ip.clone()),
            user_agent: request.and_then(|request| request.user_agent),
            latency_ms: None,
            seq: entry.seq,
            changes: entry.changes.iter().map(AuditChange::of).collect(),
        }
    }
}

/// An entry is written only for what went well, and what makes something is answered with 201.
fn status_code(action: &str) -> u16 {
    match action {
        "onboarding.bootstrap"
        | "projects.write"
        | "configs.write"
        | "configs.clone"
        | "tokens.create"
        | "members.create"
        | "groups.create"
        | "mappings.create" => 201,
        _ => 200,
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    events: Vec<AuditEvent>,
    page: u64,
    limit: u64,
    has_next: bool,
    status: Status,
}

/// Changes, newest first
#[utoipa::path(
    get, path = "/api/audit/events", operation_id = "auditEvents", tag = "Audit",
    params(
        ("project" = Option<String>, Query, description = "Of this project only"),
        ("config" = Option<String>, Query, description = "Of this config of the project only"),
        ("since" = Option<String>, Query, description = "At or after this time, RFC 3339"),
        ("limit" = Option<u64>, Query, description = "Events a page: 50 unless told, 100 at most, however many are asked for"),
        ("page" = Option<u64>, Query, description = "From 1"),
    ),
    responses((status = 200, body = AuditPage), ReadErrors)
)]
pub(crate) async fn events(auth: Auth, params: Params) -> ApiResult<Json<AuditPage>> {
    auth.look(|_, caller| holds_somewhere(caller, Action::AuditRead))?;
    let limit = params
        .number_in("limit", 1..=u64::MAX)?
        .map_or(DEFAULT_LIMIT, |limit| limit.min(MAX_LIMIT));
    let page = params.number_in("page", 1..=MAX_PAGE)?.unwrap_or(1);
    let query = AuditQuery {
        project: params.parsed("project")?,
        config: params.parsed("config")?,
        since: params.parsed("since")?,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        page: usize::try_from(page).unwrap_or(usize::MAX),
    };
    let found = auth.app.engine.audit(&auth.actor, &query).await?;
    let events = found
        .events
        .into_iter()
        .map(|event| AuditEvent::of(event.entry))
        .collect();
    Ok(Json(AuditPage {
        events,
        page,
        limit,
        has_next: found.has_next,
        status: Status::Ok,
    }))
}
