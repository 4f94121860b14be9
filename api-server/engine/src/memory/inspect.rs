//! What verifying reads of a journal in memory.

use async_trait::async_trait;
use ssm_domain::entry::Seq;

use super::MemoryJournal;
use crate::journal::ReadError;
use crate::verify::{AccessPlace, Indexed, Inspect, InspectedAccess, found_by};

#[async_trait]
impl Inspect for MemoryJournal {
    async fn indexed(&self, first: Seq, last: Seq) -> Result<Vec<(Seq, Indexed)>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let between = |entry: &&super::Indexed| (first..=last).contains(&entry.stored.seq);
        let shown = inner.entries.iter().filter(between).map(|entry| {
            let found_by = &entry.found_by;
            let indexed = Indexed {
                project: found_by.project.as_ref().map(ToString::to_string),
                config: found_by.config.as_ref().map(ToString::to_string),
                touched: found_by.touched.iter().map(ToString::to_string).collect(),
            };
            (entry.stored.seq, indexed)
        });
        Ok(shown.collect())
    }

    async fn count_values(&self) -> Result<u64, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        Ok(inner.values.len() as u64)
    }

    async fn value_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let mut names: Vec<String> = inner.values.keys().map(ToString::to_string).collect();
        names.retain(|name| after.is_none_or(|after| name.as_str() > after));
        names.sort();
        names.truncate(limit);
        Ok(names)
    }

    async fn inspect_access(
        &self,
        after: Option<&AccessPlace>,
        limit: usize,
    ) -> Result<Vec<InspectedAccess>, ReadError> {
        let mut inner = self.lock();
        inner.readable()?;
        let shown = inner.accesses.values().map(|access| InspectedAccess {
            place: AccessPlace::new(access.stored.server, access.stored.seq),
            stored: Ok(access.stored.clone()),
            found_by: found_by(&access.record.access),
        });
        let behind = |place: &AccessPlace| {
            after.is_none_or(|after| (&place.chain, place.seq) > (&after.chain, after.seq))
        };
        Ok(shown
            .filter(|access| behind(&access.place))
            .take(limit)
            .collect())
    }
}
