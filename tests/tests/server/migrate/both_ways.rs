//! There and back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use ssm_tests::caller::{Caller, OWNER};
use ssm_tests::{Scratch, Server, eventually};

use super::{Databases, chains_in, chains_of, goes_on};
use crate::backup::content::Content;
use crate::backup::{Kept, OTHER_KEY, on_embedded};

const PATIENCE: Duration = Duration::from_mins(1);

/// Changes the root key of the data, and keeps the new one in its place.
async fn change_root_key(data: &Path, token: &str) {
    let file = data.join("ENCRYPTION_KEY");
    let options = on_embedded(data)
        .env("ENCRYPTION_KEY", OTHER_KEY)
        .env("ENCRYPTION_KEY_PREVIOUS_FILE", file.to_str().unwrap());
    let mut server = Server::start(options).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(token);
    let begun = owner.request("POST", "/api/keys/rotate-root");
    Caller::send(begun).await.ok();
    let ended = async || {
        let keys = owner.get("/api/keys").await.ok();
        anyhow::ensure!(keys["rotation"]["state"] == "idle", "{keys}");
        Ok(())
    };
    eventually(PATIENCE, "the rotation to end", ended)
        .await
        .unwrap();
    server.stop().await.unwrap();
    fs::write(file, OTHER_KEY).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_goes_to_mongodb_and_back_and_nothing_of_it_begins_anew() {
    let kept = Kept::embedded().await;
    let data = kept.data.path();
    change_root_key(data, &kept.token).await;
    let (chains, file) = (
        chains_of(data).await,
        fs::read(data.join("ssm.db")).unwrap(),
    );

    let databases = Databases::new().await;
    let told = databases.fill_from(data).end().await.unwrap().ok();
    assert!(told.starts_with("done; "), "{told}");
    for says in [
        "are the same in",
        "ENCRYPTION_KEY",
        "TOKEN_SALT",
        "Start no server on",
    ] {
        assert!(told.contains(says), "{told}");
    }
    assert!(fs::read(data.join("ssm.db")).unwrap() == file);
    assert!(chains_in(&databases, data).await == chains);
    let verify = databases.command_with_keys_of(data, &["audit", "verify"]);
    let verified = verify.end().await.unwrap().ok();
    assert!(
        verified.ends_with("all is as it was written\n"),
        "{verified}"
    );

    let (mut server, owner) = goes_on(databases.server(data), &kept).await;
    let shop = owner.shop().await;
    let written = json!({"value": "on MongoDB"});
    owner.put(&shop.secret("base", "A"), written).await.ok();
    Caller::nobody(&server.url()).sign_in(OWNER).await;
    let content = Content::read(&owner).await;
    server.stop().await.unwrap();
    let chains = chains_in(&databases, data).await;

    let back = Scratch::new("back").unwrap();
    let directory = back.path().join("data");
    let told = databases
        .empty_into(&directory)
        .env("ENCRYPTION_KEY", OTHER_KEY)
        .env("TOKEN_SALT_FILE", data.join("TOKEN_SALT"));
    let told = told.end().await.unwrap().ok();
    assert!(told.contains("The keys are in"), "{told}");
    assert!(chains_of(&directory).await == chains);
    for name in ["ENCRYPTION_KEY", "TOKEN_SALT"] {
        let key = |dir: &Path| fs::read_to_string(dir.join(name)).unwrap();
        assert_eq!(key(&directory).trim(), key(data).trim());
        let mode = fs::metadata(directory.join(name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    let server = Server::start(on_embedded(&directory)).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(&kept.token);
    let now = Content::read(&owner).await;
    now.assert_is(&content);
    assert!(now.added(&content).is_empty());
}
