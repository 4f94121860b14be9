//! A disk without room, and with room again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop, own_server};
use ssm_tests::{Scratch, Server, ServerOptions, eventually};

const PATIENCE: Duration = Duration::from_mins(1);
const DISK: u64 = 6 << 20;
/// More writes than the room that the log has in reserve.
const WRITES: usize = 2_000;

/// A file that leaves no room for anything else.
pub struct Ballast(std::path::PathBuf);

impl Ballast {
    pub fn fill(disk: &Path) -> Self {
        let path = disk.join("ballast");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
        Self(path)
    }

    /// Leaves room for so many bytes.
    pub fn leave(&self, bytes: u64) {
        let file = File::options().write(true).open(&self.0).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length - bytes).unwrap();
    }

    pub fn remove(self) {
        fs::remove_file(self.0).unwrap();
    }
}

/// Writes new keys until one is refused. Returns the name of that one.
async fn write_until_refused(
    owner: &Caller,
    shop: &Shop,
    written: &mut BTreeMap<String, String>,
) -> String {
    for number in 0..WRITES {
        let (key, value) = (format!("KEY_{}", written.len()), format!("{number:0>900}"));
        let answer = owner
            .put(&shop.secret("base", &key), json!({"value": value}))
            .await;
        if !answer.status.is_success() {
            answer.refused(503, "unavailable");
            assert!(!answer.header("retry-after").is_empty());
            return key;
        }
        written.insert(key, value);
    }
    panic!("the disk has room for everything");
}

async fn assert_there(owner: &Caller, shop: &Shop, written: &BTreeMap<String, String>) {
    let secrets = owner.get(&shop.secrets("prod")).await.ok();
    let stored: BTreeMap<String, String> = serde_json::from_value(secrets["data"].clone()).unwrap();
    assert!(stored == *written, "{} of {}", stored.len(), written.len());
}

async fn readiness(owner: &Caller) -> Value {
    owner.get("/readyz").await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_writes_alone_and_they_go_on_by_themselves_when_there_is_room() {
    let (server, owner) = own_server(ServerOptions::default().disk(DISK)).await;
    let shop = owner.shop().await;
    let mut written = BTreeMap::new();
    for round in 0..3 {
        let ballast = Ballast::fill(&server.disk());
        let refused = write_until_refused(&owner, &shop, &mut written).await;
        assert_there(&owner, &shop, &written).await;
        assert_eq!(
            readiness(&owner).await["status"],
            "degraded",
            "round {round}"
        );

        ballast.remove();
        let again = json!({"value": "there is room"});
        owner.put(&shop.secret("base", &refused), again).await.ok();
        written.insert(refused, "there is room".into());
        assert_there(&owner, &shop, &written).await;
        eventually(PATIENCE, "all to be well", async || {
            let ready = readiness(&owner).await;
            ensure!(ready["status"] == "OK", "round {round}: {ready}");
            Ok(())
        })
        .await
        .unwrap();
    }
    restarted_elsewhere(server, &owner, &shop, &written).await;
}

/// Starts another server on a copy of the disk, and looks at the same there.
async fn restarted_elsewhere(
    mut server: Server,
    owner: &Caller,
    shop: &Shop,
    written: &BTreeMap<String, String>,
) {
    let copy = Scratch::new("disk").unwrap();
    for file in fs::read_dir(server.disk()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    server.kill_now().unwrap();
    let server = Server::start(ServerOptions::default().data_dir(copy.path()).embedded())
        .await
        .unwrap();
    let owner = Caller::nobody(&server.url()).with(owner.token());
    assert_there(&owner, shop, written).await;
    let verified = owner.get("/api/audit/verify").await.ok();
    assert_eq!(verified["ok"], true, "{verified}");
}
