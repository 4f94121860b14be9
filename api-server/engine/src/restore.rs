//! Restoring a backup into an empty place.
//!
//! A mark is made there first, and taken away last: in between, no server starts on it, and restoring the same backup
//! again goes on where it stopped. Entries are appended as they are, so the chain is the one that was; behind it, one
//! entry begins a new epoch and ends all tokens. Everything is verified before the mark goes.

mod copy;
mod unfinished;
mod whole;

use std::io::{BufRead, Seek};
use std::sync::Arc;

use async_trait::async_trait;
use ssm_domain::caller::Actor;
use ssm_domain::entry::Head;
use ssm_domain::restore::FinishRestore;

use crate::activity::StoreError;
use crate::backup::{BackupReader, Counts, NotABackup};
use crate::engine::{Engine, Keys, Requester};
use crate::error::{OpenError, RunError};
use crate::journal::{AppendError, Journal, ReadError};
use crate::steps::reached;

pub(crate) use copy::{CopyError, copy};
pub(crate) use unfinished::{NotBegun, Unfinished, begin, refuse_unfinished};
pub use whole::NotWhole;
pub(crate) use whole::check;

/// A place that knows of a restore or migration into it that is not finished.
#[async_trait]
pub trait RestoreStore {
    /// The mark of one that is not finished.
    async fn unfinished_restore(&self) -> Result<Option<Vec<u8>>, ReadError>;

    /// Makes the mark durable, or takes it away.
    async fn mark_restore(&self, mark: Option<&[u8]>) -> Result<(), StoreError>;
}

/// Why nothing, or not everything, was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup cannot be used. Nothing was changed.
    #[error(transparent)]
    Backup(#[from] NotABackup),
    /// There is something already. Nothing was changed.
    #[error("there is a journal of {0} entries here already; restore into an empty place")]
    NotEmpty(u64),
    /// The restore of another backup was begun here, or the same with other tokens. Nothing was changed.
    #[error(
        "another restore was begun here, of another backup or with another answer to --keep-tokens; finish that one, or \
         restore into an empty place"
    )]
    AnotherBegun,
    /// The place cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The place cannot be written.
    #[error("{0}; restore the same backup again to go on")]
    Append(#[from] AppendError),
    /// The place cannot be written beside the entries.
    #[error("{0}; restore the same backup again to go on")]
    Store(#[from] StoreError),
    /// What is there now is not the backup's.
    #[error("what was restored is not what is in the backup: {0}; restore into an empty place")]
    Differs(String),
    /// What was restored is nothing that a server starts on.
    #[error("what was restored cannot be used: {0}")]
    Open(#[from] OpenError),
    /// The entry that begins the new epoch could not be written.
    #[error("the new epoch cannot be begun: {0}; restore the same backup again to go on")]
    Finish(#[from] RunError),
    /// What was restored is not as it was written.
    #[error("what was restored is not as it was written: {0}")]
    NotWhole(#[from] NotWhole),
}

/// What a restore came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How much was in the backup.
    pub counts: Counts,
    /// The journal's end now.
    pub head: Head,
    /// How many secrets' values were opened to see that they can be.
    pub opened: usize,
}

/// Restores a backup into `journal`, which must be empty or have an unfinished restore of the same backup.
pub async fn restore<R: BufRead + Seek>(
    journal: Arc<dyn Journal>,
    keys: Keys,
    mut backup: BackupReader<R>,
    keep_tokens: bool,
) -> Result<Restored, RestoreError> {
    let unfinished = Unfinished::Restore {
        backup: backup.mac(),
        keep_tokens,
    };
    begin(&*journal, &unfinished).await?;
    reached("restore:begun");
    let head = copy::<_, RestoreError>(&*journal, &mut backup).await?;
    if head != backup.header().head {
        return Err(NotABackup::Altered("it ends with another entry than it says").into());
    }
    reached("restore:copied");

    let engine = Engine::open_unfinished(journal.clone(), keys).await?;
    let server = Requester {
        actor: Actor::System,
        request: None,
    };
    let finish = FinishRestore {
        epoch: backup.header().epoch,
        keep_tokens,
    };
    engine.run(server, finish).await?;
    reached("restore:epoch-begun");
    let opened = check(&*journal, &engine.state(), &engine.shared.keys).await?;
    reached("restore:verified");
    journal.mark_restore(None).await?;
    reached("restore:done");
    Ok(Restored {
        counts: backup.counts(),
        head: *engine.state().head(),
        opened,
    })
}

impl From<NotBegun> for RestoreError {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::NotEmpty(entries) => Self::NotEmpty(entries),
            NotBegun::AnotherBegun => Self::AnotherBegun,
            NotBegun::Read(error) => Self::Read(error),
            NotBegun::Store(error) => Self::Store(error),
        }
    }
}

impl From<CopyError> for RestoreError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Read(error) => Self::Read(error),
            CopyError::Append(error) => Self::Append(error),
            CopyError::Chain(error) => Self::Open(error.into()),
            CopyError::NoAccess(..) => NotABackup::Altered("an access record is none").into(),
            CopyError::Differs(_) => Self::Differs(error.to_string()),
        }
    }
}
