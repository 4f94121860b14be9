//! The secrets of a config: all of them at once, one by one, and many in one change.

pub(crate) mod export;
pub(crate) mod item;
pub(crate) mod render;
pub(crate) mod write;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use ssm_domain::entry::Seq;
use ssm_domain::references::MAX_DEPTH;
use ssm_engine::{ConfigReader, ConfigVersion, Followed};

use crate::http::auth::Auth;
use crate::http::errors::{ApiError, ApiResult};
use crate::http::etag::etag;
use crate::http::query::Params;

const X_SSM_UNRESOLVED: HeaderName = HeaderName::from_static("x-ssm-unresolved");
/// The most bytes of names in a header: many a client takes no more than 8 KiB of headers together.
const MAX_HEADER: usize = 2_048;

/// The answer of a write, with the config's new `ETag`.
pub(super) fn written(auth: &Auth, revision: Seq, answer: impl Serialize) -> Response {
    let state = auth.app.engine.state();
    let epoch = state.journal().map(|journal| journal.epoch);
    let tag = epoch.map(|epoch| (ETAG, etag(ConfigVersion { epoch, revision })));
    let mut response = Json(answer).into_response();
    response.headers_mut().extend(tag);
    response
}

/// How many references may follow each other where they are to be resolved; unless it is told, `resolve` says whether
/// they are.
pub(crate) fn max_depth(params: &Params, resolve: bool) -> ApiResult<Option<usize>> {
    let (raw, resolve) = (
        params.flag("raw", false)?,
        params.flag("resolve_references", resolve)?,
    );
    let depth = params.number("placeholder_max_depth")?;
    if depth == Some(0) {
        return Err(ApiError::invalid(
            "placeholder_max_depth",
            "must be 1 or more",
        ));
    }
    let depth = depth.and_then(|depth| usize::try_from(depth).ok());
    let depth = depth.unwrap_or(MAX_DEPTH).min(MAX_DEPTH);
    Ok((resolve && !raw).then_some(depth))
}

/// Puts on record that values of other configs were given out, too.
async fn record_hops(
    auth: &Auth,
    reader: &ConfigReader,
    followed: Option<&Followed>,
) -> ApiResult<()> {
    let hops = followed.map_or(&[][..], |followed| &followed.hops);
    for path in reader.paths_of(hops) {
        auth.record_read("secrets.read", &path, None).await?;
    }
    Ok(())
}

/// Lists references that lead nowhere, as many as there is room for; `...` stands for the others.
fn unresolved_header(references: &[String]) -> Option<(HeaderName, HeaderValue)> {
    let (mut room, mut listed) = (MAX_HEADER, Vec::new());
    for reference in references {
        let Some(left) = room.checked_sub(reference.len() + 2) else {
            listed.push("...");
            break;
        };
        room = left;
        listed.push(reference);
    }
    if listed.is_empty() {
        return None;
    }
    let value = HeaderValue::try_from(listed.join(", ")).ok()?;
    Some((X_SSM_UNRESOLVED, value))
}
