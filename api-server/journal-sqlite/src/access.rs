//! Access records, in a table of their own.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use ssm_domain::access_record::AccessPosition;
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::{Epoch, OpId, ServerId};
use ssm_domain::names::{Key, Slug};
use ssm_domain::signing::{AccessSignature, PublicKey, Signature};
use ssm_domain::time::Timestamp;
use ssm_engine::access::{
    AccessFilter, AccessStore, ChainedAccess, FoundAccess, Outcome, StoredAccess,
};
use ssm_engine::activity::StoreError;
use ssm_engine::journal::{AppendError, ReadError};
use tokio::task::spawn_blocking;

use crate::SqliteJournal;
use crate::append::{Writer, unavailable};
use crate::damage::read_error;
use crate::read::{clamp, rows};
use crate::schema::to_sql;

/// The columns of a stored record.
pub const STORED: &str = "server, seq, hash, record, epoch, public_key, signature";

#[async_trait]
impl AccessStore for SqliteJournal {
    async fn append_access(&self, records: Arc<[ChainedAccess]>) -> Result<(), AppendError> {
        let database = self.database.clone();
        // Whoever stops waiting does not stop the transaction.
        spawn_blocking(move || append(&mut *database.writer()?, &records))
            .await
            .unwrap_or_else(|stopped| Err(AppendError::Unknown(stopped.to_string())))
    }

    async fn search_access(
        &self,
        filter: &AccessFilter,
        before: Option<AccessPosition>,
        limit: usize,
        most: usize,
    ) -> Result<FoundAccess, ReadError> {
        let filter = filter.clone();
        self.database
            .readers
            .run(move |connection| search(connection, &filter, before, limit, most))
            .await
    }

    async fn read_access(
        &self,
        after: Option<(ServerId, Seq)>,
        limit: usize,
    ) -> Result<Vec<StoredAccess>, ReadError> {
        self.database
            .readers
            .run(move |connection| read(connection, after, limit))
            .await
    }

    async fn trim_access(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let database = self.database.clone();
        let trimming = spawn_blocking(move || {
            let mut writer = database
                .writer()
                .map_err(|error| StoreError(error.to_string()))?;
            trim(&mut writer, before, limit).map_err(|error| StoreError(error.to_string()))
        });
        trimming
            .await
            .unwrap_or_else(|stopped| Err(StoreError(stopped.to_string())))
    }
}

fn append(writer: &mut Writer, records: &[ChainedAccess]) -> Result<(), AppendError> {
    writer.transact(|transaction| {
        if insert(transaction, records).map_err(|error| unavailable(&error))? {
            Ok(())
        } else {
            Err(AppendError::Conflict)
        }
    })
}

/// False where another record has the place of one of these.
fn insert(transaction: &Connection, records: &[ChainedAccess]) -> rusqlite::Result<bool> {
    let mut put = transaction.prepare_cached(
        "INSERT INTO access (server, seq, hash, record, epoch, public_key, signature,
                             at, until, id, project, config, key, actor, action, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (server, seq) DO NOTHING",
    )?;
    let mut there =
        transaction.prepare_cached("SELECT hash FROM access WHERE server = ?1 AND seq = ?2")?;
    for ChainedAccess { record, stored } in records {
        let (access, target) = (&record.access, &record.access.target);
        let signature = stored.signature.as_ref();
        let (server, seq) = (stored.server.as_bytes(), to_sql(stored.seq));
        let inserted = put.execute(params![
            server,
            seq,
            stored.hash.as_bytes(),
            stored.bytes,
            signature.map(|made| made.epoch.as_bytes()),
            signature.map(|made| made.public_key.as_bytes()),
            signature.map(|made| made.signature.as_bytes()),
            access.at.as_millis(),
            access.until.as_millis(),
            access.id.as_bytes(),
            target.project.as_ref().map(Slug::as_str),
            target.config.as_ref().map(Slug::as_str),
            target.key.as_ref().map(Key::as_str),
            access.actor.id,
            access.action,
            access.status,
        ])?;
        let same = |hash: [u8; 32]| Digest::from_bytes(hash) == stored.hash;
        if inserted == 0 && !same(there.query_row(params![server, seq], |row| row.get(0))?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Steps through the rows that an index leads to, and reads those that the rest of the filter lets through.
fn search(
    connection: &Connection,
    filter: &AccessFilter,
    before: Option<AccessPosition>,
    limit: usize,
    most: usize,
) -> Result<FoundAccess, ReadError> {
    let found = || -> rusqlite::Result<FoundAccess> {
        let wanted = Wanted::of(filter, before);
        let conditions = wanted.conditions(filter);
        let mut statement = connection.prepare_cached(&conditions.sql())?;
        let mut rows = statement.query(&*conditions.values)?;
        let mut found = FoundAccess::default();
        while let Some(row) = rows.next()? {
            if row.get("admitted")? {
                found.records.push(stored(row)?);
            } else {
                found.passed_over += 1;
            }
            if found.records.len() == limit {
                break;
            }
            if found.records.len() + found.passed_over == most {
                found.stopped_at = Some(AccessPosition {
                    at: Timestamp::from_millis(row.get("at")?),
                    id: OpId::from_bytes(row.get("id")?),
                });
                break;
            }
        }
        Ok(found)
    };
    found().map_err(|error| read_error(&error))
}

/// What a search compares columns with.
struct Wanted<'a> {
    project: Option<&'a str>,
    config: Option<&'a str>,
    key: Option<&'a str>,
    since: Option<i64>,
    until: Option<i64>,
    at: Option<i64>,
    id: Option<[u8; 12]>,
}

impl<'a> Wanted<'a> {
    fn of(filter: &'a AccessFilter, before: Option<AccessPosition>) -> Self {
        let before = before.map(|before| (before.at.as_millis(), *before.id.as_bytes()));
        let (at, id) = before.unzip();
        Self {
            project: filter.project.as_ref().map(Slug::as_str),
            config: filter.config.as_ref().map(Slug::as_str),
            key: filter.key.as_ref().map(Key::as_str),
            since: filter.since.map(Timestamp::as_millis),
            until: filter.until.map(Timestamp::as_millis),
            at,
            id,
        }
    }

    /// Without the name of an index `SQLite` may sort everything that it finds. The rarest of what is asked for comes first.
    fn conditions(&'a self, filter: &'a AccessFilter) -> Conditions<'a> {
        let (index, columns): (_, &[&str]) =
            match (&filter.actor, self.project, self.config, &filter.action) {
                (Some(_), _, _, _) => ("access_by_actor", &["actor"]),
                (None, Some(_), Some(_), _) => ("access_by_config", &["project", "config"]),
                (None, Some(_), None, _) => ("access_by_project", &["project"]),
                (None, None, _, Some(_)) => ("access_by_action", &["action"]),
                (None, None, _, None) => ("access_by_time", &[]),
            };
        let mut conditions = Conditions {
            index,
            columns,
            in_index: Vec::new(),
            others: Vec::new(),
            values: Vec::new(),
        };
        conditions.equal("project", ":project", self.project.as_ref());
        conditions.equal("config", ":config", self.config.as_ref());
        conditions.equal("key", ":key", self.key.as_ref());
        conditions.equal("actor", ":actor", filter.actor.as_ref());
        conditions.equal("action", ":action", filter.action.as_ref());
        conditions.range("at >= :since", ":since", self.since.as_ref());
        conditions.range("at <= :until", ":until", self.until.as_ref());
        conditions.range("(at, id) < (:at, :id)", ":at", self.at.as_ref());
        conditions
            .values
            .extend(self.id.as_ref().map(|id| (":id", id as &dyn ToSql)));
        match filter.outcome {
            None => {}
            Some(Outcome::Success) => conditions.others.push("status < 400".into()),
            Some(Outcome::Failure) => conditions.others.push("status >= 400".into()),
        }
        conditions
    }
}

/// Conditions of a search, with the values that they name.
struct Conditions<'a> {
    index: &'static str,
    /// The columns that the index has in front of the time.
    columns: &'static [&'static str],
    /// What it leads to by itself.
    in_index: Vec<String>,
    /// What each row is asked.
    others: Vec<String>,
    values: Vec<(&'static str, &'a dyn ToSql)>,
}

impl<'a> Conditions<'a> {
    fn equal<T: ToSql>(&mut self, column: &str, name: &'static str, value: Option<&'a T>) {
        let Some(value) = value else { return };
        let part = if self.columns.contains(&column) {
            &mut self.in_index
        } else {
            &mut self.others
        };
        part.push(format!("{column} = {name}"));
        self.values.push((name, value));
    }

    fn range<T: ToSql>(&mut self, text: &str, name: &'static str, value: Option<&'a T>) {
        if let Some(value) = value {
            self.in_index.push(text.to_owned());
            self.values.push((name, value));
        }
    }

    fn sql(&self) -> String {
        let all = |conditions: &[String]| match conditions {
            [] => "TRUE".to_owned(),
            some => some.join(" AND "),
        };
        let (index, in_index, others) = (self.index, all(&self.in_index), all(&self.others));
        // A key that is NULL is not the one that is asked for.
        format!(
            "SELECT {STORED}, at, id, ({others}) IS TRUE AS admitted
             FROM access INDEXED BY {index} WHERE {in_index} ORDER BY at DESC, id DESC"
        )
    }
}

fn read(
    connection: &Connection,
    after: Option<(ServerId, Seq)>,
    limit: usize,
) -> Result<Vec<StoredAccess>, ReadError> {
    let (server, seq) = after.unwrap_or((ServerId::MIN, 0));
    let sql = format!(
        "SELECT {STORED} FROM access WHERE (server, seq) > (?1, ?2) ORDER BY server, seq LIMIT ?3"
    );
    let params = params![server.as_bytes(), to_sql(seq), clamp(limit)];
    rows(connection, &sql, params, stored)
}

/// The record in a row.
pub fn stored(row: &Row<'_>) -> rusqlite::Result<StoredAccess> {
    let seq: i64 = row.get(1)?;
    let (epoch, public_key): (Option<[u8; 12]>, Option<[u8; 32]>) = (row.get(4)?, row.get(5)?);
    let signature: Option<[u8; 64]> = row.get(6)?;
    let signed = epoch.zip(public_key).zip(signature);
    Ok(StoredAccess {
        server: ServerId::from_bytes(row.get(0)?),
        seq: Seq::try_from(seq).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(1, seq))?,
        hash: Digest::from_bytes(row.get(2)?),
        bytes: row.get(3)?,
        signature: signed.map(|((epoch, public_key), signature)| AccessSignature {
            epoch: Epoch::from_bytes(epoch),
            public_key: PublicKey::from_bytes(public_key),
            signature: Signature::from_bytes(signature),
        }),
    })
}

/// Each chain is cut in front of its first record that is to be kept, so that what is left of it is whole.
fn trim(writer: &mut Writer, before: Timestamp, limit: usize) -> rusqlite::Result<usize> {
    let transaction = writer.begin()?;
    let (mut server, mut deleted): (Vec<u8>, usize) = (Vec::new(), 0);
    while deleted < limit {
        let next = "SELECT min(server) FROM access WHERE server > ?1";
        let next = transaction
            .prepare_cached(next)?
            .query_row([&server], |row| row.get(0));
        let Some(next) = next? else {
            break;
        };
        server = next;
        let kept = "SELECT seq FROM access WHERE server = ?1 AND until >= ?2 ORDER BY seq LIMIT 1";
        let kept: Option<i64> = transaction
            .prepare_cached(kept)?
            .query_row(params![server, before.as_millis()], |row| row.get(0))
            .optional()?;
        let room = clamp(limit - deleted);
        let old = "DELETE FROM access WHERE server = ?1 AND seq IN
                   (SELECT seq FROM access WHERE server = ?1 AND seq < ?2 ORDER BY seq LIMIT ?3)";
        deleted += transaction.prepare_cached(old)?.execute(params![
            server,
            kept.unwrap_or(i64::MAX),
            room
        ])?;
    }
    transaction.commit()?;
    Ok(deleted)
}
