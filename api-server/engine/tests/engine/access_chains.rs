//! Verifying the chains of reads and refusals.

use std::sync::Arc;
use std::time::Duration;

use ssm_domain::access_record::AccessRecord;
use ssm_domain::digest::Digest;
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::signing::AccessSignature;
use ssm_domain::time::Timestamp;
use ssm_engine::access::{AccessStore as _, ChainedAccess, StoredAccess};
use ssm_engine::memory::MemoryJournal;
use ssm_engine::verify::{AccessPlace, Known, Named, Report, verify, verify_export};
use ssm_engine::{Engine, Export, Stream};

use crate::support::{ROOT, an_owner, asked, every_read, open_recording, read_of, shop};

const NEW_ROOT: &str = "bmV3LXJvb3Qta2V5LW5ldy1yb290LWtleS1uZXctMTI=";

async fn open(journal: &Arc<MemoryJournal>, root: &str, previous: &[&str]) -> Engine {
    open_recording(journal, root, previous, every_read()).await
}

async fn read(engine: &Engine, key: &str) {
    let recorded = engine.record_read(read_of(key), Duration::from_millis(1), asked);
    recorded.await.unwrap();
}

/// A journal with a chain of six records, and nobody who goes on writing it.
async fn six_reads() -> Arc<MemoryJournal> {
    let journal = Arc::<MemoryJournal>::default();
    let engine = open(&journal, ROOT, &[]).await;
    for key in ["A", "B", "C", "D", "E", "F"] {
        read(&engine, key).await;
    }
    engine.shut_down().await;
    journal
}

/// The same, then another root key, and a seventh record in a chain of its own.
async fn six_reads_and_one_with_another_key() -> Arc<MemoryJournal> {
    let journal = six_reads().await;
    let engine = open(&journal, NEW_ROOT, &[ROOT]).await;
    let owner = an_owner(&engine).await;
    engine.rotate_root_key(owner).await.unwrap();
    read(&engine, "A").await;
    engine.shut_down().await;
    journal
}

async fn stored(journal: &MemoryJournal) -> Vec<StoredAccess> {
    journal.read_access(None, usize::MAX).await.unwrap()
}

async fn verified(journal: &MemoryJournal) -> Report {
    verify(journal, Known::default()).await.unwrap()
}

/// The last moment of all.
fn ever() -> Timestamp {
    Timestamp::from_millis(i64::MAX)
}

/// Changes a record; false where it goes.
type Change<'a> = &'a dyn Fn(&mut StoredAccess) -> bool;

#[tokio::test]
async fn what_was_done_to_a_chain_is_named_with_its_place() {
    let (server, stranger) = (
        RootKey::parse(ROOT).unwrap().signer(),
        RootKey::parse(NEW_ROOT).unwrap().signer(),
    );
    let signed_by = |signer, stored: &StoredAccess| {
        let record: AccessRecord = serde_json::from_slice(&stored.bytes).unwrap();
        let epoch = stored.signature.unwrap().epoch;
        Some(AccessSignature::new(
            signer,
            epoch,
            &record.head(stored.hash),
        ))
    };
    let edit = |stored: &mut StoredAccess| {
        let mut record: AccessRecord = serde_json::from_slice(&stored.bytes).unwrap();
        record.access.count = 7;
        stored.bytes = record.canonical_bytes();
    };
    let third = |stored: &StoredAccess| stored.seq == 3;
    let table: [(i64, &str, Change<'_>); 8] = [
        (
            3,
            "does not have the hash that was stored with it",
            &|stored| {
                if third(stored) {
                    edit(stored);
                }
                true
            },
        ),
        (3, "has a signature that is not one of it", &|stored| {
            if third(stored) {
                edit(stored);
                stored.hash = Digest::of(&stored.bytes);
            }
            true
        }),
        // Even with the root key, the next one tells.
        (4, "does not follow the record in front of it", &|stored| {
            if third(stored) {
                edit(stored);
                stored.hash = Digest::of(&stored.bytes);
                stored.signature = signed_by(&server, stored);
            }
            true
        }),
        (3, "is missing", &|stored| !third(stored)),
        (3, "is missing", &|stored| !(3..6).contains(&stored.seq)),
        (9, "is access record 3 of the chain", &|stored| {
            if third(stored) {
                stored.seq = 9;
            }
            true
        }),
        (3, "which the journal never named", &|stored| {
            if third(stored) {
                stored.signature = signed_by(&stranger, stored);
            }
            true
        }),
        (6, "the last of a chain must have one", &|stored| {
            if stored.seq == 6 {
                stored.signature = None;
            }
            true
        }),
    ];
    for (seq, why, change) in table {
        let journal = six_reads().await;
        let chain = stored(&journal).await[0].server.to_string();
        journal.tamper_access(change);
        let findings = verified(&journal).await.findings;
        let named = Named::Access(AccessPlace { chain, seq });
        let told =
            |found: &ssm_engine::verify::Finding| found.named == named && found.why.contains(why);
        assert!(findings.iter().any(told), "{named} {why}: {findings:?}");
    }
}

#[tokio::test]
async fn a_record_of_another_chain_belongs_to_none_but_its_own() {
    let (ours, theirs) = (six_reads().await, six_reads().await);
    let (at, taken) = (
        stored(&ours).await[2].clone(),
        stored(&theirs).await[2].clone(),
    );
    ours.tamper_access(|stored| {
        if stored.seq == 3 {
            *stored = StoredAccess {
                server: stored.server,
                ..taken.clone()
            };
        }
        true
    });
    let findings = verified(&ours).await.findings;
    let place = AccessPlace::new(at.server, at.seq);
    assert_eq!(findings[0].named, Named::Access(place), "{findings:?}");

    // A whole chain of another server is whole, and signed by nobody who is known here.
    let ours = six_reads().await;
    let chain: Vec<ChainedAccess> = stored(&theirs)
        .await
        .into_iter()
        .map(|stored| ChainedAccess {
            record: serde_json::from_slice(&stored.bytes).unwrap(),
            stored,
        })
        .collect();
    ours.append_access(chain.into()).await.unwrap();
    let findings = verified(&ours).await.findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].why.contains("never named"), "{findings:?}");
}

#[tokio::test]
async fn chains_are_whole_after_starts_another_root_key_and_the_end_of_their_time() {
    let journal = six_reads_and_one_with_another_key().await;
    let report = verified(&journal).await;
    assert_eq!(report.findings, []);
    assert_eq!(report.access.unwrap().records, 7);

    for left in (0..7).rev() {
        assert_eq!(journal.trim_access(ever(), 1).await.unwrap(), 1);
        let report = verified(&journal).await;
        assert_eq!(report.findings, []);
        assert_eq!(report.access.unwrap().records, left);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chains_verify_while_they_grow_and_are_cut() {
    let journal = Arc::<MemoryJournal>::default();
    let engine = open(&journal, ROOT, &[]).await;
    shop(&engine).await;
    for _ in 0..700 {
        read(&engine, "A").await;
    }
    let writing = tokio::spawn({
        let engine = engine.clone();
        async move {
            for _ in 0..500 {
                read(&engine, "B").await;
            }
        }
    });
    let cutting = tokio::spawn({
        let journal = journal.clone();
        async move {
            for _ in 0..300 {
                journal.trim_access(ever(), 3).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    let keys = KeyRing::new(RootKey::parse(ROOT).unwrap());
    let mut rounds = 0;
    while rounds < 3 || !(writing.is_finished() && cutting.is_finished()) {
        let known = Known {
            keys: Some(&keys),
            ..Known::default()
        };
        let report = verify(&*journal, known).await.unwrap();
        assert_eq!(report.findings, []);
        rounds += 1;
    }
    writing.await.unwrap();
    cutting.await.unwrap();
}

async fn export_of(journal: &Arc<MemoryJournal>, stream: Stream) -> String {
    let mut export = Export::begin(journal.clone(), stream).await.unwrap();
    let mut lines = Vec::new();
    while let Some(more) = export.next().await.unwrap() {
        lines.extend(more);
    }
    String::from_utf8(lines).unwrap()
}

fn exported(export: &str, known: Known<'_>) -> Report {
    verify_export(export.as_bytes(), known).unwrap()
}

fn ring(root: &str) -> KeyRing {
    KeyRing::new(RootKey::parse(root).unwrap())
}

#[tokio::test]
async fn an_export_of_access_verifies_by_itself_and_by_whose_key_it_should_be() {
    let journal = six_reads().await;
    let export = export_of(&journal, Stream::Access).await;
    let (ours, theirs) = (ring(ROOT), ring(NEW_ROOT));
    for (keys, public_key, is_ok) in [
        (None, None, true),
        (Some(&ours), None, true),
        (None, Some(ours.signing_key()), true),
        (Some(&theirs), None, false),
        (None, Some(theirs.signing_key()), false),
    ] {
        let known = Known {
            keys,
            public_key,
            ..Known::default()
        };
        let report = exported(&export, known);
        assert_eq!(report.is_ok(), is_ok, "{:?}", report.findings);
        let access = report.access.unwrap();
        assert_eq!((access.records, report.entries), (6, 0));
        assert_eq!(access.signed_by, [ours.signing_key()]);
    }
}

#[tokio::test]
async fn behind_the_journal_s_export_access_of_an_earlier_root_key_verifies_too() {
    let journal = six_reads_and_one_with_another_key().await;
    let keys = ring(NEW_ROOT);
    let known = Known {
        keys: Some(&keys),
        ..Known::default()
    };
    let access = export_of(&journal, Stream::Access).await;
    let alone = exported(&access, known).findings;
    assert_eq!(alone.len(), 1, "{alone:?}");
    assert!(alone[0].why.contains("in front of this one in a file"));

    let both = export_of(&journal, Stream::Journal).await + &access;
    let report = exported(&both, known);
    assert_eq!(report.findings, []);
    assert_eq!(report.access.unwrap().records, 7);
    // The journal of somebody else names other keys.
    let other = export_of(&six_reads().await, Stream::Journal).await + &access;
    let report = exported(&other, Known::default());
    assert!(report.findings[0].why.contains("never named"), "{report:?}");
}

#[tokio::test]
async fn an_export_of_access_that_somebody_changed_is_found_out() {
    let journal = six_reads().await;
    let export = export_of(&journal, Stream::Access).await;
    let chain = stored(&journal).await[0].server;
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = export.lines().map(str::to_owned).collect();
        change(&mut lines);
        let findings = exported(&(lines.join("\n") + "\n"), Known::default()).findings;
        findings.first().map(|finding| finding.named.clone())
    };
    let record = |seq| Some(Named::Access(AccessPlace::new(chain, seq)));
    assert_eq!(changed(&|_| ()), None);
    let edited = changed(&|lines| lines[2] = lines[2].replace("\"C\"", "\"Z\""));
    assert_eq!(edited, record(3));
    assert_eq!(changed(&|lines| drop(lines.remove(2))), record(3));
    assert_eq!(changed(&|lines| lines.swap(2, 3)), record(3));
    let repeated = changed(&|lines| lines.insert(3, lines[2].clone()));
    assert_eq!(repeated, record(4));
    let unsigned = changed(&|lines| {
        let end = lines[5].find(",\"signature\"").unwrap();
        lines[5].replace_range(end.., "}");
    });
    assert_eq!(unsigned, record(6));
    let foreign = changed(&|lines| lines[2] = "{\"access\":{}}".to_owned());
    assert_eq!(foreign, Some(Named::Line(3)));
}

#[tokio::test]
async fn an_export_from_under_which_old_records_are_deleted_breaks_off() {
    let journal = Arc::<MemoryJournal>::default();
    let engine = open(&journal, ROOT, &[]).await;
    for _ in 0..150 {
        read(&engine, "A").await;
    }
    let mut export = Export::begin(journal.clone(), Stream::Access)
        .await
        .unwrap();
    assert!(export.next().await.unwrap().is_some());
    journal.trim_access(ever(), 120).await.unwrap();
    let refused = export.next().await.unwrap_err();
    assert!(
        refused.to_string().contains("export them again"),
        "{refused}"
    );
    let again = export_of(&journal, Stream::Access).await;
    assert_eq!(exported(&again, Known::default()).findings, []);
}
