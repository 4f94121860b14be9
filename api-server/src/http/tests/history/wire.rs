//! HTTP/1.1 through a pipe in memory: every byte that a client and the server would exchange over a socket, without the
//! operating system, whose readiness a pretended clock would run ahead of.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use tower::Service as _;

const PIPE: usize = 64 * 1024;

/// A client's connection, which is kept alive.
pub struct Wire {
    sender: Option<SendRequest<Full<Bytes>>>,
    router: Router,
    bearer: String,
}

impl Wire {
    /// To a server, with a token.
    pub fn to(router: Router, token: &str) -> Self {
        Self {
            sender: None,
            router,
            bearer: format!("Bearer {token}"),
        }
    }

    /// Sends a request under an id and a key for its retries.
    pub async fn send(
        &mut self,
        (method, path, body): (Method, String, String),
        id: &str,
        idempotency_key: &str,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "ssm")
            .header("authorization", &self.bearer)
            .header("content-type", "application/json")
            .header("x-request-id", id)
            .header("idempotency-key", idempotency_key)
            .body(Full::from(body))
            .expect("a request");
        let sender = self.connected().await;
        let response = sender
            .send_request(request)
            .await
            .expect("the server answers");
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .expect("all of it arrives")
            .to_bytes();
        (
            status,
            serde_json::from_slice(&body).expect("every answer is JSON"),
        )
    }

    async fn connected(&mut self) -> &mut SendRequest<Full<Bytes>> {
        if self.sender.is_none() {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            tokio::spawn(serve(self.router.clone(), TokioIo::new(theirs)));
            let (sender, connection) = handshake(TokioIo::new(ours)).await.expect("a connection");
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        let sender = self.sender.as_mut().expect("it was just made");
        sender.ready().await.expect("the connection is kept");
        sender
    }
}

async fn serve(router: Router, pipe: TokioIo<tokio::io::DuplexStream>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router
                    .call(request.map(Body::new))
                    .await
                    .unwrap_or_else(|never| match never {}),
            )
        }
    });
    let server = Builder::new(TokioExecutor::new());
    // The client going away is how it ends.
    let _ = server.serve_connection(pipe, service).await;
}
