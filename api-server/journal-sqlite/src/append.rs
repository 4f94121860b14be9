//! Appending: one batch, one transaction.

use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, ffi, params,
};
use ssm_domain::command::RecordName;
use ssm_domain::digest::Digest;
use ssm_domain::names::Slug;
use ssm_engine::journal::{AppendError, Batch};
use ssm_engine::steps::reached;

use crate::damage::is_damage;
use crate::schema::{LOCK_WAIT, to_sql};

#[cfg(test)]
mod tests;

/// The connection that writes.
pub struct Writer {
    connection: Connection,
    /// Destroyed records may still be in the log.
    log_holds_destroyed: bool,
}

impl Writer {
    /// A writer with a connection of its own.
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            log_holds_destroyed: false,
        }
    }

    /// Begins a transaction.
    pub fn begin(&mut self) -> rusqlite::Result<Transaction<'_>> {
        if !self.connection.is_autocommit() {
            // A transaction that could not be rolled back when it failed.
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
    }

    /// Runs `write` in a transaction: all of it is written or nothing.
    pub fn transact(
        &mut self,
        write: impl FnOnce(&Connection) -> Result<(), AppendError>,
    ) -> Result<(), AppendError> {
        let transaction = self.begin().map_err(|error| unavailable(&error))?;
        if let Err(why) = write(&transaction) {
            drop(transaction);
            return if self.connection.is_autocommit() {
                Err(why)
            } else {
                Err(AppendError::Unknown(why.to_string()))
            };
        }
        if let Err(error) = transaction.commit() {
            let rolled_back = self.connection.is_autocommit();
            return Err(if rolled_back && wrote_no_commit(&error) {
                unavailable(&error)
            } else {
                AppendError::Unknown(error.to_string())
            });
        }
        Ok(())
    }

    /// Appends all of `batch` or nothing.
    pub fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        reached("append:before-begin");
        self.transact(|transaction| {
            write(transaction, batch)?;
            reached("append:before-commit");
            Ok(())
        })?;
        reached("append:after-commit");
        self.log_holds_destroyed |= !batch.destroyed.is_empty();
        if self.log_holds_destroyed {
            self.empty_log();
        }
        Ok(())
    }

    /// Takes destroyed records out of the log. Never waits for a reader: what fails now is tried after the next batch,
    /// and closing the database empties the log anyway.
    fn empty_log(&mut self) {
        let checkpoint = || {
            self.connection.busy_timeout(Duration::ZERO)?;
            let busy = self
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
            self.connection.busy_timeout(LOCK_WAIT)?;
            busy
        };
        match checkpoint() {
            Ok(busy) => self.log_holds_destroyed = busy,
            Err(error) => {
                tracing::warn!(%error, "destroyed records are still in the write-ahead log");
            }
        }
    }
}

fn write(transaction: &Connection, batch: &Batch) -> Result<(), AppendError> {
    check_position(transaction, batch)?;
    reached("append:before-rows");
    write_rows(transaction, batch).map_err(|error| unavailable(&error))
}

/// Lets a batch through that follows the last entry.
fn check_position(transaction: &Connection, batch: &Batch) -> Result<(), AppendError> {
    let Some(first) = batch.entries.first() else {
        return Ok(());
    };
    let sql = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1";
    let last = || -> rusqlite::Result<Option<(i64, Digest)>> {
        transaction
            .prepare_cached(sql)?
            .query_row([], |row| Ok((row.get(0)?, Digest::from_bytes(row.get(1)?))))
            .optional()
    };
    let (last, hash) = last()
        .map_err(|error| unavailable(&error))?
        .unwrap_or((0, Digest::ZERO));

    let mut previous = last;
    for entry in &batch.entries {
        let seq = to_sql(entry.stored.seq);
        if seq - 1 != previous {
            return Err(AppendError::Conflict);
        }
        previous = seq;
    }
    if first.entry.prev_hash != hash {
        return Err(AppendError::Unavailable(format!(
            "entry {last} is not the one that this server knows: the database was changed behind it; restart the server"
        )));
    }
    Ok(())
}

/// Values and records come before the entries that name them, and keys go after the entries that destroy them.
fn write_rows(transaction: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached(
        "INSERT INTO sealed_values (digest, sealed) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
    )?;
    for value in &batch.values {
        let sealed = value.as_bytes();
        put.execute(params![Digest::of(sealed).as_bytes(), sealed])?;
    }
    for record in &batch.records {
        let sql = format!(
            "INSERT INTO {} (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            record.store.name()
        );
        transaction
            .prepare_cached(&sql)?
            .execute(params![record.id, record.body])?;
    }
    let mut append = transaction.prepare_cached(
        "INSERT INTO journal (seq, hash, entry, project, config) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let mut touch =
        transaction.prepare_cached("INSERT INTO touched (config, seq) VALUES (?1, ?2)")?;
    for entry in &batch.entries {
        let (stored, target) = (&entry.stored, &entry.entry.target);
        append.execute(params![
            to_sql(stored.seq),
            stored.hash.as_bytes(),
            stored.bytes,
            target.project.as_ref().map(Slug::as_str),
            target.config.as_ref().map(Slug::as_str),
        ])?;
        for config in entry.entry.touched() {
            touch.execute(params![config.as_bytes(), to_sql(stored.seq)])?;
        }
    }
    let mut sign = transaction.prepare_cached(
        "INSERT INTO signatures (seq, public_key, previous, signature) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for made in &batch.signatures {
        sign.execute(params![
            to_sql(made.seq),
            made.public_key.as_bytes(),
            to_sql(made.previous),
            made.signature.as_bytes(),
        ])?;
    }
    for RecordName { store, id } in &batch.destroyed {
        let sql = format!("DELETE FROM {} WHERE id = ?1", store.name());
        transaction.prepare_cached(&sql)?.execute([id])?;
    }
    Ok(())
}

/// Whether a failed commit has certainly left nothing behind. What commits is the last page in the log, so one that the
/// disk has no room for, or refuses, commits nothing. Any later failure, such as one to sync the log, may have come after
/// that page.
fn wrote_no_commit(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            failure.code == ErrorCode::DiskFull || failure.extended_code == ffi::SQLITE_IOERR_WRITE
        }
        _ => false,
    }
}

/// What a failed statement of a transaction is to the engine: nothing of it is written.
pub fn unavailable(error: &rusqlite::Error) -> AppendError {
    AppendError::Unavailable(if is_damage(error) {
        format!("the database is damaged: {error}")
    } else {
        error.to_string()
    })
}
