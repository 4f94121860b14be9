//! The headers of every answer: what a browser may do with it.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Whoever came over HTTPS once does so for a year.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

const FIXED: [(HeaderName, HeaderValue); 7] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // A page of ours names what it needs; everything else is data, and loads and runs nothing.
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Sets what the answer does not set by itself.
pub(super) fn secure(status: StatusCode, headers: &mut HeaderMap, is_https: bool) {
    // There is nothing in it; what a browser goes by is the answer that it has kept.
    let of_this = if status == StatusCode::NOT_MODIFIED {
        &FIXED[..1]
    } else {
        &FIXED[..]
    };
    // Once for all, and for what hyper adds.
    headers.reserve(of_this.len() + 6);
    for (name, value) in of_this {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
}
