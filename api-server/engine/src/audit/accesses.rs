//! What was read or refused and somebody asks for, newest first, read from where it is stored in chunks.

use std::collections::VecDeque;

use ssm_domain::access_record::{Access, AccessPosition, AccessRecord};

use super::CHUNK;
use super::changes::Left;
use super::position::EventPosition;
use crate::access::{AccessFilter, StoredAccess};
use crate::journal::{Journal, ReadError};

/// The most records that are looked at for one page, beside those that are on it or on pages before.
const MOST_PASSED_OVER: usize = 20_000;

pub(super) struct Accesses<'a> {
    journal: &'a dyn Journal,
    filter: &'a AccessFilter,
    before: Option<AccessPosition>,
    found: VecDeque<Access>,
    left: Left,
    passed_over: usize,
}

impl<'a> Accesses<'a> {
    pub(super) fn below(
        journal: &'a dyn Journal,
        filter: &'a AccessFilter,
        below: Option<EventPosition>,
    ) -> Self {
        Self {
            journal,
            filter,
            before: below.map(EventPosition::among_accesses),
            found: VecDeque::new(),
            left: Left::Unknown,
            passed_over: 0,
        }
    }

    /// Looks for the next one, unless it is found already.
    pub(super) async fn fill(&mut self) -> Result<(), ReadError> {
        if !self.found.is_empty() || !matches!(self.left, Left::Unknown) {
            return Ok(());
        }
        let most = CHUNK + MOST_PASSED_OVER.saturating_sub(self.passed_over);
        let found = self
            .journal
            .search_access(self.filter, self.before, CHUNK, most)
            .await?;
        self.passed_over += found.passed_over;
        let full = found.records.len() == CHUNK;
        for stored in &found.records {
            self.found.push_back(parse(stored)?);
        }
        self.before = self.found.back().map(Access::position);
        self.left = match found.stopped_at {
            Some(position) => Left::Behind(position.into()),
            None if full => Left::Unknown,
            None => Left::Nothing,
        };
        Ok(())
    }

    /// Where the next one stands, or where it stopped looking for it.
    pub(super) fn front(&self) -> Option<EventPosition> {
        match (self.found.front(), &self.left) {
            (Some(access), _) => Some(access.position().into()),
            (None, Left::Behind(position)) => Some(*position),
            (None, Left::Unknown | Left::Nothing) => None,
        }
    }

    pub(super) fn take(&mut self) -> Option<Access> {
        self.found.pop_front()
    }
}

/// Reads a record without asking whether it is whole.
fn parse(stored: &StoredAccess) -> Result<Access, ReadError> {
    let record = serde_json::from_slice::<AccessRecord>(&stored.bytes);
    record.map(|record| record.access).map_err(|_| {
        let (seq, server) = (stored.seq, stored.server);
        ReadError::Damaged(format!("access record {seq} of {server} cannot be read"))
    })
}
