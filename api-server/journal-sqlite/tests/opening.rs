//! Every reason not to open a database, and that each says what to do.

mod common;

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use ssm_engine::contract::chain::{Chain, everything, stored};
use ssm_engine::journal::{AppendError, Journal, ReadError};
use ssm_journal_sqlite::{OpenError, SqliteJournal};
use tempfile::{TempDir, tempdir};

use common::copy_of;

/// A directory whose database holds `entries` entries and was closed.
async fn written(entries: usize) -> TempDir {
    let dir = tempdir().unwrap();
    let journal = SqliteJournal::open(dir.path()).unwrap();
    let batch = Chain::default().batch(entries);
    journal.append(batch).await.unwrap();
    dir
}

fn refusal(dir: &Path) -> OpenError {
    let Err(error) = SqliteJournal::open(dir) else {
        panic!("it was opened");
    };
    error
}

fn overwrite(dir: &Path, at: u64, bytes: &[u8]) {
    let path = dir.join("ssm.db");
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn change(dir: &Path, sql: &str) {
    let connection = Connection::open(dir.join("ssm.db")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_missing_directory_is_made_and_only_its_owner_sees_what_is_in_it() {
    let parent = tempdir().unwrap();
    let dir = parent.path().join("a/data");
    let _journal = SqliteJournal::open(&dir).unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let names: Vec<String> = fs::read_dir(&dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.contains(&"ssm.db".into()) && names.contains(&"ssm.lock".into()));
    for name in names {
        assert_eq!(mode(&dir.join(&name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_second_server_is_refused_until_the_first_is_gone() {
    let dir = written(2).await;
    let first = SqliteJournal::open(dir.path()).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("stop that one first"));

    drop(first);
    let second = SqliteJournal::open(dir.path()).unwrap();
    assert_eq!(everything(&second).await.len(), 2);
}

#[tokio::test]
async fn a_reader_beside_the_server_sees_what_it_writes_and_writes_nothing() {
    let dir = tempdir().unwrap();
    let server = SqliteJournal::open(dir.path()).unwrap();
    let reader = SqliteJournal::open_read_only(dir.path()).unwrap();
    let mut chain = Chain::default();
    let batch = chain.batch(3);
    server.append(batch.clone()).await.unwrap();
    assert_eq!(everything(&reader).await, stored(&batch));

    let refused = reader.append(chain.batch(1)).await;
    assert!(
        matches!(refused, Err(AppendError::Unavailable(_))),
        "{refused:?}"
    );
    assert_eq!(everything(&server).await.len(), 3);
}

#[tokio::test]
async fn a_reader_without_a_server_reads_too() {
    let dir = written(3).await;
    let reader = SqliteJournal::open_read_only(dir.path()).unwrap();
    assert_eq!(everything(&reader).await.len(), 3);
}

#[test]
fn a_reader_makes_nothing() {
    let dir = tempdir().unwrap();
    let error = SqliteJournal::open_read_only(dir.path()).err().unwrap();
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_is_not_a_directory_is_refused() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("data");
    fs::write(&file, "something else").unwrap();
    for place in [file.clone(), file.join("below")] {
        let error = refusal(&place);
        assert!(matches!(error, OpenError::NotADirectory { .. }), "{error}");
        assert!(error.to_string().contains("set DATA_DIR to a directory"));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "something else");
}

/// The kernel's own directories take no new file from anybody, root included, which plain permissions do not stop.
#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    for place in ["/sys/kernel", "/sys/kernel/ssm-data"] {
        let error = refusal(Path::new(place));
        assert!(matches!(error, OpenError::NotWritable { .. }), "{error}");
        assert!(error.to_string().contains("make it writable"), "{error}");
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    for sql in [
        "CREATE TABLE other (a)",
        "CREATE TABLE journal (a); PRAGMA user_version = 1",
        "PRAGMA application_id = 7; CREATE TABLE journal (a)",
        "CREATE TABLE other (a); DROP TABLE other",
    ] {
        let dir = tempdir().unwrap();
        change(dir.path(), sql);
        let before = fs::read(dir.path().join("ssm.db")).unwrap();
        let error = refusal(dir.path());
        assert!(matches!(error, OpenError::NotOurs { .. }), "{sql}: {error}");
        assert!(error.to_string().contains("move it away"));
        assert_eq!(fs::read(dir.path().join("ssm.db")).unwrap(), before);
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_both_versions_are_named() {
    let dir = written(1).await;
    change(dir.path(), "PRAGMA user_version = 4711");
    let error = refusal(dir.path());
    assert!(matches!(error, OpenError::NewerSchema { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("4711") && text.contains("up to 1"), "{text}");
    let reading = SqliteJournal::open_read_only(dir.path()).err().unwrap();
    assert_eq!(reading.to_string(), text);
}

type Damage = fn(&Path);

#[tokio::test]
async fn damage_that_shows_at_once_is_refused() {
    let damages: [(&str, Damage); 9] = [
        ("header", |dir| overwrite(dir, 0, &[0x5a; 100])),
        ("all of it", |dir| {
            fs::write(dir.join("ssm.db"), "not a database at all").unwrap();
        }),
        ("emptied", |dir| fs::write(dir.join("ssm.db"), "").unwrap()),
        ("cut short", |dir| {
            let file = OpenOptions::new().write(true).open(dir.join("ssm.db"));
            let file = file.unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        }),
        ("first page behind the header", |dir| {
            overwrite(dir, 100, &[0x5a; 3996]);
        }),
        ("table gone", |dir| change(dir, "DROP TABLE tokens")),
        ("beginning gone", |dir| {
            change(dir, "DELETE FROM journal WHERE seq < 3");
        }),
        ("end changed", |dir| {
            change(
                dir,
                "UPDATE journal SET entry = x'00' WHERE seq = (SELECT max(seq) FROM journal)",
            );
        }),
        ("no version", |dir| change(dir, "PRAGMA user_version = 0")),
    ];
    for (name, damage) in damages {
        let dir = written(300).await;
        damage(dir.path());
        let before = fs::read(dir.path().join("ssm.db")).unwrap();
        let error = refusal(dir.path());
        assert!(
            matches!(error, OpenError::Damaged { .. }),
            "{name}: {error}"
        );
        assert!(error.to_string().contains("restore a backup"));
        assert!(fs::read(dir.path().join("ssm.db")).unwrap() == before);
    }
}

#[tokio::test]
async fn damage_in_the_middle_shows_when_it_is_read_and_no_sooner() {
    let dir = written(2000).await;
    let length = fs::metadata(dir.path().join("ssm.db")).unwrap().len();
    overwrite(dir.path(), length / 2 / 4096 * 4096, &[0x5a; 4096]);

    let journal = SqliteJournal::open(dir.path()).unwrap();
    assert_eq!(journal.read(0, 10).await.unwrap().len(), 10);
    let error = journal.read(0, 2000).await.unwrap_err();
    assert!(matches!(error, ReadError::Damaged(_)), "{error}");
    // Other readers are none the worse.
    assert_eq!(journal.read(1990, 10).await.unwrap().len(), 10);
}

#[tokio::test]
async fn an_entry_that_is_gone_from_the_middle_is_damage() {
    let dir = written(10).await;
    change(dir.path(), "DELETE FROM journal WHERE seq = 5");
    let journal = SqliteJournal::open(dir.path()).unwrap();
    for after in [0, 4] {
        let error = journal.read(after, 10).await.unwrap_err();
        assert!(matches!(&error, ReadError::Damaged(_)), "{error}");
        assert!(error.to_string().contains("entry 5 is missing"), "{error}");
    }
    assert_eq!(journal.read(5, 10).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_replaced_while_its_log_is_there() {
    let dir = tempdir().unwrap();
    let journal = SqliteJournal::open(dir.path()).unwrap();
    journal.append(Chain::default().batch(3)).await.unwrap();
    for (lost, empty) in [("gone", false), ("emptied", true)] {
        let copy = copy_of(dir.path());
        let log = copy.path().join("ssm.db-wal");
        let content = fs::read(&log).unwrap();
        assert!(!content.is_empty());
        if empty {
            fs::write(copy.path().join("ssm.db"), "").unwrap();
        } else {
            fs::remove_file(copy.path().join("ssm.db")).unwrap();
        }
        let error = refusal(copy.path());
        assert!(
            matches!(
                error,
                OpenError::LogWithoutDatabase { .. } | OpenError::Damaged { .. }
            ),
            "{lost}: {error}"
        );
        assert!(fs::read(&log).unwrap() == content, "{lost}");
    }
}

#[tokio::test]
async fn what_was_begun_and_never_finished_is_no_hindrance() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("ssm.db.new"), "half a database").unwrap();
    let journal = SqliteJournal::open(dir.path()).unwrap();
    journal.append(Chain::default().batch(1)).await.unwrap();
    assert!(!dir.path().join("ssm.db.new").exists());
}
