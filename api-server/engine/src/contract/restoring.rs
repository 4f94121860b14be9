//! The mark of a restore that is not finished.

use std::sync::Arc;

use crate::journal::Journal;

pub async fn the_mark_of_a_restore_stays_until_it_is_taken_away(journal: Arc<dyn Journal>) {
    let marked = async || journal.unfinished_restore().await.unwrap();
    assert_eq!(marked().await, None);
    for mark in [&b"first"[..], b"", b"\0\xff"] {
        journal.mark_restore(Some(mark)).await.unwrap();
        assert_eq!(marked().await.as_deref(), Some(mark));
    }
    for _ in 0..2 {
        journal.mark_restore(None).await.unwrap();
        assert_eq!(marked().await, None);
    }
}
