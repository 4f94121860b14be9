//! What one upstream knows and is to be told. Pure: it is told the time, and what became of each request.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::queue::Key;

/// The most resources of one request.
const MAX_RESOURCES: usize = 1_000;
/// How long the first news waits for others.
const GATHER: Duration = Duration::from_millis(200);

/// Stands for what is told of a resource.
pub(super) type Print = u64;

/// One upstream's.
pub(super) struct Outbox {
    /// Those that the upstream knows of, or is to know of.
    known: HashMap<Key, Known>,
    /// Of whom it is to be told; of those that are not known, that they are gone.
    waiting: HashSet<Key>,
    repeats: BTreeSet<(Instant, Key)>,
    is_sending: bool,
    not_before: Instant,
    /// Requests without an answer, in a row.
    failures: u32,
}

#[derive(Default)]
struct Known {
    /// What the upstream was told last.
    told: Option<Print>,
    repeat_at: Option<Instant>,
}

impl Outbox {
    pub fn new(now: Instant) -> Self {
        Self {
            known: HashMap::new(),
            waiting: HashSet::new(),
            repeats: BTreeSet::new(),
            is_sending: false,
            not_before: now,
            failures: 0,
        }
    }

    /// A resource has this. Says whether that is news.
    pub fn has(&mut self, resource: &Key, print: Print, now: Instant) -> bool {
        let known = self.known.entry(resource.clone()).or_default();
        let is_news = known.told != Some(print);
        if is_news {
            self.wait(resource, now);
        }
        is_news
    }

    /// A resource has nothing any more.
    pub fn gone(&mut self, resource: &Key, now: Instant) {
        if let Some(known) = self.known.remove(resource) {
            self.cancel(resource, &known);
            self.wait(resource, now);
        }
    }

    fn wait(&mut self, resource: &Key, now: Instant) {
        if self.waiting.is_empty() {
            self.not_before = self.not_before.max(now + GATHER);
        }
        self.waiting.insert(resource.clone());
    }

    fn cancel(&mut self, resource: &Key, known: &Known) {
        if let Some(at) = known.repeat_at {
            self.repeats.remove(&(at, resource.clone()));
        }
    }

    /// When there is something to send.
    pub fn next_at(&self) -> Option<Instant> {
        if self.is_sending {
            return None;
        }
        if !self.waiting.is_empty() {
            return Some(self.not_before);
        }
        let (at, _) = self.repeats.first()?;
        Some(self.not_before.max(*at))
    }

    /// Takes those of whom to tell now. Nothing else is sent before it is known what became of it.
    pub fn take(&mut self, now: Instant) -> Vec<Key> {
        while let Some((at, _)) = self.repeats.first()
            && *at <= now
            && let Some((_, resource)) = self.repeats.pop_first()
        {
            if let Some(known) = self.known.get_mut(&resource) {
                *known = Known::default();
                self.waiting.insert(resource);
            }
        }
        self.is_sending = true;
        let taken: Vec<_> = self.waiting.iter().take(MAX_RESOURCES).cloned().collect();
        for resource in &taken {
            self.waiting.remove(resource);
        }
        taken
    }

    /// One that was taken has no room in the request.
    pub fn put_back(&mut self, resource: Key) {
        self.waiting.insert(resource);
    }

    /// Nothing of what was taken is worth a request.
    pub fn idle(&mut self) {
        self.is_sending = false;
    }

    /// Whether the upstream knows, or is to know, that a resource has something.
    pub fn knows(&self, resource: &Key) -> bool {
        self.known.contains_key(resource)
    }

    /// What the upstream was told of a resource.
    pub fn told(&self, resource: &Key) -> Option<Print> {
        self.known.get(resource)?.told
    }

    /// The upstream knows now. Nothing is sent for the time of `pause`.
    pub fn delivered(
        &mut self,
        told: Vec<(Key, Option<Print>)>,
        now: Instant,
        pause: Duration,
        repeat_in: impl Fn() -> Duration,
    ) {
        self.is_sending = false;
        self.failures = 0;
        self.not_before = now + pause;
        for (resource, print) in told {
            let Some(known) = self.known.get_mut(&resource) else {
                continue;
            };
            let at = now + repeat_in();
            let before = std::mem::replace(
                known,
                Known {
                    told: print,
                    repeat_at: Some(at),
                },
            );
            self.cancel(&resource, &before);
            self.repeats.insert((at, resource));
        }
    }

    /// There was no answer.
    pub fn failed(&mut self, resources: impl Iterator<Item = Key>, not_before: Instant) {
        self.is_sending = false;
        self.failures = self.failures.saturating_add(1);
        self.not_before = not_before;
        self.waiting.extend(resources);
    }

    /// The upstream does not want to know. Where there is nobody left, it is not told so.
    pub fn refused(&mut self, resources: impl Iterator<Item = Key>, not_before: Instant) {
        self.failed(resources, not_before);
        if self.known.is_empty() {
            self.waiting.clear();
        }
    }

    /// How many requests in a row had no answer.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether there is nothing to tell, nor ever will be.
    pub fn is_done(&self) -> bool {
        self.known.is_empty() && self.waiting.is_empty() && !self.is_sending
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
