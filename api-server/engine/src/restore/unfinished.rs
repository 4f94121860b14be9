//! The mark in a place that something is being brought to: until it is taken away, no server starts there.

use serde::{Deserialize, Serialize};
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Head, Seq};
use ssm_domain::id::Epoch;

use crate::activity::StoreError;
use crate::error::OpenError;
use crate::journal::{Filter, Journal, ReadError};

/// What is being brought there.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum Unfinished {
    /// This backup.
    Restore { backup: Digest, keep_tokens: bool },
    /// The journal that had this end.
    Migration { epoch: Epoch, head: Head },
    /// What another system held; a digest of it.
    Import { source: Digest },
}

/// Why nothing was begun. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotBegun {
    /// There are entries, but no mark.
    #[error("there is a journal of {0} entries")]
    NotEmpty(Seq),
    /// Something else was begun.
    #[error("something else was begun")]
    AnotherBegun,
    /// The place cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The place cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the mark in an empty place, unless it is there.
pub(crate) async fn begin(journal: &dyn Journal, unfinished: &Unfinished) -> Result<(), NotBegun> {
    if let Some(mark) = journal.unfinished_restore().await? {
        return match serde_json::from_slice::<Unfinished>(&mark) {
            Ok(begun) if begun == *unfinished => Ok(()),
            Ok(_) | Err(_) => Err(NotBegun::AnotherBegun),
        };
    }
    let there = journal.search(&Filter::default(), None, 1).await?;
    if let Some(newest) = there.first() {
        return Err(NotBegun::NotEmpty(newest.seq));
    }
    let mark = serde_json::to_vec(unfinished).expect("a mark is text");
    Ok(journal.mark_restore(Some(&mark)).await?)
}

/// Refuses a place that something is still being brought to.
pub(crate) async fn refuse_unfinished(journal: &dyn Journal) -> Result<(), OpenError> {
    match journal.unfinished_restore().await? {
        None => Ok(()),
        Some(mark) => Err(match serde_json::from_slice(&mark) {
            Ok(Unfinished::Migration { .. }) => OpenError::UnfinishedMigration,
            Ok(Unfinished::Import { .. }) => OpenError::UnfinishedImport,
            Ok(Unfinished::Restore { .. }) | Err(_) => OpenError::UnfinishedRestore,
        }),
    }
}
