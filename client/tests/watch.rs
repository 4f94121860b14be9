//! The watch stream, against a server in this process.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use ssm_client::{Client, Error, GoneReason, Watch, WatchEvent, WatchOptions};
use support::serve;
use tokio::time::timeout;

const HELLO: &str = "event: hello\ndata: {\"epoch\":\"e1\"}\n\n";
const SYNCED: &str = "event: synced\ndata: {}\n\n";

fn revision(config: &str, revision: u64) -> String {
    format!(
        "event: revision\ndata: {{\"project\":\"web\",\"config\":\"{config}\",\"revision\":{revision}}}\n\n"
    )
}

/// A stream of these chunks that then ends, or stays open and silent.
fn events(chunks: Vec<String>, ends: bool) -> Response {
    let chunks = stream::iter(chunks).map(Ok::<_, std::io::Error>);
    let body: BoxStream<'static, _> = if ends {
        chunks.boxed()
    } else {
        chunks.chain(stream::pending()).boxed()
    };
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(body),
    )
        .into_response()
}

async fn watch(
    answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static,
    silence: Duration,
) -> Watch {
    let requests = Arc::new(AtomicUsize::new(0));
    let url = serve(Router::new().route(
        "/api/watch",
        get(move || {
            let response = answer(requests.fetch_add(1, Ordering::SeqCst));
            async move { response }
        }),
    ))
    .await;
    let client = Client::builder(&url)
        .expect("valid")
        .token("t".into())
        .build()
        .expect("valid");
    client.watch(WatchOptions {
        silence,
        ..WatchOptions::default()
    })
}

async fn next(watch: &mut Watch) -> WatchEvent {
    timeout(Duration::from_secs(10), watch.next())
        .await
        .expect("an event in time")
        .expect("never ends")
}

#[tokio::test]
async fn events_come_through_wherever_the_stream_is_cut() {
    let gone = "event: gone\r\ndata: {\"project\":\"web\",\"config\":\"old\",\"reason\":\"deleted\"}\r\n\r\n";
    let text = format!(
        ": comment\n\n{HELLO}{}{SYNCED}event: later\ndata: ?\n\n{gone}",
        revision("prod", 7)
    );
    let chunks: Vec<String> = text.chars().map(String::from).collect();
    let mut watch = watch(
        move |_| events(chunks.clone(), false),
        Duration::from_secs(10),
    )
    .await;
    assert!(matches!(next(&mut watch).await, WatchEvent::Opened { epoch } if epoch == "e1"));
    assert!(
        matches!(next(&mut watch).await, WatchEvent::Revision { config, revision: 7, .. } if config == "prod")
    );
    assert!(matches!(next(&mut watch).await, WatchEvent::Synced));
    assert!(matches!(
        next(&mut watch).await,
        WatchEvent::Gone {
            reason: GoneReason::Deleted,
            ..
        }
    ));
}

#[tokio::test]
async fn a_stream_that_ends_is_opened_again_and_tells_everything_again() {
    let answer = |before| {
        events(
            vec![
                HELLO.into(),
                revision("prod", 7 + before as u64),
                SYNCED.into(),
            ],
            before == 0,
        )
    };
    let mut watch = watch(answer, Duration::from_secs(10)).await;
    for expected in [7, 8] {
        assert!(matches!(next(&mut watch).await, WatchEvent::Opened { .. }));
        assert!(
            matches!(next(&mut watch).await, WatchEvent::Revision { revision, .. } if revision == expected)
        );
        assert!(matches!(next(&mut watch).await, WatchEvent::Synced));
        if expected == 7 {
            assert!(matches!(
                next(&mut watch).await,
                WatchEvent::Down {
                    error: Error::StreamEnded,
                    ..
                }
            ));
        }
    }
}

#[tokio::test]
async fn a_silent_stream_is_dead() {
    let silence = Duration::from_millis(200);
    let mut watch = watch(
        |_| events(vec![HELLO.into(), SYNCED.into()], false),
        silence,
    )
    .await;
    assert!(matches!(next(&mut watch).await, WatchEvent::Opened { .. }));
    assert!(matches!(next(&mut watch).await, WatchEvent::Synced));
    assert!(matches!(
        next(&mut watch).await,
        WatchEvent::Down {
            error: Error::StreamSilent(_),
            ..
        }
    ));
    assert!(matches!(next(&mut watch).await, WatchEvent::Opened { .. }));
}

#[tokio::test]
async fn comments_keep_a_stream_alive() {
    let answer = |_| {
        let beats = stream::repeat(": beat\n\n")
            .take(10)
            .then(|beat| async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                beat
            });
        let body = stream::iter([HELLO])
            .chain(beats)
            .chain(stream::iter([SYNCED]))
            .map(Ok::<_, std::io::Error>);
        (
            [(header::CONTENT_TYPE, "text/event-stream")],
            Body::from_stream(body),
        )
            .into_response()
    };
    let mut watch = watch(answer, Duration::from_millis(600)).await;
    assert!(matches!(next(&mut watch).await, WatchEvent::Opened { .. }));
    assert!(matches!(next(&mut watch).await, WatchEvent::Synced));
}

#[tokio::test]
async fn what_is_no_stream_is_an_error_and_tried_again() {
    let answer = |before| match before {
        0 => StatusCode::UNAUTHORIZED.into_response(),
        1 => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "1")],
        )
            .into_response(),
        2 => "no events".into_response(),
        3 => events(vec!["event: hello\ndata: nonsense\n\n".into()], false),
        _ => events(vec![HELLO.into()], false),
    };
    let mut watch = watch(answer, Duration::from_secs(10)).await;
    assert!(matches!(
        next(&mut watch).await,
        WatchEvent::Down {
            error: Error::Unauthorized(_),
            ..
        }
    ));
    let WatchEvent::Down {
        error: Error::Unavailable { .. },
        retry_in,
    } = next(&mut watch).await
    else {
        panic!("not down")
    };
    assert_eq!(retry_in, Duration::from_secs(1));
    assert!(matches!(
        next(&mut watch).await,
        WatchEvent::Down {
            error: Error::Protocol(_),
            ..
        }
    ));
    assert!(matches!(
        next(&mut watch).await,
        WatchEvent::Down {
            error: Error::Protocol(_),
            ..
        }
    ));
    assert!(matches!(next(&mut watch).await, WatchEvent::Opened { .. }));
}

#[tokio::test]
async fn dropping_a_watch_closes_its_stream() {
    // Dropped by the server together with the stream that holds it.
    let (held, mut closed) = tokio::sync::mpsc::channel::<()>(1);
    let held = std::sync::Mutex::new(Some(held));
    let held = std::sync::Arc::new(held);
    let answer = move |_| {
        let held = held.lock().expect("not poisoned").take();
        let silence = stream::pending().map(move |()| {
            let _ = &held;
            HELLO
        });
        let body = stream::iter([HELLO])
            .chain(silence)
            .map(Ok::<_, std::io::Error>);
        (
            [(header::CONTENT_TYPE, "text/event-stream")],
            Body::from_stream(body),
        )
            .into_response()
    };
    let mut watch = watch(answer, Duration::from_mins(1)).await;
    next(&mut watch).await;
    drop(watch);
    let closed = timeout(Duration::from_secs(10), closed.recv()).await;
    assert_eq!(closed, Ok(None));
}
