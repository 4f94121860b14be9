//! What is in memory about restarts: what is due when, and what was restarted a moment ago. All of it may be lost; the status
//! and the pod templates have what counts.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use super::intent::{Window, is_made};
use super::workloads::Workloads;
use crate::crd::{SecretSync, Workload};
use crate::queue::{Key, Queue};
use crate::reconcile::with_jitter;

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(1);
const SOON: Duration = Duration::from_millis(100);

/// A restart to be made.
#[derive(Debug, Clone)]
pub struct Due {
    /// Which change it is for.
    pub change: String,
    /// When this process learnt that the Secret has the change. Whoever was restarted later has it, too.
    pub made_at: Instant,
    /// Attempts that did not do all of it.
    pub failures: u32,
}

struct Entry {
    window: Window,
    change: String,
    made_at: Option<Instant>,
    /// Somebody is at it.
    is_taken: bool,
    failures: u32,
    not_before: Instant,
}

impl Entry {
    fn new(window: Window, change: &str) -> Self {
        Self {
            window,
            change: change.to_owned(),
            made_at: None,
            is_taken: false,
            failures: 0,
            not_before: Instant::now(),
        }
    }

    fn is_of(&self, due: &Due) -> bool {
        self.is_taken && self.change == due.change
    }

    /// How long until it is due; `None` where the Secret does not have the change yet, or somebody is at it.
    fn wait(&self, sync: &SecretSync, now: Instant) -> Option<Duration> {
        self.made_at.filter(|_| !self.is_taken)?;
        let window = self.window.left(sync.spec.restart.debounce(), now);
        Some(window.max(self.not_before.saturating_duration_since(now)))
    }
}

/// The last attempt to restart a workload: when it began, and for which change. Whether it succeeded is seen by the pod template, also
/// where its answer was lost. Who restarts a workload holds the lock meanwhile, so that another resource's change, due at the
/// same time, finds out that the pods have it already.
pub type Latest = Arc<tokio::sync::Mutex<Option<(Instant, String)>>>;

/// What is known about restarts.
pub struct Restarts {
    is_enabled: bool,
    /// Who may be restarted.
    pub workloads: Workloads,
    /// Resources whose workloads are to be restarted.
    pub queue: Queue,
    entries: Mutex<HashMap<Key, Entry>>,
    latest: Mutex<HashMap<(Box<str>, Workload), Latest>>,
}

impl Restarts {
    /// Where they are not enabled, nothing is ever announced or made.
    pub fn new(is_enabled: bool) -> Self {
        Self {
            is_enabled,
            workloads: Workloads::default(),
            queue: Queue::default(),
            entries: Mutex::default(),
            latest: Mutex::default(),
        }
    }

    /// Whether workloads are watched and restarted.
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_latest(&self) -> MutexGuard<'_, HashMap<(Box<str>, Workload), Latest>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change was announced. The first one opens the window in which others cost no further restart.
    pub fn announce(&self, key: &Key, change: &str) {
        let fresh = Entry::new(Window::open(Instant::now()), change);
        match self.entries().entry(key.clone()) {
            MapEntry::Occupied(mut entry) if entry.get().is_taken || entry.get().failures > 0 => {
                entry.insert(fresh);
            }
            MapEntry::Occupied(mut entry) => {
                let entry = entry.get_mut();
                entry.change = fresh.change;
                entry.made_at = None;
            }
            MapEntry::Vacant(entry) => {
                entry.insert(fresh);
            }
        }
    }

    /// Looks at what a resource's status says, and queues its restart for when it is due.
    pub fn consider(&self, key: &Key, sync: &SecretSync) {
        if !self.is_enabled {
            return;
        }
        match look(&mut self.entries(), key, sync) {
            Some(wait) => self.queue.add_after(key, wait),
            None => self.queue.cancel_later(key),
        }
    }

    /// Takes up the restart of a resource, if it is due. What is announced from now on is for another restart.
    pub fn take(&self, key: &Key, sync: &SecretSync) -> Option<Due> {
        let mut entries = self.entries();
        let wait = look(&mut entries, key, sync)?;
        if !wait.is_zero() {
            self.queue.add_after(key, wait);
            return None;
        }
        let entry = entries.get_mut(key)?;
        entry.is_taken = true;
        Some(Due {
            change: entry.change.clone(),
            made_at: entry.made_at?,
            failures: entry.failures,
        })
    }

    /// All of it was done, and the status says so.
    pub fn succeeded(&self, key: &Key, due: &Due) {
        let mut entries = self.entries();
        if entries.get(key).is_some_and(|entry| entry.is_of(due)) {
            entries.remove(key);
        }
        // Nothing is kept for longer than somebody may ask for it.
        if entries.is_empty() {
            self.all_latest().clear();
        }
    }

    /// Not all of it could be done: again later, and later each time.
    pub fn failed(&self, key: &Key, due: &Due) {
        let backoff = (FIRST_BACKOFF * 2u32.saturating_pow(due.failures.min(16))).min(MAX_BACKOFF);
        self.again(
            key,
            due,
            due.failures.saturating_add(1),
            with_jitter(backoff),
        );
    }

    /// Only the status could not be written, because somebody else was faster.
    pub fn overtaken(&self, key: &Key, due: &Due) {
        self.again(key, due, due.failures, SOON);
    }

    fn again(&self, key: &Key, due: &Due, failures: u32, wait: Duration) {
        let mut entries = self.entries();
        // What was announced meanwhile is for all workloads anyway.
        if let Some(entry) = entries.get_mut(key).filter(|entry| entry.is_of(due)) {
            entry.is_taken = false;
            entry.failures = failures;
            entry.not_before = Instant::now() + wait;
            self.queue.add_after(key, wait);
        }
    }

    /// Whoever was at it is no more, and may not have come to an end.
    pub fn release(&self, key: &Key) {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(key).filter(|entry| entry.is_taken) {
            entry.is_taken = false;
            self.queue.add_after(key, FIRST_BACKOFF);
        }
    }

    /// A resource is gone.
    pub fn forget(&self, key: &Key) {
        self.entries().remove(key);
        self.queue.cancel_later(key);
    }

    /// The last attempt to restart a workload, to be locked for as long as it is being restarted.
    pub fn latest(&self, namespace: &str, workload: &Workload) -> Latest {
        let key = (namespace.into(), workload.clone());
        self.all_latest().entry(key).or_default().clone()
    }
}

/// Brings an entry up to date with the status. How long until it is due, if it ever is.
fn look(entries: &mut HashMap<Key, Entry>, key: &Key, sync: &SecretSync) -> Option<Duration> {
    let now = Instant::now();
    let status = sync.status.as_ref();
    let pending = status.and_then(|status| status.restart_pending.as_ref());
    let Some((status, pending)) = status.zip(pending) else {
        if entries.get(key).is_some_and(|entry| !entry.is_taken) {
            entries.remove(key);
        }
        return None;
    };
    let entry = entries.entry(key.clone()).or_insert_with(|| {
        let window = Window::reopen(pending.since.0, Timestamp::now(), now);
        Entry::new(window, &pending.replaces)
    });
    if entry.change != pending.replaces {
        let window = entry.window;
        *entry = Entry::new(window, &pending.replaces);
    }
    let is_wanted = !sync.spec.suspend && sync.metadata.deletion_timestamp.is_none();
    if !is_wanted || !is_made(status) {
        return None;
    }
    entry.made_at.get_or_insert(now);
    entry.wait(sync, now)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
