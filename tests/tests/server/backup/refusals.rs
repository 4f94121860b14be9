//! What is not backed up and not restored, and what is there afterwards.

use std::fs;
use std::path::Path;

use ssm_tests::{Server, ServerOptions};

use crate::disk_full::Ballast;

use super::{Kept, OTHER_KEY, backup, on, restore, with_keys_of};

/// What ends with it has found something that is not as it was written.
const FOUND: i32 = 3;
const DISK: u64 = 6 << 20;

#[tokio::test]
async fn a_backup_that_was_cut_off_or_altered_is_refused_and_nothing_is_made() {
    let kept = Kept::new().await;
    let backup = fs::read_to_string(kept.file()).unwrap();
    let altered = kept.elsewhere.path().join("altered.jsonl");
    let cut: String = backup.split_inclusive('\n').take(20).collect();
    let last = backup.trim_end().rfind('\n').unwrap();
    for (content, says) in [
        (cut, "cut off"),
        (backup[..=last].to_owned(), "cut off"),
        (backup[..backup.len() - 40].to_owned(), "cut off"),
        (backup.replacen("bob", "eve", 1), "not as it was written"),
        (
            backup.replacen("\"viewer\"", "\"owner\"", 1),
            "not as it was written",
        ),
        (format!("{backup}{backup}"), "goes on behind its end"),
        ("hello\n".to_owned(), "not a backup"),
        (String::new(), "not a backup"),
    ] {
        let restored = with_keys_of(kept.data.path());
        fs::write(&altered, content).unwrap();
        restore(restored.path(), &altered)
            .end()
            .await
            .unwrap()
            .refused(FOUND, &[says]);
        assert_eq!(fs::read_dir(restored.path()).unwrap().count(), 2, "{says}");
    }
}

#[tokio::test]
async fn a_backup_is_restored_with_its_own_keys_only() {
    let kept = Kept::new().await;
    let restored = with_keys_of(kept.data.path());
    let wrong_key = restore(restored.path(), &kept.file()).env("ENCRYPTION_KEY", OTHER_KEY);
    wrong_key
        .end()
        .await
        .unwrap()
        .refused(2, &["needs the encryption key of the fingerprint"]);
    let wrong_salt = restore(restored.path(), &kept.file()).env("TOKEN_SALT", OTHER_KEY);
    wrong_salt
        .end()
        .await
        .unwrap()
        .refused(2, &["needs the TOKEN_SALT of the fingerprint"]);
}

#[tokio::test]
async fn a_restore_into_a_directory_makes_no_keys() {
    let kept = Kept::embedded().await;
    let restored = with_keys_of(kept.data.path());
    fs::remove_file(restored.path().join("TOKEN_SALT")).unwrap();
    let no_salt = restore(restored.path(), &kept.file()).on_embedded(restored.path());
    let no_salt = no_salt.end().await.unwrap();
    no_salt.refused(2, &["TOKEN_SALT is missing", "has to be there first"]);
    assert_eq!(fs::read_dir(restored.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn nothing_is_restored_to_where_something_is() {
    let kept = Kept::new().await;
    let full = restore(kept.data.path(), &kept.file()).end().await.unwrap();
    full.refused(1, &["entries here already; restore into an empty place"]);
    kept.check(kept.data.path()).await;
}

#[tokio::test]
async fn nothing_is_restored_beside_a_server_on_the_same_embedded_database() {
    let kept = Kept::embedded().await;
    let mut server = Server::start(on(kept.data.path())).await.unwrap();
    let beside = restore(kept.data.path(), &kept.file()).end().await.unwrap();
    beside.refused(1, &["in use by another server"]);
    server.stop().await.unwrap();
    kept.check(kept.data.path()).await;
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_nothing_and_says_why() {
    let kept = Kept::new().await;
    let nowhere = Path::new("/no/such/directory/backup");
    let unwritable = backup(kept.data.path(), nowhere).end().await.unwrap();
    unwritable.refused(1, &["/no/such/directory/backup cannot be written"]);
    let file = kept.elsewhere.path().join("second.jsonl");
    let wrong_key = backup(kept.data.path(), &file).env("ENCRYPTION_KEY", OTHER_KEY);
    wrong_key
        .end()
        .await
        .unwrap()
        .refused(2, &["is not the one that this data was sealed with"]);
    let empty = with_keys_of(kept.data.path());
    let nothing = backup(empty.path(), &file).end().await.unwrap();
    nothing.refused(1, &["of a server"]);
    assert_eq!(fs::read_dir(kept.elsewhere.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_full_disk_leaves_the_backup_of_before_and_no_half_of_another() {
    let kept = Kept::new().await;
    let server = Server::start(ServerOptions::default().disk(DISK))
        .await
        .unwrap();
    let disk = server.disk().join("backups");
    fs::create_dir(&disk).unwrap();
    let file = disk.join("backup.jsonl");
    fs::write(&file, "earlier").unwrap();
    for room in [0, 32 << 10] {
        let ballast = Ballast::fill(&server.disk());
        ballast.leave(room);
        let full = backup(kept.data.path(), &file).end().await.unwrap();
        full.refused(1, &["cannot be written", "No space left"]);
        assert_eq!(fs::read_dir(&disk).unwrap().count(), 1, "{room}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "earlier", "{room}");
        ballast.remove();
    }
    backup(kept.data.path(), &file).end().await.unwrap().ok();
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 1);
    let restored = with_keys_of(kept.data.path());
    restore(restored.path(), &file).end().await.unwrap().ok();
}
