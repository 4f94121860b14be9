//! The work queue: which resources want a reconcile, in three lanes, each resource at most once and never twice at a time.
//!
//! Who waits for a Secret that is not there or not right goes before the changes of those that are there, and those before
//! what nobody waits for (refreshed statuses after an outage, for instance). There is no debounce: a resource that is not being
//! worked on can be taken at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Every so many turns another lane goes first, so that none is ever starved.
const CHANGE_TURN: u32 = 4;
const BACKGROUND_TURN: u32 = 8;

/// Room for so many is kept.
const USUAL: usize = 64;

/// Namespace and name, of a `SecretSync` or of a Secret.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl Key {
    /// Of these.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How urgent a reconcile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Nobody waits for it.
    Background,
    /// The Secret is there, and not the newest.
    Change,
    /// The Secret is missing or not what it should be, or the resource was edited.
    First,
}

impl Lane {
    /// From the least urgent on.
    pub const ALL: [Self; 3] = [Self::Background, Self::Change, Self::First];
}

enum State {
    Queued(Lane),
    Running { again: Option<Lane> },
}

#[derive(Default)]
struct Inner {
    lanes: [VecDeque<Key>; Lane::ALL.len()],
    states: HashMap<Key, State>,
    /// When a resource wants to be looked at again. The heap may hold entries that are out of date; this map decides.
    deadlines: HashMap<Key, Instant>,
    heap: BinaryHeap<Reverse<(Instant, Key)>>,
    turn: u32,
}

/// The queue. One task takes from it, see [`Queue::take`].
#[derive(Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    ready: Notify,
    timer: Notify,
    ended: Notify,
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a reconcile now. A resource that is being worked on is taken again afterwards.
    pub fn add(&self, key: &Key, lane: Lane) {
        self.lock().add(key, lane);
        self.ready.notify_one();
    }

    /// Asks for a reconcile later; an earlier wish stands. Any reconcile before then does not cancel it.
    pub fn add_after(&self, key: &Key, delay: Duration) {
        let at = Instant::now() + delay;
        {
            let mut inner = self.lock();
            if inner
                .deadlines
                .get(key)
                .is_some_and(|deadline| *deadline <= at)
            {
                return;
            }
            inner.deadlines.insert(key.clone(), at);
            inner.heap.push(Reverse((at, key.clone())));
        }
        self.timer.notify_one();
    }

    /// Drops a later wish.
    pub fn cancel_later(&self, key: &Key) {
        self.lock().deadlines.remove(key);
    }

    /// The next resource to work on; `has_room` says whether it may be one of that lane. Only one task may call this.
    pub async fn take(&self, has_room: impl Fn(Lane) -> bool) -> (Key, Lane) {
        loop {
            let ready = self.ready.notified();
            if let Some(taken) = self.lock().take(&has_room) {
                return taken;
            }
            ready.await;
        }
    }

    /// The work on a resource has ended.
    pub fn done(&self, key: &Key) {
        self.lock().done(key);
        // Also where nothing was added: a place in a lane may have become free.
        self.ready.notify_one();
        self.ended.notify_waiters();
    }

    /// Waits until nothing is being worked on. What is queued stays so.
    pub async fn at_rest(&self) {
        loop {
            let ended = self.ended.notified();
            let is_at_rest = !self
                .lock()
                .states
                .values()
                .any(|state| matches!(state, State::Running { .. }));
            if is_at_rest {
                return;
            }
            ended.await;
        }
    }

    /// How many resources wait.
    pub fn len(&self) -> usize {
        let inner = self.lock();
        inner.lanes.iter().map(VecDeque::len).sum()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves what is due into the lanes, for ever.
    pub async fn run_timers(&self) {
        loop {
            let wake = self.timer.notified();
            let due = self.lock().due(Instant::now());
            match due {
                Due::Moved => self.ready.notify_one(),
                Due::At(at) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = wake => {}
                },
                Due::Never => wake.await,
            }
        }
    }
}

enum Due {
    Moved,
    At(Instant),
    Never,
}

impl Inner {
    fn add(&mut self, key: &Key, lane: Lane) {
        match self.states.get_mut(key) {
            Some(State::Running { again }) => *again = (*again).max(Some(lane)),
            Some(State::Queued(queued)) if *queued >= lane => {}
            // A promoted resource stays in its former lane too; that entry is skipped when it comes up.
            _ => {
                self.states.insert(key.clone(), State::Queued(lane));
                self.lanes[lane as usize].push_back(key.clone());
            }
        }
    }

    fn done(&mut self, key: &Key) {
        if let Some(State::Running { again: Some(lane) }) = self.states.remove(key) {
            self.add(key, lane);
        }
        // Mostly a few wait; the room for all, as after a start, is not kept.
        if self.states.is_empty() {
            self.states.shrink_to(USUAL);
            for lane in &mut self.lanes {
                lane.clear();
                lane.shrink_to(USUAL);
            }
        }
    }

    fn take(&mut self, has_room: &impl Fn(Lane) -> bool) -> Option<(Key, Lane)> {
        self.turn = self.turn.wrapping_add(1);
        let order = if self.turn.is_multiple_of(BACKGROUND_TURN) {
            [Lane::Background, Lane::First, Lane::Change]
        } else if self.turn.is_multiple_of(CHANGE_TURN) {
            [Lane::Change, Lane::First, Lane::Background]
        } else {
            [Lane::First, Lane::Change, Lane::Background]
        };
        for lane in order.into_iter().filter(|lane| has_room(*lane)) {
            while let Some(key) = self.lanes[lane as usize].pop_front() {
                if matches!(self.states.get(&key), Some(State::Queued(queued)) if *queued == lane) {
                    self.states
                        .insert(key.clone(), State::Running { again: None });
                    return Some((key, lane));
                }
            }
        }
        None
    }

    fn due(&mut self, now: Instant) -> Due {
        let mut moved = false;
        while let Some(Reverse((at, key))) = self.heap.peek() {
            let (at, current) = (*at, self.deadlines.get(key) == Some(at));
            if current && at > now {
                return if moved { Due::Moved } else { Due::At(at) };
            }
            let Some(Reverse((_, key))) = self.heap.pop() else {
                break;
            };
            if current {
                self.deadlines.remove(&key);
                self.add(&key, Lane::Background);
                moved = true;
            }
        }
        if moved { Due::Moved } else { Due::Never }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::new("ns", name)
    }

    fn take(queue: &Queue) -> Option<String> {
        queue
            .lock()
            .take(&|_| true)
            .map(|(key, _)| key.name.to_string())
    }

    #[test]
    fn a_resource_is_queued_once_and_never_worked_on_twice_at_a_time() {
        let queue = Queue::default();
        queue.add(&key("a"), Lane::First);
        queue.add(&key("a"), Lane::First);
        assert_eq!(take(&queue).as_deref(), Some("a"));
        queue.add(&key("a"), Lane::First);
        assert_eq!(take(&queue), None);
        queue.done(&key("a"));
        assert_eq!(take(&queue).as_deref(), Some("a"));
        queue.done(&key("a"));
        assert_eq!(take(&queue), None);
    }

    #[test]
    fn what_somebody_waits_for_goes_first_and_the_rest_is_not_starved() {
        let queue = Queue::default();
        queue.add(&key("slow"), Lane::Background);
        for n in 0..20 {
            queue.add(&key(&format!("fast{n}")), Lane::First);
        }
        let order: Vec<String> = std::iter::from_fn(|| take(&queue)).collect();
        assert_eq!(order.len(), 21);
        let place = order.iter().position(|name| name == "slow").expect("taken");
        assert!((1..20).contains(&place), "{place}");
    }

    #[test]
    fn a_first_sync_is_taken_while_changes_have_no_room_left() {
        let queue = Queue::default();
        queue.add(&key("changed"), Lane::Change);
        queue.add(&key("new"), Lane::First);
        let mut inner = queue.lock();
        let mut take = || inner.take(&|lane| lane == Lane::First);
        assert_eq!(take(), Some((key("new"), Lane::First)));
        assert_eq!(take(), None);
    }

    #[test]
    fn a_resource_in_the_background_can_be_promoted() {
        let queue = Queue::default();
        queue.add(&key("a"), Lane::Background);
        queue.add(&key("b"), Lane::First);
        queue.add(&key("a"), Lane::First);
        let order: Vec<String> = std::iter::from_fn(|| take(&queue)).collect();
        assert_eq!(order, ["b", "a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_wish_counts_and_can_be_cancelled() {
        let queue = Arc::new(Queue::default());
        let timers = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.run_timers().await }
        });
        let start = Instant::now();
        queue.add_after(&key("a"), Duration::from_secs(30));
        queue.add_after(&key("a"), Duration::from_secs(5));
        queue.add_after(&key("a"), Duration::from_mins(1));
        queue.add_after(&key("b"), Duration::from_secs(1));
        queue.cancel_later(&key("b"));
        let (taken, _) = queue.take(|_| true).await;
        assert_eq!((taken, start.elapsed().as_secs()), (key("a"), 5));
        queue.done(&key("a"));
        let more = tokio::time::timeout(Duration::from_secs(100), queue.take(|_| true)).await;
        assert!(more.is_err());
        timers.abort();
    }
}
