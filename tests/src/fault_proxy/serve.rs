//! The side that the operator speaks to.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures::TryStreamExt as _;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet, time::sleep};
use tokio_rustls::TlsAcceptor;

use super::{Call, Fault, Stage, Verb, forward::Passed, watch};
use crate::{certs::Certs, install_crypto};

type Body = UnsyncBoxBody<Bytes, anyhow::Error>;

/// TLS as the API server speaks it.
pub(super) fn tls(certs: &Certs) -> Result<TlsAcceptor> {
    install_crypto();
    let (cert, key) = certs.server();
    let chain = CertificateDer::pem_file_iter(cert)?.collect::<Result<Vec<_>, _>>()?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Accepts connections for ever; they end with it.
pub(super) async fn run(listener: TcpListener, tls: TlsAcceptor, stage: Arc<Stage>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (tls, stage) = (tls.clone(), Arc::clone(&stage));
        connections.spawn(async move {
            let Ok(stream) = tls.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| boxed(Arc::clone(&stage), request));
            // An error is how a script ends a connection, or the operator.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

fn boxed(
    stage: Arc<Stage>,
    request: Request<Incoming>,
) -> Pin<Box<dyn Future<Output = Result<Response<Body>>> + Send>> {
    Box::pin(answer(stage, request))
}

/// An error ends the connection without an answer.
async fn answer(stage: Arc<Stage>, request: Request<Incoming>) -> Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let mut call = Call::of(&head.method, &head.uri);
    let passed = Passed {
        path: head
            .uri
            .path_and_query()
            .context("a request without a path")?
            .to_string(),
        method: head.method,
        headers: head.headers,
        body: body.collect().await?.to_bytes(),
    };
    stage.count(&mut call);
    // Before the script is asked, since the next one may be there as soon as it has answered.
    let mut act = stage.act.subscribe();
    match stage.with_script(|script| script.call(&call)) {
        Fault::Pass => {}
        Fault::Delay(time) => sleep(time).await,
        Fault::DelayAnswer(time) => {
            let answer = stage.upstream.pass(passed).await?;
            sleep(time).await;
            return give(stage, call, answer).await;
        }
        Fault::Lose => bail!("the script loses the request"),
        Fault::LoseAnswer => {
            stage.upstream.pass(passed).await?;
            bail!("the script loses the answer");
        }
        Fault::Hang => {
            let _ = act.changed().await;
            bail!("the script let the request hang");
        }
        Fault::HangForEver => pending().await,
        Fault::Hold => {
            stage.upstream.pass(passed).await?;
            stage.held.send_replace(Some(call));
            let _ = act.changed().await;
            bail!("the script held the answer");
        }
        Fault::Repeat => {
            stage.upstream.pass(passed.clone()).await?;
        }
        Fault::Answer {
            status,
            retry_after,
        } => return status_object(status, retry_after),
        Fault::Gone => {
            let event = json!({"type": "ERROR", "object": object(410)});
            return json_answer(StatusCode::OK, &format!("{event}\n"));
        }
        Fault::Replay(list) => {
            return Ok(Response::builder()
                .header(header::CONTENT_TYPE, "application/json")
                .body(whole(list))?);
        }
    }
    let answer = stage.upstream.pass(passed).await?;
    give(stage, call, answer).await
}

async fn give(stage: Arc<Stage>, call: Call, answer: reqwest::Response) -> Result<Response<Body>> {
    let mut response = Response::builder().status(answer.status());
    for name in [header::CONTENT_TYPE, header::RETRY_AFTER, header::WARNING] {
        if let Some(value) = answer.headers().get(&name) {
            response = response.header(name, value);
        }
    }
    let succeeded = answer.status().is_success();
    if call.verb == Verb::Watch && succeeded {
        let frames = watch::events(stage, call, answer).map_ok(Frame::data);
        return Ok(response.body(StreamBody::new(frames).boxed_unsync())?);
    }
    let body = answer.bytes().await?;
    if call.verb == Verb::List && succeeded {
        stage.with_script(|script| script.listed(&call, &body));
    }
    Ok(response.body(whole(body))?)
}

fn whole(body: Bytes) -> Body {
    Full::new(body)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// The object with which the API server explains a refusal.
fn object(status: u16) -> serde_json::Value {
    let reason = match status {
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": "the script says so", "reason": reason, "code": status,
    })
}

fn status_object(status: u16, retry_after: Option<u32>) -> Result<Response<Body>> {
    let mut response = json_answer(StatusCode::from_u16(status)?, &object(status).to_string())?;
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

fn json_answer(status: StatusCode, text: &str) -> Result<Response<Body>> {
    Ok(Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(whole(Bytes::copy_from_slice(text.as_bytes())))?)
}
