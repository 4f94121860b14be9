//! What one upstream knows and is to be told. Pure: it is told the time, and what became of each request.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::queue::Key;

/// The most resources of one request.
const MAX_RESOURCES: usize = 1_000;
/// How long the first news waits for others.
const GATHER: Duration = Duration::from_millis(200);
/// How soon is said again what did not come through in full; each time it takes twice as long.
const FIRST_AGAIN: Duration = Duration::from_secs(5);

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
    /// Of whom the request under way tells.
    taken: HashSet<Key>,
    not_before: Instant,
    /// Requests without an answer, in a row.
    failures: u32,
}

#[derive(Default)]
struct Known {
    /// What it has.
    has: Print,
    /// What the upstream was told last.
    told: Option<Print>,
    repeat_at: Option<Instant>,
    /// How often in a row that did not come through in full.
    shortfalls: u32,
}

impl Outbox {
    pub fn new(now: Instant) -> Self {
        Self {
            known: HashMap::new(),
            waiting: HashSet::new(),
            repeats: BTreeSet::new(),
            is_sending: false,
            taken: HashSet::new(),
            not_before: now,
            failures: 0,
        }
    }

    /// A resource has this. Says whether that is news.
    pub fn has(&mut self, resource: &Key, print: Print, now: Instant) -> bool {
        let known = self.known.entry(resource.clone()).or_default();
        if known.has != print {
            known.has = print;
            known.shortfalls = 0;
        }
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

    /// Nothing is to be told of a resource any more, not even that it is gone.
    pub fn forget(&mut self, resource: &Key) {
        if let Some(known) = self.known.remove(resource) {
            self.cancel(resource, &known);
        }
        self.waiting.remove(resource);
        self.taken.remove(resource);
    }

    /// The request under way never ends, and whether anybody else has told the upstream something since is not known: it is
    /// told everything again.
    pub fn resume(&mut self) {
        self.is_sending = false;
        self.waiting.extend(self.taken.drain());
        self.repeats.clear();
        for (resource, known) in &mut self.known {
            (known.told, known.repeat_at) = (None, None);
            self.waiting.insert(resource.clone());
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
                (known.told, known.repeat_at) = (None, None);
                self.waiting.insert(resource);
            }
        }
        self.is_sending = true;
        let taken: Vec<_> = self.waiting.iter().take(MAX_RESOURCES).cloned().collect();
        for resource in &taken {
            self.waiting.remove(resource);
        }
        self.taken = taken.iter().cloned().collect();
        taken
    }

    /// One that was taken has no room in the request.
    pub fn put_back(&mut self, resource: Key) {
        self.taken.remove(&resource);
        self.waiting.insert(resource);
    }

    /// What one that was taken has is not to be seen at the moment, so it is looked for later.
    pub fn look_later(&mut self, resource: &Key, now: Instant) {
        self.taken.remove(resource);
        if let Some(known) = self.known.get_mut(resource) {
            let at = now + known.fall_short();
            let before = known.repeat_at.replace(at);
            if let Some(before) = before {
                self.repeats.remove(&(before, resource.clone()));
            }
            self.repeats.insert((at, resource.clone()));
        }
    }

    /// Nothing of what was taken is worth a request.
    pub fn idle(&mut self) {
        self.is_sending = false;
        self.taken.clear();
    }

    /// What a resource has, of which the upstream knows or is to know.
    pub fn has_now(&self, resource: &Key) -> Option<Print> {
        Some(self.known.get(resource)?.has)
    }

    /// What the upstream was told of a resource.
    pub fn told(&self, resource: &Key) -> Option<Print> {
        self.known.get(resource)?.told
    }

    /// The upstream knows now, unless it did not take `all`: then it is told again sooner. Nothing is sent for the time of
    /// `pause`.
    pub fn delivered(
        &mut self,
        told: Vec<(Key, Option<Print>)>,
        all: bool,
        now: Instant,
        pause: Duration,
        repeat_in: impl Fn() -> Duration,
    ) {
        self.idle();
        self.failures = 0;
        self.not_before = now + pause;
        for (resource, print) in told {
            let Some(known) = self.known.get_mut(&resource) else {
                continue;
            };
            let wait = if all {
                known.shortfalls = 0;
                repeat_in()
            } else {
                known.fall_short().min(repeat_in())
            };
            let at = now + wait;
            known.told = print;
            if let Some(before) = known.repeat_at.replace(at) {
                self.repeats.remove(&(before, resource.clone()));
            }
            self.repeats.insert((at, resource));
        }
    }

    /// There was no answer.
    pub fn failed(&mut self, not_before: Instant) {
        self.is_sending = false;
        self.failures = self.failures.saturating_add(1);
        self.not_before = not_before;
        self.waiting.extend(self.taken.drain());
    }

    /// The upstream does not want to know. It is not told again of those that are gone.
    pub fn refused(&mut self, not_before: Instant) {
        self.failed(not_before);
        self.waiting
            .retain(|resource| self.known.contains_key(resource));
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

impl Known {
    /// How long to wait before it is said again what did not come through in full.
    fn fall_short(&mut self) -> Duration {
        let wait = FIRST_AGAIN * 2u32.saturating_pow(self.shortfalls.min(12));
        self.shortfalls += 1;
        wait
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
