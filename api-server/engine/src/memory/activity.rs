//! The activity of a journal in memory.

use std::sync::Arc;

use async_trait::async_trait;
use ssm_domain::time::Timestamp;

use super::MemoryJournal;
use crate::activity::{ActivityKind, ActivityRecord, ActivityStore, StoreError};
use crate::journal::ReadError;

#[async_trait]
impl ActivityStore for MemoryJournal {
    async fn load_activity(&self) -> Result<Vec<ActivityRecord>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        Ok(inner.activity.values().cloned().collect())
    }

    async fn load_activity_after(
        &self,
        kind: ActivityKind,
        expires_after: Timestamp,
    ) -> Result<Vec<ActivityRecord>, ReadError> {
        let records = self.load_activity().await?.into_iter();
        let wanted =
            |record: &ActivityRecord| record.kind == kind && record.expires_at > expires_after;
        Ok(records.filter(wanted).collect())
    }

    async fn save_activity(
        &self,
        records: Arc<[ActivityRecord]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.storable()?;
        for record in &*records {
            let name = (record.kind, record.id.clone());
            inner.activity.insert(name, record.clone());
        }
        inner.activity.retain(|_, record| record.expires_at > now);
        Ok(())
    }
}
