//! Being told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

/// The signals that tell the process to stop. Each can come more than once.
pub(crate) struct Stop(Option<(Signal, Signal)>);

impl Stop {
    /// From now on the signals do not end the process by themselves.
    pub(crate) fn listen() -> Self {
        let terminate = signal(SignalKind::terminate());
        match terminate.and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?))) {
            Ok(both) => Self(Some(both)),
            Err(error) => {
                warn!(%error, "signals cannot be caught; the server will end without draining");
                Self(None)
            }
        }
    }

    /// Comes when the process is told to stop, each time.
    pub(crate) async fn asked(&mut self) {
        match &mut self.0 {
            Some((terminate, interrupt)) => tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            },
            None => std::future::pending().await,
        }
    }
}
