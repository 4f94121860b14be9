//! Whatever somebody with the database alone does to it, verifying finds it and says what it was done to.

mod accesses;
mod history;
mod table;
mod tamper;

use std::fs;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use ssm_engine::verify::{Known, Named, Report, verify};
use ssm_journal_sqlite::SqliteJournal;
use tempfile::tempdir;

use history::History;
use tamper::{Tampered, tamper};

const TAMPERINGS: u64 = 500;

/// Verifies a copy of the database that `change` has been at.
async fn verified<T>(history: &History, change: impl FnOnce(&Connection) -> T) -> (T, Report) {
    let dir = tempdir().unwrap();
    let copy = dir.path().join("ssm.db");
    fs::copy(history.database(), &copy).unwrap();
    let db = Connection::open(&copy).unwrap();
    let done = change(&db);
    drop(db);

    let journal = SqliteJournal::open_read_only(dir.path()).unwrap();
    let known = Known {
        keys: Some(&history.keys),
        checkpoint: Some(&history.checkpoint),
        ..Known::default()
    };
    (done, verify(&journal, known).await.unwrap())
}

#[tokio::test]
async fn an_untouched_database_verifies_whole() {
    let history = History::write().await;
    let ((), report) = verified(&history, |_| ()).await;
    assert_eq!(report.findings, []);
    assert_eq!(report.head.seq, history.checkpoint.seq);
    assert_eq!(report.entries, report.head.seq);
    assert!(report.entries > 30);
    let access = report.access.unwrap();
    assert_eq!((access.records, access.signed_by), (14, vec![]));
}

#[tokio::test]
async fn what_was_destroyed_and_is_put_back_is_found_and_named() {
    let (history, destroyed) = History::write_and_destroy().await;
    assert_eq!(destroyed.len(), 2);
    for record in destroyed {
        let ((), report) = verified(&history, |db| {
            let table = record.store.name();
            let sql = format!("INSERT INTO {table} (id, body) VALUES (?1, ?2)");
            db.execute(&sql, (&record.id, &record.body)).unwrap();
        })
        .await;
        let named = Named::Record(record.store, record.id);
        assert_eq!(report.findings.len(), 1);
        let (found, why) = (&report.findings[0].named, &report.findings[0].why);
        assert_eq!(
            (found, &**why),
            (&named, "was destroyed, and is there again")
        );
    }
}

#[tokio::test]
async fn each_of_five_hundred_random_tamperings_is_found_and_named() {
    let history = History::write().await;
    let mut missed = Vec::new();
    for seed in 0..TAMPERINGS {
        let mut rng = StdRng::seed_from_u64(seed);
        let checkpoint = history.checkpoint.seq;
        let (Tampered { what, names }, report) =
            verified(&history, |db| tamper(db, &mut rng, checkpoint)).await;
        let first = report.findings.first();
        if !first.is_some_and(|finding| names.contains(&finding.named)) {
            missed.push(format!("{seed}: {what}: {first:?}, not one of {names:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
