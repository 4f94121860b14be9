//! The `OpenAPI` document and a page to read and try it, both from within the binary: nothing is fetched from elsewhere.

use axum::response::IntoResponse;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS};

/// The committed document; a test keeps it equal to what the endpoints say.
pub(crate) const OPENAPI: &str = include_str!("../../../openapi.json");

/// Scripts and requests of the page's own origin, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";

/// This document
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "openapi", tag = "System", security(()),
    responses((status = 200, body = Object, description = "OpenAPI 3.1"))
)]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}

/// A page to read this document and to try it
#[utoipa::path(
    get, path = "/api/docs", operation_id = "docs", tag = "System", security(()),
    responses((status = 200, body = String, content_type = "text/html"))
)]
pub(crate) async fn page() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
    ];
    (headers, include_str!("docs/docs.html"))
}

/// The page's script.
pub(crate) async fn script() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/javascript; charset=utf-8")],
        include_str!("docs/docs.js"),
    )
}

/// The page's style.
pub(crate) async fn style() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("docs/docs.css"),
    )
}
