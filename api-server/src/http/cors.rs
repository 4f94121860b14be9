//! Pages of other origins that may call the API from a browser: those of `CORS_ORIGINS`, exactly, and with tokens only.
//! No answer ever allows credentials, so a browser sends no cookie along.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ssm_client::Origin;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, if-match, if-none-match, idempotency-key, x-api-key, x-request-id",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, idempotency-replayed, retry-after, x-request-id, x-ssm-unresolved",
);
/// For how many seconds a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origin of a request, if its pages may call the API.
pub(super) fn allowed(headers: &HeaderMap, origins: &[Origin]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let known = origins
        .iter()
        .any(|known| known.as_str().as_bytes() == origin.as_bytes());
    known.then(|| origin.clone())
}

/// The answer to a browser that asks before it sends the request itself.
pub(super) fn preflight(request: &Request, allowed: Option<&HeaderValue>) -> Option<Response> {
    let asks = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    (asks && allowed.is_some()).then(|| {
        let headers = [
            (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ];
        (StatusCode::NO_CONTENT, headers).into_response()
    })
}

/// Lets the page read the answer.
pub(super) fn annotate(headers: &mut HeaderMap, allowed: Option<HeaderValue>, origins: &[Origin]) {
    if !origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
