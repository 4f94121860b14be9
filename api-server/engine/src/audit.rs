//! The record of who did what: the journal's changes, what was read or refused, and what was imported, merged by time.
//!
//! Newest first. A request looks at a bounded number of entries and records however few of them are asked for; then a
//! page is shorter than it could be, and its cursor says where to go on.

mod accesses;
mod changes;
mod imported;
mod position;

use std::collections::VecDeque;

use ssm_domain::access::{Action, Place};
use ssm_domain::access_record::Access;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::entry::Entry;
use ssm_domain::names::ConfigPath;
use ssm_domain::rejection::Rejection;

pub use self::position::{EventPosition, InvalidCursor, Which};

use self::accesses::Accesses;
use self::changes::{Changes, position_of};
use self::imported::Imported;
use crate::access::AccessFilter;
use crate::engine::Engine;
use crate::error::ReadFailure;
use crate::journal::{ReadError, StoredEntry};

/// How many entries or records are read at a time.
const CHUNK: usize = 100;

/// Which events somebody asks for.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Those that it lets through.
    pub filter: AccessFilter,
    /// How many events to a page.
    pub limit: usize,
    /// Where the page begins.
    pub from: PageStart,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart {
    /// Behind so many whole pages, counted from the newest event.
    After(usize),
    /// Below this event.
    Below(EventPosition),
}

impl Default for PageStart {
    fn default() -> Self {
        Self::After(0)
    }
}

/// One page of events, newest first.
#[derive(Debug)]
pub struct AuditPage {
    /// The events. They may be less than asked for although there are more.
    pub events: Vec<AuditEvent>,
    /// Below what the next page begins, if there may be one.
    pub next: Option<EventPosition>,
}

/// Something on record.
#[derive(Debug)]
pub enum AuditEvent {
    /// A change, as its entry tells it.
    Change(Entry),
    /// Something that was read or refused.
    Access(Access),
    /// Something that another system had on record.
    Imported(Access),
}

impl AuditEvent {
    /// Where it stands.
    pub fn position(&self) -> EventPosition {
        match self {
            Self::Change(entry) => position_of(entry),
            Self::Access(access) => access.position().into(),
            Self::Imported(event) => imported::position_of(event),
        }
    }
}

impl Engine {
    /// A page of events that the caller may see, those of the present minute included.
    pub async fn audit(&self, actor: &Actor, query: &AuditQuery) -> Result<AuditPage, ReadFailure> {
        self.look(actor, |_, caller| may_audit(caller, &query.filter))?;
        self.merge(query).await.map_err(ReadFailure::Unavailable)
    }

    async fn merge(&self, query: &AuditQuery) -> Result<AuditPage, ReadError> {
        let (mut to_skip, below) = match query.from {
            PageStart::After(pages) => (pages.saturating_mul(query.limit), None),
            PageStart::Below(position) => (0, Some(position)),
        };
        let mut merged = self.merged(&query.filter, below).await?;
        let mut page = AuditPage {
            events: Vec::new(),
            next: None,
        };
        loop {
            match merged.next().await? {
                Next::Event(_) if to_skip > 0 => to_skip -= 1,
                Next::Event(_) if page.events.len() >= query.limit => {
                    page.next = page.events.last().map(AuditEvent::position);
                    return Ok(page);
                }
                Next::Event(event) => page.events.push(*event),
                Next::StoppedAt(position) => {
                    page.next = Some(position);
                    return Ok(page);
                }
                Next::End => return Ok(page),
            }
        }
    }

    async fn merged<'a>(
        &'a self,
        filter: &'a AccessFilter,
        below: Option<EventPosition>,
    ) -> Result<Merged<'a>, ReadError> {
        let journal = &*self.shared.journal;
        // Before anything stored is read: what is stored meanwhile is there twice rather than not at all.
        let mut unstored = self.shared.access.unstored(filter);
        unstored.retain(|access| below.is_none_or(|below| below > access.position().into()));
        unstored.sort_unstable_by_key(|access| std::cmp::Reverse(access.position()));
        Ok(Merged {
            changes: Changes::below(journal, filter, below).await?,
            imported: Imported::below(journal, &self.state(), filter, below),
            stored: Accesses::below(journal, filter, below),
            unstored: unstored.into(),
            last: None,
        })
    }
}

/// Everything that is asked for, newest first.
struct Merged<'a> {
    changes: Changes<'a>,
    imported: Imported<'a>,
    stored: Accesses<'a>,
    unstored: VecDeque<Access>,
    /// The event before.
    last: Option<EventPosition>,
}

enum Next {
    Event(Box<AuditEvent>),
    /// There may be more below.
    StoppedAt(EventPosition),
    End,
}

impl Merged<'_> {
    async fn next(&mut self) -> Result<Next, ReadError> {
        loop {
            self.changes.fill().await?;
            self.stored.fill().await?;
            self.imported.fill().await?;
            let (changes, stored) = (self.changes.front(), self.stored.front());
            let imported = self.imported.front();
            let unstored = self.unstored.front();
            let unstored = unstored.map(|access| access.position().into());
            let Some(greatest) = [changes, stored, unstored, imported]
                .into_iter()
                .flatten()
                .max()
            else {
                return Ok(Next::End);
            };
            // What is stored by now may have happened more often than when it was not.
            let event = if stored == Some(greatest) {
                self.stored.take().map(AuditEvent::Access)
            } else if changes == Some(greatest) {
                self.changes.take().map(AuditEvent::Change)
            } else if imported == Some(greatest) {
                self.imported.take().map(AuditEvent::Imported)
            } else {
                self.unstored.pop_front().map(AuditEvent::Access)
            };
            let Some(event) = event else {
                return Ok(Next::StoppedAt(greatest));
            };
            if self.last.replace(greatest) != Some(greatest) {
                return Ok(Next::Event(Box::new(event)));
            }
        }
    }
}

fn may_audit(caller: &Caller<'_>, filter: &AccessFilter) -> Result<(), Rejection> {
    let place = match (&filter.project, &filter.config) {
        (None, Some(_)) => {
            return Err(Rejection::invalid(
                "config",
                &"needs the project that it is in",
            ));
        }
        (Some(project), config)
            if !caller.authority().may(Action::AuditRead, Place::EVERYWHERE) =>
        {
            match config {
                Some(config) => {
                    let path = ConfigPath {
                        project: project.clone(),
                        config: config.clone(),
                    };
                    caller.config(&path)?.place()
                }
                None => Place::project(caller.project(project)?.id),
            }
        }
        // Who may see everything may see what is left of things that are gone.
        (None, None) | (Some(_), _) => Place::EVERYWHERE,
    };
    caller.require(Action::AuditRead, place)
}

/// Reads an entry without asking whether it is whole.
pub(crate) fn parse(stored: &StoredEntry) -> Result<Entry, ReadError> {
    serde_json::from_slice(&stored.bytes)
        .map_err(|_| ReadError::Damaged(format!("entry {} cannot be read", stored.seq)))
}
