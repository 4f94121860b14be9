//! Changing the root key and data keys of a server that goes on serving, whatever happens on the way.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop, own_server};
use ssm_tests::{Run, Scratch, Server, ServerOptions, canary, eventually};

const NEW_KEY: &str = "bmV3LXJvb3Qta2V5LW5ldy1yb290LWtleS1uZXctMTI=";
const OTHER_KEY: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg=";
const PATIENCE: Duration = Duration::from_mins(1);

/// A server on this data with these keys.
fn options(dir: &Path, keys: &[(&str, &str)]) -> ServerOptions {
    let options = ServerOptions::default().data_dir(dir);
    keys.iter()
        .fold(options, |options, (name, value)| options.env(name, value))
}

/// With a new key, and with the one that a first start made as the one before.
fn both(dir: &Path) -> ServerOptions {
    let made = dir.join("ENCRYPTION_KEY");
    options(dir, &[("ENCRYPTION_KEY", NEW_KEY)])
        .env("ENCRYPTION_KEY_PREVIOUS_FILE", made.to_str().unwrap())
}

/// A data directory with as many projects as make two entries when they are wrapped anew, each with a value.
struct Prepared {
    scratch: Scratch,
    token: String,
    shops: Vec<Shop>,
}

impl Prepared {
    async fn new() -> Self {
        let scratch = Scratch::new("data").unwrap();
        let (mut server, owner) = own_server(options(scratch.path(), &[])).await;
        let mut shops = Vec::new();
        for n in 0..60 {
            let shop = owner.shop().await;
            let value = json!({"value": canary::value(&n.to_string())});
            owner.put(&shop.secret("base", "A"), value).await.ok();
            shops.push(shop);
        }
        server.stop().await.unwrap();
        let token = owner.token().to_owned();
        Self {
            scratch,
            token,
            shops,
        }
    }

    fn caller(&self, server: &Server) -> Caller {
        Caller::nobody(&server.url()).with(&self.token)
    }

    async fn check_values(&self, server: &Server) {
        let caller = self.caller(server);
        for (n, shop) in self.shops.iter().enumerate() {
            let read = caller.get(&shop.secret("base", "A")).await.ok();
            assert_eq!(read["value"], canary::value(&n.to_string()));
        }
        let verified = caller.get("/api/audit/verify").await.ok();
        assert_eq!(verified["ok"], true, "{verified}");
    }
}

async fn keys(caller: &Caller) -> Value {
    caller.get("/api/keys").await.ok()
}

/// Waits until nothing is wrapped with another key any more.
async fn rotated(caller: &Caller) {
    let done = async || {
        let keys = keys(caller).await;
        ensure!(keys["rotation"]["state"] == "idle", "{keys}");
        Ok(())
    };
    eventually(PATIENCE, "the rotation to end", done)
        .await
        .unwrap();
}

/// Reads and writes until it is told to stop, and counts how often.
async fn load(caller: Caller, shop: Shop, stop: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    let (path, mut n) = (shop.secret("prod", "LOAD"), 0);
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let value = canary::value(&n.to_string());
        caller.put(&path, json!({"value": value})).await.ok();
        assert_eq!(caller.get(&path).await.ok()["value"], value);
        caller.get(&shop.secrets("prod")).await.ok();
        done.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_key_is_changed_under_load_without_a_failed_request_and_the_old_one_can_then_go() {
    let prepared = Prepared::new().await;
    let dir = prepared.scratch.path();
    let mut server = Server::start(both(dir)).await.unwrap();
    let owner = prepared.caller(&server);
    let before = keys(&owner).await;
    assert_eq!(before["rotation"]["state"], "ready");

    let (stop, done) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut writers = Vec::new();
    for _ in 0..4 {
        let shop = owner.shop().await;
        writers.push(tokio::spawn(load(
            owner.clone(),
            shop,
            stop.clone(),
            done.clone(),
        )));
    }
    let at_least = async |count: usize| {
        let counted = async || {
            let done = done.load(Ordering::Relaxed);
            ensure!(done >= count, "{done}");
            Ok(())
        };
        eventually(PATIENCE, "some load", counted).await.unwrap();
    };
    at_least(4).await;
    let rotate = Run::new(["keys", "rotate-root", "--url", &server.url()]);
    let told = rotate
        .env("SSM_TOKEN", &prepared.token)
        .end()
        .await
        .unwrap()
        .ok();
    assert!(
        told.starts_with("done; all 64 data keys are wrapped with"),
        "{told}"
    );
    at_least(done.load(Ordering::Relaxed) + 4).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }

    let after = keys(&owner).await;
    assert_eq!(after["rotation"]["state"], "idle");
    assert_eq!(after["rootKey"]["fingerprint"], before["rotation"]["to"]);
    prepared.check_values(&server).await;
    server.stop().await.unwrap();

    fs::remove_file(dir.join("ENCRYPTION_KEY")).unwrap();
    let server = Server::start(options(dir, &[("ENCRYPTION_KEY", NEW_KEY)]))
        .await
        .unwrap();
    prepared.check_values(&server).await;
}

#[tokio::test]
async fn a_rotation_that_is_killed_at_any_step_goes_on_when_both_keys_are_there_again() {
    let prepared = Prepared::new().await;
    // The first entry begins, and two more wrap all data keys.
    let entries = [
        "append:before-commit",
        "append:after-commit",
        "publish:before",
        "publish:after",
    ];
    let entries = entries
        .iter()
        .flat_map(|step| (1..=3).map(move |time| format!("{step}#{time}")));
    let others = [
        "rotation:begun",
        "rotation:rewrapped#1",
        "rotation:rewrapped#2",
        "rotation:done",
    ];
    let dir = prepared.scratch.path();
    let made = fs::read_to_string(dir.join("ENCRYPTION_KEY")).unwrap();
    let (mut old, mut new) = (made.trim(), NEW_KEY);
    for step in entries.chain(others.map(str::to_owned)) {
        let both = || {
            options(
                dir,
                &[("ENCRYPTION_KEY", new), ("ENCRYPTION_KEY_PREVIOUS", old)],
            )
        };
        let dying = both().env("SSM_TEST_CRASH_AT", &step);
        let mut server = Server::start(dying).await.unwrap();
        let rotate = prepared
            .caller(&server)
            .request("POST", "/api/keys/rotate-root");
        // It may die before it answers.
        let _ = rotate.send().await;
        let status = server.process().wait(PATIENCE).await.unwrap();
        assert!(!status.success(), "{step}: it did not die");

        let server = Server::start(both()).await.unwrap();
        let owner = prepared.caller(&server);
        if keys(&owner).await["rotation"]["state"] == "ready" {
            assert_eq!(step, "append:before-commit#1", "only then it had not begun");
            owner.post("/api/keys/rotate-root", json!({})).await.ok();
        }
        rotated(&owner).await;
        drop(server);
        let alone = options(dir, &[("ENCRYPTION_KEY", new)]);
        let server = Server::start(alone)
            .await
            .unwrap_or_else(|error| panic!("{step}: {error:#}"));
        prepared.check_values(&server).await;
        // The next one is the way back.
        (old, new) = (new, old);
    }
}

#[tokio::test]
async fn a_start_without_a_key_that_still_wraps_something_is_refused_and_names_it() {
    let prepared = Prepared::new().await;
    let dir = prepared.scratch.path();
    let new = || options(dir, &[("ENCRYPTION_KEY", NEW_KEY)]);
    let refused = async |options, says: &[&str]| {
        let log = Server::start_expecting_failure(options).await.unwrap().log;
        for part in says {
            assert!(log.contains(part), "{part:?} is not in: {log}");
        }
    };
    // The journal still names the old key.
    refused(
        new(),
        &["ENCRYPTION_KEY is not the key", "ENCRYPTION_KEY_PREVIOUS"],
    )
    .await;

    let dying = both(dir).env("SSM_TEST_CRASH_AT", "rotation:rewrapped");
    let mut server = Server::start(dying).await.unwrap();
    let owner = prepared.caller(&server);
    let old = keys(&owner).await["rootKey"]["fingerprint"]
        .as_str()
        .unwrap()
        .to_owned();
    let _ = owner.request("POST", "/api/keys/rotate-root").send().await;
    server.process().wait(PATIENCE).await.unwrap();

    let says = [
        "10 data keys are still wrapped",
        &old,
        "set ENCRYPTION_KEY_PREVIOUS",
    ];
    refused(new(), &says).await;
    refused(new().env("ENCRYPTION_KEY_PREVIOUS", OTHER_KEY), &says).await;
    // With the old key alone: the journal names the new one.
    refused(options(dir, &[]), &["ENCRYPTION_KEY is not the key"]).await;
    let server = Server::start(both(dir)).await.unwrap();
    rotated(&prepared.caller(&server)).await;
}

#[tokio::test]
async fn new_values_are_sealed_with_new_data_keys_and_old_versions_stay_readable() {
    let (server, owner) = own_server(ServerOptions::default()).await;
    let (first, second) = (owner.shop().await, owner.shop().await);
    let old = json!({"value": canary::value("old")});
    owner.put(&first.secret("base", "OLD"), old).await.ok();
    let url = server.url();
    let run = |args: &[&str]| {
        let args = [&["keys"], args, &["--url", &url]].concat();
        Run::new(args.into_iter().map(str::to_owned)).stdin(format!("{}\n", owner.token()))
    };
    let told = run(&["rotate-data", "--project", &first.slug])
        .end()
        .await
        .unwrap()
        .ok();
    assert_eq!(told, "done; there are 3 data keys now\n");
    let told = run(&["rotate-data"]).end().await.unwrap().ok();
    assert_eq!(told, "done; there are 5 data keys now\n");
    let new = json!({"value": canary::value("new")});
    owner.put(&first.secret("base", "NEW"), new).await.ok();
    let read = owner.get(&first.secrets("prod")).await.ok();
    assert_eq!(read["data"]["OLD"], canary::value("old"));
    assert_eq!(read["data"]["NEW"], canary::value("new"));

    let told = run(&["status"]).end().await.unwrap().ok();
    assert!(told.contains("rotation   none"), "{told}");
    assert!(told.contains("data keys  5"), "{told}");
    let absent = run(&["rotate-data", "--project", "nope"])
        .end()
        .await
        .unwrap();
    absent.refused(1, &["Project not found"]);
    run(&["rotate-root"])
        .end()
        .await
        .unwrap()
        .refused(1, &["no other root key"]);
    owner
        .delete(&format!("/api/projects/{0}?confirm={0}", second.slug))
        .await
        .ok();
    assert_eq!(keys(&owner).await["dataKeys"]["total"], 3);
}

#[tokio::test]
async fn the_keys_command_says_what_it_lacks() {
    let status = || Run::new(["keys", "status"]);
    let none = status().end().await.unwrap();
    none.refused(2, &["a token is needed: set SSM_TOKEN or SSM_TOKEN_FILE"]);
    let twice = status().env("SSM_TOKEN", "a").env("SSM_TOKEN_FILE", "b");
    twice.end().await.unwrap().refused(2, &["are both set"]);
    let missing = status().env("SSM_TOKEN_FILE", "/no/such/file");
    missing
        .end()
        .await
        .unwrap()
        .refused(1, &["the token file /no/such/file is refused"]);
    let url = Run::new(["keys", "status", "--url", "ftp://x"]).env("SSM_TOKEN", "a");
    url.end()
        .await
        .unwrap()
        .refused(2, &["the scheme must be http or https"]);
    let away = Run::new(["keys", "status", "--url", "http://127.0.0.1:9"]).env("SSM_TOKEN", "a");
    away.end()
        .await
        .unwrap()
        .refused(1, &["cannot reach the server"]);
}
