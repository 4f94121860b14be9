//! What may be lost, in a table of its own.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, Params, params};
use ssm_domain::time::Timestamp;
use ssm_engine::activity::{ActivityKind, ActivityRecord, ActivityStore, StoreError};
use ssm_engine::journal::ReadError;

use crate::SqliteJournal;
use crate::append::Writer;
use crate::read::rows;

#[async_trait]
impl ActivityStore for SqliteJournal {
    async fn load_activity(&self) -> Result<Vec<ActivityRecord>, ReadError> {
        self.database
            .readers
            .run(|connection| load(connection, "", ()))
            .await
    }

    async fn load_activity_after(
        &self,
        kind: ActivityKind,
        expires_after: Timestamp,
    ) -> Result<Vec<ActivityRecord>, ReadError> {
        let wanted = " WHERE kind = ?1 AND expires_at > ?2";
        let find = move |connection: &Connection| {
            let values = (kind.as_str(), expires_after.as_millis());
            load(connection, wanted, values)
        };
        self.database.readers.run(find).await
    }

    async fn save_activity(
        &self,
        records: Arc<[ActivityRecord]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.store(move |writer| save(writer, &records, now)).await
    }
}

/// Every record that is `wanted` and of a kind that is known here; others are a later release's.
fn load(
    connection: &Connection,
    wanted: &str,
    values: impl Params,
) -> Result<Vec<ActivityRecord>, ReadError> {
    let sql = format!("SELECT kind, id, body, expires_at FROM activity{wanted}");
    let records = rows(connection, &sql, values, |row| {
        let kind = ActivityKind::named(row.get_ref(0)?.as_str()?);
        let record = |kind| -> rusqlite::Result<_> {
            Ok(ActivityRecord {
                kind,
                id: row.get(1)?,
                body: row.get(2)?,
                expires_at: Timestamp::from_millis(row.get(3)?),
            })
        };
        kind.map(record).transpose()
    })?;
    Ok(records.into_iter().flatten().collect())
}

fn save(writer: &mut Writer, records: &[ActivityRecord], now: Timestamp) -> rusqlite::Result<()> {
    let transaction = writer.begin()?;
    let mut put = transaction.prepare_cached(
        "INSERT INTO activity (kind, id, body, expires_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at",
    )?;
    for record in records {
        let expires_at = record.expires_at.as_millis();
        put.execute(params![
            record.kind.as_str(),
            record.id,
            record.body,
            expires_at
        ])?;
    }
    drop(put);
    transaction
        .prepare_cached("DELETE FROM activity WHERE expires_at <= ?1")?
        .execute([now.as_millis()])?;
    transaction.commit()
}
