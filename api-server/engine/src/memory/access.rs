//! The access records of a journal in memory.

use std::sync::Arc;

use async_trait::async_trait;
use ssm_domain::access_record::AccessPosition;
use ssm_domain::entry::Seq;
use ssm_domain::id::ServerId;
use ssm_domain::time::Timestamp;

use super::{Fault, Inner, MemoryJournal};
use crate::access::{AccessFilter, AccessStore, ChainedAccess, FoundAccess, StoredAccess};
use crate::activity::StoreError;
use crate::journal::{AppendError, ReadError};

impl Inner {
    fn append_access(&mut self, records: &[ChainedAccess]) -> Result<(), AppendError> {
        let place = |record: &ChainedAccess| (record.stored.server, record.stored.seq);
        let taken = |record: &ChainedAccess| {
            let there = self.accesses.get(&place(record));
            there.is_some_and(|there| there.stored != record.stored)
        };
        if records.iter().any(taken) {
            return Err(AppendError::Conflict);
        }
        self.access_appends += 1;
        for record in records {
            self.accesses.insert(place(record), record.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl AccessStore for MemoryJournal {
    async fn append_access(&self, records: Arc<[ChainedAccess]>) -> Result<(), AppendError> {
        let mut inner = self.lock();
        let unknown = || AppendError::Unknown("the test says so".into());
        match inner.beside {
            None => inner.append_access(&records),
            Some(Fault::Refused) => Err(AppendError::Unavailable("the test says so".into())),
            Some(Fault::Lost | Fault::Late) => Err(unknown()),
            Some(Fault::AnswerLost) => inner.append_access(&records).and(Err(unknown())),
            Some(Fault::Half) => {
                let half = &records[..records.len().div_ceil(2)];
                inner.append_access(half).and(Err(unknown()))
            }
        }
    }

    async fn search_access(
        &self,
        filter: &AccessFilter,
        before: Option<AccessPosition>,
        limit: usize,
        most: usize,
    ) -> Result<FoundAccess, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let position = |record: &ChainedAccess| record.record.access.position();
        let mut all: Vec<&ChainedAccess> = inner
            .accesses
            .values()
            .filter(|record| before.is_none_or(|before| position(record) < before))
            .collect();
        all.sort_by_key(|record| std::cmp::Reverse(position(record)));
        let mut found = FoundAccess::default();
        for (looked_at, record) in (1..).zip(all) {
            if filter.admits(&record.record.access) {
                found.records.push(record.stored.clone());
            } else {
                found.passed_over += 1;
            }
            if found.records.len() == limit {
                break;
            }
            if looked_at == most {
                found.stopped_at = Some(position(record));
                break;
            }
        }
        Ok(found)
    }

    async fn read_access(
        &self,
        after: Option<(ServerId, Seq)>,
        limit: usize,
    ) -> Result<Vec<StoredAccess>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let behind = |place: &(ServerId, Seq)| after.is_none_or(|after| *place > after);
        let found = inner.accesses.iter().filter(|(place, _)| behind(place));
        Ok(found
            .take(limit)
            .map(|(_, record)| record.stored.clone())
            .collect())
    }

    async fn trim_access(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut inner = self.lock();
        if inner.beside.is_some() {
            return Err(StoreError("the test says so".into()));
        }
        let mut old = Vec::new();
        let mut kept = None;
        for ((server, seq), record) in &inner.accesses {
            if kept == Some(*server) {
                continue;
            }
            if record.record.access.until < before {
                old.push((*server, *seq));
            } else {
                kept = Some(*server);
            }
        }
        old.truncate(limit);
        for place in &old {
            inner.accesses.remove(place);
        }
        Ok(old.len())
    }
}
