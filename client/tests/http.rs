//! Requests, retries and what errors say, against a server in this process.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::any;
use ssm_client::{
    Client, ETag, Error, Export, ExportRequest, NewServiceToken, Patch, SecretValue, Token,
};
use support::serve;

const CANARY: &str = "canary-3f1c";

/// Counts requests.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// One more; gives the number of those before.
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// How many.
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn client(url: &str) -> Client {
    Client::builder(url)
        .expect("a valid URL")
        .token(Token::new(CANARY))
        .build()
        .expect("a valid client")
}

fn refusal(code: &str) -> String {
    format!(r#"{{"message":"Nope","code":"{code}","requestId":"r1"}}"#)
}

/// Answers the first requests with `first` and the others with an empty version.
async fn failing(
    first: usize,
    status: StatusCode,
    retry_after: Option<&'static str>,
) -> (String, Counter) {
    let counter = Counter::default();
    let counted = counter.clone();
    let answer = move || {
        let before = counted.next();
        async move {
            if before >= first {
                return r#"{"status":"OK","version":"2","revision":1,"token":"t","token_id":"i"}"#
                    .into_response();
            }
            let mut response = (status, refusal("x")).into_response();
            if let Some(wait) = retry_after {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, wait.parse().expect("a header"));
            }
            response
        }
    };
    (serve(Router::new().fallback(any(answer))).await, counter)
}

#[tokio::test]
async fn reads_are_repeated_and_writes_are_not() {
    let (url, counter) = failing(2, StatusCode::INTERNAL_SERVER_ERROR, None).await;
    assert_eq!(
        client(&url)
            .version()
            .await
            .expect("the third answer")
            .version,
        "2"
    );
    assert_eq!(counter.count(), 3);

    let (url, counter) = failing(2, StatusCode::INTERNAL_SERVER_ERROR, None).await;
    let written = client(&url)
        .create_service_token(&NewServiceToken::default())
        .await;
    assert!(matches!(written, Err(Error::Server { status: 500, .. })));
    assert_eq!(counter.count(), 1);
}

#[tokio::test]
async fn writes_are_repeated_when_the_server_says_when() {
    for status in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        let (url, counter) = failing(1, status, Some("1")).await;
        let start = Instant::now();
        client(&url)
            .create_service_token(&NewServiceToken::default())
            .await
            .expect("the second answer");
        assert_eq!(counter.count(), 2);
        assert!(start.elapsed() >= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_caller() {
    let (url, counter) = failing(1, StatusCode::SERVICE_UNAVAILABLE, Some("3600")).await;
    let error = client(&url).version().await.expect_err("unavailable");
    assert_eq!(
        (error.retry_after(), counter.count()),
        (Some(Duration::from_hours(1)), 1)
    );
}

#[tokio::test]
async fn a_write_of_unknown_outcome_is_not_repeated() {
    let counter = Counter::default();
    let counted = counter.clone();
    let answer = move || {
        counted.next();
        async {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "0")],
                refusal("outcome_unknown"),
            )
        }
    };
    let url = serve(Router::new().fallback(any(answer))).await;
    assert!(
        client(&url)
            .create_service_token(&NewServiceToken::default())
            .await
            .is_err()
    );
    assert_eq!(counter.count(), 1);
}

#[tokio::test]
async fn repeats_are_bounded() {
    let (url, counter) = failing(100, StatusCode::BAD_GATEWAY, None).await;
    assert!(client(&url).version().await.is_err());
    assert_eq!(counter.count(), 4);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_carries_no_token() {
    let reached = Counter::default();
    let counted = reached.clone();
    let elsewhere = serve(Router::new().fallback(any(move || {
        counted.next();
        async { "{}" }
    })))
    .await;
    for status in [301, 302, 303, 307, 308] {
        let target = elsewhere.clone();
        let answer = move || {
            let mut response = Redirect::temporary(&target).into_response();
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            async { response }
        };
        let url = serve(Router::new().fallback(any(answer))).await;
        let error = client(&url).version().await.expect_err("not followed");
        assert!(matches!(error, Error::Redirected { status: seen } if seen == status));
    }
    assert_eq!(reached.count(), 0);
}

#[tokio::test]
async fn each_status_is_its_own_error() {
    for (status, expected) in [
        (400, "Invalid"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (412, "PreconditionFailed"),
        (413, "TooLarge"),
        (415, "Invalid"),
        (429, "RateLimited"),
        (500, "Server"),
        (503, "Unavailable"),
    ] {
        let answer = move || async move {
            (
                StatusCode::from_u16(status).expect("a status"),
                refusal("config_deleted"),
            )
        };
        let url = serve(Router::new().fallback(any(answer))).await;
        let client = Client::builder(&url)
            .expect("valid")
            .retries(0)
            .build()
            .expect("valid");
        let error = client.version().await.expect_err("refused");
        assert!(
            format!("{error:?}").starts_with(expected),
            "{status}: {error:?}"
        );
        assert_eq!(
            (error.code(), error.is_transient()),
            ("config_deleted", matches!(status, 429 | 500 | 503))
        );
    }
}

#[tokio::test]
async fn no_error_holds_a_token_a_value_or_a_body() {
    let bodies = [
        format!("<html>{CANARY}</html>"),
        format!(r#"{{"message":5,"{CANARY}":1}}"#),
        format!(r#"{{"data":{{"A":"{CANARY}"}},"revision":"{CANARY}"}}"#),
    ];
    for body in bodies {
        for status in [200, 400, 401, 500] {
            let body = body.clone();
            let answer = move || async move {
                (
                    StatusCode::from_u16(status).expect("a status"),
                    [(header::ETAG, "\"e.1\"")],
                    body,
                )
            };
            let url = serve(Router::new().fallback(any(answer))).await;
            let client = client(&url);
            let value = SecretValue::new(CANARY);
            let patch = Patch {
                set: [("A".to_owned(), value.clone())].into(),
                ..Patch::default()
            };
            let errors = [
                client
                    .export("web", "prod", &ExportRequest::default())
                    .await
                    .map(drop),
                client
                    .put_secret("web", "prod", "A", &value)
                    .await
                    .map(drop),
                client.patch_secrets("web", "prod", &patch).await.map(drop),
                client
                    .import_env("web", "prod", &value, false)
                    .await
                    .map(drop),
            ];
            for error in errors.into_iter().filter_map(Result::err) {
                assert!(
                    !format!("{error} {error:?} {client:?}").contains(CANARY),
                    "{error:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_unreachable_server_is_a_transport_error_that_says_why() {
    let client = Client::builder("http://127.0.0.1:1")
        .expect("valid")
        .retries(0)
        .build()
        .expect("valid");
    let error = client.version().await.expect_err("nobody there");
    assert!(
        matches!(&error, Error::Transport(why) if why.to_lowercase().contains("refused")),
        "{error}"
    );
}

#[tokio::test]
async fn a_silent_server_is_given_up_on() {
    let answer = || async {
        tokio::time::sleep(Duration::from_mins(1)).await;
    };
    let url = serve(Router::new().fallback(any(answer))).await;
    let limit = Duration::from_millis(100);
    let client = Client::builder(&url)
        .expect("valid")
        .retries(0)
        .request_timeout(limit)
        .build()
        .expect("valid");
    assert!(matches!(client.version().await, Err(Error::Timeout(after)) if after == limit));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let answer = || async {
        let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1024]));
        Body::from_stream(chunks)
    };
    let url = serve(Router::new().fallback(any(answer))).await;
    let client = Client::builder(&url)
        .expect("valid")
        .max_response(64 << 10)
        .build()
        .expect("valid");
    assert!(matches!(
        client.version().await,
        Err(Error::ResponseTooLarge(_))
    ));
}

#[tokio::test]
async fn a_conditional_read_tells_what_is_new() {
    let answer = |headers: HeaderMap, request: Request| async move {
        assert_eq!(headers[header::AUTHORIZATION], format!("Bearer {CANARY}"));
        assert_eq!(
            request.uri().path(),
            "/api/projects/web/configs/prod/secrets"
        );
        let query = request.uri().query().unwrap_or_default();
        assert!(
            query.contains("format=json") && query.contains("resolve_references=true"),
            "{query}"
        );
        if headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tag| tag == "\"e1.7\"")
        {
            assert!(query.contains("minRevision=7"), "{query}");
            return StatusCode::NOT_MODIFIED.into_response();
        }
        (
            [(header::ETAG, "\"e1.7\"")],
            r#"{"data":{"B":"2","A":"1"},"meta":{},"status":"OK","revision":7}"#,
        )
            .into_response()
    };
    let client = client(&serve(Router::new().fallback(any(answer))).await);
    let Ok(Export::Modified(read)) = client
        .export("web", "prod", &ExportRequest::default())
        .await
    else {
        panic!("not read")
    };
    assert_eq!(
        (
            read.epoch.as_str(),
            read.revision,
            read.secrets["A"].reveal()
        ),
        ("e1", 7, "1")
    );
    assert_eq!(read.etag, ETag::of("e1", 7));
    let again = ExportRequest {
        if_none_match: Some(read.etag),
        min_revision: Some(7),
    };
    assert!(matches!(
        client.export("web", "prod", &again).await,
        Ok(Export::NotModified)
    ));
}
