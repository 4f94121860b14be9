//! What happens around every request: its id, its line in the log, its counts, the headers of every answer, and the
//! body of every error.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ssm_domain::caller::Actor;
use tokio::task::JoinHandle;
use tokio::task_local;
use tokio::time::timeout;
use tracing::{debug, error, info};

use super::auth::Origin;
use super::client_address::{ClientAddress, Peer};
use super::errors::ApiError;
use super::metrics::method_label;
use super::{cors, headers, idempotency, latest, record, traversal};
use crate::state::App;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;
/// How long a request may take until its answer begins: a body has half a minute to arrive, and a write waits ten seconds
/// at most.
const PATIENCE: Duration = Duration::from_mins(1);
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

/// The request that a task is about.
struct Current {
    id: RequestId,
    started: Instant,
    /// Who asks and how, once that is known.
    by: OnceLock<(Actor, Arc<Origin>)>,
}

task_local! {
    static CURRENT: Arc<Current>;
}

/// Calls `with` with the id of the request that this task is about, if it is about one. For the log, every line of which
/// carries it.
pub(crate) fn current_request_id<T>(with: impl FnOnce(&str) -> T) -> Option<T> {
    CURRENT.try_with(|current| with(current.id.as_str())).ok()
}

/// How long the present request has taken so far.
pub(super) fn elapsed() -> Duration {
    let elapsed = CURRENT.try_with(|current| current.started.elapsed());
    elapsed.unwrap_or_default()
}

/// Says who asks, before it is known what that is worth: a refusal goes on record with their name.
pub(super) fn asked_by(actor: Actor, origin: &Arc<Origin>) {
    // Outside of a request there is nothing to refuse.
    let _ = CURRENT.try_with(|current| current.by.set((actor, origin.clone())));
}

/// Runs something that is about the present request in a task of its own, which goes on when the client goes away.
pub(crate) fn go_on<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    match CURRENT.try_with(Arc::clone) {
        Ok(current) => tokio::spawn(CURRENT.scope(current, future)),
        Err(_) => tokio::spawn(future),
    }
}

/// Goes around every handler.
pub(crate) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    if let Some(peer) = request.extensions().get::<Peer>() {
        let client = ClientAddress::of(*peer, request.headers(), &app.web.trusted_proxies);
        request.extensions_mut().insert(client);
    }
    let current = Arc::new(Current {
        id: id.clone(),
        started: Instant::now(),
        by: OnceLock::new(),
    });
    let observed = observed(&app, request, next, &id);
    let mut response = CURRENT.scope(current, observed).await;
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    headers::secure(
        response.status(),
        response.headers_mut(),
        app.web.is_https(),
    );
    response
}

async fn observed(app: &Arc<App>, request: Request, next: Next, id: &RequestId) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let page = cors::allowed(request.headers(), &app.web.cors_origins);

    let mut response = match cors::preflight(&request, page.as_ref()) {
        Some(preflight) => preflight,
        None if traversal::is_crooked(request.uri().path()) => {
            ApiError::no_such_endpoint().into_response()
        }
        None => handled(app, request, next).await,
    };
    let refused = response.extensions_mut().remove::<ApiError>();
    let code = refused.as_ref().map(ApiError::code).unwrap_or_default();
    if let Some(why) = refused.as_ref().and_then(ApiError::for_log) {
        error!(route, code, why, "a request failed");
    }
    if let Some(refused) = refused {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = refused.answer(id.as_str());
        response
            .headers_mut()
            .extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    cors::annotate(response.headers_mut(), page, &app.web.cors_origins);
    let (status, took, method) = (response.status(), elapsed(), method_label(&method));
    app.metrics.answered(method, route, status, took);
    let _ = CURRENT.try_with(|current| {
        if let Some((actor, origin)) = current.by.get() {
            record::refusal(&app.engine, *actor, origin, route, status, took);
        }
    });

    let status = status.as_u16();
    let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if matches!(method, "GET" | "HEAD") {
        debug!(method, route, status, microseconds, code, "request");
    } else {
        info!(method, route, status, microseconds, code, "request");
    }
    response
}

/// What the handler answers, within the time that it has.
async fn handled(app: &Arc<App>, request: Request, next: Next) -> Response {
    let handled = async {
        if idempotency::is_asked_for(&request) {
            // Seldom, and so large that what is usual does not carry it along.
            Box::pin(idempotency::once(app.clone(), request, next)).await
        } else if app.engine.is_shared() {
            Box::pin(latest::handle(app, request, next)).await
        } else {
            next.run(request).await
        }
    };
    // The panic itself is logged where it happens. What a handler shares is behind locks that survive one.
    let handled = AssertUnwindSafe(handled).catch_unwind();
    match timeout(PATIENCE, handled).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError::internal("a handler panicked").into_response(),
        Err(_) => {
            let message = "This took too long; it may have been done all the same";
            let refusal = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message);
            refusal.retry_after(1).into_response()
        }
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
