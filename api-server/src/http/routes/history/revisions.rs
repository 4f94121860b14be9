//! What was done to a config, and what it was then.

use std::collections::BTreeMap;

use axum::Json;
use serde::Serialize;
use ssm_domain::entry::Entry;
use ssm_domain::id::ConfigId;
use ssm_domain::time::Timestamp;
use utoipa::ToSchema;

use super::super::audit::AuditChange;
use super::{PastSecret, open};
use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, ReadErrors};
use crate::http::path::{InConfig, RevisionPath};
use crate::http::query::Params;

/// Something that was done to a config.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigRevision {
    revision: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// A username, or the name of a service token
    actor: String,
    /// `user`, `service` or `system`
    #[schema(example = "user")]
    actor_kind: &'static str,
    #[schema(example = "secrets.write")]
    action: String,
    /// The id of the request, which the server's log has, too
    request_id: Option<String>,
    /// What became of the config and its keys, in order
    changes: Vec<AuditChange>,
}

impl ConfigRevision {
    fn of(entry: Entry, config: ConfigId) -> Self {
        let changes = entry.changes.iter();
        let ours = changes.filter(|change| change.config() == Some(config));
        Self {
            revision: entry.seq,
            at: entry.at,
            changes: ours.map(AuditChange::of).collect(),
            actor: entry.actor.id,
            actor_kind: entry.actor.kind.as_str(),
            action: entry.action,
            request_id: entry.request.map(|request| request.id),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionPage {
    /// Newest first
    revisions: Vec<ConfigRevision>,
    /// What `cursor` takes for the next page; absent where there is none
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What was done to a config itself, newest first
///
/// The changes of what it inherits or refers to move its revision, too, and are in the histories of those configs.
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}/revisions", operation_id = "listRevisions", tag = "History",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("limit" = Option<u64>, Query, description = "How many: 50 unless told, 100 at most"),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses((status = 200, body = RevisionPage), ReadErrors)
)]
pub(crate) async fn list(
    auth: Auth,
    path: InConfig,
    params: Params,
) -> ApiResult<Json<RevisionPage>> {
    let (reader, _) = open(&auth, &path.0, &params)?;
    let (config, page) = (reader.config().id, params.page()?);
    let found = reader.revisions(page.cursor, page.limit).await?;
    let revisions = found.items.into_iter();
    Ok(Json(RevisionPage {
        revisions: revisions
            .map(|entry| ConfigRevision::of(entry, config))
            .collect(),
        next_cursor: found.next.map(|seq| seq.to_string()),
    }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretsAt {
    revision: u64,
    /// By key
    secrets: BTreeMap<String, PastSecret>,
}

/// A config's own secrets as they were at a revision
///
/// Any number up to the config's revision names the revision that it was at then. Values need `secrets:read`.
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}/revisions/{revision}", operation_id = "readRevision", tag = "History",
    params(
        ("project" = String, Path), ("config" = String, Path), ("revision" = u64, Path, description = "The revision"),
        ("values" = Option<bool>, Query, description = "The values, too; `false` unless told"),
    ),
    responses((status = 200, body = SecretsAt), ReadErrors)
)]
pub(crate) async fn read(
    auth: Auth,
    path: RevisionPath,
    params: Params,
) -> ApiResult<Json<SecretsAt>> {
    let (reader, values) = open(&auth, &path.config, &params)?;
    let revision = path.revision()?;
    let past = reader.past(revision).await?;
    if values {
        auth.record_read("secrets.read", &path.config, None).await?;
    }
    let secrets = past.iter().map(|(key, secret)| {
        let secret = PastSecret::of(&reader, key, secret, values);
        (key.to_string(), secret)
    });
    Ok(Json(SecretsAt {
        revision,
        secrets: secrets.collect(),
    }))
}
