//! Importing another system's data into an empty place.
//!
//! As with a restore, a mark is made there first and taken away last: in between, no server starts on it, and the same
//! import goes on where it stopped. Each unit is one entry, so the journal's length says how many are there.

use std::sync::Arc;

use ssm_domain::caller::Actor;
use ssm_domain::entry::{Head, Seq};
use ssm_domain::import::Import;

use crate::activity::StoreError;
use crate::engine::{Engine, Keys, Requester};
use crate::error::{OpenError, RunError};
use crate::journal::{Filter, Journal, ReadError};
use crate::restore::{NotBegun, NotWhole, Unfinished, begin, check};
use crate::steps::reached;

/// The first entry begins the journal.
const ENTRIES_BEFORE: usize = 1;

/// Why nothing, or not everything, was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is something already. Nothing was changed.
    #[error("there is a journal of {0} entries here already; import into an empty place")]
    NotEmpty(Seq),
    /// Something else was begun here. Nothing was changed.
    #[error(
        "something else was begun here and is not finished: a restore, a migration, or an import of another database, of \
         this one before it went on, or by another release; import into an empty place"
    )]
    AnotherBegun,
    /// The place cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The place cannot be written beside the entries.
    #[error("{0}; run the same import again to go on")]
    Store(#[from] StoreError),
    /// What is there is nothing that a server starts on.
    #[error("what is there cannot be used: {0}")]
    Open(#[from] OpenError),
    /// An entry could not be written.
    #[error("{action} cannot be written: {error}; run the same import again to go on")]
    Write {
        /// What the entry is called.
        action: &'static str,
        /// Why.
        error: RunError,
    },
    /// What was imported is not whole.
    #[error("what was imported is not as it was written: {0}")]
    NotWhole(#[from] NotWhole),
}

/// What an import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The journal's end now.
    pub head: Head,
    /// How many secrets' values were opened to see that they can be.
    pub opened: usize,
}

/// Refuses a place that is not empty, unless something was begun there.
pub async fn check_empty(journal: &dyn Journal) -> Result<(), ImportError> {
    if journal.unfinished_restore().await?.is_some() {
        return Ok(());
    }
    let there = journal.search(&Filter::default(), None, 1).await?;
    match there.first() {
        Some(newest) => Err(ImportError::NotEmpty(newest.seq)),
        None => Ok(()),
    }
}

/// Writes all of `units`, each of which changes something, into `journal`, which must be empty or have an unfinished import
/// of the same. `source` tells one import from another.
pub async fn import(
    journal: Arc<dyn Journal>,
    keys: Keys,
    source: &[&[u8]],
    units: Vec<Import>,
) -> Result<Imported, ImportError> {
    // Keyed, since values are among what it is of.
    let source = keys.salt.digest("ssm/import/v1", source);
    begin(&*journal, &Unfinished::Import { source }).await?;
    reached("import:begun");
    let engine = Engine::open_unfinished(journal.clone(), keys).await?;
    let server = Requester {
        actor: Actor::System,
        request: None,
    };
    let there = usize::try_from(engine.state().head().seq).unwrap_or(usize::MAX);
    let imported = there.saturating_sub(ENTRIES_BEFORE);
    for unit in units.into_iter().skip(imported) {
        let action = unit.action;
        let written = engine.run(server.clone(), unit).await;
        written.map_err(|error| ImportError::Write { action, error })?;
        reached("import:written");
    }
    let opened = check(&*journal, &engine.state(), &engine.shared.keys).await?;
    reached("import:verified");
    journal.mark_restore(None).await?;
    reached("import:done");
    Ok(Imported {
        head: *engine.state().head(),
        opened,
    })
}

impl From<NotBegun> for ImportError {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::NotEmpty(entries) => Self::NotEmpty(entries),
            NotBegun::AnotherBegun => Self::AnotherBegun,
            NotBegun::Read(error) => Self::Read(error),
            NotBegun::Store(error) => Self::Store(error),
        }
    }
}
