//! The outer wall: headers of every answer, pages of other origins, limits, and what the log and the metrics say.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller, OWNER, own_server, owner};
use ssm_tests::{Server, ServerOptions, canary, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let owner = owner().await;
    let nobody = owner.with("ssm_nobody");
    for answer in [
        owner.get("/api/projects").await,
        owner.get("/api/docs").await,
        owner.get("/healthz").await,
        owner.get("/nowhere").await,
        owner.get("/api/%2e%2e/x").await,
        owner.delete("/api/version").await,
        nobody.get("/api/projects").await,
        owner.post("/api/projects", json!({"slug": "UPPER"})).await,
    ] {
        for (name, expected) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), expected, "{name}: {}", answer.text);
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(answer.header("strict-transport-security"), "");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("location"), "");
    }
}

#[tokio::test]
async fn pages_of_the_origins_that_are_named_may_call_and_no_others_and_never_with_cookies() {
    let options = ServerOptions::default().env(
        "CORS_ORIGINS",
        "https://tools.example.com, http://localhost:3000",
    );
    let (_server, owner) = own_server(options).await;
    let preflight = async |origin: &str| {
        let request = owner
            .with("none")
            .request("OPTIONS", "/api/projects")
            .header("origin", origin);
        Caller::send(request.header("access-control-request-method", "POST")).await
    };
    let get = async |origin: &str| {
        let request = owner
            .request("GET", "/api/projects")
            .header("origin", origin);
        Caller::send(request).await
    };
    for origin in ["https://tools.example.com", "http://localhost:3000"] {
        let asked = preflight(origin).await;
        assert_eq!(asked.status, 204);
        assert_eq!(asked.header("access-control-allow-origin"), origin);
        assert!(
            asked
                .header("access-control-allow-methods")
                .contains("PATCH")
        );
        assert!(
            asked
                .header("access-control-allow-headers")
                .contains("authorization")
        );
        let answer = get(origin).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.header("access-control-allow-origin")
            ),
            (200, origin)
        );
        for answer in [&asked, &answer] {
            assert_eq!(answer.header("access-control-allow-credentials"), "");
            assert_eq!(answer.header("vary"), "origin");
        }
    }
    for origin in [
        "https://evil.example",
        "https://tools.example.com.evil.example",
        "https://tools.example.com:8443",
        "http://tools.example.com",
        "HTTPS://TOOLS.EXAMPLE.COM",
        "null",
        "*",
    ] {
        let asked = preflight(origin).await;
        assert_eq!(asked.status, 405, "{origin}");
        for answer in [asked, get(origin).await] {
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        }
    }
    // A page of such an origin has no business with the console's session.
    let request = owner.with("none").request("POST", "/api/auth/session");
    let request = request.header("origin", "https://tools.example.com");
    let body = json!({"username": OWNER, "password": canary::password()});
    Caller::send(request.json(&body))
        .await
        .refused(403, "cross_site");
}

#[tokio::test]
async fn a_token_has_so_many_streams_and_one_that_ends_makes_room() {
    let options = ServerOptions::default()
        .env("MAX_STREAMS_PER_TOKEN", "2")
        .env("MAX_STREAMS", "3");
    let (_server, owner) = own_server(options).await;
    let open = async |caller: &Caller| caller.request("GET", "/api/watch").send().await.unwrap();
    let (one, _two) = (open(&owner).await, open(&owner).await);
    let third = owner.get("/api/watch").await;
    third.refused(429, "too_many_streams");
    assert!(!third.header("retry-after").is_empty());
    let other = owner.service(json!({"actions": ["secrets:read"]})).await;
    let _three = open(&other).await;
    other.get("/api/watch").await.refused(503, "unavailable");
    drop(one);
    let makes_room = async || {
        let status = open(&owner).await.status();
        ensure!(status == 200, "{status}");
        Ok(())
    };
    eventually(SOON, "room for another stream", makes_room)
        .await
        .unwrap();
}

/// Whether the server answers on a connection, rather than to end it.
async fn is_served(connection: &mut TcpStream) -> bool {
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.write_all(request).await.is_ok() && connection.read_u8().await.is_ok()
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_one_that_ends_makes_room() {
    let options = ServerOptions::default().env("MAX_CONNECTIONS_PER_ADDRESS", "8");
    let server = Server::start(options).await.unwrap();
    let connect = || TcpStream::connect(("127.0.0.1", server.port()));
    let (mut connections, mut served) = (Vec::new(), 0);
    for _ in 0..12 {
        let mut connection = connect().await.unwrap();
        served += usize::from(is_served(&mut connection).await);
        connections.push(connection);
    }
    // The client that asked whether the server is ready may still have one.
    assert!((6..=8).contains(&served), "{served}");
    drop(connections);
    let makes_room = async || {
        ensure!(is_served(&mut connect().await?).await, "it is refused");
        Ok(())
    };
    eventually(SOON, "room for another connection", makes_room)
        .await
        .unwrap();
    assert!(
        server
            .log()
            .unwrap()
            .contains("MAX_CONNECTIONS_PER_ADDRESS")
    );
}

#[tokio::test]
async fn nothing_of_the_process_is_written_to_a_core_dump() {
    let mut server = Server::start(ServerOptions::default()).await.unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.process().pid())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let core: Vec<_> = core.split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"]);
}

#[tokio::test]
async fn every_line_of_the_log_is_one_event_and_names_the_request_that_it_is_about() {
    let options = ServerOptions::default()
        .env("LOG_FORMAT", "json")
        .env("LOG_LEVEL", "debug");
    let (server, owner) = own_server(options).await;
    let forged = "x\u{1b}[31m%0d%0a{\"forged\":true}";
    let request = owner.request("GET", &format!("/api/projects/{}", "a%0d%0aforged%1b[31m"));
    let request = request
        .header("user-agent", "x {\"forged\":true}")
        .header("x-request-id", "mine-1");
    Caller::send(request).await.refused(404, "not_found");
    owner
        .post("/api/projects", json!({"slug": forged, "name": forged}))
        .await
        .refused(400, "invalid");
    let log = server.log().unwrap();
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let about = |id: &str| {
        events
            .iter()
            .filter(|event| event["request_id"] == id)
            .count()
    };
    assert_eq!(about("mine-1"), 1, "{log}");
    let requests = events.iter().filter(|event| event["message"] == "request");
    assert!(
        requests.clone().count() > 2
            && requests
                .clone()
                .all(|event| event["request_id"].is_string())
    );
    assert!(!log.contains("forged") && !log.contains('\u{1b}'), "{log}");
}

/// The value of a metric.
fn metric(text: &str, name: &str) -> u64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not in {text}"))
        .parse()
        .unwrap()
}

async fn metrics(owner: &Caller) -> String {
    let answer: Answer = owner.with("none").get("/metrics").await;
    answer.ok();
    answer.text
}

#[tokio::test]
async fn the_metrics_count_sign_ins_streams_and_connections_and_say_what_runs() -> Result<()> {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let stream = owner.request("GET", "/api/watch").send().await?;
    let basic = |password: &str| {
        let request = owner.with("none").request("GET", "/api/auth/tokens/");
        Caller::send(
            request
                .header("authorization", "")
                .basic_auth(OWNER, Some(password)),
        )
    };
    basic(&canary::password()).await;
    drop(basic("wrong").await);
    let text = metrics(&owner).await;
    for outcome in ["accepted", "refused", "throttled", "unavailable"] {
        assert!(
            metric(
                &text,
                &format!("ssm_sign_ins_total{{outcome=\"{outcome}\"}}")
            ) < 100
        );
    }
    assert!(metric(&text, "ssm_watch_streams") > 0);
    assert!(metric(&text, "ssm_connections") > 0);
    assert!(metric(&text, "ssm_journal_seq") > 1);
    assert_eq!(metric(&text, "ssm_journal_writable"), 1);
    assert_eq!(metric(&text, "ssm_password_hashing"), 0);
    assert!(text.contains("ssm_build_info{version=\""), "{text}");
    assert!(!canary::is_in(text.as_bytes()));
    drop(stream);
    let ended = async || {
        let streams = metric(&metrics(&owner).await, "ssm_watch_streams");
        ensure!(streams == 0, "{streams}");
        Ok(())
    };
    eventually(SOON, "the stream to be counted out", ended).await
}
