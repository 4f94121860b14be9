//! How a connection is getting on, so that one on which nothing happens is not kept for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

/// How long a connection may have no request under way: before the first one, between two, and while a head arrives.
pub(super) const IDLE: Duration = Duration::from_mins(1);
/// How long a request may be under way without anything happening: without its answer, or with a client that does not
/// take it.
pub(super) const STALLED: Duration = Duration::from_mins(3);

/// What has happened on a connection.
pub(super) struct Pulse {
    began: Instant,
    /// When something happened last, in milliseconds since the beginning.
    last: AtomicU64,
    under_way: AtomicUsize,
    /// Of these, the ones that end when the client or the server wants and are silent for as long as there is nothing to
    /// tell.
    endless: AtomicUsize,
}

impl Pulse {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
            under_way: AtomicUsize::new(0),
            endless: AtomicUsize::new(0),
        })
    }

    /// A request is under way until what is returned is dropped.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.beat();
        UnderWay {
            pulse: self.clone(),
            endless: false,
        }
    }

    /// Comes when nothing has happened for too long.
    pub(super) async fn dead(&self) {
        loop {
            let last = self.began + Duration::from_millis(self.last.load(Ordering::Relaxed));
            let patience = match self.under_way.load(Ordering::Relaxed) {
                0 => IDLE,
                _ => STALLED,
            };
            let is_endless = self.endless.load(Ordering::Relaxed) > 0;
            if !is_endless && last.elapsed() >= patience {
                return;
            }
            let look_again = if is_endless {
                Instant::now() + IDLE
            } else {
                last + patience
            };
            sleep_until(look_again).await;
        }
    }

    fn beat(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }
}

/// A request that is under way.
pub(super) struct UnderWay {
    pulse: Arc<Pulse>,
    endless: bool,
}

impl UnderWay {
    /// Its answer has no end of its own.
    pub(super) fn endless(mut self) -> Self {
        self.endless = true;
        self.pulse.endless.fetch_add(1, Ordering::Relaxed);
        self
    }

    /// The answer's body; the request is under way until it was taken.
    pub(super) fn answering(self, body: Body) -> Answering {
        Answering {
            body,
            under_way: self,
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.pulse.beat();
        self.pulse.under_way.fetch_sub(1, Ordering::Relaxed);
        if self.endless {
            self.pulse.endless.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A body that is being taken.
pub(super) struct Answering {
    body: Body,
    under_way: UnderWay,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.under_way.pulse.beat();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
