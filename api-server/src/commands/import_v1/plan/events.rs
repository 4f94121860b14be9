//! What version 1.4 had on record, told as what is on record here.

use std::collections::{HashMap, HashSet};

use ssm_domain::access_record::Access;
use ssm_domain::entry::{ActorKind, EntryActor, Request, Target};
use ssm_domain::id::OpId;
use ssm_domain::import::ImportEvents;
use ssm_journal_mongodb::version1::{Event, Token};

use super::Planner;

/// How many events are one unit: an entry of them is read as a whole to show one.
const AT_ONCE: usize = 200;
/// What an answer had of which the status was not on record.
const UNTOLD: u64 = 200;
/// The longest text of an event, in characters.
const LONGEST: usize = 1_000;

const EVENTS: &str = "audit_events";

impl Planner<'_> {
    /// Oldest first.
    pub(super) fn events(&mut self) {
        let names = Names::of(self.source);
        let mut events = Vec::with_capacity(self.source.events.len());
        for event in &self.source.events {
            match self.event(event, &names) {
                Ok(event) => events.push(event),
                Err(why) => self.report.lose(EVENTS, &event.id, &why),
            }
        }
        events.sort_by_key(Access::position);
        self.report.counts.events = events.len();
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(AT_ONCE));
            let tried = self.attempt(ImportEvents { events });
            let steps = tried.ok().flatten().into_iter().collect();
            self.close("audit.import", Target::default(), steps);
            events = rest;
        }
    }

    fn event(&mut self, event: &Event, names: &Names<'_>) -> Result<Access, String> {
        let id: OpId = event.id.parse().map_err(|_| "its _id is no ObjectId")?;
        let status = u16::try_from(event.status.unwrap_or(UNTOLD));
        Ok(Access {
            id,
            at: event.at,
            until: event.at,
            count: 1,
            actor: names.actor(event),
            request: request(event),
            action: bounded(&event.action),
            target: self.target(event),
            status: status.map_err(|_| "its status_code is none")?,
            latency_ms: event.latency_ms,
        })
    }

    /// Names of that time. Where one is no name here, the path still has it.
    fn target(&mut self, event: &Event) -> Target {
        let project = event.project.clone().or_else(|| {
            let slug = self.project_slugs.get(event.project_id.as_deref()?)?;
            Some(slug.to_string())
        });
        let config = event.config.clone().or_else(|| {
            let path = self.config_paths.get(event.config_id.as_deref()?)?;
            Some(path.config.to_string())
        });
        Target {
            project: self.shown(EVENTS, &event.id, "project_slug", project.as_deref()),
            config: self.shown(EVENTS, &event.id, "config_slug", config.as_deref()),
            key: self.shown(EVENTS, &event.id, "key", event.key.as_deref()),
            ..Target::default()
        }
    }
}

/// Who somebody was.
struct Names<'a> {
    tokens: HashMap<&'a str, &'a Token>,
    users: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(source: &'a ssm_journal_mongodb::version1::Version1) -> Self {
        let tokens = source.tokens.iter();
        let users = source.users.iter().map(|user| user.username.as_str());
        Self {
            tokens: tokens.map(|token| (token.id.as_str(), token)).collect(),
            users: users
                .chain(source.passwords.iter().map(String::as_str))
                .collect(),
        }
    }

    /// Some events name a token for whoever used it; then it is told who that was.
    fn actor(&self, event: &Event) -> EntryActor {
        let named = event.actor.as_deref();
        let token = |id: Option<&str>| self.tokens.get(id?).copied();
        let token = token(named).or_else(|| token(event.token_id.as_deref()));
        let of_token = token.and_then(|token| match (&token.user, &token.service) {
            (Some(user), _) => Some((ActorKind::User, user.as_str())),
            (None, Some(service)) => Some((ActorKind::Service, service.as_str())),
            (None, None) => None,
        });
        let (kind, id) = match (of_token, named) {
            (Some(known), _) => known,
            (None, Some(name)) if self.users.contains(name) => (ActorKind::User, name),
            (None, Some(name)) => match event.actor_type.as_deref() {
                Some("user" | "userpass") => (ActorKind::User, name),
                Some("token" | "service") => (ActorKind::Service, name),
                Some("system") => (ActorKind::System, name),
                Some(_) | None => (ActorKind::Anonymous, name),
            },
            (None, None) => (ActorKind::Anonymous, "unknown"),
        };
        let token_id = event.token_id.as_deref();
        EntryActor {
            kind,
            id: bounded(id),
            token_id: token_id.and_then(|id| id.parse().ok()),
        }
    }
}

fn request(event: &Event) -> Option<Request> {
    let text = |text: &Option<String>| text.as_deref().map(bounded);
    let (method, path, ip) = (text(&event.method), text(&event.path), text(&event.ip));
    if method.is_none() && path.is_none() && ip.is_none() {
        return None;
    }
    Some(Request {
        // Requests had none.
        id: String::new(),
        method: method.unwrap_or_default(),
        path: path.unwrap_or_default(),
        ip,
        user_agent: text(&event.user_agent),
        idempotency: None,
    })
}

fn bounded(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
