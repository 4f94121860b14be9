//! The changes that somebody asks for, newest first, read from the journal in chunks.

use std::collections::VecDeque;

use ssm_domain::entry::{Entry, Seq};
use ssm_domain::time::Timestamp;

use super::position::{EventPosition, Which, after};
use super::{CHUNK, parse};
use crate::access::{AccessFilter, Outcome};
use crate::journal::{Filter, Journal, ReadError};

/// The most entries that are passed over for one page.
const MOST_PASSED_OVER: usize = 10_000;
/// The most of their bytes, give or take a chunk.
const MOST_BYTES: usize = 32 << 20;

pub(super) struct Changes<'a> {
    journal: &'a dyn Journal,
    filter: &'a AccessFilter,
    before: Option<Seq>,
    found: VecDeque<Entry>,
    left: Left,
    passed_over: usize,
    bytes: usize,
}

/// What may be left behind what was found.
pub(super) enum Left {
    /// It was not looked yet.
    Unknown,
    /// So much was passed over that it stops here.
    Behind(EventPosition),
    /// Nothing.
    Nothing,
}

impl<'a> Changes<'a> {
    pub(super) async fn below(
        journal: &'a dyn Journal,
        filter: &'a AccessFilter,
        below: Option<EventPosition>,
    ) -> Result<Self, ReadError> {
        let mut changes = Self {
            journal,
            filter,
            before: None,
            found: VecDeque::new(),
            left: Left::Unknown,
            passed_over: 0,
            bytes: 0,
        };
        // Whatever was refused changed nothing.
        if filter.outcome == Some(Outcome::Failure) {
            changes.left = Left::Nothing;
            return Ok(changes);
        }
        let until = match filter.until {
            Some(until) => Some(first_from(journal, after(until)).await?),
            None => None,
        };
        let below = match below {
            Some(EventPosition { which, at }) => Some(match which {
                Which::Entry(seq) => seq,
                Which::Access(_) | Which::Imported(_) => first_from(journal, at).await?,
            }),
            None => None,
        };
        changes.before = [until, below].into_iter().flatten().min();
        Ok(changes)
    }

    /// Looks for the next one, unless it is found already.
    pub(super) async fn fill(&mut self) -> Result<(), ReadError> {
        let indexed = Filter {
            project: self.filter.project.clone(),
            config: self.filter.config.clone(),
        };
        while self.found.is_empty() && matches!(self.left, Left::Unknown) {
            let chunk = self.journal.search(&indexed, self.before, CHUNK).await?;
            if chunk.len() < CHUNK {
                self.left = Left::Nothing;
            }
            for stored in chunk {
                let entry = parse(&stored)?;
                self.before = Some(entry.seq);
                if self.filter.since.is_some_and(|since| entry.at < since) {
                    self.left = Left::Nothing;
                    break;
                }
                if admits(self.filter, &entry) {
                    self.found.push_back(entry);
                    continue;
                }
                self.passed_over += 1;
                self.bytes += stored.bytes.len();
                if self.passed_over >= MOST_PASSED_OVER || self.bytes >= MOST_BYTES {
                    self.left = Left::Behind(position_of(&entry));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Where the next one stands, or where it stopped looking for it.
    pub(super) fn front(&self) -> Option<EventPosition> {
        match (self.found.front(), &self.left) {
            (Some(entry), _) => Some(position_of(entry)),
            (None, Left::Behind(position)) => Some(*position),
            (None, Left::Unknown | Left::Nothing) => None,
        }
    }

    pub(super) fn take(&mut self) -> Option<Entry> {
        self.found.pop_front()
    }
}

pub(super) fn position_of(entry: &Entry) -> EventPosition {
    EventPosition {
        at: entry.at,
        which: Which::Entry(entry.seq),
    }
}

/// Whether a filter lets a change through. One of several keys is a change of each.
fn admits(filter: &AccessFilter, entry: &Entry) -> bool {
    let of_key = |key| {
        let changed = || entry.changes.iter().filter_map(|change| change.secret());
        entry.target.key.as_ref() == Some(key) || changed().any(|(changed, _)| changed == key)
    };
    let (actor, action) = (filter.actor.as_ref(), filter.action.as_ref());
    actor.is_none_or(|actor| *actor == entry.actor.id)
        && action.is_none_or(|action| *action == entry.action)
        && filter.key.as_ref().is_none_or(of_key)
}

/// The first entry from `time` on, or the one that would come next: entries are in the order of their times.
async fn first_from(journal: &dyn Journal, time: Timestamp) -> Result<Seq, ReadError> {
    let newest = journal.search(&Filter::default(), None, 1).await?;
    let (mut first, mut end) = (1, newest.first().map_or(0, |newest| newest.seq) + 1);
    while first < end {
        let middle = first.midpoint(end);
        let found = journal.read(middle - 1, 1).await?;
        let Some(found) = found.first() else {
            return Err(ReadError::Damaged(format!("entry {middle} is missing")));
        };
        if parse(found)?.at < time {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    Ok(first)
}
