//! Verifying, exporting and signing the journal without a server.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use ssm_tests::caller::own_server;
use ssm_tests::{Run, Scratch, ServerOptions, canary};

const OTHER_KEY: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg=";
/// What verifying ends with when it has found something.
const FOUND: i32 = 3;

fn audit<'a>(words: impl IntoIterator<Item = &'a str>) -> Run {
    Run::new(["audit"].into_iter().chain(words))
}

/// The words as they are on a command line, with paths among them.
fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A journal with a secret in it, an export and a checkpoint of it, and all of it without a server.
struct Kept {
    data: Scratch,
    elsewhere: Scratch,
    public_key: String,
}

impl Kept {
    async fn new() -> Self {
        Self::with(ServerOptions::default()).await
    }

    async fn with(options: ServerOptions) -> Self {
        let (data, elsewhere) = (Scratch::new("data").unwrap(), Scratch::new("kept").unwrap());
        let (mut server, owner) = own_server(options.data_dir(data.path())).await;
        let shop = owner.shop().await;
        let value = json!({"value": canary::value("audited")});
        owner.put(&shop.secret("base", "A"), value).await.ok();

        // Beside the running server.
        let export = elsewhere.path().join("audit.jsonl");
        let told = audit(["export", text(&export)])
            .on(data.path())
            .end()
            .await
            .unwrap();
        assert_eq!(told.ok(), "");
        let over_http = owner.get("/api/audit/export").await.text;
        assert_eq!(fs::read_to_string(&export).unwrap(), over_http);
        let checkpoint = elsewhere.path().join("checkpoint.json");
        let made = audit(["checkpoint", text(&checkpoint)]).on(data.path());
        made.end().await.unwrap().ok();
        let checkpoint: Value = serde_json::from_slice(&fs::read(checkpoint).unwrap()).unwrap();
        server.stop().await.unwrap();
        let public_key = checkpoint["publicKey"].as_str().unwrap().to_owned();
        Self {
            data,
            elsewhere,
            public_key,
        }
    }

    fn export(&self) -> String {
        text(&self.elsewhere.path().join("audit.jsonl")).to_owned()
    }

    fn checkpoint(&self) -> String {
        text(&self.elsewhere.path().join("checkpoint.json")).to_owned()
    }
}

#[tokio::test]
async fn what_was_not_touched_is_found_to_be_as_it_was_written() {
    let kept = Kept::new().await;
    let (export, checkpoint, key) = (kept.export(), kept.checkpoint(), &kept.public_key);
    for words in [
        &["verify"][..],
        &["verify", text(kept.data.path())],
        &["verify", "--checkpoint", &checkpoint],
        &["verify", "--public-key", key],
        &["verify", &export],
        &[
            "verify",
            &export,
            "--checkpoint",
            &checkpoint,
            "--public-key",
            key,
        ],
    ] {
        let told = audit(words.iter().copied())
            .on(kept.data.path())
            .end()
            .await
            .unwrap();
        let text = told.ok();
        assert!(
            text.ends_with("all is as it was written\n"),
            "{words:?}: {text}"
        );
        assert!(text.contains(key), "{words:?}: {text}");
        assert!(!canary::is_in(&told.stdout));
    }
    let piped = audit(["verify", "-"]).stdin(fs::read(&export).unwrap());
    assert!(
        piped
            .end()
            .await
            .unwrap()
            .ok()
            .contains("compared with nothing")
    );
}

#[tokio::test]
async fn what_was_changed_is_named() {
    let kept = Kept::new().await;
    let export = fs::read_to_string(kept.export()).unwrap();
    let edited = kept.elsewhere.path().join("edited.jsonl");
    let verify = async |content: &str, more: &[&str], says: &str| {
        fs::write(&edited, content).unwrap();
        let words = ["verify", text(&edited)]
            .into_iter()
            .chain(more.iter().copied());
        let ended = audit(words).end().await.unwrap();
        assert_eq!(ended.code, FOUND, "{} {}", ended.text(), ended.stderr);
        assert!(
            ended.text().contains(says),
            "{says:?} is not in: {}",
            ended.text()
        );
    };
    verify(
        &export.replacen("owner", "0wner", 1),
        &[],
        "entry 2 does not have the hash",
    )
    .await;
    let without_third: Vec<&str> = export
        .lines()
        .filter(|line| !line.starts_with("{\"seq\":3,"))
        .collect();
    verify(&without_third.join("\n"), &[], "entry 3 is missing").await;
    // Cut off where a signature stands, the rest shows nothing by itself; a checkpoint tells.
    let cut = export.lines().take(4).collect::<Vec<_>>().join("\n");
    verify(
        &cut,
        &["--checkpoint", &kept.checkpoint()],
        "is of more than there is",
    )
    .await;
    verify(
        &export,
        &["--public-key", &"0".repeat(64)],
        "is signed with another key",
    )
    .await;

    let other_root = audit(["verify"])
        .on(kept.data.path())
        .env("ENCRYPTION_KEY", OTHER_KEY);
    let ended = other_root.end().await.unwrap();
    assert_eq!(ended.code, FOUND);
    assert!(
        ended.text().contains("does not grow out of this root key"),
        "{}",
        ended.text()
    );
    let checkpoint = audit(["checkpoint"])
        .on(kept.data.path())
        .env("ENCRYPTION_KEY", OTHER_KEY);
    checkpoint
        .end()
        .await
        .unwrap()
        .refused(FOUND, &["no checkpoint was made"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_any_more_is_a_finding() {
    let kept = Kept::with(ServerOptions::default().embedded()).await;
    let database = kept.data.path().join("ssm.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes[..512].fill(0x5a);
    fs::write(&database, bytes).unwrap();
    let ended = audit(["verify"]).on(kept.data.path()).end().await.unwrap();
    assert_eq!(ended.code, FOUND);
    assert!(
        ended.text().contains("NOT AS IT WAS WRITTEN"),
        "{}",
        ended.text()
    );
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_no_finding() {
    let scratch = Scratch::new("empty").unwrap();
    let (nothing, file) = (scratch.path().join("nothing"), scratch.path().join("file"));
    fs::write(&file, "no checkpoint").unwrap();
    let missing = audit(["verify", text(&nothing)]).end().await.unwrap();
    missing.refused(1, &["cannot be read"]);
    let empty = audit(["verify"]).on_embedded(scratch.path());
    let empty = empty.end().await.unwrap();
    empty.refused(1, &["does not exist"]);
    let checkpoint = audit(["verify", "--checkpoint", text(&file)])
        .end()
        .await
        .unwrap();
    checkpoint.refused(2, &["is not a checkpoint"]);
    audit(["verify", "--public-key", "abc"])
        .end()
        .await
        .unwrap()
        .refused(2, &["hexadecimal"]);
    audit(["checkpoint"])
        .on(scratch.path())
        .end()
        .await
        .unwrap()
        .refused(2, &["does not exist"]);
}

#[tokio::test]
async fn a_database_is_looked_at_by_its_directory() {
    let kept = Kept::with(ServerOptions::default().embedded()).await;
    let database = kept.data.path().join("ssm.db");
    let database = audit(["verify", text(&database)]).end().await.unwrap();
    database.refused(2, &["give the data directory"]);
}

#[tokio::test]
async fn reads_and_refusals_are_exported_and_verified_without_a_server_too() {
    let (data, elsewhere) = (Scratch::new("data").unwrap(), Scratch::new("kept").unwrap());
    let options = ServerOptions::default().data_dir(data.path());
    let (mut server, owner) = own_server(options.env("AUDIT_READS", "every")).await;
    let shop = owner.shop().await;
    let value = canary::value("read");
    let path = shop.secret("base", "A");
    owner.put(&path, json!({"value": value})).await.ok();
    owner.get(&path).await.ok();
    server.stop().await.unwrap();

    let file = elsewhere.path().join("access.jsonl");
    let export = audit(["export", "--stream", "access", text(&file)]).on(data.path());
    export.end().await.unwrap().ok();
    let exported = fs::read_to_string(&file).unwrap();
    assert!(exported.contains("secrets.read") && !exported.contains(&value));
    let verify = || audit(["verify", text(&file)]);
    let told = verify().end().await.unwrap().ok();
    assert!(told.contains("all is as it was written"), "{told}");

    fs::write(&file, exported.replacen("secrets.read", "secrets.seen", 1)).unwrap();
    let changed = verify().end().await.unwrap();
    assert_eq!(changed.code, FOUND);
    assert!(
        changed
            .text()
            .contains("NOT AS IT WAS WRITTEN: access record")
    );
}
