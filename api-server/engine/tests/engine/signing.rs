//! That the journal's end is signed, and what is refused where it is not.

use std::sync::Arc;
use std::time::Duration;

use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, Head, Seq};
use ssm_domain::seal::RootKey;
use ssm_domain::signing::{HeadSignature, Signature};
use ssm_engine::journal::Journal;
use ssm_engine::memory::MemoryJournal;
use ssm_engine::{Engine, Health, OpenError};
use tokio::time::timeout;

use crate::support::{ROOT, SALT, open, open_with, put, shop};

async fn written() -> (Arc<MemoryJournal>, Engine) {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    put(&engine, "web/base", "A", "1").await.unwrap();
    (journal, engine)
}

async fn refusal(journal: &Arc<MemoryJournal>) -> OpenError {
    let Err(error) = open_with(journal, ROOT, SALT).await else {
        panic!("it was opened");
    };
    error
}

#[tokio::test]
async fn every_head_is_signed_with_the_key_that_the_first_entry_names() {
    let (journal, engine) = written().await;
    let state = engine.state();
    let info = state.journal().unwrap();
    let key = RootKey::parse(ROOT).unwrap().signer().public_key();
    assert_eq!(info.signing_key, key);

    let signatures = journal.signatures(1, Seq::MAX).await.unwrap();
    let entries = journal.read(0, 100).await.unwrap();
    assert_eq!(signatures.len(), entries.len());
    let mut head = Head::EMPTY;
    for (stored, made) in entries.iter().zip(signatures) {
        let entry = Entry::verify_next(&head, &stored.bytes, stored.hash).unwrap();
        assert_eq!((made.public_key, made.previous), (key, head.seq));
        head = entry.head(stored.hash);
        assert!(made.vouches_for(info.epoch, &head), "{}", head.seq);
    }
}

#[tokio::test]
async fn a_journal_whose_end_nobody_signed_is_refused_by_the_name_of_its_last_entry() {
    let (journal, engine) = written().await;
    let last = engine.state().head().seq;
    let zeroes = Signature::from_bytes([0; 64]);
    journal.tamper_signatures(|made: &mut HeadSignature| {
        if made.seq == last {
            made.signature = zeroes;
        }
    });
    let error = refusal(&journal).await;
    assert!(
        matches!(error, OpenError::Unsigned(seq) if seq == last),
        "{error}"
    );
}

#[tokio::test]
async fn recomputing_every_hash_after_an_edit_does_not_help() {
    let (journal, engine) = written().await;
    let last = engine.state().head().seq;
    journal.tamper(|entries| {
        let mut head = Head::EMPTY;
        for stored in entries {
            let mut entry: Entry = serde_json::from_slice(&stored.bytes).unwrap();
            if entry.seq == 2 {
                entry.actor.id = "mallory".into();
            }
            entry.prev_hash = head.hash;
            stored.bytes = entry.canonical_bytes();
            stored.hash = Digest::of(&stored.bytes);
            head = entry.head(stored.hash);
        }
    });
    let error = refusal(&journal).await;
    assert!(
        matches!(error, OpenError::Unsigned(seq) if seq == last),
        "{error}"
    );
}

#[tokio::test]
async fn a_journal_that_names_the_root_key_but_another_signing_key_is_refused() {
    let (journal, engine) = written().await;
    let ours = engine.state().journal().unwrap().signing_key.to_string();
    let other = RootKey::parse(SALT).unwrap().signer().public_key();
    journal.tamper(|entries| {
        let first = String::from_utf8(entries[0].bytes.clone()).unwrap();
        entries[0].bytes = first.replace(&ours, &other.to_string()).into_bytes();
        entries[0].hash = Digest::of(&entries[0].bytes);
        entries.truncate(1);
    });
    let error = refusal(&journal).await;
    assert!(
        matches!(error, OpenError::ForeignSigningKey(key) if key == other),
        "{error}"
    );
}

#[tokio::test]
async fn what_somebody_else_appends_is_taken_in_only_if_it_is_signed() {
    let (journal, engine) = written().await;
    let other = open(&journal).await;
    put(&other, "web/base", "B", "2").await.unwrap();
    journal.tamper_signatures(|made| made.previous = made.previous.max(3) - 1);

    let seen = engine.state().head().seq;
    let running = tokio::spawn({
        let engine = engine.clone();
        async move { put(&engine, "web/base", "C", "3").await }
    });
    let unsettled = async {
        while engine.health() != Health::Unsettled {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), unsettled).await.unwrap();
    assert_eq!(engine.state().head().seq, seen);
    running.abort();
}
