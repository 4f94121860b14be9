//! HTTP: the router, and what goes around every handler. No policy is here: who may do what is the domain's.

mod auth;
mod body;
mod client_address;
mod console;
mod cors;
mod errors;
mod etag;
mod headers;
mod idempotency;
mod latest;
mod metrics;
mod observe;
mod openapi;
mod path;
mod query;
mod record;
mod routes;
mod streams;
#[cfg(test)]
mod tests;
mod traversal;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use http::uri::PathAndQuery;
use http::{StatusCode, Uri};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use client_address::Peer;
use errors::ApiError;
pub(crate) use metrics::{Gauged, Metrics};
pub(crate) use observe::current_request_id;
pub(crate) use streams::Streams;
#[cfg(test)]
pub(crate) use tests::idle_app;

use crate::state::App;

/// Marks an answer that has no end of its own, and is silent for as long as there is nothing to tell.
#[derive(Clone, Copy)]
pub(crate) struct Endless;

/// Everything that the server answers.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (router, _) = documented().split_for_parts();
    router
        .merge(routes::undocumented())
        .fallback(console::answer)
        .method_not_allowed_fallback(async || {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Not with this method",
            )
        })
        .layer(from_fn_with_state(app.clone(), observe::observe))
        .with_state(app)
}

/// The `OpenAPI` document as it is made from the endpoints.
pub(crate) fn openapi_json() -> String {
    let (_, document) = documented().split_for_parts();
    openapi::finish(document)
}

fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::Base::openapi()).merge(routes::documented())
}

/// Version 1.4's clients write some paths with a slash at the end and some without; both are the same.
pub(crate) fn without_trailing_slash(request: &mut Request) {
    let uri = request.uri();
    let path = uri.path();
    let Some(shorter) = path.strip_suffix('/').filter(|path| !path.is_empty()) else {
        return;
    };
    let shorter = match uri.query() {
        Some(query) => format!("{shorter}?{query}"),
        None => shorter.to_owned(),
    };
    if let Ok(path_and_query) = PathAndQuery::try_from(shorter) {
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}
