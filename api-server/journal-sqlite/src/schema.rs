//! What the database looks like, and how it is told from others.

use std::time::Duration;

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};
use ssm_domain::entry::Seq;

/// `PRAGMA application_id` of this program's databases: "SSMJ".
pub const APPLICATION_ID: i32 = i32::from_be_bytes(*b"SSMJ");

/// `PRAGMA user_version`: the layout that is written here.
pub const VERSION: i64 = 1;

/// The page cache of one connection; the kernel has its own.
const CACHE_KIB: i64 = 512;

/// Every table.
pub const TABLES: &[&str] = &[
    "journal",
    "touched",
    "signatures",
    "sealed_values",
    "credentials",
    "tokens",
    "keys",
    "activity",
    "access",
    "snapshots",
    "snapshot_chunks",
    "unfinished_restore",
];

/// An index holds the row's `seq` anyway, so each of the three is in its order. `touched` is one, too: the entries of
/// each config's history. Values come in the order of writing, and only the small index on them is scattered by digest.
const LAYOUT: &str = "
    CREATE TABLE journal (
        seq INTEGER PRIMARY KEY,
        hash BLOB NOT NULL,
        entry BLOB NOT NULL,
        project TEXT,
        config TEXT
    ) STRICT;
    CREATE INDEX journal_by_project ON journal (project) WHERE project IS NOT NULL;
    CREATE INDEX journal_by_config ON journal (config) WHERE config IS NOT NULL;
    CREATE INDEX journal_by_both ON journal (project, config) WHERE config IS NOT NULL;
    CREATE TABLE touched (config BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (config, seq)) STRICT, WITHOUT ROWID;
    CREATE INDEX touched_by_seq ON touched (seq);
    CREATE TABLE signatures (
        seq INTEGER NOT NULL,
        public_key BLOB NOT NULL,
        previous INTEGER NOT NULL,
        signature BLOB NOT NULL,
        PRIMARY KEY (seq, public_key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sealed_values (digest BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL) STRICT;
    CREATE TABLE credentials (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE keys (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshots (seq INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE snapshot_chunks (
        seq INTEGER NOT NULL,
        chunk INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        UNIQUE (seq, chunk)
    ) STRICT;
    CREATE TABLE unfinished_restore (one INTEGER PRIMARY KEY CHECK (one = 1), mark BLOB NOT NULL) STRICT;
    CREATE TABLE activity (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        body BLOB NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX activity_by_expiry ON activity (expires_at);
    CREATE TABLE access (
        server BLOB NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        record BLOB NOT NULL,
        epoch BLOB,
        public_key BLOB,
        signature BLOB,
        at INTEGER NOT NULL,
        until INTEGER NOT NULL,
        id BLOB NOT NULL,
        project TEXT,
        config TEXT,
        key TEXT,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        status INTEGER NOT NULL,
        PRIMARY KEY (server, seq)
    ) STRICT;
    CREATE INDEX access_by_time ON access (at, id);
    CREATE INDEX access_by_project ON access (project, at, id) WHERE project IS NOT NULL;
    CREATE INDEX access_by_config ON access (project, config, at, id) WHERE config IS NOT NULL;
    CREATE INDEX access_by_actor ON access (actor, at, id);
    CREATE INDEX access_by_action ON access (action, at, id);
";

/// How long a statement waits for a lock, which only programs beside the server hold.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The log is cut to this size once a large batch is through it.
const LOG_BYTES: i64 = 64 << 20;

/// Makes the tables in an empty database, all or nothing.
pub fn create(connection: &mut Connection) -> Result<()> {
    let transaction = Transaction::new(connection, TransactionBehavior::Exclusive)?;
    transaction.execute_batch(LAYOUT)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Settings of every connection.
pub fn configure(connection: &Connection) -> Result<()> {
    connection.busy_timeout(LOCK_WAIT)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Settings of the connection that writes; false where the file system has no write-ahead log. `secure_delete`
/// overwrites what is deleted, which is keys.
pub fn configure_writer(connection: &Connection) -> Result<bool> {
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |row| {
        Ok(row.get::<_, String>(0)? == "wal")
    })
}

/// A position as `SQLite` counts; none that is ever reached is beyond it.
pub fn to_sql(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
