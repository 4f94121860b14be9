//! The secrets of a config: all of them at once, one by one, and many in one change.

pub(crate) mod export;
pub(crate) mod item;
mod render;
pub(crate) mod write;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use serde::Serialize;
use ssm_domain::entry::Seq;
use ssm_engine::ConfigVersion;

use crate::http::auth::Auth;
use crate::http::etag::etag;

/// The answer of a write, with the config's new `ETag`.
pub(super) fn written(auth: &Auth, revision: Seq, answer: impl Serialize) -> Response {
    let state = auth.app.engine.state();
    let epoch = state.journal().map(|journal| journal.epoch);
    let tag = epoch.map(|epoch| (ETAG, etag(ConfigVersion { epoch, revision })));
    let mut response = Json(answer).into_response();
    response.headers_mut().extend(tag);
    response
}
