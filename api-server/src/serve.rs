//! Listening and serving: takes connections until the process is told to stop, then lets what has begun come to its end.

mod admission;
mod connection;
mod pulse;
mod stop;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::time::{interval, sleep, timeout};
use tracing::{info, warn};

use self::admission::Admission;
use self::connection::Host;
pub(crate) use self::stop::Stop;
pub(crate) use self::tls::{Tls, TlsError, TlsHealth};
use crate::config::Config;
use crate::state::App;

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

/// Serves until the process is told to stop. Told a second time, it ends at once, whatever has begun.
pub(crate) async fn run(listener: TcpListener, app: Arc<App>, mut stop: Stop) {
    let admission = Admission::new(&app.web, app.metrics.connections());
    let host = Arc::new(Host::new(app.clone()));
    let connections = GracefulShutdown::new();
    let mut tidying = interval(TIDY_EVERY);
    let reloading = app.tls.clone().map(|tls| tokio::spawn(tls.keep_current()));
    loop {
        tokio::select! {
            () = stop.asked() => break,
            _ = tidying.tick() => app.metrics.tidy(),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Some(admitted) = admission.admit(peer.ip().to_canonical()) {
                        let serving = host.clone().serve(stream, peer.ip().to_canonical(), connections.watcher());
                        tokio::spawn(async move {
                            serving.await;
                            drop(admitted);
                        });
                    }
                }
                Err(error) => {
                    warn!(%error, "a connection could not be taken");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    info!("stopping: taking no more connections, and letting what has begun come to its end");
    drop(listener);
    if let Some(reloading) = reloading {
        reloading.abort();
    }
    app.stopping.cancel();
    tokio::select! {
        drained = timeout(DRAIN, connections.shutdown()) => if drained.is_err() {
            warn!("some requests did not come to their end in time");
        },
        () = stop.asked() => warn!("told to stop again: ending at once, with requests under way"),
    }
}
