//! Snapshots, a document for each chunk.

use async_trait::async_trait;
use mongodb::bson::{Binary, doc};
use serde::{Deserialize, Serialize};
use ssm_domain::entry::Seq;
use ssm_engine::activity::StoreError;
use ssm_engine::journal::ReadError;
use ssm_engine::snapshot::SnapshotStore;

use crate::MongoJournal;
use crate::bytes::{binary, to_bson, to_seq};
use crate::calls::{read_all, store};
use crate::layout::all;

/// A chunk.
#[derive(Debug, Serialize, Deserialize)]
struct ChunkDocument {
    seq: i64,
    chunk: i64,
    bytes: Binary,
}

#[async_trait]
impl SnapshotStore for MongoJournal {
    async fn save_snapshot_chunk(
        &self,
        seq: Seq,
        index: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let chunks = self.layout.snapshot_chunks();
        let chunk = ChunkDocument {
            seq: to_bson(seq),
            chunk: index.into(),
            bytes: binary(&bytes),
        };
        store(async move {
            let name = doc! { "seq": chunk.seq, "chunk": chunk.chunk };
            let put = chunks.replace_one(name, chunk).upsert(true);
            put.await.map(drop)
        })
        .await
    }

    async fn finish_snapshot(&self, seq: Seq) -> Result<(), StoreError> {
        let snapshots = self.layout.snapshots();
        store(async move {
            let finished = doc! { "_id": to_bson(seq) };
            let put = snapshots.replace_one(finished.clone(), finished);
            put.upsert(true).await.map(drop)
        })
        .await
    }

    async fn keep_snapshots(&self, kept: &[Seq]) -> Result<(), StoreError> {
        let kept: Vec<i64> = kept.iter().copied().map(to_bson).collect();
        let (snapshots, chunks) = (
            self.layout.snapshots(),
            self.layout.snapshot_chunks::<ChunkDocument>(),
        );
        store(async move {
            let others = all(snapshots.find(doc! { "_id": { "$nin": &kept } }).await?).await?;
            let others: Vec<_> = others.iter().filter_map(|one| one.get("_id")).collect();
            let gone = doc! { "_id": { "$in": &others } };
            let chunks_of_gone = doc! { "seq": { "$in": others } };
            snapshots.delete_many(gone).await?;
            chunks.delete_many(chunks_of_gone).await?;
            // Another server may be storing one that is not older than all of these.
            let Some(oldest) = kept.iter().min() else {
                return Ok(());
            };
            let unfinished = doc! { "seq": { "$lt": oldest } };
            chunks.delete_many(unfinished).await.map(drop)
        })
        .await
    }

    async fn snapshots(&self) -> Result<Vec<Seq>, ReadError> {
        let snapshots = self.layout.snapshots();
        let found = read_all(async move { snapshots.find(doc! {}).sort(doc! { "_id": -1 }).await });
        let seq = |finished: mongodb::bson::Document| {
            let seq = finished.get_i64("_id");
            to_seq(seq.map_err(|_| ReadError::Damaged("a snapshot has no position".to_owned()))?)
        };
        found.await?.into_iter().map(seq).collect()
    }

    async fn load_snapshot(&self, seq: Seq) -> Result<Vec<u8>, ReadError> {
        let chunks = self.layout.snapshot_chunks::<ChunkDocument>();
        let found = read_all(async move {
            let found = chunks.find(doc! { "seq": to_bson(seq) });
            found.sort(doc! { "chunk": 1 }).await
        });
        let mut whole = Vec::new();
        for chunk in found.await? {
            whole.extend_from_slice(&chunk.bytes.bytes);
        }
        Ok(whole)
    }
}
