//! What happens around every request: its id, its line in the log, its counts, the headers of every answer, and the
//! body of every error.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tracing::{debug, error, info};

use super::errors::ApiError;
use super::metrics::method_label;
use crate::state::App;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;
/// How a request that matches no route is logged and counted.
const NO_ROUTE: &str = "none";

/// The name of a request, in its answer, in the log and in the journal.
#[derive(Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The client's own where it can go anywhere, else a new one.
    fn of(headers: &HeaderMap) -> Self {
        let own = headers.get(X_REQUEST_ID).filter(|value| {
            let bytes = value.as_bytes();
            let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
            (1..=LONGEST_ID).contains(&bytes.len()) && bytes.iter().all(safe)
        });
        own.map_or_else(Self::default, |value| Self(value.clone()))
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// A new id: which process, and a number.
impl Default for RequestId {
    fn default() -> Self {
        static PROCESS: std::sync::LazyLock<u64> = std::sync::LazyLock::new(rand::random);
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let text = format!(
            "{:016x}-{:x}",
            *PROCESS,
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Self(
            HeaderValue::from_maybe_shared(Bytes::from(text))
                .expect("hexadecimal digits and a dash"),
        )
    }
}

/// Goes around every handler.
pub(crate) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id.clone());

    // The panic itself is logged where it happens. What a handler shares is behind locks that survive one.
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let panicked = |_| ApiError::internal("a handler panicked").into_response();
    let mut response = handled.unwrap_or_else(panicked);
    let refused = response.extensions_mut().remove::<ApiError>();
    let code = refused.as_ref().map(ApiError::code).unwrap_or_default();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    if let Some(why) = refused.as_ref().and_then(ApiError::for_log) {
        error!(
            request_id = id.as_str(),
            route, code, why, "a request failed"
        );
    }
    if let Some(refused) = refused {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = refused.answer(id.as_str());
        response
            .headers_mut()
            .extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    let (status, took, label) = (response.status(), started.elapsed(), method_label(&method));
    app.metrics.answered(label, route, status, took);
    set_headers(response.headers_mut(), id.clone());

    let (request_id, status) = (id.as_str(), status.as_u16());
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if matches!(method, Method::GET | Method::HEAD) {
        debug!(
            request_id,
            method = label,
            route,
            status,
            microseconds,
            code,
            "request"
        );
    } else {
        info!(
            request_id,
            method = label,
            route,
            status,
            microseconds,
            code,
            "request"
        );
    }
    response
}

fn set_headers(headers: &mut HeaderMap, id: RequestId) {
    // Once for all, and for what hyper adds.
    headers.reserve(8);
    headers.insert(X_REQUEST_ID, id.0);
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::RequestId;

    #[test]
    fn an_id_of_the_clients_own_is_kept_where_it_can_go_anywhere() {
        let given = |text: &str| {
            let headers = HeaderMap::from_iter([(
                "x-request-id".parse().unwrap(),
                HeaderValue::from_bytes(text.as_bytes()).unwrap(),
            )]);
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(given("7f3a-b.c_D"), "7f3a-b.c_D");
        for bad in ["", "a b", "a\"b", "a\tb", "é", &"x".repeat(65)] {
            assert_ne!(given(bad), bad);
        }
        assert_ne!(RequestId::default().as_str(), RequestId::default().as_str());
    }
}
