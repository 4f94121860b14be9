//! That a start needs the end of the journal only, and that a bad snapshot costs nothing but time.

use std::sync::Arc;
use std::time::Duration;

use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::state::State;
use ssm_engine::Engine;
use ssm_engine::memory::MemoryJournal;
use ssm_engine::snapshot::{EVERY, SnapshotStore};
use tokio::time::timeout;

use crate::support::{ROOT, SALT, open, open_with, put, shop, value, write};

/// Changes a chunk, and says whether it stays.
type Tamper = Box<dyn Fn(&mut Vec<u8>) -> bool>;

/// A journal with two snapshots and something behind them.
async fn written() -> Arc<MemoryJournal> {
    let journal = Arc::new(MemoryJournal::default());
    for round in ["one", "two"] {
        let engine = open(&journal).await;
        if round == "one" {
            shop(&engine).await;
        }
        put(&engine, "web/base", "A", round).await.unwrap();
        engine.shut_down().await;
    }
    let engine = open(&journal).await;
    put(&engine, "web/base", "B", "behind").await.unwrap();
    journal
}

/// Makes entry 2 another one, which every replay of it refuses.
fn spoil_the_beginning(journal: &MemoryJournal) {
    journal.tamper(|entries| entries[1].bytes.push(b' '));
}

fn snapshot_of(state: &State, root: &str) -> Vec<u8> {
    let keys = KeyRing::new(RootKey::parse(root).unwrap());
    let mut bytes = Vec::new();
    state.write_snapshot(&keys, &mut bytes).unwrap();
    bytes
}

async fn opens_as_it_was(journal: &Arc<MemoryJournal>) -> Engine {
    let engine = open(journal).await;
    assert_eq!(value(&engine, "web/prod", "A").as_deref(), Some("two"));
    assert_eq!(value(&engine, "web/prod", "B").as_deref(), Some("behind"));
    engine
}

#[tokio::test]
async fn a_start_reads_what_is_behind_the_newest_snapshot_only() {
    let journal = written().await;
    let whole = snapshot_of(&open(&journal).await.state(), ROOT);
    spoil_the_beginning(&journal);
    let engine = opens_as_it_was(&journal).await;
    assert!(snapshot_of(&engine.state(), ROOT) == whole);

    journal.keep_snapshots(&[]).await.unwrap();
    let refused = open_with(&journal, ROOT, SALT).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("entry 2")));
}

#[tokio::test]
async fn the_snapshot_before_is_used_where_the_newest_is_of_no_use() {
    let journal = written().await;
    let newest = journal.snapshots().await.unwrap()[0];
    spoil_the_beginning(&journal);
    journal.tamper_snapshots(|seq, bytes| {
        bytes[40] ^= u8::from(seq == newest);
        true
    });
    opens_as_it_was(&journal).await;
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_believed_costs_time_and_nothing_else() {
    let elsewhere = Arc::new(MemoryJournal::default());
    let other = open(&elsewhere).await;
    shop(&other).await;
    put(&other, "web/base", "A", "elsewhere").await.unwrap();
    let (stale, other) = (snapshot_of(&other.state(), ROOT), other.state());
    let forged = snapshot_of(&other, SALT);

    let bad: [(&str, Tamper); 7] = [
        ("missing", Box::new(|_| false)),
        (
            "empty",
            Box::new(|bytes| {
                bytes.clear();
                true
            }),
        ),
        (
            "cut off",
            Box::new(|bytes| {
                bytes.truncate(bytes.len() - 1);
                true
            }),
        ),
        (
            "altered",
            Box::new(|bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                true
            }),
        ),
        (
            "longer",
            Box::new(|bytes| {
                bytes.push(0);
                true
            }),
        ),
        (
            "forged",
            Box::new(move |bytes| {
                bytes.clone_from(&forged);
                true
            }),
        ),
        (
            "of another history",
            Box::new(move |bytes| {
                bytes.clone_from(&stale);
                true
            }),
        ),
    ];
    for (name, tamper) in bad {
        let journal = written().await;
        journal.tamper_snapshots(|_, bytes| tamper(bytes));
        let engine = opens_as_it_was(&journal).await;
        // The next one takes their place.
        engine.shut_down().await;
        let head = engine.state().head().seq;
        assert_eq!(journal.snapshots().await.unwrap(), [head], "{name}");
        spoil_the_beginning(&journal);
        opens_as_it_was(&journal).await;
    }
}

#[tokio::test]
async fn two_snapshots_that_were_swapped_are_of_no_use() {
    let journal = written().await;
    let seqs = journal.snapshots().await.unwrap();
    let [newer, older] = [seqs[0], seqs[1]];
    let (newer_bytes, older_bytes) = (
        journal.load_snapshot(newer).await.unwrap(),
        journal.load_snapshot(older).await.unwrap(),
    );
    journal.tamper_snapshots(|seq, bytes| {
        bytes.clone_from(if seq == newer {
            &older_bytes
        } else {
            &newer_bytes
        });
        true
    });
    opens_as_it_was(&journal).await;
    spoil_the_beginning(&journal);
    assert!(open_with(&journal, ROOT, SALT).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_taken_by_itself_every_so_many_entries_and_again_later_where_storing_failed()
{
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    journal.refuse_beside(true);
    write_entries(&engine, EVERY).await;
    assert!(journal.snapshots().await.unwrap().is_empty());

    journal.refuse_beside(false);
    write_entries(&engine, EVERY / 10).await;
    let taken = async {
        while journal.snapshots().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_mins(1), taken).await.unwrap();
    assert!(journal.snapshots().await.unwrap()[0] >= EVERY);
}

/// Writes as many entries, many at a time.
async fn write_entries(engine: &Engine, count: u64) {
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..count {
        if writing.len() >= 200 {
            writing.join_next().await.unwrap().unwrap();
        }
        let engine = engine.clone();
        writing.spawn(async move {
            let write = write(
                "web/base",
                &format!("K{}", number % 50),
                &number.to_string(),
            );
            engine.run(crate::support::server(), write).await.unwrap();
        });
    }
    while let Some(written) = writing.join_next().await {
        written.unwrap();
    }
}
