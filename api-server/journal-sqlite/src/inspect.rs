//! What verifying reads. Nothing that somebody put into a column makes it fail.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use ssm_domain::entry::Seq;
use ssm_engine::journal::ReadError;
use ssm_engine::verify::{Indexed, Inspect};

use crate::SqliteJournal;
use crate::read::{clamp, position, rows};
use crate::schema::to_sql;

#[async_trait]
impl Inspect for SqliteJournal {
    async fn indexed(&self, first: Seq, last: Seq) -> Result<Vec<(Seq, Indexed)>, ReadError> {
        let read = move |connection: &Connection| indexed(connection, first, last);
        self.database.readers.run(read).await
    }

    async fn count_values(&self) -> Result<u64, ReadError> {
        let sql = "SELECT count(*) FROM sealed_values";
        let read = |connection: &Connection| rows(connection, sql, (), |row| position(row, 0));
        let counted = self.database.readers.run(read).await?;
        Ok(counted.into_iter().sum())
    }

    async fn value_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        let sql = "SELECT lower(hex(digest)) FROM sealed_values WHERE ?1 IS NULL OR digest > unhex(?1) ORDER BY digest LIMIT ?2";
        let params = (after.map(str::to_owned), clamp(limit));
        let read = |connection: &Connection| rows(connection, sql, params, |row| row.get(0));
        self.database.readers.run(read).await
    }
}

fn indexed(
    connection: &Connection,
    first: Seq,
    last: Seq,
) -> Result<Vec<(Seq, Indexed)>, ReadError> {
    let between = (to_sql(first), to_sql(last));
    let mut all: BTreeMap<Seq, Indexed> = BTreeMap::new();
    let sql = "SELECT seq, project, config FROM journal WHERE seq BETWEEN ?1 AND ?2";
    rows(connection, sql, between, |row| {
        let indexed = all.entry(position(row, 0)?).or_default();
        (indexed.project, indexed.config) = (text(row, 1)?, text(row, 2)?);
        Ok(())
    })?;
    let sql = "SELECT seq, lower(hex(config)) FROM touched WHERE seq BETWEEN ?1 AND ?2";
    rows(connection, sql, between, |row| {
        let indexed = all.entry(position(row, 0)?).or_default();
        indexed.touched.insert(row.get(1)?);
        Ok(())
    })?;
    Ok(all.into_iter().collect())
}

/// A text as far as it is one.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    })
}
