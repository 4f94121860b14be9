//! What has happened and is not stored yet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ssm_domain::access_record::Access;
use ssm_domain::caller::Actor;
use ssm_domain::entry::{EntryActor, Request, Target};
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;

use super::event::Event;
use super::store::AccessFilter;
use super::windows::Windows;
use super::{AccessHealth, AccessOptions};

/// Parts with a lock of their own, so that cores do not wait for each other.
const SHARDS: usize = 16;
/// The most events that one part tells apart within a minute.
const MOST_OPEN: usize = 512;
/// The most records that wait to be stored. What comes on top while storage fails is only counted.
const MOST_WAITING: usize = 10_000;

pub(crate) struct AccessLog {
    pub(super) options: AccessOptions,
    shards: [Mutex<Windows>; SHARDS],
    waiting: Mutex<Waiting>,
    fails: AtomicBool,
}

/// Closed records in the order in which they will be stored.
#[derive(Default)]
struct Waiting {
    accesses: VecDeque<Access>,
    lost: Option<Access>,
}

impl AccessLog {
    pub(crate) fn new(options: AccessOptions) -> Self {
        Self {
            options,
            shards: std::array::from_fn(|_| Mutex::new(Windows::new(MOST_OPEN))),
            waiting: Mutex::default(),
            fails: AtomicBool::new(false),
        }
    }

    /// Counts an event, which will be stored when its minute is over.
    pub(crate) fn count(
        &self,
        state: &State,
        event: Event,
        now: Timestamp,
        latency: Option<Duration>,
        request: impl FnOnce() -> Option<Request>,
    ) {
        let shard = &self.shards[shard_of(&event)];
        lock(shard).count(event, now, |event| {
            event.access(state, now, request(), latency)
        });
    }

    /// What `filter` lets through of that which is not stored yet, the present minute included. What moves on meanwhile may
    /// be there twice.
    pub(crate) fn unstored(&self, filter: &AccessFilter) -> Vec<Access> {
        let mut found = Vec::new();
        let mut admit = |accesses: &mut dyn Iterator<Item = &Access>| {
            found.extend(accesses.filter(|access| filter.admits(access)).cloned());
        };
        for shard in &self.shards {
            admit(&mut lock(shard).all());
        }
        let waiting = lock(&self.waiting);
        admit(&mut waiting.accesses.iter().chain(&waiting.lost));
        found
    }

    /// How storing goes.
    pub(crate) fn health(&self) -> AccessHealth {
        if self.fails.load(Ordering::Relaxed) {
            AccessHealth::Fails
        } else {
            AccessHealth::Ready
        }
    }

    /// Says how storing went, and returns how it went before.
    pub(super) fn set_health(&self, health: AccessHealth) -> AccessHealth {
        if self
            .fails
            .swap(health == AccessHealth::Fails, Ordering::Relaxed)
        {
            AccessHealth::Fails
        } else {
            AccessHealth::Ready
        }
    }

    /// Lines up what the minutes before `now` came to.
    pub(super) fn close(&self, now: Timestamp) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            lock(&self.waiting).push(shard.take_closed(now));
        }
    }

    /// Lines up everything.
    pub(super) fn close_all(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            lock(&self.waiting).push(shard.take_all());
        }
    }

    /// The first of those in line, which stay in it.
    pub(super) fn first_waiting(&self, most: usize) -> Vec<Access> {
        let mut waiting = lock(&self.waiting);
        if waiting.accesses.len() < most
            && let Some(lost) = waiting.lost.take()
        {
            waiting.accesses.push_back(lost);
        }
        waiting.accesses.iter().take(most).cloned().collect()
    }

    /// Takes as many out of the line as have been stored.
    pub(super) fn stored(&self, count: usize) {
        lock(&self.waiting).accesses.drain(..count);
    }
}

impl Waiting {
    fn push(&mut self, accesses: Vec<Access>) {
        for access in accesses {
            if self.accesses.len() < MOST_WAITING {
                self.accesses.push_back(access);
            } else {
                self.lose(&access);
            }
        }
    }

    fn lose(&mut self, access: &Access) {
        let lost = self.lost.get_or_insert_with(|| Access {
            count: 0,
            actor: EntryActor::server(),
            request: None,
            action: "access.lost".to_owned(),
            target: Target::default(),
            status: 503,
            latency_ms: None,
            ..access.clone()
        });
        lost.count += access.count;
        lost.until = lost.until.max(access.until);
    }
}

/// Whose events go together; which part is whose does not matter.
fn shard_of(event: &Event) -> usize {
    let byte = match &event.actor {
        Actor::Token(id) => id.as_bytes()[0],
        Actor::User(id) => id.as_bytes()[0],
        Actor::System | Actor::Anonymous => 0,
    };
    usize::from(byte) % SHARDS
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ssm_domain::caller::Actor;
    use ssm_domain::entry::Target;
    use ssm_domain::state::State;
    use ssm_domain::time::Timestamp;

    use super::{Event, MOST_WAITING, Waiting};

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let event = Event {
            actor: Actor::System,
            action: "secrets.read",
            target: Target::default(),
            method: "GET".into(),
            status: 200,
            address: None,
        };
        let access = event.access(&State::default(), Timestamp::START, None, None);
        let mut waiting = Waiting::default();
        waiting.push(vec![access.clone(); MOST_WAITING + 2]);
        waiting.push(vec![access]);
        assert_eq!(waiting.accesses.len(), MOST_WAITING);
        let lost = waiting.lost.unwrap();
        assert_eq!((lost.count, lost.action.as_str()), (3, "access.lost"));
        assert!(!lost.succeeded());
    }
}
