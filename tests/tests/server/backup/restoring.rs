//! What is restored, in peace, beside writers and after a crash.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use ssm_tests::caller::{Caller, OWNER, own_server};
use ssm_tests::{Run, Scratch, Server, ServerOptions, canary};

use super::content::Content;
use super::{Kept, OTHER_KEY, backup, on, restore, sign_in, with_keys_of};

const PATIENCE: Duration = Duration::from_mins(1);

/// The lines of a backup that are of reads and refusals.
fn accesses(backup: &Path) -> Vec<String> {
    let text = fs::read_to_string(backup).unwrap();
    let accesses = text
        .lines()
        .filter(|line| line.starts_with(r#"{"access":"#));
    accesses.map(str::to_owned).collect()
}

#[tokio::test]
async fn everything_is_there_after_a_restore_and_the_tokens_of_before_are_dead() {
    let kept = Kept::new().await;
    let text = fs::read(kept.file()).unwrap();
    assert!(!canary::is_in(&text), "a secret is in the backup");
    for key in ["ENCRYPTION_KEY", "TOKEN_SALT"] {
        let key = fs::read_to_string(kept.data.path().join(key)).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(key.trim()));
    }
    assert_eq!(fs::read_dir(kept.elsewhere.path()).unwrap().count(), 1);

    let restored = with_keys_of(kept.data.path());
    let told = restore(restored.path(), &kept.file()).end().await.unwrap();
    assert!(told.ok().starts_with("done; "), "{}", told.text());
    let (server, owner) = kept.check(restored.path()).await;
    let before = Caller::nobody(&server.url()).with(&kept.token);
    assert_eq!(before.get("/api/me").await.status, 401);
    let now = Content::read(&owner).await;
    let restored_at = &now.added(&kept.content)[0];
    assert_eq!(restored_at["action"], "journal.restore");
    assert_eq!(restored_at["actor_type"], "system");

    let again = kept.elsewhere.path().join("again.jsonl");
    backup(restored.path(), &again).end().await.unwrap().ok();
    let (before, after) = (accesses(&kept.file()), accesses(&again));
    assert!(!before.is_empty() && before.iter().all(|access| after.contains(access)));
}

#[tokio::test]
async fn a_backup_and_what_is_restored_from_it_are_for_nobody_else_to_read() {
    let kept = Kept::embedded().await;
    let restored = with_keys_of(kept.data.path());
    let restore = restore(restored.path(), &kept.file()).on_embedded(restored.path());
    restore.end().await.unwrap().ok();
    for file in [kept.file(), restored.path().join("ssm.db")] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_restore_begins_another_epoch_in_which_no_tag_of_before_matches() {
    let kept = Kept::new().await;
    let restored = with_keys_of(kept.data.path());
    restore(restored.path(), &kept.file())
        .end()
        .await
        .unwrap()
        .ok();
    let server = Server::start(on(restored.path())).await.unwrap();
    let owner = sign_in(&server).await;
    let (path, before) = &kept.tagged;
    let read = owner.request("GET", path).header("if-none-match", before);
    let read = Caller::send(read).await;
    assert_eq!(read.status, 200);
    let (before_epoch, before_revision) = before.split_once('.').unwrap();
    let (epoch, revision) = read.header("etag").split_once('.').unwrap();
    assert_ne!(epoch, before_epoch);
    assert_eq!(revision, before_revision);
    let write = owner.request("PUT", &format!("{path}/A"));
    let write = write
        .header("if-match", before)
        .json(&json!({"value": "a"}));
    assert_eq!(Caller::send(write).await.status, 412);
}

#[tokio::test]
async fn tokens_live_on_where_they_are_to_be_kept_and_a_backup_passes_through_pipes() {
    let kept = Kept::new().await;
    let piped = Run::new(["backup", "-"])
        .on(kept.data.path())
        .end()
        .await
        .unwrap();
    assert_eq!(piped.code, 0, "{}", piped.stderr);
    assert!(piped.stderr.starts_with("done; "), "{}", piped.stderr);
    let restored = with_keys_of(kept.data.path());
    let restore = Run::new(["restore", "-", "--keep-tokens"]).on(restored.path());
    restore.stdin(piped.stdout).end().await.unwrap().ok();
    let (server, _) = kept.check(restored.path()).await;
    let before = Caller::nobody(&server.url()).with(&kept.token);
    assert_eq!(before.get("/api/me").await.ok()["username"], OWNER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_beside_a_server_that_writes_has_all_that_was_acknowledged_before() {
    let (data, elsewhere) = (Scratch::new("data").unwrap(), Scratch::new("kept").unwrap());
    let (mut server, owner) = own_server(on(data.path())).await;
    let shop = owner.shop().await;
    let (path, secrets) = (shop.secret("base", "COUNT"), shop.secrets("base"));
    owner.put(&path, json!({"value": "0"})).await.ok();
    let (acknowledged, mut count) = tokio::sync::watch::channel(0);
    let writer = owner.clone();
    let writing = tokio::spawn(async move {
        for n in 1.. {
            let request = writer
                .request("PUT", &path)
                .json(&json!({"value": n.to_string()}));
            if request.send().await.is_err() {
                return;
            }
            acknowledged.send_replace(n);
        }
    });
    let mut backups = Vec::new();
    for n in 0..3 {
        let least = *count.wait_for(|count| *count >= 50 * n).await.unwrap();
        let file = elsewhere.path().join(n.to_string());
        backup(data.path(), &file).end().await.unwrap().ok();
        backups.push((file, least));
    }
    server.kill_now().unwrap();
    writing.await.unwrap();

    for (file, least) in backups {
        let restored = with_keys_of(data.path());
        restore(restored.path(), &file).end().await.unwrap().ok();
        let server = Server::start(on(restored.path())).await.unwrap();
        let read = sign_in(&server).await.get(&secrets).await.ok();
        let stored: i32 = read["data"]["COUNT"].as_str().unwrap().parse().unwrap();
        assert!(
            stored >= least,
            "{stored} is less than the {least} that were acknowledged"
        );
    }
}

#[tokio::test]
async fn a_restore_that_is_killed_at_any_step_is_refused_by_a_server_and_ended_by_a_rerun() {
    let kept = Kept::new().await;
    for step in [
        "restore:begun",
        "copy:appended",
        "append:before-commit",
        "append:after-commit",
        "copy:access-appended",
        "restore:copied",
        "append:before-commit#2",
        "append:after-commit#2",
        "restore:epoch-begun",
        "restore:verified",
    ] {
        let restored = with_keys_of(kept.data.path());
        let dying = restore(restored.path(), &kept.file()).env("SSM_TEST_CRASH_AT", step);
        let ended = dying.end().await.unwrap();
        assert_eq!(ended.code, 128 + 6, "{step}: {}", ended.stderr);

        let refused = Server::start_expecting_failure(on(restored.path()))
            .await
            .unwrap();
        for says in [
            "a restore into this place is not finished",
            "run `ssm-server restore` with the same backup again",
        ] {
            assert!(refused.log.contains(says), "{step}: {}", refused.log);
        }
        let second = kept.elsewhere.path().join("second.jsonl");
        let unfinished = backup(restored.path(), &second).end().await.unwrap();
        unfinished.refused(1, &["is not finished"]);
        let again = restore(restored.path(), &kept.file());
        again.end().await.unwrap().ok();
        kept.check(restored.path()).await;
    }
    // The mark is gone, and all is done.
    let restored = with_keys_of(kept.data.path());
    let dying = restore(restored.path(), &kept.file()).env("SSM_TEST_CRASH_AT", "restore:done");
    assert_eq!(dying.end().await.unwrap().code, 128 + 6);
    kept.check(restored.path()).await;
}

#[tokio::test]
async fn a_backup_amid_a_rotation_needs_both_keys_and_the_rotation_goes_on_after_it() {
    let kept = Kept::new().await;
    let data = kept.data.path();
    let new_key = |options: ServerOptions| {
        let made = data.join("ENCRYPTION_KEY");
        let options = options.env("ENCRYPTION_KEY", OTHER_KEY);
        options.env("ENCRYPTION_KEY_PREVIOUS_FILE", made.to_str().unwrap())
    };
    let dying = new_key(on(data)).env("SSM_TEST_CRASH_AT", "rotation:begun");
    let mut server = Server::start(dying).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(&kept.token);
    let _ = owner.request("POST", "/api/keys/rotate-root").send().await;
    server.process().wait(PATIENCE).await.unwrap();

    let file = kept.elsewhere.path().join("amid.jsonl");
    let previous = data.join("ENCRYPTION_KEY");
    let with_both = |run: Run| {
        run.env("ENCRYPTION_KEY", OTHER_KEY)
            .env("ENCRYPTION_KEY_PREVIOUS_FILE", &previous)
    };
    with_both(backup(data, &file)).end().await.unwrap().ok();
    let restored = with_keys_of(data);
    let one = restore(restored.path(), &file).env("ENCRYPTION_KEY", OTHER_KEY);
    one.end()
        .await
        .unwrap()
        .refused(2, &["needs the encryption key of the fingerprint"]);
    with_both(restore(restored.path(), &file))
        .end()
        .await
        .unwrap()
        .ok();

    let server = Server::start(new_key(on(restored.path()))).await.unwrap();
    let owner = sign_in(&server).await;
    let ended = async || {
        let keys = owner.get("/api/keys").await.ok();
        anyhow::ensure!(keys["rotation"]["state"] == "idle", "{keys}");
        Ok(())
    };
    ssm_tests::eventually(PATIENCE, "the rotation to end", ended)
        .await
        .unwrap();
    Content::read(&owner).await.assert_is(&kept.content);
}
