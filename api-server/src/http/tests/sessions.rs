//! Sessions of the console, while time passes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, EntryActor, NewEntry, Target};
use ssm_domain::id::OpId;
use ssm_domain::seal::RootKey;
use ssm_domain::signing::HeadSignature;
use ssm_engine::journal::{Batch, BatchEntry, Journal as _, StoredEntry};
use ssm_engine::memory::MemoryJournal;
use tempfile::TempDir;

use super::{Answer, Caller, OWNER, ROOT_KEY};

/// Ends this server and starts another one over the same journal, so much later: the end of the journal is at that time,
/// which counts where the clock is behind.
async fn later(caller: &Caller, journal: &Arc<MemoryJournal>, by: Duration) -> Caller {
    let engine = &caller.app.engine;
    let state = engine.state();
    let head = state.head();
    let entry = Entry::append_to(
        head,
        NewEntry {
            op_id: OpId::MIN,
            now: engine.now().plus(by),
            actor: EntryActor::server(),
            request: None,
            action: "time.passed".into(),
            target: Target::default(),
            changes: Vec::new(),
        },
    );
    let bytes = entry.canonical_bytes();
    let stored = StoredEntry {
        seq: entry.seq,
        hash: Digest::of(&bytes),
        bytes,
    };
    let signer = RootKey::parse(ROOT_KEY).unwrap().signer();
    let (epoch, end) = (state.journal().unwrap().epoch, entry.head(stored.hash));
    let batch = Batch {
        signatures: vec![HeadSignature::new(&signer, epoch, head.seq, &end)],
        entries: vec![BatchEntry { stored, entry }],
        ..Batch::default()
    };
    engine.shut_down().await;
    journal.append(Arc::new(batch)).await.unwrap();
    Caller::over(journal.clone(), TempDir::new().unwrap())
        .await
        .with(&caller.token)
}

/// A request of the browser, which has the cookie and no token.
async fn browse(caller: &Caller, cookie: &str) -> Answer {
    let request = Request::get("/api/me").header("host", "localhost");
    let request = request.header("cookie", cookie);
    Answer::read(caller.respond_to_nobody(request, Body::empty()).await).await
}

#[tokio::test]
async fn a_session_ends_when_nobody_has_been_there_for_eight_hours_and_a_token_does_not() {
    let journal = Arc::new(MemoryJournal::default());
    let dir = TempDir::new().unwrap();
    let mut server = Caller::over(journal.clone(), dir).await.made_owner().await;
    let sign_in = Request::post("/api/auth/session")
        .header("host", "localhost")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json");
    let signed_in = Answer::read(server.respond_to_nobody(sign_in, OWNER).await).await;
    signed_in.is(200);
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();

    for (hours, status) in [(7, 200), (7, 200), (8, 401)] {
        server = later(&server, &journal, Duration::from_hours(hours)).await;
        browse(&server, cookie).await.is(status);
        server.get("/api/me").await.is(200);
    }
}
