//! One connection: TLS where there is a certificate, then HTTP/1.1 or HTTP/2, each with limits on what a client can make
//! the server hold.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;
use tracing::debug;

use super::pulse::{self, Answering, Pulse};
use crate::http::{self as web, Endless, Peer};
use crate::state::App;

/// How long the handshake of TLS may take.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of a request's head.
const MAX_HEAD: u32 = 64 * 1024;
/// The most requests at a time on one connection of HTTP/2, watch streams included.
const MAX_CONCURRENT: u32 = 250;
/// How many streams a client of HTTP/2 may open and reset before the server has seen them, and how many it may make the
/// server reset, until the connection is cut off (CVE-2023-44487, CVE-2025-8671).
const MAX_PENDING_RESETS: usize = 20;
const MAX_LOCAL_RESETS: usize = 200;
/// How long a client of HTTP/2 may leave the question unanswered whether it is there.
const PING_PATIENCE: Duration = Duration::from_secs(20);

/// What serves connections.
pub(super) struct Host {
    app: Arc<App>,
    router: Router,
    builder: Builder<TokioExecutor>,
}

impl Host {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self {
            router: web::router(app.clone()),
            builder: builder(),
            app,
        }
    }

    /// Serves a connection to its end.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, peer: IpAddr, watcher: Watcher) {
        // Small answers should not wait for one another.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.app.tls else {
            return self.speak_http(stream, peer, watcher).await;
        };
        let accepting = TlsAcceptor::from(tls.config()).accept(stream);
        let accepted = tokio::select! {
            accepted = timeout(HANDSHAKE_PATIENCE, accepting) => accepted,
            () = self.app.stopping.cancelled() => return,
        };
        match accepted {
            Ok(Ok(stream)) => self.speak_http(stream, peer, watcher).await,
            Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
            Err(_) => debug!("a TLS handshake took too long"),
        }
    }

    async fn speak_http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: IpAddr,
        watcher: Watcher,
    ) {
        let (pulse, router) = (Pulse::start(), self.router.clone());
        let answering = pulse.clone();
        let service = service_fn(move |request| {
            let answer = answer(router.clone(), peer, answering.clone(), request);
            async { Ok::<_, Infallible>(answer.await) }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            ended = watcher.watch(connection.into_owned()) => if let Err(error) = ended {
                debug!(%error, "a connection ended");
            },
            () = pulse.dead() => debug!("a connection on which nothing happened was ended"),
        }
    }
}

async fn answer(
    mut router: Router,
    peer: IpAddr,
    pulse: Arc<Pulse>,
    request: Request<Incoming>,
) -> Response<Answering> {
    let under_way = pulse.request();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    web::without_trailing_slash(&mut request);
    let response = router.call(request).await;
    let response = response.unwrap_or_else(|never| match never {});
    let under_way = match response.extensions().get::<Endless>() {
        Some(Endless) => under_way.endless(),
        None => under_way,
    };
    response.map(|body| under_way.answering(body))
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // A request has 100 headers at the most by itself, and told so once more, hyper would clear a place for all of them
    // with each.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(pulse::IDLE)
        .max_buf_size(usize::try_from(MAX_HEAD).unwrap_or(usize::MAX));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(pulse::IDLE)
        .keep_alive_timeout(PING_PATIENCE)
        .max_concurrent_streams(MAX_CONCURRENT)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_LOCAL_RESETS)
        .max_header_list_size(MAX_HEAD);
    builder
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::Router;
    use axum::body::Body;
    use axum::response::{IntoResponse as _, Response};
    use axum::routing::get;
    use hyper_util::server::graceful::GracefulShutdown;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::{Host, builder};
    use crate::http::Endless;

    /// The client's end of a connection. Time passes whenever everybody waits.
    async fn connect() -> DuplexStream {
        let endless = || -> Response {
            let mut response =
                Body::from_stream(futures::stream::pending::<Result<&str, std::io::Error>>())
                    .into_response();
            response.extensions_mut().insert(Endless);
            response
        };
        let router = Router::new()
            .route("/", get(async || "ok"))
            .route("/never", get(std::future::pending::<String>))
            .route("/large", get(async || "x".repeat(1 << 20)))
            .route("/endless", get(async move || endless()));
        let app = crate::http::idle_app().await;
        let host = Host {
            app,
            router,
            builder: builder(),
        };
        let (ours, theirs) = duplex(1_024);
        let peer = Ipv4Addr::LOCALHOST.into();
        tokio::spawn(async move {
            let connections = GracefulShutdown::new();
            let watcher = connections.watcher();
            host.speak_http(theirs, peer, watcher).await;
        });
        ours
    }

    /// Sends this much and no more, and reads until the server ends the connection.
    async fn answered(sent: &str) -> String {
        let mut connection = connect().await;
        connection.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_or_never_ends_a_head_is_cut_off() {
        assert_eq!(answered("").await, "");
        assert_eq!(answered("PRI * HTTP/2.0\r\n").await, "");
        assert_eq!(answered("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await, "");
        let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        let settings = answered(preface).await;
        assert!(!settings.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_kept_between_requests_for_a_while_only() {
        let answer = answered("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_gets_nowhere_ends_with_its_connection() {
        assert_eq!(answered("GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await, "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_take_its_answer_is_cut_off() {
        let mut connection = connect().await;
        let request = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.write_all(request).await.unwrap();
        tokio::time::sleep(super::pulse::STALLED * 2).await;
        let mut taken = Vec::new();
        connection.read_to_end(&mut taken).await.unwrap();
        assert!(taken.len() < 1 << 20);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_answer_may_be_silent() {
        let mut connection = connect().await;
        let request = b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.write_all(request).await.unwrap();
        let mut head = [0; 15];
        connection.read_exact(&mut head).await.unwrap();
        let mut rest = Vec::new();
        let hour = std::time::Duration::from_hours(1);
        let ended = tokio::time::timeout(hour, connection.read_to_end(&mut rest)).await;
        assert!(head.starts_with(b"HTTP/1.1 200") && ended.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_is_bounded_in_bytes_and_in_headers() {
        let many = "X: y\r\n".repeat(101);
        let long = format!("X: {}\r\n", "y".repeat(80 * 1024));
        for headers in [many, long] {
            let mut connection = connect().await;
            let request = format!("GET / HTTP/1.1\r\n{headers}\r\n");
            // The server may stop reading before all of it is sent.
            let (mut reading, mut writing) = tokio::io::split(&mut connection);
            let mut answer = Vec::new();
            let (_, read) = tokio::join!(
                writing.write_all(request.as_bytes()),
                reading.read_to_end(&mut answer)
            );
            read.unwrap();
            assert!(
                answer.starts_with(b"HTTP/1.1 431"),
                "{}",
                String::from_utf8_lossy(&answer)
            );
        }
    }
}
