//! `Idempotency-Key`: whoever sends a change again under the same key gets the first answer again, and the change is
//! made once. Goes around every handler, none of which knows of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use ssm_domain::caller::Actor;
use ssm_domain::idempotency::Repeatable;
use ssm_domain::rejection::Rejection;
use ssm_domain::state::Done;
use ssm_engine::{Admission, Answer, Ticket};

use super::auth::{Auth, shows_no_token};
use super::body::Unread;
use super::errors::{ApiError, ApiResult, Earlier};
use super::{latest, observe};
use crate::state::App;

/// The header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of a key.
pub(crate) const LONGEST_KEY: usize = 255;
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The largest answer that is kept. A retry of what was answered at greater length learns that it was done.
const LARGEST_ANSWER: u64 = 256 * 1024;

/// Whether a request is a change that is to be made once.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    let changes = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    );
    changes && request.headers().contains_key(IDEMPOTENCY_KEY)
}

/// Sees to it that a change with an idempotency key is made once.
pub(crate) async fn once(app: Arc<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(actor) = who(&mut parts, &app).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    match admit(&app, &actor, parts, body).await {
        Ok((ticket, request)) => carry_out(app, ticket, request, next).await,
        Err(answered) => answered,
    }
}

/// Whose keys these are. What does not prove anybody is left to the handler, which refuses it; and so are a username and a
/// password, which only sign somebody out.
async fn who(parts: &mut Parts, app: &Arc<App>) -> Option<Actor> {
    if let Ok(auth) = Auth::from_request_parts(parts, app).await {
        return Some(auth.actor);
    }
    shows_no_token(&parts.headers).then_some(Actor::Anonymous)
}

/// The request, if it is to be carried out; else its answer.
async fn admit(
    app: &App,
    actor: &Actor,
    mut parts: Parts,
    body: Body,
) -> Result<(Ticket, Request), Response> {
    let key = key(&parts.headers).map_err(ApiError::into_response)?;
    let body = Unread::of(&parts, body).bytes().await;
    let body = body.map_err(ApiError::into_response)?;
    let request = Repeatable {
        actor,
        method: parts.method.as_str(),
        path: parts.uri.path(),
        key: &key,
    };
    let query = parts.uri.query().unwrap_or_default();
    let idempotency = app.engine.idempotency(&request, &[query.as_bytes(), &body]);
    match app.engine.admit(idempotency) {
        Admission::First(ticket) => {
            parts.extensions.insert(idempotency);
            let body = Body::from(Bytes::from_owner(body));
            Ok((ticket, Request::from_parts(parts, body)))
        }
        other => Err(answer_again(app, other)),
    }
}

fn key(headers: &HeaderMap) -> ApiResult<String> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = keys.next().filter(|_| keys.next().is_none());
    let key = key.map(HeaderValue::as_bytes).unwrap_or_default();
    let is_key = (1..=LONGEST_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    let text = std::str::from_utf8(key).ok().filter(|_| is_key);
    text.map(str::to_owned).ok_or_else(|| {
        ApiError::invalid(
            "Idempotency-Key",
            "must be 1 to 255 visible ASCII characters, and be given once only",
        )
    })
}

/// Carries the request out to its end, also where the client goes away: it is for those that the answer is kept.
async fn carry_out(app: Arc<App>, ticket: Ticket, request: Request, next: Next) -> Response {
    let carried_out = observe::go_on(async move {
        let response = latest::handle(&app, request, next).await;
        let refused = response.extensions().get::<ApiError>();
        if refused.is_some_and(ApiError::is_already_done) {
            // Another server was faster.
            let earlier = app.engine.earlier(&ticket.idempotency());
            return earlier.map_or(response, |earlier| answer_again(&app, earlier));
        }
        keep(&ticket, response).await
    });
    match carried_out.await {
        Ok(response) => response,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => ApiError::internal("the server is ending").into_response(),
        },
    }
}

/// Keeps a good answer, unless it holds a token.
async fn keep(ticket: &Ticket, response: Response) -> Response {
    let size = response.body().size_hint().exact();
    if !response.status().is_success()
        || response.headers().contains_key(SET_COOKIE)
        || size.is_none_or(|size| size > LARGEST_ANSWER)
        || ticket.made_a_token()
    {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return ApiError::internal("an answer has no end").into_response();
    };
    let body = body.to_bytes();
    if let Ok(text) = std::str::from_utf8(&body) {
        let header = |name| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        ticket.keep(&Answer {
            status: parts.status.as_u16(),
            etag: header(ETAG),
            content_type: header(CONTENT_TYPE),
            body: text.to_owned(),
        });
    }
    Response::from_parts(parts, Body::from(body))
}

fn answer_again(app: &App, earlier: Admission) -> Response {
    let conflict = |code, message| ApiError::new(StatusCode::CONFLICT, code, message);
    match earlier {
        Admission::Answered(answer) => replay(answer),
        Admission::Done(done) => already_done(app, &done).into_response(),
        Admission::Reused => ApiError::from(Rejection::IdempotencyKeyReused).into_response(),
        Admission::Running | Admission::First(_) => conflict(
            "idempotency_in_progress",
            "The same request is being carried out; ask again for its answer",
        )
        .retry_after(1)
        .into_response(),
    }
}

fn replay(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = [(ETAG, answer.etag), (CONTENT_TYPE, answer.content_type)];
    for (name, value) in headers {
        let value = value.and_then(|value| HeaderValue::try_from(value).ok());
        response
            .headers_mut()
            .extend(value.map(|value| (name, value)));
    }
    let replayed = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, replayed);
    response
}

/// What is left to say where there is no first answer: what was done, and where that stands.
fn already_done(app: &App, done: &Done) -> ApiError {
    let state = app.engine.state();
    let config = done.config_id.and_then(|id| state.config(id));
    let earlier = Earlier {
        seq: done.seq,
        revision: config.map(|config| config.revision),
        token_id: done.token_id.map(|id| id.to_string()),
    };
    let refusal = match done.token_id {
        Some(_) => ApiError::new(
            StatusCode::CONFLICT,
            "token_already_issued",
            "The token was made, and is shown once only; revoke it if it did not arrive",
        ),
        None => Rejection::AlreadyDone(*done).into(),
    };
    refusal.with_earlier(earlier)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{IDEMPOTENCY_KEY, key};

    #[test]
    fn a_key_is_visible_ascii_and_given_once() {
        let given = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
            }
            key(&headers).ok()
        };
        for good in ["a", "\"8e03978e-40d5\"", "!~", &"x".repeat(255)] {
            assert_eq!(given(&[good.as_bytes()]).as_deref(), Some(good));
        }
        let long = "x".repeat(256);
        for bad in ["", " ", "a b", "a\tb", "é", &long] {
            assert_eq!(given(&[bad.as_bytes()]), None, "{bad}");
        }
        assert_eq!(given(&[b"a", b"a"]), None);
    }
}
