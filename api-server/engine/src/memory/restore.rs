//! The mark of an unfinished restore in a journal in memory.

use async_trait::async_trait;

use super::MemoryJournal;
use crate::activity::StoreError;
use crate::journal::ReadError;
use crate::restore::RestoreStore;

#[async_trait]
impl RestoreStore for MemoryJournal {
    async fn unfinished_restore(&self) -> Result<Option<Vec<u8>>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        Ok(inner.unfinished_restore.clone())
    }

    async fn mark_restore(&self, mark: Option<&[u8]>) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.storable()?;
        inner.unfinished_restore = mark.map(<[u8]>::to_vec);
        Ok(())
    }
}
