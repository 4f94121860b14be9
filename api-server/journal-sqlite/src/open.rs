//! Opening the database, and every reason not to.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use ssm_domain::digest::Digest;

use crate::damage::is_damage;
use crate::{readers, schema};

/// The database's file name.
pub const DATABASE: &str = "ssm.db";
const LOG: &str = "ssm.db-wal";
const LOCK: &str = "ssm.lock";
/// A new database gets its own name when it is complete, so one that is found empty has lost its content.
const UNFINISHED: &str = "ssm.db.new";

/// Why a database was not opened. Nothing of it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server holds the lock.
    #[error(
        "{dir} is in use by another server; stop that one first, or set DATA_DIR to a directory of this one's own"
    )]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// Something else has the directory's name.
    #[error("{dir} is not a directory; set DATA_DIR to a directory")]
    NotADirectory {
        /// What `DATA_DIR` names.
        dir: PathBuf,
    },
    /// The directory or a file in it can be read at most.
    #[error(
        "{path} cannot be written: {why}; make it writable for the user that the server runs as, or set DATA_DIR to another directory"
    )]
    NotWritable {
        /// The directory or file.
        path: PathBuf,
        /// What the operating system says.
        why: String,
    },
    /// There is nothing to read.
    #[error("{path} does not exist; DATA_DIR must name the data directory of a server")]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// The log is there without its database.
    #[error(
        "{path} is gone, but the write-ahead log beside it is not; put {path} back where it was, or restore a backup into an empty directory"
    )]
    LogWithoutDatabase {
        /// The database.
        path: PathBuf,
    },
    /// The database belongs to another program.
    #[error(
        "{path} is not a database of this program; move it away, or set DATA_DIR to another directory"
    )]
    NotOurs {
        /// The database.
        path: PathBuf,
    },
    /// A later release wrote it.
    #[error(
        "{path} has schema version {found}, and this release knows versions up to {known}; start the release that last used it, or a later one"
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// What is there is not what was written.
    #[error(
        "{path} is damaged: {why}; keep a copy of the whole directory as it is, then restore a backup"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// How it shows.
        why: String,
    },
    /// It may work later.
    #[error("{path} cannot be opened: {why}")]
    Unavailable {
        /// The directory or file.
        path: PathBuf,
        /// What the operating system or `SQLite` says.
        why: String,
    },
}

/// Makes the data directory this server's own. The kernel releases it when the process ends, however it ends.
pub struct Lock {
    _file: File,
}

impl Lock {
    fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| cannot_write(dir, &error))?;
        Self::of(file, dir)
    }

    fn of(file: File, dir: &Path) -> Result<Self, OpenError> {
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.into() }),
            Err(TryLockError::Error(error)) => Err(OpenError::Unavailable {
                path: dir.join(LOCK),
                why: error.to_string(),
            }),
        }
    }
}

/// Takes the lock where there is one, and makes nothing.
pub fn keep_away(dir: &Path) -> Result<Option<Lock>, OpenError> {
    let path = dir.join(LOCK);
    match File::open(&path) {
        Ok(file) => Lock::of(file, dir).map(Some),
        // A server would have made it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::Unavailable {
            path,
            why: error.to_string(),
        }),
    }
}

/// Opens the database for the one server that uses it, and makes it where there is none.
pub fn for_writing(dir: &Path) -> Result<(Lock, Connection), OpenError> {
    if !dir.is_dir() {
        make_directory(dir)?;
    }
    let lock = Lock::take(dir)?;
    let path = dir.join(DATABASE);
    if !exists(&path)? {
        make_database(dir, &path)?;
    }
    refuse_empty(&path)?;

    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error: rusqlite::Error| refused(&path, &error);
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    schema::configure(&connection).map_err(failed)?;
    if connection.is_readonly("main").map_err(failed)? {
        let why = "it can only be read".into();
        return Err(OpenError::NotWritable { path, why });
    }
    inspect(&connection, &path)?;
    inspect_ends(&connection, &path)?;
    if !schema::configure_writer(&connection).map_err(failed)? {
        let why = "its file system has no shared memory, which the write-ahead log needs; set DATA_DIR to a local disk";
        return Err(OpenError::Unavailable {
            path,
            why: why.into(),
        });
    }
    Ok((lock, connection))
}

/// Checks that the database can be read. What is in it may be damaged all the same, and whoever reads it finds out.
pub fn for_reading(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join(DATABASE);
    if !exists(&path)? {
        return Err(OpenError::Missing { path });
    }
    refuse_empty(&path)?;
    let connection = readers::open(&path).map_err(|error| refused(&path, &error))?;
    inspect(&connection, &path)
}

fn make_directory(dir: &Path) -> Result<(), OpenError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            OpenError::NotADirectory { dir: dir.into() }
        }
        _ => cannot_write(dir, &error),
    })
}

/// Makes the database under another name and moves it into place once it is whole and on the disk.
fn make_database(dir: &Path, path: &Path) -> Result<(), OpenError> {
    // SQLite would take the lost database's log for the new one's.
    if exists(&dir.join(LOG))? {
        return Err(OpenError::LogWithoutDatabase { path: path.into() });
    }
    let unfinished = dir.join(UNFINISHED);
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(|error| cannot_write(dir, &error))?;

    let create = || -> rusqlite::Result<()> {
        let mut connection = Connection::open(&unfinished)?;
        connection.pragma_update_and_check(None, "journal_mode", "memory", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "full")?;
        schema::create(&mut connection)
    };
    create().map_err(|error| refused(&unfinished, &error))?;
    fs::rename(&unfinished, path)
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(|error| cannot_write(dir, &error))
}

/// `SQLite` takes an empty file for a new database and throws away the log beside it.
fn refuse_empty(path: &Path) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Ok(file) if file.len() == 0 => Err(OpenError::Damaged {
            path: path.into(),
            why: "it is empty".into(),
        }),
        Ok(_) => Ok(()),
        Err(error) => Err(OpenError::Unavailable {
            path: path.into(),
            why: error.to_string(),
        }),
    }
}

/// Looks at the header and the root of every table.
fn inspect(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let path = || path.to_path_buf();
    let failed = |error: rusqlite::Error| refused(&path(), &error);
    let damaged = |why: &str| OpenError::Damaged {
        path: path(),
        why: why.into(),
    };
    let snapshot = connection.unchecked_transaction().map_err(failed)?;

    let application: i32 = pragma(&snapshot, "application_id").map_err(failed)?;
    if application != schema::APPLICATION_ID {
        return Err(OpenError::NotOurs { path: path() });
    }
    let found: i64 = pragma(&snapshot, "user_version").map_err(failed)?;
    if found > schema::VERSION {
        let known = schema::VERSION;
        return Err(OpenError::NewerSchema {
            path: path(),
            found,
            known,
        });
    }
    if found < schema::VERSION {
        return Err(damaged("its schema version is none that there ever was"));
    }
    for &table in schema::TABLES {
        if !snapshot.table_exists(None, table).map_err(failed)? {
            return Err(damaged(&format!("the table {table} is missing")));
        }
        let count = format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1)");
        snapshot.query_row(&count, [], |_| Ok(())).map_err(failed)?;
    }
    Ok(())
}

/// Looks at both ends of the journal, whatever its size.
fn inspect_ends(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| refused(path, &error);
    let damaged = |why: &str| OpenError::Damaged {
        path: path.into(),
        why: why.into(),
    };
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    let first: Option<i64> = snapshot
        .query_row("SELECT min(seq) FROM journal", [], |row| row.get(0))
        .map_err(failed)?;
    if first.is_some_and(|first| first != 1) {
        return Err(damaged("the first entry is missing"));
    }
    let mut last = snapshot
        .prepare("SELECT hash, entry FROM journal ORDER BY seq DESC LIMIT 1")
        .map_err(failed)?;
    let whole = last.query_map([], |row| {
        Ok(Digest::from_bytes(row.get(0)?) == Digest::of(row.get_ref(1)?.as_blob()?))
    });
    for whole in whole.map_err(failed)? {
        if !whole.map_err(failed)? {
            return Err(damaged("the last entry does not have its hash"));
        }
    }
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> rusqlite::Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn exists(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => OpenError::NotADirectory {
            dir: path.parent().unwrap_or(path).into(),
        },
        _ => OpenError::Unavailable {
            path: path.into(),
            why: error.to_string(),
        },
    })
}

fn cannot_write(dir: &Path, error: &io::Error) -> OpenError {
    let (path, why) = (dir.to_path_buf(), error.to_string());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            OpenError::Unavailable { path, why }
        }
        _ => OpenError::NotWritable { path, why },
    }
}

fn refused(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (path, why) = (path.to_path_buf(), error.to_string());
    if is_damage(error) {
        return OpenError::Damaged { path, why };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::NotWritable { path, why }
        }
        _ => OpenError::Unavailable { path, why },
    }
}
