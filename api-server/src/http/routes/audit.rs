//! Who did what, and the proof that nothing of it was changed since.

pub(crate) mod proof;

use std::borrow::Cow;

use axum::Json;
use serde::Serialize;
use ssm_domain::access::Action;
use ssm_domain::access_record::Access;
use ssm_domain::entry::{Change, EntryActor, Request, Target};
use ssm_domain::time::Timestamp;
use ssm_engine::access::AccessFilter;
use ssm_engine::{AuditQuery, PageStart};
use utoipa::ToSchema;

use super::Status;
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::errors::{ApiError, ApiResult, ReadErrors};
use crate::http::query::Params;

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 100;
/// Pages are counted from the newest event, so a late one costs as much as all before it.
const MAX_PAGE: u64 = 10_000;

/// Something on record as version 1.4 told it, with what is known beside that.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    /// When it happened, the first time
    #[schema(value_type = String, format = DateTime)]
    ts: Timestamp,
    /// When it happened last
    #[serde(rename = "lastTs")]
    #[schema(value_type = String, format = DateTime)]
    last_ts: Timestamp,
    /// How often it happened in between: reads and refusals that repeat within a minute are one event
    count: u64,
    /// `token` where one was used, else `user`, `system` or `anonymous`
    #[schema(example = "token")]
    actor_type: &'static str,
    /// `user`, `service`, `system` or `anonymous`, which is whoever has proved nothing
    #[serde(rename = "actorKind")]
    #[schema(example = "user")]
    actor_kind: &'static str,
    /// The username, or the service token's name; for a sign-in that failed, the user whose password was tried, or `unknown`
    actor_id: String,
    token_id: Option<String>,
    #[schema(example = "secrets.write")]
    action: String,
    project_slug: Option<String>,
    config_slug: Option<String>,
    /// Where it was about one secret
    key: Option<String>,
    status_code: u16,
    method: Option<String>,
    path: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
    /// The id of the request, which the server's log has, too; of an event that repeated, that of the first
    #[serde(rename = "requestId")]
    request_id: Option<String>,
    /// Not measured for changes, which are recorded before they are answered
    latency_ms: Option<u64>,
    /// The position in the journal, where something was changed
    seq: Option<u64>,
    /// Whether it was imported: then version 1.4 had it on record, and nothing but that vouches for what it says
    imported: bool,
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
    fn of(event: ssm_engine::AuditEvent) -> Self {
        match event {
            ssm_engine::AuditEvent::Change(entry) => Self {
                status_code: status_code(&entry.action),
                seq: Some(entry.seq),
                changes: entry.changes.iter().map(AuditChange::of).collect(),
                ..Self::named(
                    entry.at,
                    entry.actor,
                    entry.action,
                    entry.target,
                    entry.request,
                )
            },
            ssm_engine::AuditEvent::Access(access) => Self::recorded(access),
            ssm_engine::AuditEvent::Imported(event) => Self {
                imported: true,
                ..Self::recorded(event)
            },
        }
    }

    /// Something that was answered as it says.
    fn recorded(access: Access) -> Self {
        Self {
            last_ts: access.until,
            count: access.count,
            status_code: access.status,
            latency_ms: access.latency_ms,
            ..Self::named(
                access.at,
                access.actor,
                access.action,
                access.target,
                access.request,
            )
        }
    }

    /// Something that was done once and went well.
    fn named(
        at: Timestamp,
        actor: EntryActor,
        action: String,
        target: Target,
        request: Option<Request>,
    ) -> Self {
        let kind = actor.kind.as_str();
        Self {
            ts: at,
            last_ts: at,
            count: 1,
            actor_type: if actor.token_id.is_some() {
                "token"
            } else {
                kind
            },
            actor_kind: kind,
            actor_id: actor.id,
            token_id: actor.token_id.map(|id| id.to_string()),
            action,
            project_slug: target.project.map(|slug| slug.to_string()),
            config_slug: target.config.map(|slug| slug.to_string()),
            key: target.key.map(|key| key.to_string()),
            status_code: 200,
            method: request.as_ref().map(|request| request.method.clone()),
            path: request.as_ref().map(|request| request.path.clone()),
            ip: request.as_ref().and_then(|request| request.ip.clone()),
            request_id: request.as_ref().map(|request| request.id.clone()),
            user_agent: request.and_then(|request| request.user_agent),
            latency_ms: None,
            seq: None,
            imported: false,
            changes: Vec::new(),
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
    /// The page that was asked for; 1 with a cursor
    page: u64,
    limit: u64,
    has_next: bool,
    /// What `cursor` takes for the next page; absent where there is none
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    status: Status,
}

/// What was changed, read and refused, newest first
///
/// Changes, logins, reads of values, refusals, sign-ins that failed (`auth.failed`, `auth.throttled`) and uses of dead
/// tokens (`auth.dead_token`), those of the present minute included; and what version 1.4 had on record, where it was
/// imported. A filter that lets few events through may make a page
/// shorter than asked for although there are more; `nextCursor` goes on behind what was looked at. By cursor each event
/// comes once, also while new ones arrive; pages by number move along with them.
#[utoipa::path(
    get, path = "/api/audit/events", operation_id = "auditEvents", tag = "Audit",
    params(
        ("project" = Option<String>, Query, description = "Of this project only"),
        ("config" = Option<String>, Query, description = "Of this config of the project only"),
        ("key" = Option<String>, Query, description = "About this secret only: it was read or changed by name, or is among those that were changed"),
        ("actor" = Option<String>, Query, description = "By this user or service only, or to sign in as this user"),
        ("action" = Option<String>, Query, description = "Of this action only, such as `secrets.read`"),
        ("outcome" = Option<String>, Query, description = "`success`, or `failure` for what was refused"),
        ("since" = Option<String>, Query, description = "At or after this time, RFC 3339"),
        ("until" = Option<String>, Query, description = "At or before this time, RFC 3339"),
        ("limit" = Option<u64>, Query, description = "Events a page: 50 unless told, 100 at most, however many are asked for"),
        ("page" = Option<u64>, Query, description = "From 1; not together with `cursor`"),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses((status = 200, body = AuditPage), ReadErrors)
)]
pub(crate) async fn events(auth: Auth, params: Params) -> ApiResult<Json<AuditPage>> {
    auth.look(|_, caller| holds_somewhere(caller, Action::AuditRead))?;
    let limit = params
        .number_in("limit", 1..=u64::MAX)?
        .map_or(DEFAULT_LIMIT, |limit| limit.min(MAX_LIMIT));
    let page = params.number_in("page", 1..=MAX_PAGE)?;
    let from = match (page, params.parsed("cursor")?) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("cursor", "cannot go with page")),
        (None, Some(position)) => PageStart::Below(position),
        (page, None) => {
            PageStart::After(usize::try_from(page.unwrap_or(1) - 1).unwrap_or(usize::MAX))
        }
    };
    let query = AuditQuery {
        filter: filter(&params)?,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        from,
    };
    let found = auth.app.engine.audit(&auth.actor, &query).await?;
    Ok(Json(AuditPage {
        events: found.events.into_iter().map(AuditEvent::of).collect(),
        page: page.unwrap_or(1),
        limit,
        has_next: found.next.is_some(),
        next_cursor: found.next.map(|position| position.to_string()),
        status: Status::Ok,
    }))
}

fn filter(params: &Params) -> ApiResult<AccessFilter> {
    let text = |name| {
        let text = params.text(name)?.filter(|text| !text.is_empty());
        Ok::<_, ApiError>(text.map(Cow::into_owned))
    };
    Ok(AccessFilter {
        project: params.parsed("project")?,
        config: params.parsed("config")?,
        key: params.parsed("key")?,
        actor: text("actor")?,
        action: text("action")?,
        outcome: params.parsed("outcome")?,
        since: params.parsed("since")?,
        until: params.parsed("until")?,
    })
}
