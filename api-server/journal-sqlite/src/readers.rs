//! Connections that read while the writer writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Result};
use ssm_engine::journal::ReadError;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::damage::read_error;
use crate::schema;

/// How many reads go on at a time.
const AT_ONCE: usize = 4;

/// Connections are opened when they are needed and kept for the next read.
pub struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Readers of the database at `path`, none of them open yet.
    pub fn of(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Runs `job` with a connection of its own where it may block. A connection that failed is not used again.
    pub async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let stopped = |why: &dyn std::fmt::Display| ReadError::Unavailable(why.to_string());
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|closed| stopped(&closed))?;
        let readers = self.clone();
        let running = spawn_blocking(move || {
            let _permit = permit;
            let idle = readers.idle().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open(&readers.path).map_err(|error| read_error(&error))?,
            };
            let answer = job(&connection)?;
            readers.idle().push(connection);
            Ok(answer)
        });
        running
            .await
            .unwrap_or_else(|cancelled| Err(stopped(&cancelled)))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that cannot write.
pub fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    schema::configure(&connection)?;
    Ok(connection)
}
