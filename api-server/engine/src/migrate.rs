//! Copying a journal, with all that lies beside it, from one place to another: the same entries, signatures and epoch, so
//! that tokens, `ETag`s, revisions and checkpoints go on.
//!
//! As with a restore, a mark is made at the target first and taken away last. Before that, source and target are both read
//! again and compared, and the target is verified. The source is only read.

use std::sync::Arc;

use ssm_domain::entry::Head;
use ssm_domain::id::Epoch;
use ssm_domain::seal::KeyRing;
use ssm_domain::state::State;

use crate::activity::StoreError;
use crate::auth::AuthIndex;
use crate::backup::{BackupError, Counts, JournalParts, Parts as _};
use crate::engine::{Keys, now};
use crate::error::OpenError;
use crate::journal::{AppendError, Journal, ReadError};
use crate::replay::catch_up;
use crate::restore::{
    CopyError, NotBegun, NotWhole, Unfinished, begin, check, copy, refuse_unfinished,
};
use crate::rotation::check_keys;
use crate::signing::verify_end;
use crate::steps::reached;

/// Why nothing, or not everything, was migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The source cannot be used.
    #[error("the source cannot be migrated: {0}")]
    Source(#[from] BackupError),
    /// The keys at hand are not the source's. Nothing was changed.
    #[error(transparent)]
    Keys(OpenError),
    /// There is something already. Nothing was changed.
    #[error("there is a journal of {0} entries in the target already; migrate into an empty place")]
    NotEmpty(u64),
    /// Something else was begun in the target. Nothing was changed.
    #[error(
        "something else was begun in the target: a restore, or a migration from another source or from this one before it \
         went on; migrate into an empty place"
    )]
    AnotherBegun,
    /// The target cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The target cannot be written.
    #[error("{0}; migrate from the same source again to go on")]
    Append(#[from] AppendError),
    /// The target cannot be written beside the entries.
    #[error("{0}; migrate from the same source again to go on")]
    Store(#[from] StoreError),
    /// Somebody writes the source.
    #[error(
        "a server is using the source, which has gone on meanwhile: stop all of its servers, and migrate into an empty place"
    )]
    InUse,
    /// What is in the target is not what is in the source.
    #[error(
        "what was copied is not what is in the source ({0}); stop all servers, and migrate into an empty place"
    )]
    Differs(String),
    /// What was copied is nothing that a server starts on.
    #[error("what was copied cannot be used: {0}")]
    Open(#[from] OpenError),
    /// The copy is as the source, which is not as it was written.
    #[error("the source is not as it was written, and so its copy is not used: {0}")]
    NotWhole(#[from] NotWhole),
}

/// What a migration came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// How much there is in either place.
    pub counts: Counts,
    /// The end of either journal.
    pub head: Head,
    /// How many secrets' values were opened to see that they can be.
    pub opened: usize,
}

/// A journal that is to be copied, and which no server uses.
pub struct Source {
    journal: Arc<dyn Journal>,
    keys: KeyRing,
    epoch: Epoch,
    head: Head,
}

impl Source {
    /// Checks that it is what a server with these keys wrote.
    pub async fn open(journal: Arc<dyn Journal>, keys: Keys) -> Result<Self, MigrateError> {
        refuse_unfinished(&*journal)
            .await
            .map_err(BackupError::from)?;
        let ring = KeyRing::with_previous(keys.root, keys.previous);
        let (_, state) = JournalParts::open(&*journal, &ring).await?;
        check_keys(&state, &ring, &keys.salt).map_err(MigrateError::Keys)?;
        Ok(Self {
            epoch: state.journal().ok_or(BackupError::Empty)?.epoch,
            head: *state.head(),
            journal,
            keys: ring,
        })
    }

    /// Makes the mark in `target`, which must be empty or have an unfinished migration of this same source.
    pub async fn into(self, target: Arc<dyn Journal>) -> Result<Migration, MigrateError> {
        let unfinished = Unfinished::Migration {
            epoch: self.epoch,
            head: self.head,
        };
        begin(&*target, &unfinished).await?;
        reached("migrate:begun");
        Ok(Migration {
            source: self,
            target,
        })
    }
}

/// A migration that was begun.
pub struct Migration {
    source: Source,
    target: Arc<dyn Journal>,
}

impl Migration {
    /// Copies what is not there yet, compares and verifies everything, and takes the mark away.
    pub async fn finish(self) -> Result<Migrated, MigrateError> {
        let (source, target) = (&self.source, &*self.target);
        let (mut parts, _) = JournalParts::open(&*source.journal, &source.keys).await?;
        copy::<_, MigrateError>(target, &mut parts).await?;
        reached("migrate:copied");
        let counts = compare(source, target).await?;
        reached("migrate:compared");
        let mut state = State::default();
        catch_up(target, &mut state).await?;
        verify_end(target, &state, &source.keys).await?;
        let auth = AuthIndex::default();
        auth.load(target, &state, &source.keys).await?;
        let opened = check(target, &state, &source.keys).await?;
        // It may be lost, and is not compared.
        let activity = source.journal.load_activity().await?;
        target.save_activity(activity.into(), now(&state)).await?;
        reached("migrate:verified");
        target.mark_restore(None).await?;
        reached("migrate:done");
        Ok(Migrated {
            counts,
            head: source.head,
            opened,
        })
    }
}

/// Reads both places from their beginning to their end, and counts what is the same in both.
async fn compare(source: &Source, target: &dyn Journal) -> Result<Counts, MigrateError> {
    let Source {
        journal,
        keys,
        head,
        ..
    } = source;
    let (mut source, state) = JournalParts::open(&**journal, keys).await?;
    if state.head() != head {
        return Err(MigrateError::InUse);
    }
    let (mut target, _) = JournalParts::open(target, keys).await?;
    let mut counts = Counts::default();
    loop {
        let (ours, theirs) = (source.next().await?, target.next().await?);
        let same = ours == theirs;
        match ours.or(theirs) {
            None => return Ok(counts),
            Some(part) if same => counts.count(&part),
            Some(part) => return Err(MigrateError::Differs(part.to_string())),
        }
    }
}

impl From<NotBegun> for MigrateError {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::NotEmpty(entries) => Self::NotEmpty(entries),
            NotBegun::AnotherBegun => Self::AnotherBegun,
            NotBegun::Read(error) => Self::Read(error),
            NotBegun::Store(error) => Self::Store(error),
        }
    }
}

impl From<CopyError> for MigrateError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Read(error) => Self::Read(error),
            CopyError::Append(error) => Self::Append(error),
            CopyError::Chain(error) => Self::Open(error.into()),
            CopyError::NoAccess(..) | CopyError::Differs(_) => Self::Differs(error.to_string()),
        }
    }
}
