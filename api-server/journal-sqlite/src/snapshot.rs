//! Snapshots, a row for each chunk. Rows are written and deleted one at a time, so that appends wait for one at most.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, params, params_from_iter};
use ssm_domain::entry::Seq;
use ssm_engine::activity::StoreError;
use ssm_engine::journal::ReadError;
use ssm_engine::snapshot::SnapshotStore;

use crate::SqliteJournal;
use crate::append::Writer;
use crate::read::{position, rows};
use crate::schema::to_sql;

#[async_trait]
impl SnapshotStore for SqliteJournal {
    async fn save_snapshot_chunk(
        &self,
        seq: Seq,
        index: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.store(move |writer| save(writer, seq, index, &bytes))
            .await
    }

    async fn finish_snapshot(&self, seq: Seq) -> Result<(), StoreError> {
        self.store(move |writer| finish(writer, seq)).await
    }

    async fn keep_snapshots(&self, kept: &[Seq]) -> Result<(), StoreError> {
        let kept: Arc<[i64]> = kept.iter().copied().map(to_sql).collect();
        let forgotten = kept.clone();
        self.store(move |writer| forget(writer, &forgotten)).await?;
        let mut more = true;
        while more {
            let kept = kept.clone();
            more = self.store(move |writer| delete_one(writer, &kept)).await?;
        }
        Ok(())
    }

    async fn snapshots(&self) -> Result<Vec<Seq>, ReadError> {
        let sql = "SELECT seq FROM snapshots ORDER BY seq DESC";
        let all = |connection: &Connection| rows(connection, sql, (), |row| position(row, 0));
        self.database.readers.run(all).await
    }

    async fn load_snapshot(&self, seq: Seq) -> Result<Vec<u8>, ReadError> {
        let load = move |connection: &Connection| load(connection, seq);
        self.database.readers.run(load).await
    }
}

fn save(writer: &mut Writer, seq: Seq, index: u32, bytes: &[u8]) -> rusqlite::Result<()> {
    let transaction = writer.begin()?;
    transaction
        .prepare_cached(
            "INSERT INTO snapshot_chunks (seq, chunk, bytes) VALUES (?1, ?2, ?3)
             ON CONFLICT (seq, chunk) DO UPDATE SET bytes = excluded.bytes",
        )?
        .execute(params![to_sql(seq), index, bytes])?;
    transaction.commit()
}

fn finish(writer: &mut Writer, seq: Seq) -> rusqlite::Result<()> {
    let transaction = writer.begin()?;
    let sql = "INSERT INTO snapshots (seq) VALUES (?1) ON CONFLICT (seq) DO NOTHING";
    transaction.prepare_cached(sql)?.execute([to_sql(seq)])?;
    transaction.commit()
}

/// Makes all snapshots but these unfinished ones.
fn forget(writer: &mut Writer, kept: &[i64]) -> rusqlite::Result<()> {
    let transaction = writer.begin()?;
    let sql = format!("DELETE FROM snapshots WHERE {}", not_in(kept));
    transaction.execute(&sql, params_from_iter(kept))?;
    transaction.commit()
}

/// Deletes a chunk of a snapshot that is not kept. False where there is none.
fn delete_one(writer: &mut Writer, kept: &[i64]) -> rusqlite::Result<bool> {
    let transaction = writer.begin()?;
    let sql = format!(
        "DELETE FROM snapshot_chunks WHERE rowid =
         (SELECT rowid FROM snapshot_chunks WHERE {} ORDER BY seq, chunk LIMIT 1)",
        not_in(kept)
    );
    let deleted = transaction.execute(&sql, params_from_iter(kept))?;
    transaction.commit()?;
    Ok(deleted > 0)
}

fn not_in(kept: &[i64]) -> String {
    format!("seq NOT IN ({})", vec!["?"; kept.len()].join(", "))
}

fn load(connection: &Connection, seq: Seq) -> Result<Vec<u8>, ReadError> {
    let sql = "SELECT bytes FROM snapshot_chunks WHERE seq = ?1 ORDER BY chunk";
    let mut all = Vec::new();
    rows(connection, sql, [to_sql(seq)], |row| {
        all.extend_from_slice(row.get_ref(0)?.as_blob()?);
        Ok(())
    })?;
    Ok(all)
}
