//! The journal as the record of who did what.

use ssm_domain::access::{Action, Place};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::entry::Entry;
use ssm_domain::names::{ConfigPath, Slug};
use ssm_domain::rejection::Rejection;
use ssm_domain::time::Timestamp;

use crate::engine::Engine;
use crate::error::ReadFailure;
use crate::journal::{Filter, ReadError, StoredEntry};
use crate::replay::CHUNK;

/// Which events somebody asks for.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Events of this project.
    pub project: Option<Slug>,
    /// Events of configs of this name.
    pub config: Option<Slug>,
    /// Events at or after this time.
    pub since: Option<Timestamp>,
    /// How many events to a page.
    pub limit: usize,
    /// Which page, from 1.
    pub page: usize,
}

/// One page of events, newest first.
#[derive(Debug)]
pub struct AuditPage {
    /// The events.
    pub events: Vec<AuditEvent>,
    /// Whether there is a page after this one.
    pub has_next: bool,
}

/// A change, as its entry tells it.
#[derive(Debug)]
pub struct AuditEvent {
    /// The entry.
    pub entry: Entry,
}

impl Engine {
    /// A page of events that the caller may see.
    pub async fn audit(&self, actor: &Actor, query: &AuditQuery) -> Result<AuditPage, ReadFailure> {
        self.look(actor, |_, caller| may_audit(caller, query))?;
        let filter = Filter {
            project: query.project.clone(),
            config: query.config.clone(),
        };
        let skip = query.page.saturating_sub(1).saturating_mul(query.limit);
        let wanted = skip.saturating_add(query.limit).saturating_add(1);
        let (mut events, mut seen, mut before) = (Vec::new(), 0, None);
        'search: while seen < wanted {
            let found = self
                .shared
                .journal
                .search(&filter, before, CHUNK)
                .await
                .map_err(ReadFailure::Unavailable)?;
            let last = found.len() < CHUNK;
            for stored in found {
                before = Some(stored.seq);
                let entry = parse(&stored).map_err(ReadFailure::Unavailable)?;
                if query.since.is_some_and(|since| entry.at < since) || seen == wanted {
                    break 'search;
                }
                seen += 1;
                if seen > skip {
                    events.push(AuditEvent { entry });
                }
            }
            if last {
                break;
            }
        }
        let has_next = events.len() > query.limit;
        events.truncate(query.limit);
        Ok(AuditPage { events, has_next })
    }
}

fn may_audit(caller: &Caller<'_>, query: &AuditQuery) -> Result<(), Rejection> {
    let place = match (&query.project, &query.config) {
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
