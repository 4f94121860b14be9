//! How the server stops: what has begun comes to its end, streams end in order, and told twice it ends at once.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use ssm_tests::caller::{Caller, own_server};
use ssm_tests::{Server, ServerOptions, Signal, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(30);
const BODY: &str = r#"{"slug":"late"}"#;

/// A request for a project of which all but the last byte is sent.
async fn begun(server: &Server, owner: &Caller) -> TcpStream {
    let mut connection = TcpStream::connect(("127.0.0.1", server.port()))
        .await
        .unwrap();
    let head = format!(
        "POST /api/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        owner.token(),
        BODY.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // By then the handler waits for the body.
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    connection
        .write_all(&BODY.as_bytes()[..BODY.len() - 1])
        .await
        .unwrap();
    connection
}

async fn takes_no_more_connections(server: &Server) {
    let port = server.port();
    let refused = async || {
        let connected = TcpStream::connect(("127.0.0.1", port)).await;
        ensure!(connected.is_err(), "it takes connections");
        Ok(())
    };
    eventually(SOON, "the port to be free", refused)
        .await
        .unwrap();
}

#[tokio::test]
async fn streams_end_and_requests_that_have_begun_are_answered() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let mut stream = owner.request("GET", "/api/watch").send().await.unwrap();
    let mut request = begun(&server, &owner).await;
    server.process().signal(Signal::Terminate);
    takes_no_more_connections(&server).await;
    let mut text = Vec::new();
    // To its end as HTTP has it: a connection that breaks off is an error.
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    assert!(String::from_utf8(text).unwrap().contains("event: synced"));

    request
        .write_all(&BODY.as_bytes()[BODY.len() - 1..])
        .await
        .unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(server.process().wait(SOON).await.unwrap().success());
    server.restart().await.unwrap();
    owner.get("/api/projects/late").await.ok();
}

#[tokio::test]
async fn told_a_second_time_it_ends_at_once() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let _request = begun(&server, &owner).await;
    server.process().signal(Signal::Terminate);
    takes_no_more_connections(&server).await;
    server.process().signal(Signal::Terminate);
    server
        .process()
        .wait(SOON)
        .await
        .context("it goes on")
        .unwrap();
    let log = server.log().unwrap();
    assert!(log.contains("told to stop again"), "{log}");
}
