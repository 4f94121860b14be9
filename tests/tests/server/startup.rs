//! Starts that are refused, each with a sentence that says what to do, and without touching anything.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;
use ssm_tests::{Scratch, Server, ServerOptions, canary};

use ssm_tests::caller::{bootstrap, own_server};

const OTHER_KEY: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg=";

/// Starts a server that must refuse, and returns its one sentence.
async fn refusal(options: ServerOptions, says: &[&str]) -> String {
    let refusal = Server::start_expecting_failure(options).await.unwrap();
    for part in says {
        assert!(
            refusal.log.contains(part),
            "{part:?} is not in: {}",
            refusal.log
        );
    }
    assert!(!refusal.log.contains("panicked"), "{}", refusal.log);
    refusal.log
}

/// Every file below `dir` with its content.
fn content(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.to_string_lossy().ends_with("-shm"))
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// A data directory with an owner and a secret in it, and no server on it.
async fn used_data_dir(options: ServerOptions) -> Scratch {
    let scratch = Scratch::new("data").unwrap();
    let (mut server, owner) = own_server(options.data_dir(scratch.path())).await;
    let shop = owner.shop().await;
    owner
        .put(
            &shop.secret("base", "A"),
            json!({"value": canary::value("kept")}),
        )
        .await
        .ok();
    server.stop().await.unwrap();
    scratch
}

#[tokio::test]
async fn key_files_are_made_on_the_very_first_start_only() {
    let scratch = Scratch::new("data").unwrap();
    let options = || ServerOptions::default().data_dir(scratch.path()).embedded();
    let mut server = Server::start(options()).await.unwrap();
    bootstrap(&server).await;
    server.stop().await.unwrap();
    let key = fs::read(scratch.path().join("ENCRYPTION_KEY")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(scratch.path().join("ENCRYPTION_KEY"))
            .unwrap()
            .permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);

    server.restart().await.unwrap();
    server.stop().await.unwrap();
    assert_eq!(
        fs::read(scratch.path().join("ENCRYPTION_KEY")).unwrap(),
        key
    );

    fs::remove_file(scratch.path().join("ENCRYPTION_KEY")).unwrap();
    refusal(options(), &["ENCRYPTION_KEY"]).await;
    assert!(!scratch.path().join("ENCRYPTION_KEY").exists());
}

#[tokio::test]
async fn another_root_key_or_salt_over_existing_data_is_refused() {
    let scratch = used_data_dir(ServerOptions::default()).await;
    for (variable, says) in [
        ("ENCRYPTION_KEY", "ENCRYPTION_KEY"),
        ("TOKEN_SALT", "TOKEN_SALT"),
    ] {
        let before = content(scratch.path());
        let options = ServerOptions::default()
            .data_dir(scratch.path())
            .env(variable, OTHER_KEY);
        let log = refusal(options, &[says]).await;
        assert!(!log.contains(OTHER_KEY));
        assert_eq!(content(scratch.path()).len(), before.len());
    }
    Server::start(ServerOptions::default().data_dir(scratch.path()))
        .await
        .unwrap();
}

#[tokio::test]
async fn keys_that_are_malformed_or_well_known_are_refused_without_being_repeated() {
    for bad in [
        "c2hvcnQ=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "not base64 c4n4ry",
    ] {
        let log = refusal(
            ServerOptions::default().env("ENCRYPTION_KEY", bad),
            &["ENCRYPTION_KEY"],
        )
        .await;
        assert!(!log.contains(bad));
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_embedded_database_is_refused() {
    let scratch = Scratch::new("data").unwrap();
    let first = Server::start(ServerOptions::default().embedded().data_dir(scratch.path()))
        .await
        .unwrap();
    refusal(
        ServerOptions::default().embedded().data_dir(scratch.path()),
        &["another server"],
    )
    .await;
    bootstrap(&first).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let options = ServerOptions {
        port: Some(port),
        ..ServerOptions::default()
    };
    refusal(options, &[&port.to_string(), "in use"]).await;
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_refused() {
    let scratch = Scratch::new("data").unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    // Neither can be written by root either: a path through a file, and a file system without files.
    for impossible in [file.join("data"), "/proc/ssm-data".into()] {
        let path = impossible.to_str().unwrap();
        refusal(
            ServerOptions::default().embedded().env("DATA_DIR", path),
            &[path],
        )
        .await;
    }
    assert_eq!(fs::read(&file).unwrap(), b"not a directory");
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let scratch = used_data_dir(ServerOptions::default().embedded()).await;
    let database = scratch.path().join("ssm.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes[..512].fill(0x5a);
    fs::write(&database, &bytes).unwrap();
    refusal(
        ServerOptions::default().data_dir(scratch.path()),
        &["backup"],
    )
    .await;
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[tokio::test]
async fn unknown_and_contradictory_settings_are_refused() {
    refusal(ServerOptions::default().env("PORT", "eighty"), &["PORT"]).await;
    let scratch = Scratch::new("key").unwrap();
    let file = scratch.path().join("key");
    fs::write(&file, OTHER_KEY).unwrap();
    let both = ServerOptions::default()
        .env("ENCRYPTION_KEY", OTHER_KEY)
        .env("ENCRYPTION_KEY_FILE", file.to_str().unwrap());
    refusal(both, &["ENCRYPTION_KEY_FILE"]).await;
    let missing = ServerOptions::default().env("TOKEN_SALT_FILE", "/no/such/file");
    refusal(missing, &["TOKEN_SALT_FILE", "/no/such/file"]).await;
}
