//! Snapshots, which a journal keeps beside the entries.

use std::sync::Arc;

use ssm_domain::entry::Seq;

use crate::journal::Journal;
use crate::snapshot::CHUNK_BYTES;

/// A chunk that differs from every other.
fn chunk(seq: Seq, index: u32, bytes: usize) -> Vec<u8> {
    let name = [seq.to_be_bytes().as_slice(), &index.to_be_bytes()].concat();
    name.into_iter().cycle().take(bytes).collect()
}

async fn save(journal: &dyn Journal, seq: Seq, chunks: &[Vec<u8>]) {
    for (index, bytes) in (0..).zip(chunks) {
        let saved = journal.save_snapshot_chunk(seq, index, bytes.clone());
        saved.await.unwrap();
    }
    journal.finish_snapshot(seq).await.unwrap();
}

pub async fn a_snapshot_is_all_of_its_chunks_in_their_order(journal: Arc<dyn Journal>) {
    assert_eq!(journal.snapshots().await.unwrap(), [] as [Seq; 0]);
    assert!(journal.load_snapshot(7).await.unwrap().is_empty());
    for (seq, sizes) in [
        (7, &[1][..]),
        (300, &[CHUNK_BYTES, CHUNK_BYTES, 5]),
        (299, &[20; 12]),
    ] {
        let chunks: Vec<_> = (0..)
            .zip(sizes)
            .map(|(index, bytes)| chunk(seq, index, *bytes))
            .collect();
        save(&*journal, seq, &chunks).await;
        let loaded = journal.load_snapshot(seq).await.unwrap();
        assert!(loaded == chunks.concat(), "{seq}");
    }
    assert_eq!(journal.snapshots().await.unwrap(), [300, 299, 7]);
    assert!(journal.load_snapshot(7).await.unwrap() == chunk(7, 0, 1));
}

pub async fn a_chunk_that_is_stored_again_takes_the_place_of_the_first(journal: Arc<dyn Journal>) {
    save(&*journal, 7, &[chunk(1, 0, 9), chunk(1, 1, 9)]).await;
    save(&*journal, 7, &[chunk(2, 0, 5)]).await;
    let loaded = journal.load_snapshot(7).await.unwrap();
    assert_eq!(loaded, [chunk(2, 0, 5), chunk(1, 1, 9)].concat());
}

pub async fn only_the_snapshots_that_are_kept_stay(journal: Arc<dyn Journal>) {
    for seq in [10, 20, 30, 40] {
        save(&*journal, seq, &[chunk(seq, 0, 50), chunk(seq, 1, 50)]).await;
    }
    journal.keep_snapshots(&[30, 20, 99]).await.unwrap();
    assert_eq!(journal.snapshots().await.unwrap(), [30, 20]);
    let whole = [chunk(20, 0, 50), chunk(20, 1, 50)].concat();
    assert_eq!(journal.load_snapshot(20).await.unwrap(), whole);
    assert!(journal.load_snapshot(40).await.unwrap().is_empty());

    journal.keep_snapshots(&[]).await.unwrap();
    assert_eq!(journal.snapshots().await.unwrap(), [] as [Seq; 0]);
}

pub async fn a_snapshot_that_was_not_finished_is_none(journal: Arc<dyn Journal>) {
    let saved = journal.save_snapshot_chunk(7, 0, chunk(7, 0, 9)).await;
    saved.unwrap();
    assert_eq!(journal.snapshots().await.unwrap(), [] as [Seq; 0]);
    journal.finish_snapshot(7).await.unwrap();
    journal.finish_snapshot(7).await.unwrap();
    assert_eq!(journal.snapshots().await.unwrap(), [7]);

    for seq in [5, 8] {
        let saved = journal.save_snapshot_chunk(seq, 0, chunk(seq, 0, 9)).await;
        saved.unwrap();
    }
    journal.keep_snapshots(&[7]).await.unwrap();
    assert!(journal.load_snapshot(5).await.unwrap().is_empty());
    assert_eq!(journal.load_snapshot(7).await.unwrap(), chunk(7, 0, 9));
    // Another server may be storing it.
    let is_left = !journal.load_snapshot(8).await.unwrap().is_empty();
    assert_eq!(is_left, journal.is_shared());

    save(&*journal, 9, &[chunk(9, 0, 9)]).await;
    journal.keep_snapshots(&[9]).await.unwrap();
    for gone in [7, 8] {
        assert!(journal.load_snapshot(gone).await.unwrap().is_empty());
    }
    assert_eq!(journal.load_snapshot(9).await.unwrap(), chunk(9, 0, 9));
}
