//! What makes a config at one revision differ from itself at another.

use std::collections::BTreeSet;

use axum::Json;
use serde::Serialize;
use ssm_domain::names::Key;
use utoipa::ToSchema;

use super::{PastSecret, open};
use crate::http::auth::Auth;
use crate::http::errors::{ApiError, ApiResult, ReadErrors};
use crate::http::path::InConfig;
use crate::http::query::Params;

/// A key that is not the same on both sides.
#[derive(Serialize, ToSchema)]
pub(crate) struct Difference {
    #[schema(example = "DATABASE_URL")]
    key: String,
    /// What it was at `from`; absent where it was not there
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<PastSecret>,
    /// What it was at `to`; absent where it was not there
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<PastSecret>,
}

/// Each list is in the order of keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct Diff {
    from: u64,
    to: u64,
    /// Only there at `to`
    added: Vec<Difference>,
    /// Only there at `from`
    removed: Vec<Difference>,
    /// There in another version, whose value may all the same be equal
    changed: Vec<Difference>,
}

/// What makes a config's own secrets at one revision differ from those at another
///
/// Values need `secrets:read`.
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}/diff", operation_id = "diffRevisions", tag = "History",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("from" = u64, Query, description = "A revision"),
        ("to" = Option<u64>, Query, description = "Another one; the present one unless told"),
        ("values" = Option<bool>, Query, description = "The values, too; `false` unless told"),
    ),
    responses((status = 200, body = Diff), ReadErrors)
)]
pub(crate) async fn diff(auth: Auth, path: InConfig, params: Params) -> ApiResult<Json<Diff>> {
    let (reader, values) = open(&auth, &path.0, &params)?;
    let from = params.number("from")?;
    let from = from.ok_or_else(|| ApiError::invalid("from", "is missing"))?;
    let to = params.number("to")?.unwrap_or(reader.version().revision);
    let (before, after) = (reader.past(from).await?, reader.past(to).await?);

    if values {
        auth.record_read("secrets.read", &path.0, None).await?;
    }
    let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let keys: BTreeSet<&Key> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (old, new) = (before.get(key), after.get(key));
        let list = match (old, new) {
            (Some(old), Some(new)) if old.version == new.version => continue,
            (Some(_), Some(_)) => &mut changed,
            (Some(_), None) => &mut removed,
            (None, _) => &mut added,
        };
        let told = |secret| PastSecret::of(&reader, key, secret, values);
        list.push(Difference {
            key: key.to_string(),
            from: old.map(told),
            to: new.map(told),
        });
    }
    Ok(Json(Diff {
        from,
        to,
        added,
        removed,
        changed,
    }))
}
