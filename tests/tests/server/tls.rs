//! TLS: the certificate that is served, and how it is replaced while the server runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::{Certificate, Client, Version};
use serde_json::json;
use ssm_tests::caller::{Caller, bootstrap_as};
use ssm_tests::{Pair, Scratch, Server, ServerOptions, eventually, install_crypto};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(30);

/// A server with a certificate, the directory of its files, and the certificate.
async fn served() -> (Server, Scratch, Pair) {
    let (dir, pair) = (Scratch::new("tls").unwrap(), Pair::new().unwrap());
    let (cert, key) = pair.write(dir.path()).unwrap();
    let server = Server::start(ServerOptions::default().tls(&cert, &key)).await;
    (server.unwrap(), dir, pair)
}

/// Somebody who trusts this certificate and no other.
fn trusting(pair: &Pair, server: &Server) -> Caller {
    install_crypto();
    let root = Certificate::from_pem(pair.cert.as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([root]);
    Caller::by(client.build().unwrap(), &server.url())
}

async fn works(pair: &Pair, server: &Server) -> Result<()> {
    let version = trusting(pair, server).request("GET", "/api/version");
    let status = version.send().await?.status();
    ensure!(status == 200, "{status}");
    Ok(())
}

async fn readyz(pair: &Pair, server: &Server) -> Result<serde_json::Value> {
    let readyz = trusting(pair, server).request("GET", "/readyz");
    Ok(serde_json::from_str(&readyz.send().await?.text().await?)?)
}

#[tokio::test]
async fn everything_works_over_tls_and_http_2_and_browsers_are_told_to_stay_there() {
    let (server, _dir, pair) = served().await;
    let owner = bootstrap_as(&trusting(&pair, &server)).await;
    let answer = owner.request("GET", "/api/me").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, Version::HTTP_2)
    );
    let policy = answer.headers()["strict-transport-security"]
        .to_str()
        .unwrap();
    assert!(policy.starts_with("max-age="), "{policy}");
    let body = json!({"username": "owner", "password": ssm_tests::canary::password()});
    let session = owner.request("POST", "/api/auth/session").json(&body);
    let session = Caller::send(session.header("sec-fetch-site", "same-origin")).await;
    let cookie = session.header("set-cookie");
    assert!(cookie.starts_with("__Host-ssm_session=") && cookie.contains("; Secure"));
    assert_eq!(session.ok()["insecure"], false);
    assert_eq!(readyz(&pair, &server).await.unwrap()["tls"], "ready");
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_and_open_connections_keep_theirs() {
    let (server, dir, old) = served().await;
    let before = trusting(&old, &server);
    before.get("/api/version").await.ok();
    let new = Pair::new().unwrap();
    new.write(dir.path()).unwrap();
    let taken_up = async || works(&new, &server).await;
    eventually(SOON, "the new certificate", taken_up)
        .await
        .unwrap();
    assert!(works(&old, &server).await.is_err());
    // Its one connection of HTTP/2 is still open: for a new one it would have to trust the new certificate.
    before.get("/api/version").await.ok();
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_certificate_as_it_is_and_it_shows() {
    let (server, dir, old) = served().await;
    let stranger = Pair::new().unwrap();
    for (cert, key) in [(&*old.cert, &*stranger.key), ("nonsense", &*old.key)] {
        let broken = Pair {
            cert: cert.to_owned(),
            key: key.to_owned(),
        };
        broken.write(dir.path()).unwrap();
        let shows = async || {
            let readyz = readyz(&old, &server).await?;
            ensure!(
                readyz["tls"] == "reload_failed" && readyz["status"] == "degraded",
                "{readyz}"
            );
            Ok(())
        };
        eventually(SOON, "the failure to show", shows)
            .await
            .unwrap();
        old.write(dir.path()).unwrap();
        let well_again = async || {
            let readyz = readyz(&old, &server).await?;
            ensure!(readyz["tls"] == "ready", "{readyz}");
            Ok(())
        };
        eventually(SOON, "the failure to be over", well_again)
            .await
            .unwrap();
    }
    assert!(server.log().unwrap().contains("the one before stays"));
}

#[tokio::test]
async fn whoever_connects_and_says_nothing_keeps_nobody_waiting() {
    let (server, _dir, pair) = served().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        let address = ("127.0.0.1", server.port());
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    works(&pair, &server).await.unwrap();
}

#[tokio::test]
async fn an_expired_certificate_is_served_with_a_warning() {
    let (dir, pair) = (Scratch::new("tls").unwrap(), Pair::expired().unwrap());
    let (cert, key) = pair.write(dir.path()).unwrap();
    let server = Server::start(ServerOptions::default().tls(&cert, &key))
        .await
        .unwrap();
    let log = server.log().unwrap();
    assert!(log.contains("the TLS certificate has expired"), "{log}");
}

async fn refused(cert: &Path, key: &Path, says: &str) {
    let options = ServerOptions::default().tls(cert, key);
    let refusal = Server::start_expecting_failure(options).await.unwrap();
    assert_eq!(refusal.status.code(), Some(2), "{}", refusal.log);
    assert!(
        refusal.log.contains(says),
        "{says:?} is not in: {}",
        refusal.log
    );
}

#[tokio::test]
async fn certificates_that_cannot_be_used_stop_the_start_with_what_to_do() {
    let dir = Scratch::new("tls").unwrap();
    let (cert, key) = Pair::new().unwrap().write(dir.path()).unwrap();
    let other = Scratch::new("tls").unwrap();
    let (_, stranger) = Pair::new().unwrap().write(other.path()).unwrap();
    refused(&cert, &stranger, "give both files of one pair").await;
    refused(&key, &key, "holds no certificate").await;
    refused(&cert, &cert, "holds no private key").await;
    refused(&dir.path().join("none"), &key, "must be a file in PEM").await;
    let half = ServerOptions::default().env("TLS_CERT_FILE", cert.to_str().unwrap());
    let half = Server::start_expecting_failure(half).await.unwrap();
    assert!(half.log.contains("TLS_KEY_FILE"), "{}", half.log);
}

#[tokio::test]
async fn a_key_that_everybody_can_read_stops_the_start() {
    // Not in the scratch directory, which others may not get to.
    let dir = std::env::temp_dir().join(format!("ssm-open-{}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let (cert, key) = Pair::new().unwrap().write(&dir).unwrap();
    let salt = dir.join("salt");
    fs::write(&salt, "q1Hc0sE5Zt8vKz2nBxW7yRj4mLd9uPf6aTgIoNwQeSk=").unwrap();
    for path in [&key, &salt] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    refused(&cert, &key, "everybody on this machine can read it").await;
    let options = ServerOptions::default().env("TOKEN_SALT_FILE", salt.to_str().unwrap());
    let refusal = Server::start_expecting_failure(options).await.unwrap();
    assert!(
        refusal.log.contains("everybody on this machine"),
        "{}",
        refusal.log
    );
    fs::remove_dir_all(&dir).unwrap();
}
