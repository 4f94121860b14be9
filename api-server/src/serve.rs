//! Listening and serving: takes connections until the process is told to stop, then lets what has begun come to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{interval, sleep, timeout};
use tower::Service as _;
use tracing::{debug, info, warn};

use crate::config::Config;
use crate::http::{self, Peer};
use crate::state::App;

/// How long the head of a request may take to arrive, and how long a connection may be idle.
const HEAD_PATIENCE: Duration = Duration::from_mins(1);
/// The most bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;
/// How long requests that have begun may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be taken, as where there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often measurements are put in order.
const TIDY_EVERY: Duration = Duration::from_secs(2);

/// Takes the port.
pub(crate) async fn bind(config: &Config) -> Result<TcpListener> {
    let address = SocketAddr::new(config.host, config.port);
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen at {address}; set PORT or BIND_HOST to an address of this machine that is free")
    })
}

/// Serves until the process is told to stop.
pub(crate) async fn run(listener: TcpListener, app: Arc<App>) {
    let (router, mut tidying) = (http::router(app.clone()), interval(TIDY_EVERY));
    let (connections, builder) = (GracefulShutdown::new(), Arc::new(builder()));
    let stop = stop_signal();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = tidying.tick() => app.metrics.tidy(),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let serving = serve(builder.clone(), stream, peer, router.clone(), connections.watcher());
                    tokio::spawn(serving);
                }
                Err(error) => {
                    warn!(%error, "a connection could not be taken");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    info!("stopping");
    drop(listener);
    app.stopping.cancel();
    if timeout(DRAIN, connections.shutdown()).await.is_err() {
        warn!("some requests did not come to their end in time");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_PATIENCE)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX));
    builder
}

async fn serve(
    builder: Arc<Builder<TokioExecutor>>,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
) {
    // Small answers should not wait for one another.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: ::http::Request<Incoming>| {
        let (mut request, mut router) = (request.map(Body::new), router.clone());
        request
            .extensions_mut()
            .insert(Peer(peer.ip().to_canonical()));
        http::without_trailing_slash(&mut request);
        async move {
            Ok::<_, Infallible>(
                router
                    .call(request)
                    .await
                    .unwrap_or_else(|never| match never {}),
            )
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        debug!(%error, "a connection ended");
    }
}

/// Comes when the process is told to stop.
async fn stop_signal() {
    let (mut terminate, mut interrupt) = match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => {
            warn!(%error, "signals cannot be caught; the server will end without draining");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
