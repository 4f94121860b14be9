//! The snapshots of a journal in memory.

use async_trait::async_trait;
use ssm_domain::entry::Seq;

use super::MemoryJournal;
use crate::activity::StoreError;
use crate::journal::ReadError;
use crate::snapshot::SnapshotStore;

#[async_trait]
impl SnapshotStore for MemoryJournal {
    async fn save_snapshot_chunk(
        &self,
        seq: Seq,
        index: u32,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.storable()?;
        inner.chunks.insert((seq, index), bytes);
        Ok(())
    }

    async fn finish_snapshot(&self, seq: Seq) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.storable()?;
        inner.snapshots.insert(seq);
        Ok(())
    }

    async fn keep_snapshots(&self, kept: &[Seq]) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.storable()?;
        inner.snapshots.retain(|seq| kept.contains(seq));
        inner.chunks.retain(|(seq, _), _| kept.contains(seq));
        Ok(())
    }

    async fn snapshots(&self) -> Result<Vec<Seq>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        Ok(inner.snapshots.iter().rev().copied().collect())
    }

    async fn load_snapshot(&self, seq: Seq) -> Result<Vec<u8>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let chunks = inner.chunks.range((seq, 0)..=(seq, u32::MAX));
        Ok(chunks.flat_map(|(_, bytes)| bytes).copied().collect())
    }
}
