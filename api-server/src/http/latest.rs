//! What another server did a moment ago: where that is the reason why something is not found or not allowed here, the
//! request is handled again after a look at the journal. So whoever makes a project through one server and a config in it
//! through the next one need not wait in between.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::errors::ApiError;
use crate::state::App;

/// Handles a request, and once more where it was refused by what is not the latest any more.
pub(super) async fn handle(app: &App, request: Request, next: Next) -> Response {
    if !app.engine.is_shared() || request.extensions().get::<MatchedPath>().is_none() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let (lent, body) = Lent::new(body);
    let seq = app.engine.state().head().seq;
    let first = Request::from_parts(parts.clone(), Body::new(lent));
    let response = next.clone().run(first).await;
    let was_refused = matches!(
        response.status(),
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN
    );
    // Who is refused after the body was read was refused by the writer, which has looked already.
    let Some(body) = take(&body).filter(|_| was_refused) else {
        return response;
    };
    match app.engine.has_news(seq).await {
        Ok(true) => next.run(Request::from_parts(parts, body)).await,
        // Reads go on while the journal cannot be read.
        Err(unknown) if !parts.method.is_safe() => ApiError::from(unknown).into_response(),
        Ok(false) | Err(_) => response,
    }
}

type Kept = Arc<Mutex<Option<Body>>>;

fn take(kept: &Kept) -> Option<Body> {
    kept.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A body that can be had back for as long as nobody has begun to read it.
struct Lent {
    kept: Kept,
    begun: Option<Body>,
    size: SizeHint,
    is_empty: bool,
}

impl Lent {
    fn new(body: Body) -> (Self, Kept) {
        let (size, is_empty) = (body.size_hint(), body.is_end_stream());
        let kept = Arc::new(Mutex::new(Some(body)));
        let lent = Self {
            kept: kept.clone(),
            begun: None,
            size,
            is_empty,
        };
        (lent, kept)
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.begun.is_none() {
            self.begun = take(&self.kept);
        }
        match &mut self.begun {
            Some(body) => Poll::Ready(ready!(Pin::new(body).poll_frame(context))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.begun {
            Some(body) => body.is_end_stream(),
            None => self.is_empty,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.begun {
            Some(body) => body.size_hint(),
            None => self.size,
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_can_be_had_back_until_it_is_read() {
        let (unread, kept) = Lent::new(Body::from("text"));
        assert_eq!(unread.size_hint().exact(), Some(4));
        drop(unread);
        let (read, kept) = Lent::new(take(&kept).unwrap());
        assert_eq!(read.collect().await.unwrap().to_bytes(), "text");
        assert!(take(&kept).is_none());
    }
}
