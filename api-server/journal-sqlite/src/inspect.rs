//! What verifying reads. Nothing that somebody put into a column makes it fail.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, RowIndex, params};
use ssm_domain::entry::Seq;
use ssm_engine::journal::ReadError;
use ssm_engine::verify::{AccessPlace, FOUND_BY, FoundBy, Indexed, Inspect, InspectedAccess};

use crate::SqliteJournal;
use crate::access::{STORED, stored};
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

    async fn inspect_access(
        &self,
        after: Option<&AccessPlace>,
        limit: usize,
    ) -> Result<Vec<InspectedAccess>, ReadError> {
        let after = after.map(|after| (after.chain.clone(), after.seq));
        let read = move |connection: &Connection| {
            let sql = format!(
                "SELECT {STORED}, lower(hex(server)) AS chain, lower(hex(id)) AS id_in_hex, {}
                 FROM access WHERE (server, seq) > (unhex(?1), ?2) ORDER BY server, seq LIMIT ?3",
                FOUND_BY.join(", ")
            );
            let (chain, seq) = after.unwrap_or((String::new(), i64::MIN));
            let params = params![chain, seq, clamp(limit)];
            rows(connection, &sql, params, inspected)
        };
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

/// A record of access, whatever is in its row.
fn inspected(row: &Row<'_>) -> rusqlite::Result<InspectedAccess> {
    let signed = ["epoch", "public_key", "signature"];
    let signed: Vec<bool> = signed
        .into_iter()
        .map(|column| Ok(row.get_ref(column)? != ValueRef::Null))
        .collect::<rusqlite::Result<_>>()?;
    let stored = match stored(row) {
        Err(_) => Err("is not made of what a record is made of"),
        Ok(_) if signed.contains(&true) && signed.contains(&false) => Err("has half a signature"),
        Ok(stored) => Ok(stored),
    };
    let mut found_by = FoundBy::default();
    for (found_by, column) in found_by.iter_mut().zip(FOUND_BY) {
        let column = if column == "id" { "id_in_hex" } else { column };
        *found_by = text(row, column)?;
    }
    Ok(InspectedAccess {
        place: AccessPlace {
            chain: row.get("chain")?,
            seq: row.get("seq")?,
        },
        stored,
        found_by,
    })
}

/// A text as far as it is one.
fn text(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    })
}
