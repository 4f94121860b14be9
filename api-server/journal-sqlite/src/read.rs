//! Reading entries, values and records.

use rusqlite::{Connection, OptionalExtension, Params, Row, named_params};
use ssm_domain::command::{AuthRecord, AuthStore};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::ConfigId;
use ssm_domain::seal::Sealed;
use ssm_domain::signing::{HeadSignature, PublicKey, Signature};
use ssm_domain::state::Values;
use ssm_engine::journal::{Filter, ReadError, StoredEntry};

use crate::damage::read_error;
use crate::schema::to_sql;

/// At most `limit` entries after `after`. A missing one is damage.
pub fn entries(
    connection: &Connection,
    after: Seq,
    limit: usize,
) -> Result<Vec<StoredEntry>, ReadError> {
    let sql = "SELECT seq, hash, entry FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let entries = rows(connection, sql, (to_sql(after), clamp(limit)), stored_entry)?;
    let mut previous = after;
    for entry in &entries {
        if entry.seq - 1 != previous {
            let missing = previous + 1;
            return Err(ReadError::Damaged(format!("entry {missing} is missing")));
        }
        previous = entry.seq;
    }
    Ok(entries)
}

/// At most `limit` entries that `filter` lets through, newest first.
pub fn search(
    connection: &Connection,
    filter: &Filter,
    before: Option<Seq>,
    limit: usize,
) -> Result<Vec<StoredEntry>, ReadError> {
    let (last, limit) = (last(before), clamp(limit));
    // Without the names of the indexes SQLite may walk the whole journal backwards, since that needs no sorting.
    match (&filter.project, &filter.config) {
        (None, None) => rows(
            connection,
            "SELECT seq, hash, entry FROM journal WHERE seq <= :last ORDER BY seq DESC LIMIT :limit",
            named_params! { ":last": last, ":limit": limit },
            stored_entry,
        ),
        (Some(project), None) => rows(
            connection,
            "SELECT seq, hash, entry FROM journal INDEXED BY journal_by_project
             WHERE project = :project AND seq <= :last ORDER BY seq DESC LIMIT :limit",
            named_params! { ":project": project.as_str(), ":last": last, ":limit": limit },
            stored_entry,
        ),
        (None, Some(config)) => rows(
            connection,
            "SELECT seq, hash, entry FROM journal INDEXED BY journal_by_config
             WHERE config = :config AND seq <= :last ORDER BY seq DESC LIMIT :limit",
            named_params! { ":config": config.as_str(), ":last": last, ":limit": limit },
            stored_entry,
        ),
        (Some(project), Some(config)) => rows(
            connection,
            "SELECT seq, hash, entry FROM journal INDEXED BY journal_by_both
             WHERE project = :project AND config = :config AND seq <= :last ORDER BY seq DESC LIMIT :limit",
            named_params! {
                ":project": project.as_str(), ":config": config.as_str(), ":last": last, ":limit": limit,
            },
            stored_entry,
        ),
    }
}

/// At most `limit` entries that touch `config`, newest first.
pub fn history(
    connection: &Connection,
    config: ConfigId,
    before: Option<Seq>,
    limit: usize,
) -> Result<Vec<StoredEntry>, ReadError> {
    rows(
        connection,
        "SELECT seq, hash, entry FROM touched CROSS JOIN journal USING (seq)
         WHERE touched.config = :config AND seq <= :last ORDER BY seq DESC LIMIT :limit",
        named_params! { ":config": config.as_bytes(), ":last": last(before), ":limit": clamp(limit) },
        stored_entry,
    )
}

/// The signatures of the entries from `first` to `last`.
pub fn signatures(
    connection: &Connection,
    first: Seq,
    last: Seq,
) -> Result<Vec<HeadSignature>, ReadError> {
    rows(
        connection,
        "SELECT seq, previous, public_key, signature FROM signatures WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq, public_key",
        (to_sql(first), to_sql(last)),
        |row| {
            Ok(HeadSignature {
                seq: position(row, 0)?,
                previous: position(row, 1)?,
                public_key: PublicKey::from_bytes(row.get(2)?),
                signature: Signature::from_bytes(row.get(3)?),
            })
        },
    )
}

/// Those of the named values that are there.
pub fn values(connection: &Connection, digests: &[Digest]) -> Result<Values, ReadError> {
    let find = || -> rusqlite::Result<Values> {
        let transaction = connection.unchecked_transaction()?;
        let sql = "SELECT sealed FROM sealed_values WHERE digest = ?1";
        let mut statement = transaction.prepare_cached(sql)?;
        let mut values = Values::new();
        for digest in digests {
            let sealed = statement.query_row([digest.as_bytes()], |row| {
                Ok(Sealed::from_bytes(row.get_ref(0)?.as_blob()?))
            });
            if let Some(sealed) = sealed.optional()? {
                values.insert(*digest, sealed);
            }
        }
        Ok(values)
    };
    find().map_err(|error| read_error(&error))
}

/// Every record of `store`.
pub fn records(connection: &Connection, store: AuthStore) -> Result<Vec<AuthRecord>, ReadError> {
    let sql = format!("SELECT id, body FROM {} ORDER BY id", store.name());
    rows(connection, &sql, (), |row| {
        Ok(AuthRecord {
            store,
            id: row.get(0)?,
            body: row.get(1)?,
        })
    })
}

fn stored_entry(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    Ok(StoredEntry {
        seq: position(row, 0)?,
        hash: Digest::from_bytes(row.get(1)?),
        bytes: row.get(2)?,
    })
}

/// The position in a column.
pub fn position(row: &Row<'_>, column: usize) -> rusqlite::Result<Seq> {
    let seq: i64 = row.get(column)?;
    Seq::try_from(seq).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, seq))
}

/// What `read` makes of every row.
pub fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, ReadError> {
    let all = || -> rusqlite::Result<Vec<T>> {
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_map(params, read)?.collect()
    };
    all().map_err(|error| read_error(&error))
}

/// The last position in front of `before`.
fn last(before: Option<Seq>) -> i64 {
    before.map_or(i64::MAX, |before| to_sql(before).saturating_sub(1))
}

/// A number of rows as `SQLite` counts.
pub fn clamp(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
