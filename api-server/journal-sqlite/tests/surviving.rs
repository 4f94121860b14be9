//! What is acknowledged stays, and what is destroyed goes.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::entry::Seq;
use ssm_domain::id::KeyRecordId;
use ssm_engine::contract::chain::{Chain, everything};
use ssm_engine::journal::{Batch, Journal};
use ssm_journal_sqlite::SqliteJournal;
use tempfile::tempdir;

use common::copy_of;

#[tokio::test]
async fn what_is_acknowledged_is_there_when_only_the_files_are_left() {
    let dir = tempdir().unwrap();
    let journal = SqliteJournal::open(dir.path()).unwrap();
    let mut chain = Chain::default();
    for written in 1..20 {
        journal.append(chain.batch(7)).await.unwrap();
        let copy = copy_of(dir.path());
        let found = everything(&SqliteJournal::open(copy.path()).unwrap()).await;
        assert_eq!(found, everything(&journal).await);
        assert_eq!(found.len(), 7 * written);
    }
}

#[tokio::test]
async fn a_log_that_ends_in_the_middle_of_a_batch_loses_that_batch_only() {
    let dir = tempdir().unwrap();
    let journal = SqliteJournal::open(dir.path()).unwrap();
    let mut chain = Chain::default();
    journal.append(chain.batch(40)).await.unwrap();
    let whole = fs::metadata(dir.path().join("ssm.db-wal")).unwrap().len();
    journal.append(chain.batch(40)).await.unwrap();
    let longer = fs::metadata(dir.path().join("ssm.db-wal")).unwrap().len();

    for length in [whole, whole + 1, longer - 4096, longer - 1, longer] {
        let copy = copy_of(dir.path());
        let log = fs::OpenOptions::new()
            .write(true)
            .open(copy.path().join("ssm.db-wal"));
        log.unwrap().set_len(length).unwrap();
        let journal = SqliteJournal::open(copy.path()).unwrap();
        let found = Chain::of(&everything(&journal).await).seq();
        assert_eq!(found, if length == longer { 80 } else { 40 });
    }
}

const CHILD_DIR: &str = "SSM_TEST_CHILD_DIR";

/// Where [`kill_9_loses_nothing_that_was_acknowledged`] runs this very test again, in a process of its own: appends for ever
/// and says what is acknowledged. Does nothing by itself.
#[tokio::test]
async fn child_that_appends_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let journal = SqliteJournal::open(Path::new(&dir)).unwrap();
    let mut chain = Chain::of(&everything(&journal).await);
    loop {
        journal.append(chain.batch(3)).await.unwrap();
        println!("acknowledged {}", chain.seq());
    }
}

#[tokio::test]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let dir = tempdir().unwrap();
    let mut before = 0;
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_that_appends_until_it_is_killed", "--exact"])
            .arg("--nocapture")
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: Seq = 0;
        let mut count = 0;
        for line in lines {
            let line = line.unwrap();
            let Some(seq) = line.strip_prefix("acknowledged ") else {
                continue;
            };
            acknowledged = seq.parse().unwrap();
            count += 1;
            if count == 5 + round * 20 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();

        let journal = SqliteJournal::open(dir.path()).unwrap();
        let there = Chain::of(&everything(&journal).await).seq();
        assert!(
            there >= acknowledged && acknowledged > before,
            "{there} of {acknowledged}"
        );
        assert_eq!(there % 3, 0, "a batch is half there");
        before = there;
    }
}

#[tokio::test]
async fn a_destroyed_key_is_in_none_of_the_files() {
    let dir = tempdir().unwrap();
    let journal = SqliteJournal::open(dir.path()).unwrap();
    let files_hold = |text: &str| {
        ["ssm.db", "ssm.db-wal"].into_iter().any(|name| {
            let content = fs::read(dir.path().join(name)).unwrap();
            content
                .windows(text.len())
                .any(|bytes| bytes == text.as_bytes())
        })
    };
    let mut chain = Chain::default();
    let key = AuthRecord::new(AuthStore::Keys, &KeyRecordId::MIN, &"wrapped-key-in-base64");
    let added = Batch {
        entries: vec![chain.entry()],
        records: vec![key],
        ..Batch::default()
    };
    journal.append(Arc::new(added)).await.unwrap();
    assert!(files_hold("wrapped-key-in-base64"));

    let destroyed = Batch {
        entries: vec![chain.entry()],
        destroyed: vec![RecordName::key(KeyRecordId::MIN)],
        ..Batch::default()
    };
    journal.append(Arc::new(destroyed)).await.unwrap();
    assert!(!files_hold("wrapped-key-in-base64"));
}
