//! One secret.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use ssm_domain::access::Action;
use ssm_domain::icons;
use ssm_domain::names::{Description, Key};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secrets::{Edit, SetSecret, WriteSecrets};
use utoipa::ToSchema;

use super::super::Status;
use super::{max_depth, record_hops, unresolved_header, written};
use crate::http::auth::Auth;
use crate::http::body::{Given, Plaintext, Unread};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, ReadErrors, WriteErrors};
use crate::http::etag::{Conditions, etag, etag_for};
use crate::http::path::SecretPath;
use crate::http::query::Params;

#[derive(Serialize, ToSchema)]
pub(crate) struct Item<'a> {
    #[schema(example = "DATABASE_URL")]
    key: &'a str,
    value: &'a str,
    status: Status,
    /// With `resolve_references=true`, the references that lead nowhere; nothing stands in their place
    #[serde(skip_serializing_if = "Option::is_none")]
    unresolved: Option<&'a [String]>,
}

/// The value of one key
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}/secrets/{key}", operation_id = "readSecret", tag = "Secrets",
    params(
        ("project" = String, Path), ("config" = String, Path), ("key" = String, Path),
        ("effective" = Option<bool>, Query, description = "An inherited value, too; `false` unless told"),
        ("raw" = Option<bool>, Query, description = "The value as it is stored, whatever `resolve_references` says; `false` unless told"),
        ("resolve_references" = Option<bool>, Query, description = "The value with its references resolved; `false` unless told"),
        ("placeholder_max_depth" = Option<u64>, Query, description = "How many references may follow each other; 8 unless told, and at most"),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag` that the client holds"),
    ),
    responses(
        (status = 200, body = Item, headers(
            ("ETag" = String, description = "The config's `\"<epoch>.<revision>\"`; of a resolved value, `\"<epoch>.<revision>.<reader>\"`"),
            ("X-SSM-Unresolved" = Option<String>, description = "The references that lead nowhere"),
        )),
        (status = 304, description = "Still what `If-None-Match` names"),
        ReadErrors,
    )
)]
pub(crate) async fn read(
    auth: Auth,
    path: SecretPath,
    params: Params,
    conditions: Conditions,
) -> ApiResult<Response> {
    let reader = auth
        .app
        .engine
        .read(&auth.actor, Action::SecretsRead, &path.config)?;
    let (config, key) = (path.config.clone(), path.existing_key()?);
    let effective = params.flag("effective", false)?;
    let depth = max_depth(&params, false)?.filter(|_| reader.has_references());
    let secret = reader.secret(&key, effective)?;
    let tag = match depth {
        None => etag(reader.version()),
        Some(_) => etag_for(reader.version(), reader.mark()),
    };
    if conditions.holds(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let (value, followed) = match depth {
        None => (reader.open(&key, &secret)?, None),
        Some(depth) => {
            let (value, followed) = reader.resolving(depth, |resolver| resolver.resolve(&key))?;
            let value = value.ok_or(Rejection::NotFound(Noun::Secret))?;
            (value, Some(followed))
        }
    };
    auth.record_read("secrets.read", &config, Some(&key))
        .await?;
    record_hops(&auth, &reader, followed.as_ref()).await?;
    let unresolved = followed.map(|followed| followed.unresolved);
    let item = Item {
        key: key.as_str(),
        value: value.reveal(),
        status: Status::Ok,
        unresolved: unresolved.as_deref(),
    };
    let mut response = ([(ETAG, tag)], Json(item)).into_response();
    let header = unresolved.as_deref().and_then(unresolved_header);
    response.headers_mut().extend(header);
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct PutSecret {
    /// At most 64 KiB, without NUL
    #[schema(value_type = String)]
    value: Plaintext,
    /// The name of an icon; `null` goes back to the one that the key suggests, absent keeps what was chosen
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    icon_slug: Given<String>,
    /// A remark of at most 500 characters; absent keeps the one that is there
    note: Option<String>,
}

impl PutSecret {
    fn parse(self, key: Key) -> ApiResult<SetSecret> {
        let icon = match self.icon_slug {
            Given::Absent => Edit::Keep,
            Given::Null => Edit::Clear,
            Given::Value(icon) if icons::is_name(&icon) => Edit::Set(icon),
            Given::Value(_) => {
                return Err(ApiError::invalid(
                    "icon_slug",
                    "must be 1 to 100 of A-Z, a-z, 0-9, _, ., : and -",
                ));
            }
        };
        let note = self
            .note
            .map(|note| note.parse::<Description>())
            .transpose();
        Ok(SetSecret {
            icon,
            note: note
                .map_err(|why| ApiError::invalid("note", &why))?
                .map_or(Edit::Keep, Edit::Set),
            ..SetSecret::new(key, self.value.into_value("value")?)
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ItemWritten {
    status: Status,
    key: String,
    /// The config's revision with this change
    revision: u64,
}

/// Set the value of one key
#[utoipa::path(
    put, path = "/api/projects/{project}/configs/{config}/secrets/{key}", operation_id = "putSecret", tag = "Secrets", request_body = PutSecret,
    params(
        ("project" = String, Path), ("config" = String, Path), ("key" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The config's `ETag` that this change rests on"),
    ),
    responses(
        (status = 200, body = ItemWritten), WriteErrors,
        (status = 412, body = ErrorBody, description = "The config is not at the revision of `If-Match`"),
    )
)]
pub(crate) async fn put(
    auth: Auth,
    path: SecretPath,
    conditions: Conditions,
    body: Unread,
) -> ApiResult<Response> {
    auth.may(Action::SecretsWrite, &path.config)?;
    let (config, key) = (path.config.clone(), path.new_key()?);
    let set = vec![body.json::<PutSecret>().await?.parse(key.clone())?];
    let command = WriteSecrets {
        path: config,
        set,
        delete: Vec::new(),
        expected: conditions.expected()?,
    };
    let revision = auth.run(command).await?.revision;
    let answer = ItemWritten {
        status: Status::Ok,
        key: key.to_string(),
        revision,
    };
    Ok(written(&auth, revision, answer))
}

/// Delete the config's own value of one key
#[utoipa::path(
    delete, path = "/api/projects/{project}/configs/{config}/secrets/{key}", operation_id = "deleteSecret", tag = "Secrets",
    params(
        ("project" = String, Path), ("config" = String, Path), ("key" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The config's `ETag` that this change rests on"),
    ),
    responses(
        (status = 200, body = ItemWritten), WriteErrors,
        (status = 412, body = ErrorBody, description = "The config is not at the revision of `If-Match`"),
    )
)]
pub(crate) async fn delete(
    auth: Auth,
    path: SecretPath,
    conditions: Conditions,
) -> ApiResult<Response> {
    auth.may(Action::SecretsDelete, &path.config)?;
    let (config, key) = (path.config.clone(), path.existing_key()?);
    let delete = vec![key.clone()];
    let command = WriteSecrets {
        path: config,
        set: Vec::new(),
        delete,
        expected: conditions.expected()?,
    };
    let revision = auth.run(command).await?.revision;
    let answer = ItemWritten {
        status: Status::Ok,
        key: key.to_string(),
        revision,
    };
    Ok(written(&auth, revision, answer))
}
