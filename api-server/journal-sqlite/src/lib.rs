//! The journal in one `SQLite` file: the embedded database of a server that is given no other.
//!
//! `DATA_DIR` holds `ssm.db` with its write-ahead log beside it, and `ssm.lock`, which one server at a time holds. What
//! is acknowledged is on the disk (`synchronous=FULL`), and one append is one transaction: of a batch there is all or
//! nothing. Writing has one connection, reading has its own, so that neither waits for the other.
//!
//! This crate stores bytes. It knows neither what entries mean nor whether their hashes are right.

mod access;
mod activity;
mod append;
mod damage;
mod inspect;
mod open;
mod read;
mod readers;
mod restore;
mod schema;
mod snapshot;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;
use ssm_domain::command::{AuthRecord, AuthStore};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::ConfigId;
use ssm_domain::signing::HeadSignature;
use ssm_domain::state::Values;
use ssm_engine::activity::StoreError;
use ssm_engine::journal::{AppendError, Batch, Filter, Journal, ReadError, StoredEntry};
use ssm_engine::sweep::SweepStore;
use tokio::task::spawn_blocking;

pub use open::OpenError;

use append::Writer;
use open::{DATABASE, Lock};
use readers::Readers;

/// The journal in a data directory.
pub struct SqliteJournal {
    database: Arc<Database>,
}

/// Fields are dropped in this order: the writer is the last to close the database, which empties the log, and then
/// the directory is free for the next server.
struct Database {
    readers: Arc<Readers>,
    writer: Option<Mutex<Writer>>,
    _lock: Option<Lock>,
}

impl SqliteJournal {
    /// Opens the database in `dir` for the one server that uses it, and makes both where they are missing.
    ///
    /// Blocks for as long as the disk takes; what a killed server left in the log is recovered here.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let (lock, writer) = open::for_writing(dir)?;
        Ok(Self::new(dir, Some(writer), Some(lock)))
    }

    /// Opens the database in `dir` beside a server that may be using it. Every append is refused.
    pub fn open_read_only(dir: &Path) -> Result<Self, OpenError> {
        open::for_reading(dir)?;
        Ok(Self::new(dir, None, None))
    }

    /// The same, and keeps servers away meanwhile.
    pub fn open_alone(dir: &Path) -> Result<Self, OpenError> {
        let lock = open::keep_away(dir)?;
        open::for_reading(dir)?;
        Ok(Self::new(dir, None, lock))
    }

    fn new(dir: &Path, writer: Option<Connection>, lock: Option<Lock>) -> Self {
        let database = Database {
            readers: Arc::new(Readers::of(dir.join(DATABASE))),
            writer: writer.map(|connection| Mutex::new(Writer::new(connection))),
            _lock: lock,
        };
        Self {
            database: Arc::new(database),
        }
    }
}

impl SqliteJournal {
    /// Stores something beside the entries, where it may block.
    async fn store<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writer) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = self.database.clone();
        let storing = spawn_blocking(move || {
            let mut writer = database
                .writer()
                .map_err(|error| StoreError(error.to_string()))?;
            job(&mut writer).map_err(|error| StoreError(error.to_string()))
        });
        storing
            .await
            .unwrap_or_else(|stopped| Err(StoreError(stopped.to_string())))
    }
}

impl Database {
    fn append(&self, batch: &Batch) -> Result<(), AppendError> {
        self.writer()?.append(batch)
    }

    /// The writer, to whoever is first.
    fn writer(&self) -> Result<MutexGuard<'_, Writer>, AppendError> {
        let writer = self.writer.as_ref().ok_or_else(|| {
            AppendError::Unavailable("the database is open for reading only".into())
        })?;
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A batch is one transaction, and leaves nothing behind.
impl SweepStore for SqliteJournal {}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(&self, batch: Arc<Batch>) -> Result<(), AppendError> {
        let database = self.database.clone();
        // Whoever stops waiting does not stop the transaction.
        spawn_blocking(move || database.append(&batch))
            .await
            .unwrap_or_else(|stopped| Err(AppendError::Unknown(stopped.to_string())))
    }

    fn may_write_prefixes(&self) -> bool {
        false
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<StoredEntry>, ReadError> {
        self.database
            .readers
            .run(move |connection| read::entries(connection, after, limit))
            .await
    }

    async fn search(
        &self,
        filter: &Filter,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        let filter = filter.clone();
        self.database
            .readers
            .run(move |connection| read::search(connection, &filter, before, limit))
            .await
    }

    async fn history(
        &self,
        config: ConfigId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        self.database
            .readers
            .run(move |connection| read::history(connection, config, before, limit))
            .await
    }

    async fn signatures(&self, first: Seq, last: Seq) -> Result<Vec<HeadSignature>, ReadError> {
        self.database
            .readers
            .run(move |connection| read::signatures(connection, first, last))
            .await
    }

    async fn values(&self, digests: &[Digest]) -> Result<Values, ReadError> {
        let digests = digests.to_vec();
        self.database
            .readers
            .run(move |connection| read::values(connection, &digests))
            .await
    }

    async fn records(&self, store: AuthStore) -> Result<Vec<AuthRecord>, ReadError> {
        self.database
            .readers
            .run(move |connection| read::records(connection, store))
            .await
    }
}
