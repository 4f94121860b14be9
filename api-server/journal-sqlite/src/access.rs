//! Access records, in a table of their own.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use ssm_domain::access_record::AccessPosition;
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::ServerId;
use ssm_domain::names::{Key, Slug};
use ssm_domain::signing::{AccessSignature, PublicKey, Signature};
use ssm_domain::time::Timestamp;
use ssm_engine::access::{AccessFilter, AccessStore, ChainedAccess, Outcome, StoredAccess};
use ssm_engine::activity::StoreError;
use ssm_engine::journal::{AppendError, ReadError};
use tokio::task::spawn_blocking;

use crate::SqliteJournal;
use crate::append::{Writer, unavailable};
use crate::read::{clamp, rows};
use crate::schema::to_sql;

/// The columns of a stored record.
const STORED: &str = "server, seq, hash, record, public_key, signature";

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
    ) -> Result<Vec<StoredAccess>, ReadError> {
        let filter = filter.clone();
        self.database
            .readers
            .run(move |connection| search(connection, &filter, before, limit))
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
        "INSERT INTO access (server, seq, hash, record, public_key, signature,
                             at, until, id, project, config, key, actor, action, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
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

fn search(
    connection: &Connection,
    filter: &AccessFilter,
    before: Option<AccessPosition>,
    limit: usize,
) -> Result<Vec<StoredAccess>, ReadError> {
    let (project, config) = (
        filter.project.as_ref().map(Slug::as_str),
        filter.config.as_ref().map(Slug::as_str),
    );
    let key = filter.key.as_ref().map(Key::as_str);
    let (since, until) = (
        filter.since.map(Timestamp::as_millis),
        filter.until.map(Timestamp::as_millis),
    );
    let (at, id) = before
        .map(|before| (before.at.as_millis(), *before.id.as_bytes()))
        .unzip();
    let limit = clamp(limit);
    let mut conditions = Conditions::default();
    conditions.add("project = :project", ":project", project.as_ref());
    conditions.add("config = :config", ":config", config.as_ref());
    conditions.add("key = :key", ":key", key.as_ref());
    conditions.add("actor = :actor", ":actor", filter.actor.as_ref());
    conditions.add("action = :action", ":action", filter.action.as_ref());
    conditions.add("until >= :since", ":since", since.as_ref());
    conditions.add("at <= :until", ":until", until.as_ref());
    conditions.add("(at, id) < (:at, :id)", ":at", at.as_ref());
    if at.is_some() {
        conditions.values.push((":id", &id));
    }
    match filter.outcome {
        None => {}
        Some(Outcome::Success) => conditions.texts.push("status < 400"),
        Some(Outcome::Failure) => conditions.texts.push("status >= 400"),
    }
    conditions.values.push((":limit", &limit));

    // Without the name of an index SQLite may sort everything that it finds. The rarest of what is asked for comes first.
    let index = match (
        &filter.actor,
        &filter.project,
        &filter.config,
        &filter.action,
    ) {
        (Some(_), _, _, _) => "access_by_actor",
        (None, Some(_), Some(_), _) => "access_by_config",
        (None, Some(_), None, _) => "access_by_project",
        (None, None, _, Some(_)) => "access_by_action",
        (None, None, _, None) => "access_by_time",
    };
    let texts = conditions.texts.join(" AND ");
    let sql = format!(
        "SELECT {STORED} FROM access INDEXED BY {index} {} {texts} ORDER BY at DESC, id DESC LIMIT :limit",
        if texts.is_empty() { "" } else { "WHERE" },
    );
    rows(connection, &sql, &*conditions.values, stored)
}

/// Conditions of a search, with the values that they name.
#[derive(Default)]
struct Conditions<'a> {
    texts: Vec<&'static str>,
    values: Vec<(&'static str, &'a dyn ToSql)>,
}

impl<'a> Conditions<'a> {
    fn add<T: ToSql>(&mut self, text: &'static str, name: &'static str, value: Option<&'a T>) {
        if let Some(value) = value {
            self.texts.push(text);
            self.values.push((name, value));
        }
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

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredAccess> {
    let seq: i64 = row.get(1)?;
    let (public_key, signature): (Option<[u8; 32]>, Option<[u8; 64]>) = (row.get(4)?, row.get(5)?);
    let signature = public_key
        .zip(signature)
        .map(|(public_key, signature)| AccessSignature {
            public_key: PublicKey::from_bytes(public_key),
            signature: Signature::from_bytes(signature),
        });
    Ok(StoredAccess {
        server: ServerId::from_bytes(row.get(0)?),
        seq: Seq::try_from(seq).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(1, seq))?,
        hash: Digest::from_bytes(row.get(2)?),
        bytes: row.get(3)?,
        signature,
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
