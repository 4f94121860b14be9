//! What is not migrated, and leaves everything as it is.

use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;

use ssm_tests::caller::own_server;
use ssm_tests::{Run, Scratch, Server, canary};

use super::Databases;
use crate::backup::{OTHER_KEY, on_embedded};

/// Where `SQLite` keeps the version of the schema.
const USER_VERSION: u64 = 60;

/// A data directory of a server that is stopped.
async fn stopped() -> Scratch {
    let data = Scratch::new("data").unwrap();
    let (mut server, _) = own_server(on_embedded(data.path())).await;
    server.stop().await.unwrap();
    data
}

fn migrate(from: impl Into<OsString>, to: impl Into<OsString>) -> Run {
    Run::new([
        "migrate".into(),
        "--from".into(),
        from.into(),
        "--to".into(),
        to.into(),
    ])
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_goes_into_an_empty_place_only_and_to_another_one() {
    let data = stopped().await;
    let databases = Databases::new().await;
    databases.fill_from(data.path()).end().await.unwrap().ok();
    let again = databases.fill_from(data.path()).end().await.unwrap();
    again.refused(1, &["entries in the target already", "into an empty place"]);
    let back = databases
        .empty_into(data.path())
        .env("ENCRYPTION_KEY_FILE", data.path().join("ENCRYPTION_KEY"));
    back.end()
        .await
        .unwrap()
        .refused(1, &["entries in the target already"]);

    let same = migrate(data.path(), data.path().join("."));
    same.end()
        .await
        .unwrap()
        .refused(2, &["are the same place"]);
    let both =
        databases.command(["migrate", "--from", "mongodb", "--to", "mongodb"].map(OsString::from));
    both.end()
        .await
        .unwrap()
        .refused(2, &["both places are a MongoDB"]);
    let unset = migrate(data.path(), "mongodb").end().await.unwrap();
    unset.refused(2, &["MONGODB_URI", "none is set"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_takes_the_keys_of_the_source_and_no_others() {
    let data = stopped().await;
    for (name, says) in [
        ("ENCRYPTION_KEY", "the encryption key is not the one"),
        ("TOKEN_SALT", "TOKEN_SALT is not the one"),
    ] {
        let target = Scratch::new("target").unwrap();
        let wrong = migrate(data.path(), target.path()).env(name, OTHER_KEY);
        wrong.end().await.unwrap().refused(2, &[says]);
        assert!(is_empty(target.path()), "{name}");
    }
    let target = Scratch::new("target").unwrap();
    let file = target.path().join("TOKEN_SALT");
    fs::write(&file, OTHER_KEY).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let other = migrate(data.path(), target.path()).end().await.unwrap();
    other.refused(2, &["is another TOKEN_SALT", "move it away"]);
    let databases = Databases::new().await;
    databases.fill_from(data.path()).end().await.unwrap().ok();
    let none = databases.empty_into(&target.path().join("new"));
    none.end()
        .await
        .unwrap()
        .refused(2, &["ENCRYPTION_KEY is missing"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_in_use_or_a_later_release_s_is_left_alone() {
    let data = stopped().await;
    let target = Scratch::new("target").unwrap();
    let mut server = Server::start(on_embedded(data.path())).await.unwrap();
    let in_use = migrate(data.path(), target.path()).end().await.unwrap();
    in_use.refused(1, &["in use by another server"]);
    server.stop().await.unwrap();

    let missing = migrate(target.path(), data.path()).end().await.unwrap();
    missing.refused(2, &["does not exist"]);

    let database = OpenOptions::new()
        .write(true)
        .open(data.path().join("ssm.db"))
        .unwrap();
    database
        .write_all_at(&99_u32.to_be_bytes(), USER_VERSION)
        .unwrap();
    let newer = migrate(data.path(), target.path()).end().await.unwrap();
    newer.refused(1, &["schema version 99"]);
    let databases = Databases::new().await;
    let other = stopped().await;
    databases.fill_from(other.path()).end().await.unwrap().ok();
    let into_newer = databases.empty_into(data.path());
    let into_newer = into_newer
        .env("ENCRYPTION_KEY_FILE", other.path().join("ENCRYPTION_KEY"))
        .env("TOKEN_SALT_FILE", other.path().join("TOKEN_SALT"));
    into_newer
        .end()
        .await
        .unwrap()
        .refused(1, &["schema version 99"]);
    assert!(is_empty(target.path()));
}

#[tokio::test]
async fn a_password_is_no_argument_and_is_not_repeated() {
    let data = Scratch::new("data").unwrap();
    let uri = format!("mongodb://ssm:{}@127.0.0.1:9", canary::value("password"));
    let told = migrate(data.path(), uri).end().await.unwrap();
    told.refused(2, &["set it as MONGODB_URI", "write `mongodb` here"]);
}
