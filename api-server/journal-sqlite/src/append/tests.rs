//! What goes wrong while appending, made to happen by `SQLite`'s own means.

use std::sync::Arc;

use rusqlite::Connection;
use ssm_domain::command::RecordName;
use ssm_domain::id::KeyRecordId;
use ssm_engine::contract::chain::{Chain, everything, stored, target, value};
use ssm_engine::journal::{AppendError, Batch, Journal};
use tempfile::TempDir;

use crate::SqliteJournal;

async fn fresh() -> (SqliteJournal, TempDir, Chain) {
    let dir = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(dir.path()).unwrap();
    let mut chain = Chain::default();
    journal.append(chain.batch(2)).await.unwrap();
    (journal, dir, chain)
}

/// Runs `sql` on the connection that writes.
fn spoil(journal: &SqliteJournal, sql: &str) {
    let writer = journal.database.writer.as_ref().unwrap();
    writer
        .lock()
        .unwrap()
        .connection
        .execute_batch(sql)
        .unwrap();
}

/// A batch with a value of this size.
fn large(chain: &mut Chain, bytes: usize) -> Arc<Batch> {
    let (sealed, change) = value(1, bytes);
    Arc::new(Batch {
        entries: vec![
            chain.entry(),
            chain.about(target(Some("web"), Some("prod")), vec![change]),
        ],
        values: vec![sealed],
        ..Batch::default()
    })
}

#[tokio::test]
async fn a_full_disk_refuses_the_batch_and_is_over_when_there_is_room() {
    let (journal, _dir, mut chain) = fresh().await;
    spoil(&journal, "PRAGMA max_page_count = 40");
    let batch = large(&mut chain, 1 << 20);
    for _ in 0..3 {
        let full = journal.append(batch.clone()).await;
        assert!(matches!(full, Err(AppendError::Unavailable(_))), "{full:?}");
        assert_eq!(everything(&journal).await.len(), 2);
    }
    spoil(&journal, "PRAGMA max_page_count = 100000");
    journal.append(batch).await.unwrap();
    assert_eq!(Chain::of(&everything(&journal).await).seq(), 4);
}

#[tokio::test]
async fn a_database_that_can_only_be_read_refuses_the_batch() {
    let (journal, _dir, mut chain) = fresh().await;
    spoil(&journal, "PRAGMA query_only = true");
    let batch = large(&mut chain, 10);
    let refused = journal.append(batch.clone()).await;
    assert!(
        matches!(refused, Err(AppendError::Unavailable(_))),
        "{refused:?}"
    );
    spoil(&journal, "PRAGMA query_only = false");
    journal.append(batch).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_fails_leaves_it_unknown_and_the_same_batch_settles_it() {
    let (journal, _dir, mut chain) = fresh().await;
    // What refers to nothing is found out when the transaction ends.
    spoil(
        &journal,
        "PRAGMA foreign_keys = true;
         CREATE TABLE lacking (id INTEGER PRIMARY KEY);
         CREATE TABLE refers (id REFERENCES lacking DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER spoiled AFTER INSERT ON journal BEGIN INSERT INTO refers VALUES (1); END",
    );
    let batch = large(&mut chain, 10);
    let unknown = journal.append(batch.clone()).await;
    assert!(
        matches!(unknown, Err(AppendError::Unknown(_))),
        "{unknown:?}"
    );

    spoil(&journal, "DROP TRIGGER spoiled");
    journal.append(batch.clone()).await.unwrap();
    assert_eq!(everything(&journal).await[2..], stored(&batch));
}

#[tokio::test]
async fn another_program_that_writes_for_long_makes_the_journal_unavailable() {
    let (journal, dir, mut chain) = fresh().await;
    spoil(&journal, "PRAGMA busy_timeout = 20");
    let other = Connection::open(dir.path().join("ssm.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let batch = chain.batch(1);
    let busy = journal.append(batch.clone()).await;
    assert!(matches!(busy, Err(AppendError::Unavailable(_))), "{busy:?}");
    assert_eq!(everything(&journal).await.len(), 2);
    other.execute_batch("ROLLBACK").unwrap();
    journal.append(batch).await.unwrap();
}

#[tokio::test]
async fn nothing_is_appended_to_a_damaged_table_and_the_error_says_so() {
    let (journal, _dir, mut chain) = fresh().await;
    spoil(&journal, "UPDATE journal SET hash = x'00' WHERE seq = 2");
    let error = journal.append(chain.batch(1)).await.unwrap_err();
    assert!(matches!(error, AppendError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn nothing_is_appended_behind_an_entry_that_this_server_does_not_know() {
    let (journal, _dir, _) = fresh().await;
    let mut other = Chain::default();
    other.batch(2);
    let error = journal.append(other.batch(1)).await.unwrap_err();
    assert!(matches!(error, AppendError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("restart the server"), "{error}");
    assert_eq!(everything(&journal).await.len(), 2);
}

#[tokio::test]
async fn a_destroyed_key_leaves_the_log_once_no_reader_needs_it_any_more() {
    let (journal, dir, mut chain) = fresh().await;
    let log = dir.path().join("ssm.db-wal");
    let log_bytes = || std::fs::metadata(&log).unwrap().len();
    let reader = Connection::open(dir.path().join("ssm.db")).unwrap();
    let sql = "BEGIN; SELECT count(*) FROM journal";
    reader.execute_batch(sql).unwrap();

    let destroying = Batch {
        entries: vec![chain.entry()],
        destroyed: vec![RecordName::key(KeyRecordId::MIN)],
        ..Batch::default()
    };
    journal.append(Arc::new(destroying)).await.unwrap();
    assert!(log_bytes() > 0);
    reader.execute_batch("ROLLBACK").unwrap();
    journal.append(chain.batch(1)).await.unwrap();
    assert_eq!(log_bytes(), 0);
}
