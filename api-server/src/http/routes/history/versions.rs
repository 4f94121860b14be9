//! What became of one key over time.

use axum::Json;
use serde::Serialize;
use ssm_domain::secret::SecretValue;
use ssm_domain::time::Timestamp;
use ssm_engine::KeyVersion;
use utoipa::ToSchema;

use super::{Opened, open};
use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, ReadErrors};
use crate::http::path::SecretPath;
use crate::http::query::Params;

/// A value that a key had, or its end.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretVersion {
    /// Counts the values of the key, from 1; `null` where it was deleted
    version: Option<u64>,
    /// The config's revision with this
    revision: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// A username, or the name of a service token
    by: String,
    /// Whether the key was deleted
    deleted: bool,
    /// The icon that somebody chose
    icon_slug: Option<String>,
    note: Option<String>,
    /// With `values=true`; `null` for a deletion, and for a value that can no longer be opened
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    value: Option<Opened>,
}

impl SecretVersion {
    fn of(version: &KeyVersion, value: Option<Opened>) -> Self {
        let set = version.set.as_ref();
        let note = set.and_then(|set| set.note.as_ref());
        Self {
            version: set.map(|set| set.version),
            revision: version.revision,
            at: version.at,
            by: version.by.clone(),
            deleted: set.is_none(),
            icon_slug: set.and_then(|set| set.icon.clone()),
            note: note.map(ToString::to_string),
            value,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VersionPage {
    #[schema(example = "DATABASE_URL")]
    key: String,
    /// Newest first. In a long history a page may have fewer than asked for, or none, although there are more
    versions: Vec<SecretVersion>,
    /// What `cursor` takes for the next page; absent where there is none
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The values that a key had in a config, newest first
///
/// A key that was deleted and set again goes on counting. Values need `secrets:read`.
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}/secrets/{key}/versions", operation_id = "listVersions", tag = "History",
    params(
        ("project" = String, Path), ("config" = String, Path), ("key" = String, Path),
        ("values" = Option<bool>, Query, description = "The values, too; `false` unless told"),
        ("limit" = Option<u64>, Query, description = "How many: 50 unless told, 100 at most"),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses((status = 200, body = VersionPage), ReadErrors)
)]
pub(crate) async fn versions(
    auth: Auth,
    path: SecretPath,
    params: Params,
) -> ApiResult<Json<VersionPage>> {
    let (reader, values) = open(&auth, &path.config, &params)?;
    let (config, key, page) = (path.config.clone(), path.existing_key()?, params.page()?);
    let found = reader.versions(&key, page.cursor, page.limit).await?;
    if values {
        auth.record_read("secrets.read", &config, Some(&key))
            .await?;
    }
    let versions = if values {
        let opened = reader.open_versions(&key, &found.items).await?;
        let opened = opened
            .into_iter()
            .map(|value: Option<SecretValue>| Some(Opened(value)));
        std::iter::zip(&found.items, opened)
            .map(|(version, value)| SecretVersion::of(version, value))
            .collect()
    } else {
        let versions = found.items.iter();
        versions
            .map(|version| SecretVersion::of(version, None))
            .collect()
    };
    Ok(Json(VersionPage {
        key: key.to_string(),
        versions,
        next_cursor: found.next.map(|seq| seq.to_string()),
    }))
}
