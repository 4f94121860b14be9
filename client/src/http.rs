//! One request: address, credentials, time limits, retries, and what a status means.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rand::RngExt;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{Error, Refusal, Result};
use crate::secret::Token;

/// The longest wait that a retry inside a call accepts; a longer `Retry-After` is left to the caller.
const MAX_RETRY_WAIT: Duration = Duration::from_secs(5);
const FIRST_RETRY_WAIT: Duration = Duration::from_millis(100);
const MAX_MESSAGE: usize = 300;

/// A client of one server. Cheap to clone; clones share connections.
///
/// `GET` requests are repeated (three times, with growing, jittered waits) when they fail in transit or with a status in
/// the five hundreds. Other requests are repeated only after a 429 or 503 with `Retry-After`, and not when the server
/// says that the outcome is unknown.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) authorization: Option<HeaderValue>,
}

pub(crate) struct Shared {
    pub http: reqwest::Client,
    pub base: Url,
    pub request_timeout: Duration,
    pub retries: u32,
    pub max_response: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.shared.base.as_str())
            .finish_non_exhaustive()
    }
}

pub(crate) fn bearer(token: &Token) -> Result<HeaderValue> {
    let text = Zeroizing::new(format!("Bearer {}", token.reveal()));
    secret_header(&text)
}

pub(crate) fn secret_header(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::InvalidArgument("a credential holds characters that no header can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A request before it is sent.
pub(crate) struct Call {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Zeroizing<Vec<u8>>>,
}

impl Call {
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    pub fn flag(self, name: &str, value: bool) -> Self {
        self.query(name, if value { "true" } else { "false" })
    }

    pub fn json(mut self, body: Vec<u8>) -> Self {
        self.body = Some(Zeroizing::new(body));
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    pub fn text(mut self, body: &str) -> Self {
        self.body = Some(Zeroizing::new(body.as_bytes().to_vec()));
        self.header(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        )
    }
}

/// An answer with a status in the two hundreds, or 304.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
}

impl Reply {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        // serde's message can quote the text it stumbled over, so it is dropped.
        serde_json::from_slice(&self.body)
            .map_err(|_| Error::Protocol("the body is not the expected JSON"))
    }

    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).map_err(|_| Error::Protocol("the body is not UTF-8"))
    }
}

impl Client {
    /// The same client with another token; connections stay shared.
    pub fn with_token(&self, token: &Token) -> Result<Self> {
        Ok(Self {
            shared: Arc::clone(&self.shared),
            authorization: Some(bearer(token)?),
        })
    }

    pub(crate) fn call(&self, method: Method, path: &[&str]) -> Result<Call> {
        let mut url = self.shared.base.clone();
        {
            let mut segments = url
                .path_segments_mut()
                .map_err(|()| Error::InvalidUrl("not a base URL"))?;
            segments.clear().push("api");
            for segment in path {
                // `Url` drops dot segments silently, which would address something else.
                if matches!(*segment, "." | "..") {
                    return Err(Error::InvalidArgument("a name cannot be a dot segment"));
                }
                segments.push(segment);
            }
        }
        Ok(Call {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
        })
    }

    pub(crate) fn get(&self, path: &[&str]) -> Result<Call> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &[&str]) -> Result<Call> {
        self.call(Method::POST, path)
    }

    pub(crate) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        self.send(&call).await?.json()
    }

    pub(crate) async fn send(&self, call: &Call) -> Result<Reply> {
        let mut attempt = 0;
        loop {
            let error = match self.attempt(call).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let wait = error
                .retry_after()
                .unwrap_or_else(|| jitter(FIRST_RETRY_WAIT * 2u32.saturating_pow(attempt)));
            if attempt >= self.shared.retries
                || wait > MAX_RETRY_WAIT
                || !may_repeat(&call.method, &error)
            {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Reply> {
        let limit = self.shared.request_timeout;
        let exchange = async {
            let response = self.open(call).await?;
            Ok((
                response.status(),
                response.headers().clone(),
                self.body(response).await?,
            ))
        };
        let (status, headers, body) = tokio::time::timeout(limit, exchange)
            .await
            .map_err(|_| Error::Timeout(limit))??;
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(Reply {
                status,
                headers,
                body,
            });
        }
        Err(refused(status, &headers, &body))
    }

    /// Sends the request and waits for the head of the answer.
    async fn open(&self, call: &Call) -> Result<reqwest::Response> {
        let limit = self.shared.request_timeout;
        let mut request = self
            .shared
            .http
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone());
        if let Some(authorization) = &self.authorization
            && !call.headers.contains_key(AUTHORIZATION)
        {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &call.body {
            request = request.body(body.to_vec());
        }
        tokio::time::timeout(limit, request.send())
            .await
            .map_err(|_| Error::Timeout(limit))?
            .map_err(|error| Error::transport(error, limit))
    }

    /// Opens an event stream; any other answer than 200 with the right type is an error.
    pub(crate) async fn stream(&self, call: Call) -> Result<reqwest::Response> {
        let call = call.header(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let response = self.open(&call).await?;
        let status = response.status();
        if status != StatusCode::OK {
            let headers = response.headers().clone();
            let limit = self.shared.request_timeout;
            let body = tokio::time::timeout(limit, self.body(response))
                .await
                .map_err(|_| Error::Timeout(limit))??;
            return Err(refused(status, &headers, &body));
        }
        let is_events = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("text/event-stream"));
        if is_events {
            Ok(response)
        } else {
            Err(Error::Protocol("the answer is not an event stream"))
        }
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Zeroizing<Vec<u8>>> {
        let max = self.shared.max_response;
        let announced = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0);
        if announced > max {
            return Err(Error::ResponseTooLarge(max));
        }
        let mut body = Zeroizing::new(Vec::with_capacity(announced));
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| Error::transport(error, self.shared.request_timeout))?
        {
            if body.len() + chunk.len() > max {
                return Err(Error::ResponseTooLarge(max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Between half of `wait` and all of it.
pub(crate) fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.5..=1.0))
}

fn may_repeat(method: &Method, error: &Error) -> bool {
    if !error.is_transient() {
        return false;
    }
    *method == Method::GET || (error.retry_after().is_some() && error.code() != "outcome_unknown")
}

fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let refusal = refusal(body);
    let retry_after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().parse().ok())
        .map(Duration::from_secs);
    match status.as_u16() {
        300..=399 => Error::Redirected {
            status: status.as_u16(),
        },
        401 => Error::Unauthorized(refusal),
        403 => Error::Forbidden(refusal),
        404 => Error::NotFound(refusal),
        409 => Error::Conflict(refusal),
        412 => Error::PreconditionFailed(refusal),
        413 => Error::TooLarge(refusal),
        429 => Error::RateLimited {
            refusal,
            retry_after,
        },
        503 => Error::Unavailable {
            refusal,
            retry_after,
        },
        400..=499 => Error::Invalid {
            status: status.as_u16(),
            refusal,
        },
        _ => Error::Server {
            status: status.as_u16(),
            refusal,
        },
    }
}

/// Only the API's own error shape is read; anything else, such as a proxy's page, is not repeated to anybody.
fn refusal(body: &[u8]) -> Refusal {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Wire {
        message: String,
        code: Option<String>,
        request_id: Option<String>,
        errors: std::collections::BTreeMap<String, serde_json::Value>,
    }
    let wire: Wire = serde_json::from_slice(body).unwrap_or_default();
    let tidy = |text: String| {
        text.chars()
            .filter(|c| !c.is_control())
            .take(MAX_MESSAGE)
            .collect::<String>()
    };
    Refusal {
        message: tidy(wire.message),
        code: wire.code.map(tidy).unwrap_or_default(),
        request_id: wire.request_id.map(tidy),
        fields: wire
            .errors
            .into_iter()
            .filter_map(|(field, why)| Some((tidy(field), tidy(why.as_str()?.to_owned()))))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_error_page_is_not_repeated() {
        assert_eq!(refusal(b"<html>canary</html>"), Refusal::default());
        assert_eq!(
            refusal(br#"{"message":"a\u001b[31mb","code":"x"}"#).message,
            "a[31mb"
        );
    }

    #[test]
    fn names_cannot_leave_their_place_in_the_path() {
        let client = Client::builder("http://127.0.0.1:1")
            .and_then(crate::ClientBuilder::build)
            .expect("a valid client");
        let call = client.get(&["projects", "a/../b?c#d"]).expect("encodable");
        assert_eq!(
            call.url.as_str(),
            "http://127.0.0.1:1/api/projects/a%2F..%2Fb%3Fc%23d"
        );
        assert!(client.get(&["projects", ".."]).is_err());
    }
}
