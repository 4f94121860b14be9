//! kill -9 at every named step of writing: what was acknowledged is there, nothing is half there, and the journal verifies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use ssm_tests::caller::{Caller, Shop, own_server};
use ssm_tests::{Scratch, Server, ServerOptions};

/// The steps that every write passes.
const WRITING: [&str; 6] = [
    "append:before-begin",
    "append:before-rows",
    "append:before-commit",
    "append:after-commit",
    "publish:before",
    "publish:after",
];
/// The steps of the snapshot that is taken at shutdown.
const STOPPING: [&str; 4] = [
    "snapshot:before",
    "snapshot:chunk",
    "snapshot:before-finish",
    "snapshot:after-finish",
];
/// How a shell tells that a program ended itself with SIGABRT.
const ABORTED: i32 = 128 + 6;
const DEADLINE: Duration = Duration::from_secs(30);

/// A used data directory, and who owns what is in it.
struct World {
    data: Scratch,
    token: String,
    shop: Shop,
}

impl World {
    async fn new() -> Self {
        let data = Scratch::new("steps").unwrap();
        let (mut server, owner) = own_server(ServerOptions::default().data_dir(data.path())).await;
        let shop = owner.shop().await;
        server.stop().await.unwrap();
        let token = owner.token().to_owned();
        Self { data, token, shop }
    }

    /// A server on a copy of the directory that dies when it gets to `step` for the `time`th time.
    async fn doomed(&self, step: &str, time: usize) -> (Scratch, Server, Caller) {
        let copy = Scratch::new("step").unwrap();
        copy_files(self.data.path(), copy.path());
        let options = ServerOptions::default()
            .data_dir(copy.path())
            .env("SSM_TEST_CRASH_AT", &format!("{step}#{time}"));
        let server = Server::start(options).await.unwrap();
        let owner = Caller::nobody(&server.url()).with(&self.token);
        (copy, server, owner)
    }

    /// Imports two keys of the same value.
    async fn import(&self, owner: &Caller, value: u64) -> bool {
        let path = format!("{}/import?format=env", self.shop.secrets("base"));
        let body = format!("LEFT={value}\nRIGHT={value}\n");
        let request = owner
            .request("POST", &path)
            .header("content-type", "text/plain")
            .body(body);
        match request.send().await {
            Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Starts a server that lives on what a dead one left, and compares that with what is known outside.
    async fn check(&self, data: &Path, acknowledged: u64, attempted: u64, step: &str) {
        let server = Server::start(ServerOptions::default().data_dir(data)).await;
        let server = server.unwrap();
        let owner = Caller::nobody(&server.url()).with(&self.token);
        let secrets = owner.get(&self.shop.secrets("prod")).await.ok();
        let stored: BTreeMap<String, String> =
            serde_json::from_value(secrets["data"].clone()).unwrap();
        let value = |key| {
            stored
                .get(key)
                .map_or(0, |value| value.parse::<u64>().unwrap())
        };
        let (left, right) = (value("LEFT"), value("RIGHT"));
        assert_eq!(left, right, "{step}: half of an import is there");
        let possible = acknowledged..=attempted;
        assert!(
            possible.contains(&left),
            "{step}: {left} is not in {possible:?}"
        );

        let verified = owner.get("/api/audit/verify").await.ok();
        assert_eq!(verified["ok"], true, "{step}: {verified}");
        assert_eq!(verified["entries"], verified["head"]["seq"], "{step}");
        // And it can be written again.
        assert!(self.import(&owner, attempted + 1).await, "{step}");
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_any_step_of_a_write_loses_nothing_and_leaves_no_half() {
    let world = World::new().await;
    for step in WRITING {
        for time in [1, 3] {
            let (data, mut server, owner) = world.doomed(step, time).await;
            let (mut acknowledged, mut attempted) = (0, 0);
            loop {
                attempted += 1;
                if !world.import(&owner, attempted).await {
                    break;
                }
                acknowledged = attempted;
            }
            let status = server.process().wait(DEADLINE).await.unwrap();
            assert_eq!(
                status.code(),
                Some(ABORTED),
                "{step}: {}",
                server.log().unwrap()
            );
            let settled = if step == "append:after-commit" || step.starts_with("publish") {
                // It was durable, whether anybody was told or not.
                attempted
            } else {
                acknowledged
            };
            world.check(data.path(), settled, settled, step).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_any_step_of_a_snapshot_starts_as_if_there_was_none() {
    let world = World::new().await;
    for step in STOPPING {
        let (data, mut server, owner) = world.doomed(step, 1).await;
        assert!(world.import(&owner, 1).await, "{step}");
        let status = server.stop().await.unwrap();
        assert_eq!(
            status.code(),
            Some(ABORTED),
            "{step}: {}",
            server.log().unwrap()
        );
        world.check(data.path(), 1, 1, step).await;
    }
}

#[tokio::test]
async fn a_server_that_was_stopped_begins_with_its_snapshot() {
    let world = World::new().await;
    let (_data, mut server, owner) = world.doomed("never", 1).await;
    assert!(world.import(&owner, 1).await);
    server.restart().await.unwrap();
    let log = server.log().unwrap();
    let begins = log.matches("the state begins with a snapshot").count();
    assert_eq!(begins, 2, "{log}");
}
