//! What was imported and somebody asks for, newest first, read from the entries that brought it. The state says where it
//! lies, so entries of other times are not read.

use std::collections::VecDeque;

use ssm_domain::access_record::{Access, AccessPosition};
use ssm_domain::entry::{Change, Entry};
use ssm_domain::state::{ImportedEvents, State};

use super::changes::Left;
use super::parse;
use super::position::{EventPosition, Which};
use crate::access::AccessFilter;
use crate::journal::{Journal, ReadError};

/// The most events that are passed over for one page, give or take an entry's.
const MOST_PASSED_OVER: usize = 20_000;

pub(super) struct Imported<'a> {
    journal: &'a dyn Journal,
    filter: &'a AccessFilter,
    below: Option<EventPosition>,
    /// Where to look, newest last.
    places: Vec<ImportedEvents>,
    found: VecDeque<Access>,
    left: Left,
    passed_over: usize,
}

impl<'a> Imported<'a> {
    pub(super) fn below(
        journal: &'a dyn Journal,
        state: &State,
        filter: &'a AccessFilter,
        below: Option<EventPosition>,
    ) -> Self {
        let is_meant = |place: &&ImportedEvents| {
            below.is_none_or(|below| position(place.first) < below)
                && filter.until.is_none_or(|until| place.first.at <= until)
                && filter.since.is_none_or(|since| place.last.at >= since)
        };
        Self {
            journal,
            filter,
            below,
            places: state.imported().iter().filter(is_meant).copied().collect(),
            found: VecDeque::new(),
            left: Left::Unknown,
            passed_over: 0,
        }
    }

    /// Looks for the next one, unless it is found already.
    pub(super) async fn fill(&mut self) -> Result<(), ReadError> {
        while self.found.is_empty() && matches!(self.left, Left::Unknown) {
            let Some(place) = self.places.pop() else {
                self.left = Left::Nothing;
                return Ok(());
            };
            let events = self.read(&place).await?;
            let all = events.len();
            let newest_first = events.into_iter().rev();
            self.found = newest_first.filter(|event| self.admits(event)).collect();
            self.passed_over += all - self.found.len();
            if self.passed_over >= MOST_PASSED_OVER && !self.places.is_empty() {
                self.left = Left::Behind(position(place.first));
            }
        }
        Ok(())
    }

    async fn read(&self, place: &ImportedEvents) -> Result<Vec<Access>, ReadError> {
        let found = self.journal.read(place.seq - 1, 1).await?;
        let missing = || ReadError::Damaged(format!("entry {} is missing", place.seq));
        let entry = parse(found.first().ok_or_else(missing)?)?;
        Ok(events(entry)
            .filter(|event| (place.first..=place.last).contains(&event.position()))
            .collect())
    }

    fn admits(&self, event: &Access) -> bool {
        self.below.is_none_or(|below| position_of(event) < below) && self.filter.admits(event)
    }

    /// Where the next one stands, or where it stopped looking for it.
    pub(super) fn front(&self) -> Option<EventPosition> {
        match (self.found.front(), &self.left) {
            (Some(event), _) => Some(position_of(event)),
            (None, Left::Behind(position)) => Some(*position),
            (None, Left::Unknown | Left::Nothing) => None,
        }
    }

    pub(super) fn take(&mut self) -> Option<Access> {
        self.found.pop_front()
    }
}

pub(super) fn position_of(event: &Access) -> EventPosition {
    position(event.position())
}

fn position(AccessPosition { at, id }: AccessPosition) -> EventPosition {
    let which = Which::Imported(id);
    EventPosition { at, which }
}

fn events(entry: Entry) -> impl Iterator<Item = Access> {
    entry.changes.into_iter().flat_map(|change| match change {
        Change::EventsImported { events } => events,
        _ => Vec::new(),
    })
}
