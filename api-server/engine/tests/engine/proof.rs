//! Proofs that are taken elsewhere: exports and checkpoints.

use std::sync::Arc;

use ssm_domain::caller::Actor;
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::signing::Checkpoint;
use ssm_domain::time::Timestamp;
use ssm_engine::memory::MemoryJournal;
use ssm_engine::verify::{
    CheckpointError, Known, Named, Report, checkpoint, verify, verify_export,
};
use ssm_engine::{Engine, Export, Stream};

use crate::support::{ROOT, SALT, open, put, service_token, shop};

/// Everything of an export.
async fn export_of(engine: &Engine) -> String {
    let mut export: Export = engine
        .export(&Actor::System, Stream::Journal)
        .await
        .unwrap();
    let mut lines = Vec::new();
    while let Some(more) = export.next().await.unwrap() {
        lines.extend(more);
    }
    String::from_utf8(lines).unwrap()
}

async fn written() -> (Arc<MemoryJournal>, Engine) {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    for number in 0..250 {
        put(
            &engine,
            "web/base",
            "A",
            &format!("a-value-to-hide-{number}"),
        )
        .await
        .unwrap();
    }
    (journal, engine)
}

fn keys() -> KeyRing {
    KeyRing::new(RootKey::parse(ROOT).unwrap())
}

fn verified(export: &str, known: Known<'_>) -> Report {
    verify_export(export.as_bytes(), known).unwrap()
}

fn first_bad(export: &str, known: Known<'_>) -> Option<Named> {
    let report = verified(export, known);
    report.findings.first().map(|finding| finding.named.clone())
}

#[tokio::test]
async fn an_export_verifies_without_the_journal_and_holds_no_value() {
    let (journal, engine) = written().await;
    let export = export_of(&engine).await;
    let checkpoint = engine.checkpoint(&Actor::System).unwrap();
    let keys = keys();
    let public_key = Some(keys.signing_key());
    let known = Known {
        keys: Some(&keys),
        public_key,
        checkpoint: Some(&checkpoint),
        written: None,
    };
    let report = verified(&export, known);
    assert_eq!(report.findings, []);
    assert_eq!(report.head, *engine.state().head());
    assert_eq!(report.entries, report.head.seq);
    assert!(!export.contains("a-value-to-hide"));

    let stored = journal_lines(&journal).await;
    let entries = export.lines().filter(|line| line.starts_with("{\"seq\""));
    for (line, stored) in entries.zip(stored) {
        assert!(line.ends_with(&format!(",\"entry\":{stored}}}")), "{line}");
    }
}

async fn journal_lines(journal: &MemoryJournal) -> Vec<String> {
    use ssm_engine::journal::Journal as _;
    let entries = journal.read(0, 1_000).await.unwrap();
    let text = |entry: ssm_engine::journal::StoredEntry| String::from_utf8(entry.bytes).unwrap();
    entries.into_iter().map(text).collect()
}

#[tokio::test]
async fn an_export_that_somebody_changed_is_found_out() {
    let (_, engine) = written().await;
    let export = export_of(&engine).await;
    let lines: Vec<&str> = export.lines().collect();
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        change(&mut lines);
        first_bad(&(lines.join("\n") + "\n"), Known::default())
    };
    // Line 2n is entry n + 1, and the line behind it its signature.
    assert_eq!(changed(&|_| ()), None);
    let edited = changed(&|lines| lines[20] = lines[20].replace("\"system\"", "\"user\""));
    assert_eq!(edited, Some(Named::Entry(11)));
    let without_entry = changed(&|lines| drop(lines.drain(20..22)));
    assert_eq!(without_entry, Some(Named::Entry(11)));
    let without_signature = changed(&|lines| drop(lines.remove(21)));
    assert_eq!(without_signature, Some(Named::Signature(11)));
    let swapped = changed(&|lines| {
        lines.swap(20, 22);
        lines.swap(21, 23);
    });
    assert_eq!(swapped, Some(Named::Entry(11)));
    let repeated = changed(&|lines| {
        let again = lines[20..22].to_vec();
        lines.splice(22..22, again);
    });
    assert_eq!(repeated, Some(Named::Entry(11)));
    let foreign = changed(&|lines| lines.insert(20, "{\"seq\":11}".into()));
    assert_eq!(foreign, Some(Named::Line(21)));
    let cut_in_two = changed(&|lines| {
        let half = lines[20].len() / 2;
        lines[20].truncate(half);
    });
    assert_eq!(cut_in_two, Some(Named::Line(21)));
    let no_last_signature = changed(&|lines| drop(lines.pop()));
    assert_eq!(
        no_last_signature,
        Some(Named::Signature(lines.len() as u64 / 2))
    );
}

#[tokio::test]
async fn an_export_that_was_cut_off_is_found_out_by_a_checkpoint_alone() {
    let (_, engine) = written().await;
    let export = export_of(&engine).await;
    let checkpoint = engine.checkpoint(&Actor::System).unwrap();
    let cut: String = export
        .lines()
        .take(100)
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_eq!(first_bad(&cut, Known::default()), None);
    let known = Known {
        checkpoint: Some(&checkpoint),
        ..Known::default()
    };
    assert_eq!(
        first_bad(&cut, known),
        Some(Named::Checkpoint(checkpoint.seq))
    );
    put(&engine, "web/base", "A", "later").await.unwrap();
    assert_eq!(first_bad(&export_of(&engine).await, known), None);
}

#[tokio::test]
async fn a_checkpoint_of_another_journal_or_by_somebody_else_is_no_proof() {
    let (_, engine) = written().await;
    let (_, other) = written().await;
    let export = export_of(&engine).await;
    let theirs = other.checkpoint(&Actor::System).unwrap();
    let ours = engine.checkpoint(&Actor::System).unwrap();
    let state = engine.state();
    let forged = Checkpoint::new(
        &RootKey::parse(SALT).unwrap().signer(),
        ours.epoch,
        state.head(),
        ours.at,
    );
    let altered = Checkpoint {
        at: ours.at.plus(std::time::Duration::from_secs(1)),
        ..ours.clone()
    };
    for bad in [&theirs, &forged, &altered] {
        let known = Known {
            checkpoint: Some(bad),
            ..Known::default()
        };
        assert_eq!(first_bad(&export, known), Some(Named::Checkpoint(ours.seq)));
    }
}

#[tokio::test]
async fn a_journal_by_somebody_else_is_told_by_their_key() {
    let (journal, engine) = written().await;
    let export = export_of(&engine).await;
    let others = KeyRing::new(RootKey::parse(SALT).unwrap());
    for known in [
        Known {
            keys: Some(&others),
            ..Known::default()
        },
        Known {
            public_key: Some(others.signing_key()),
            ..Known::default()
        },
    ] {
        assert_eq!(first_bad(&export, known), Some(Named::Journal));
        let report = verify(&*journal, known).await.unwrap();
        assert_eq!(report.findings[0].named, Named::Journal);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_verifies_while_it_is_written() {
    use ssm_domain::access::Action;
    let (_, engine) = written().await;
    let writing = tokio::spawn({
        let engine = engine.clone();
        async move {
            for number in 0..200 {
                put(
                    &engine,
                    "web/prod",
                    &format!("K{}", number % 7),
                    &number.to_string(),
                )
                .await
                .unwrap();
                service_token(&engine, &[Action::SecretsRead], "web/prod").await;
            }
        }
    });
    while !writing.is_finished() {
        let report = engine.verify(&Actor::System, None, None).await.unwrap();
        assert_eq!(report.findings, []);
    }
    writing.await.unwrap();
    let report = engine.verify(&Actor::System, None, None).await.unwrap();
    assert_eq!(
        (report.findings, report.head),
        (vec![], *engine.state().head())
    );
}

#[tokio::test]
async fn some_entries_verify_by_themselves() {
    let (journal, engine) = written().await;
    let verify = async |from, to| {
        let report = engine.verify(&Actor::System, from, to).await.unwrap();
        let first_bad = report.findings.first().map(|finding| finding.named.clone());
        (report.entries, report.head.seq, first_bad)
    };
    let last = engine.state().head().seq;
    assert_eq!(verify(Some(100), Some(149)).await, (50, 149, None));
    assert_eq!(verify(Some(last), None).await, (1, last, None));
    assert_eq!(verify(Some(last + 1), None).await, (0, last, None));
    assert_eq!(verify(None, Some(7)).await, (7, 7, None));
    assert!(
        engine
            .verify(&Actor::System, Some(last + 2), None)
            .await
            .is_err()
    );

    journal.tamper(|entries| entries[109].bytes.push(b' '));
    assert_eq!(verify(Some(111), None).await.2, Some(Named::Entry(111)));
    assert_eq!(verify(Some(100), None).await.2, Some(Named::Entry(110)));
    assert_eq!(verify(Some(100), Some(109)).await, (10, 109, None));
}

#[tokio::test]
async fn a_checkpoint_without_a_server_vouches_for_a_journal_that_verifies_and_for_no_other() {
    let empty = MemoryJournal::default();
    let made = checkpoint(&empty, &keys(), Timestamp::START).await;
    assert!(matches!(made, Err(CheckpointError::Empty)));

    let (journal, engine) = written().await;
    let made = checkpoint(&*journal, &keys(), Timestamp::START).await;
    let (made, head) = (made.unwrap(), *engine.state().head());
    assert!(made.is_genuine());
    assert_eq!(
        (made.seq, made.hash, made.at),
        (head.seq, head.hash, head.at)
    );
    let export = export_of(&engine).await;
    let known = Known {
        checkpoint: Some(&made),
        ..Known::default()
    };
    assert_eq!(first_bad(&export, known), None);

    journal.tamper(|entries| entries[5].bytes.push(b' '));
    let refused = checkpoint(&*journal, &keys(), Timestamp::START).await;
    let Err(CheckpointError::Damaged(finding)) = refused else {
        panic!("it vouches for what was tampered with")
    };
    assert_eq!(finding.named, Named::Entry(6));
}
