//! Several at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chain::{Chain, everything, stored};
use crate::journal::{AppendError, Journal, StoredEntry};

pub async fn of_many_who_append_at_one_position_one_wins(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    for _ in 0..8 {
        let appenders: Vec<_> = (0..16)
            .map(|_| {
                let (journal, batch) = (journal.clone(), chain.clone().batch(1));
                tokio::spawn(async move { (journal.append(batch.clone()).await, batch) })
            })
            .collect();
        let mut winners = Vec::new();
        for appender in appenders {
            match appender.await.unwrap() {
                (Ok(()), batch) => winners.extend(stored(&batch)),
                (Err(AppendError::Conflict), _) => {}
                (Err(error), _) => panic!("{error}"),
            }
        }
        let there = journal.read(chain.seq(), 100).await.unwrap();
        assert_eq!(winners, there);
        assert_eq!(there.len(), 1);
        chain = Chain::of(&everything(&*journal).await);
    }
}

/// Appends `count` entries in batches of three, deciding again whenever somebody else was faster, and returns what was
/// acknowledged or found.
async fn append_all(journal: Arc<dyn Journal>, count: usize) -> Vec<StoredEntry> {
    let mut written = Vec::new();
    while written.len() < count {
        let mut chain = Chain::of(&everything(&*journal).await);
        let before = chain.seq();
        let batch = chain.batch((count - written.len()).min(3));
        match journal.append(batch.clone()).await {
            Ok(()) => written.extend(stored(&batch)),
            Err(AppendError::Conflict) => {
                // A prefix may be there.
                let there = journal.read(before, batch.entries.len()).await.unwrap();
                let ours = stored(&batch)
                    .into_iter()
                    .zip(there)
                    .take_while(|(ours, there)| ours == there);
                written.extend(ours.map(|(ours, _)| ours));
            }
            Err(error) => panic!("{error}"),
        }
    }
    written
}

pub async fn everything_that_many_appenders_write_is_there_once(journal: Arc<dyn Journal>) {
    let appenders: Vec<_> = (0..12)
        .map(|_| tokio::spawn(append_all(journal.clone(), 9)))
        .collect();
    let mut written = Vec::new();
    for appender in appenders {
        written.extend(appender.await.unwrap());
    }
    written.sort_by_key(|entry| entry.seq);
    let there = everything(&*journal).await;
    Chain::of(&there);
    assert_eq!(there.len(), 12 * 9);
    assert_eq!(there, written);
}

pub async fn who_reads_during_writing_sees_a_prefix(journal: Arc<dyn Journal>) {
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (journal, done) = (journal.clone(), done.clone());
            tokio::spawn(async move {
                let mut seen = 0;
                while !done.load(Ordering::Acquire) {
                    let there = Chain::of(&everything(&*journal).await).seq();
                    assert!(there >= seen, "{there} after {seen}");
                    seen = there;
                }
            })
        })
        .collect();

    let mut chain = Chain::default();
    for _ in 0..30 {
        journal.append(chain.batch(4)).await.unwrap();
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(Chain::of(&everything(&*journal).await).seq(), 120);
}
