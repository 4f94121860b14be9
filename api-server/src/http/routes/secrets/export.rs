//! Reading a whole config.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG};
use ssm_domain::access::Action;
use ssm_domain::references::MAX_DEPTH;

use super::render::{Export, Format, Rendering};
use super::{max_depth, record_hops, unresolved_header};
use crate::http::auth::Auth;
use crate::http::errors::{ApiError, ApiResult, ReadErrors};
use crate::http::etag::{Conditions, etag, etag_for};
use crate::http::path::InConfig;
use crate::http::query::Params;

/// How long a reader who asks for a revision waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// All secrets of a config, inherited ones included
///
/// Needs `secrets:export`; with `values=false`, `secrets:read`. Values are given as they are stored, unless
/// `resolve_references=true` asks for what their references come to. Every config that a reference leads to then needs the
/// caller's own `secrets:read`: lacking it is 403 `reference_forbidden`. A reference to what is gone comes to nothing, and is
/// listed in `unresolved` and in `X-SSM-Unresolved`.
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}/secrets", operation_id = "exportSecrets", tag = "Secrets",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("format" = Option<String>, Query, description = "`json` (unless told), `env`, a `.env` file, or `yaml`, a mapping with every value in double quotes"),
        ("include_parent" = Option<bool>, Query, description = "Inherited secrets, too; `true` unless told"),
        ("include_meta" = Option<bool>, Query, description = "Where each value is from; `true` unless told"),
        ("raw" = Option<bool>, Query, description = "Values as they are stored, whatever `resolve_references` says; `false` unless told"),
        ("resolve_references" = Option<bool>, Query, description = "Values with their references resolved; `false` unless told"),
        ("placeholder_max_depth" = Option<u64>, Query, description = "How many references may follow each other; 8 unless told, and at most"),
        ("values" = Option<bool>, Query, description = "`false` leaves values out; only with `format=json`"),
        ("minRevision" = Option<u64>, Query, description = "Wait briefly until the server has got so far, else 503"),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag` that the client holds"),
    ),
    responses(
        (
            status = 200, description = "The secrets",
            headers(
                ("ETag" = String, description = "`\"<epoch>.<revision>\"`; of resolved values, `\"<epoch>.<revision>.<reader>\"`"),
                ("X-SSM-Unresolved" = Option<String>, description = "The references that lead nowhere"),
            ),
            content((Export = "application/json"), (String = "text/plain"), (BTreeMap<String, String> = "application/yaml")),
        ),
        (status = 304, description = "Still what `If-None-Match` names"),
        ReadErrors,
    )
)]
pub(crate) async fn export(
    auth: Auth,
    path: InConfig,
    params: Params,
    conditions: Conditions,
) -> ApiResult<Response> {
    let values = params.flag("values", true);
    let action = if matches!(values, Ok(false)) {
        Action::SecretsRead
    } else {
        Action::SecretsExport
    };
    let arrived = wait_for_revision(&auth, &params).await;
    let reader = auth.app.engine.read(&auth.actor, action, &path.0)?;
    let mut rendering = rendering(&params, values?)?;
    arrived?;
    rendering.depth = rendering.depth.filter(|_| reader.has_references());
    let tag = match rendering.depth {
        None => etag(reader.version()),
        Some(_) => etag_for(reader.version(), reader.mark()),
    };
    if conditions.holds(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let rendered = reader.rendered(rendering.key(), |config| rendering.render(&reader, config))?;
    let followed = rendered.references.as_deref();
    if action == Action::SecretsExport {
        auth.record_read("secrets.export", &path.0, None).await?;
        record_hops(&auth, &reader, followed).await?;
    }
    let media_type = http::HeaderValue::from_static(rendering.format.media_type());
    let headers = [(CONTENT_TYPE, media_type), (ETAG, tag)];
    let unresolved = followed.and_then(|followed| unresolved_header(&followed.unresolved));
    let mut response = (headers, rendered.body).into_response();
    response.headers_mut().extend(unresolved);
    Ok(response)
}

impl Format {
    fn media_type(self) -> &'static str {
        match self {
            Self::Env => "text/plain; charset=utf-8",
            Self::Json { .. } => "application/json",
            // RFC 9512.
            Self::Yaml => "application/yaml",
        }
    }
}

fn rendering(params: &Params, values: bool) -> ApiResult<Rendering> {
    let meta = params.flag("include_meta", true)?;
    let format = match params.text("format")?.as_deref() {
        None | Some("json") => Format::Json { meta, values },
        Some("env") if values => Format::Env,
        Some("yaml") if values => Format::Yaml,
        Some("env" | "yaml") => {
            let why = "can only be left out of format=json";
            return Err(ApiError::invalid("values", why));
        }
        Some(_) => return Err(ApiError::invalid("format", "must be json, env or yaml")),
    };
    let asked = max_depth(params, false)?;
    Ok(Rendering {
        format,
        inherited: params.flag("include_parent", true)?,
        depth: if values {
            asked
        } else {
            // To tell whether they lead anywhere.
            meta.then_some(MAX_DEPTH)
        },
    })
}

/// Waits for the revision that the query asks for. Also what is to be read may be there from then on only.
async fn wait_for_revision(auth: &Auth, params: &Params) -> ApiResult<()> {
    let Some(wanted) = params.number("minRevision")? else {
        return Ok(());
    };
    if auth.app.engine.wait_for(wanted, PATIENCE).await {
        return Ok(());
    }
    let message = "This server has not got as far as minRevision yet";
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "behind", message).retry_after(1))
}
