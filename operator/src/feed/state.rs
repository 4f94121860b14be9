//! What an upstream has told, and what follows from it. Pure: the actor feeds it with what happened and does what it says.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ssm_client::{Error, Export, ExportRequest};
use tokio::time::Instant;

use super::slot::{Fetch, MAX_STALE, Slot, shared};
use super::{ConfigRef, Expiry, SourceView, Subscription, Trouble, View};
use crate::copies::Copies;
use crate::crd::{Mode, SourceStatus};
use crate::queue::{Key, Lane};

/// An answer that makes no sense is asked for again after this time.
const UNUSABLE_AGAIN: Duration = Duration::from_secs(30);

/// A copy that was looked at so recently is about to be needed.
const KEEP: Duration = Duration::from_secs(5);
/// Copies are dropped no more often, as that looks at all of them.
const SHED_AGAIN: Duration = Duration::from_secs(1);

/// Everything known of an upstream.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and all combinations occur"
)]
pub(super) struct State {
    copies: Arc<Copies>,
    shed_at: Option<Instant>,
    /// Resources that have no Secret yet.
    first: HashSet<Key>,
    /// Boxed, as a table has room for many more than it holds.
    slots: HashMap<ConfigRef, Box<Slot>>,
    epoch: Option<Arc<str>>,
    /// Counts streams.
    stream: u64,
    live: bool,
    failing: Option<(Instant, String)>,
    /// Resources that may have been told that it fails.
    doubtful: HashSet<Key>,
    unreachable: bool,
    unauthorized: bool,
    authorized: bool,
    expiry: Expiry,
}

/// What to do after an answer to a read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answered {
    /// Whom to wake.
    pub notify: Vec<Key>,
    /// Read this config again after this pause.
    pub again: Option<Duration>,
    /// Everything waits, since the upstream does not answer or does not accept the token.
    pub block: Option<Block>,
}

/// Why everything waits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// For how long, where the server said so.
    pub retry_after: Option<Duration>,
}

impl State {
    pub fn new(copies: Arc<Copies>) -> Self {
        Self {
            copies,
            shed_at: None,
            first: HashSet::new(),
            slots: HashMap::new(),
            epoch: None,
            stream: 0,
            live: false,
            failing: None,
            doubtful: HashSet::new(),
            unreachable: false,
            unauthorized: false,
            authorized: false,
            expiry: Expiry::Unknown,
        }
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Whether the last attempt to reach the upstream failed, or its token is not accepted.
    pub fn is_failing(&self) -> bool {
        self.failing.is_some() || self.unauthorized
    }

    /// What is held for these configs of a resource, and which of them are to be read: those whose copies were dropped, and those that wait to be read
    /// and are wanted sooner now.
    pub fn view(
        &mut self,
        resource: &Key,
        configs: &[ConfigRef],
        lane: Lane,
        now: Instant,
    ) -> (View, Vec<ConfigRef>) {
        if self.failing.is_some() {
            self.doubtful.insert(resource.clone());
        }
        let mut to_read = Vec::new();
        let sources = configs
            .iter()
            .map(|config| match self.slots.get_mut(config) {
                Some(slot) => {
                    slot.used_at = Some(now);
                    let waits = matches!(slot.fetch, Fetch::Queued(queued) if queued < lane);
                    if slot.shed.take().is_some() || waits {
                        to_read.push(config.clone());
                    }
                    SourceView {
                        snapshot: slot
                            .copy
                            .as_ref()
                            .and_then(|copy| copy.open())
                            .map(Arc::new),
                        trouble: slot.trouble.clone(),
                        announced_at: slot.announced_at,
                    }
                }
                None => SourceView {
                    snapshot: None,
                    trouble: None,
                    announced_at: None,
                },
            });
        let view = View {
            sources: sources.collect(),
            failing: self.failing.as_ref().map(|(_, why)| why.clone()),
            unreachable: self.unreachable,
            unauthorized: self.unauthorized,
            authorized: self.authorized,
            expiry: self.expiry,
        };
        (view, to_read)
    }

    /// Drops copies that nobody has looked at for the longest time, until those of all upstreams fit again.
    fn make_room(&mut self, now: Instant) {
        let excess = self.copies.excess();
        if excess == 0 || self.shed_at.is_some_and(|at| now < at + SHED_AGAIN) {
            return;
        }
        self.shed_at = Some(now);
        let mut idle: Vec<(Option<Instant>, &mut Box<Slot>)> = self
            .slots
            .values_mut()
            .filter(|slot| slot.copy.is_some() && slot.used_at.is_none_or(|at| at + KEEP <= now))
            .map(|slot| (slot.used_at, slot))
            .collect();
        idle.sort_unstable_by_key(|(used_at, _)| *used_at);
        let mut freed = 0;
        for (_, slot) in idle {
            if freed >= excess {
                break;
            }
            freed += slot.copy.as_ref().map_or(0, |copy| copy.size());
            slot.shed();
        }
    }

    /// Replaces what a resource wants; `old` is what it wanted before, `synced` what is in its Secret. Gives the configs that
    /// are to be read.
    pub fn subscribe(
        &mut self,
        resource: &Key,
        old: &[ConfigRef],
        wanted: &Subscription,
        synced: &[SourceStatus],
    ) -> Vec<ConfigRef> {
        let dropped: Vec<ConfigRef> = old
            .iter()
            .filter(|config| !wanted.configs.contains(config))
            .cloned()
            .collect();
        self.unsubscribe(resource, &dropped);
        if synced.is_empty() {
            self.first.insert(resource.clone());
        }
        let mut to_read = Vec::new();
        for config in &wanted.configs {
            let slot = self.slots.entry(config.clone()).or_default();
            let known = synced.iter().find(|source| {
                *source.project == *config.project && *source.config == *config.config
            });
            if let Some(known) =
                known.filter(|known| slot.copy.is_none() && !known.epoch.is_empty())
            {
                let floor = slot
                    .floor
                    .as_ref()
                    .filter(|(epoch, _)| **epoch == *known.epoch)
                    .map_or(0, |(_, floor)| *floor);
                let epoch = shared(self.epoch.as_ref(), &known.epoch);
                slot.floor = Some((epoch, known.revision.max(floor)));
            }
            // Of a config that was only polled, what is held may be as old as the interval.
            let is_new = slot.subscribers.is_empty()
                || (wanted.mode == Mode::Push && slot.shortest(Mode::Push).is_none());
            if is_new && !to_read.contains(config) {
                to_read.push(config.clone());
            }
            slot.subscribers
                .insert(resource.clone(), (wanted.mode, wanted.interval));
        }
        to_read
    }

    /// Forgets a resource's wish for these configs, and those that nobody else wants.
    pub fn unsubscribe(&mut self, resource: &Key, configs: &[ConfigRef]) {
        self.first.remove(resource);
        self.doubtful.remove(resource);
        for config in configs {
            if let Some(slot) = self.slots.get_mut(config) {
                slot.subscribers.remove(resource);
                if slot.subscribers.is_empty() {
                    self.slots.remove(config);
                }
            }
        }
    }

    /// A resource has its Secret.
    pub fn has_secret(&mut self, resource: &Key) {
        self.first.remove(resource);
    }

    /// How urgent it is that a resource hears of a change.
    pub fn lane_of(&self, resource: &Key) -> Lane {
        if self.first.contains(resource) {
            Lane::First
        } else {
            Lane::Change
        }
    }

    /// The shortest interval of those who want this mode, over all configs.
    pub fn shortest(&self, mode: Mode) -> Option<Duration> {
        self.slots
            .values()
            .filter_map(|slot| slot.shortest(mode))
            .min()
    }

    /// The same for one config.
    pub fn shortest_for(&self, config: &ConfigRef, mode: Mode) -> Option<Duration> {
        self.slots.get(config)?.shortest(mode)
    }

    /// Configs that somebody wants pushed.
    pub fn pushed(&self) -> Vec<ConfigRef> {
        let pushed = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.shortest(Mode::Push).is_some());
        pushed.map(|(config, _)| config.clone()).collect()
    }

    /// Everybody.
    pub fn subscribers(&self) -> Vec<Key> {
        self.slots
            .values()
            .flat_map(|slot| slot.subscribers.keys().cloned())
            .collect()
    }

    /// In which lane a read is to be queued, where it is: one that runs is repeated instead. Where somebody waits for a first Secret it is
    /// the first lane. A read that is queued in a less urgent lane stays there, too, and is skipped when it comes up.
    pub fn want(&mut self, config: &ConfigRef, lane: Lane) -> Option<Lane> {
        let slot = self.slots.get_mut(config)?;
        let mut subscribers = slot.subscribers.keys();
        let lane = if subscribers.any(|resource| self.first.contains(resource)) {
            Lane::First
        } else {
            lane
        };
        match &mut slot.fetch {
            Fetch::Queued(queued) if *queued >= lane => None,
            Fetch::Idle | Fetch::Queued(_) => {
                slot.fetch = Fetch::Queued(lane);
                Some(lane)
            }
            Fetch::Running { again } => {
                *again = true;
                None
            }
        }
    }

    /// A read that was queued in this lane begins. `None` where nobody wants it any more, or it was begun out of another lane.
    pub fn begin(&mut self, config: &ConfigRef, lane: Lane) -> Option<ExportRequest> {
        let slot = self.slots.get_mut(config)?;
        if slot.fetch != Fetch::Queued(lane) {
            return None;
        }
        slot.fetch = Fetch::Running { again: false };
        let stream = self.epoch.as_deref().filter(|_| self.live);
        let announced = slot.announced.filter(|_| self.live);
        // A floor is only named when the server has just shown that it counts in the same epoch: one that was restored counts
        // from lower on, and would wait for what never comes.
        let held = slot
            .held()
            .filter(|(epoch, _)| slot.stale > 0 && stream.is_none_or(|stream| stream == *epoch));
        Some(ExportRequest {
            if_none_match: slot.etag(),
            min_revision: announced
                .max(held.map(|(_, revision)| revision))
                .filter(|revision| *revision > 0),
        })
    }

    /// A read has ended.
    pub fn answered(
        &mut self,
        config: &ConfigRef,
        asked: &ExportRequest,
        answer: Result<Export, Error>,
        now: Instant,
    ) -> Answered {
        let mut result = Answered::default();
        let Some(slot) = self.slots.get_mut(config) else {
            return result;
        };
        // Somebody wants another one: of the same slot, or of one that was made while this was under way.
        let again = slot.fetch != Fetch::Running { again: false };
        if matches!(slot.fetch, Fetch::Running { .. }) {
            slot.fetch = Fetch::Idle;
        }
        match answer {
            Ok(export) => {
                let was_failing = self.failing.is_some();
                let had_trouble = slot.trouble.take().is_some();
                let accepted = slot.accept(export, self.epoch.as_ref(), &self.copies);
                if accepted.is_new {
                    slot.used_at = Some(now);
                }
                if accepted.is_behind {
                    result.again = slot.retry_stale();
                } else {
                    slot.stale = 0;
                }
                if slot.is_unread() && result.again.is_none() && !again {
                    slot.trouble = Some(Trouble::Unusable(
                        "it is older than what was synced before".to_owned(),
                    ));
                    result.again = Some(UNUSABLE_AGAIN);
                }
                let has_trouble = slot.trouble.is_some();
                if accepted.is_new || had_trouble != has_trouble || was_failing || self.unauthorized
                {
                    result.notify = slot.subscribers.keys().cloned().collect();
                }
                result.notify.extend(self.recovered());
                self.make_room(now);
            }
            Err(Error::Unauthorized(_)) => {
                if !std::mem::replace(&mut self.unauthorized, true) {
                    result.notify = self.subscribers();
                }
                result.notify.extend(self.answering());
                result.block = Some(Block::default());
            }
            // The server is there, and not as far as was asked for.
            Err(Error::Unavailable { .. })
                if asked.min_revision.is_some() && slot.stale < MAX_STALE =>
            {
                slot.stale += 1;
                result.again = Some(Duration::from_millis(500));
            }
            Err(error) if error.is_transient() => {
                let block = Block {
                    retry_after: error.retry_after(),
                };
                result.notify = self.failed(&error, now);
                result.block = Some(block);
            }
            Err(error) => {
                let trouble = Trouble::of(&error);
                let is_settled = matches!(trouble, Trouble::Unusable(_));
                if slot.trouble.as_ref() != Some(&trouble) {
                    slot.trouble = Some(trouble);
                    result.notify = slot.subscribers.keys().cloned().collect();
                }
                if is_settled {
                    result.again = Some(UNUSABLE_AGAIN);
                }
                result.notify.extend(self.recovered());
            }
        }
        if again && result.again.is_none() {
            result.again = Some(Duration::ZERO);
        }
        result
    }

    /// The upstream answers and accepts the token. Gives whom to tell.
    pub fn recovered(&mut self) -> Vec<Key> {
        let was_unauthorized = std::mem::replace(&mut self.unauthorized, false);
        self.authorized = true;
        let notify = self.answering();
        if was_unauthorized {
            self.subscribers()
        } else {
            notify
        }
    }

    /// The upstream answers.
    fn answering(&mut self) -> Vec<Key> {
        self.failing = None;
        let doubtful = std::mem::take(&mut self.doubtful);
        if std::mem::replace(&mut self.unreachable, false) {
            self.subscribers()
        } else {
            doubtful.into_iter().collect()
        }
    }

    /// The upstream does not answer. Gives those who have nothing yet and should be told why.
    pub fn failed(&mut self, error: &Error, now: Instant) -> Vec<Key> {
        let is_news = self.failing.is_none();
        let since = self.failing.as_ref().map_or(now, |(since, _)| *since);
        self.failing = Some((since, error.to_string()));
        if !is_news {
            return Vec::new();
        }
        let waiting = self
            .slots
            .values()
            .filter(|slot| slot.is_unread() && slot.trouble.is_none());
        waiting
            .flat_map(|slot| slot.subscribers.keys().cloned())
            .collect()
    }

    /// The token is not accepted. Gives whom to tell.
    pub fn refused(&mut self) -> Vec<Key> {
        let mut notify = self.answering();
        if !std::mem::replace(&mut self.unauthorized, true) {
            notify = self.subscribers();
        }
        notify
    }

    /// The token's end is known. Gives whom to tell: of one that is far, only those whose status may say something else.
    pub fn set_expiry(&mut self, expiry: Expiry) -> Vec<Key> {
        if std::mem::replace(&mut self.expiry, expiry) == expiry {
            return Vec::new();
        }
        let mut notify = self.subscribers();
        if expiry == Expiry::Far {
            notify.retain(|resource| self.lane_of(resource) != Lane::First);
        }
        notify
    }

    /// When the upstream will count as unreachable.
    pub fn unreachable_at(&self, after: Duration) -> Option<Instant> {
        let (since, _) = self.failing.as_ref()?;
        (!self.unreachable).then(|| *since + after)
    }

    /// It counts as unreachable from now on. Gives whom to tell.
    pub fn give_up(&mut self) -> Vec<Key> {
        self.unreachable = true;
        self.subscribers()
    }

    /// A stream is open.
    pub fn opened(&mut self, epoch: String) -> Vec<Key> {
        self.stream += 1;
        self.live = true;
        if self.epoch.as_deref() != Some(&*epoch) {
            for slot in self.slots.values_mut() {
                slot.announced = None;
            }
            self.epoch = Some(epoch.into());
        }
        self.recovered()
    }

    /// There is no stream any more.
    pub fn closed(&mut self) {
        self.live = false;
    }

    /// The stream tells of a revision. Says whether the config is to be read.
    pub fn announced(&mut self, config: &ConfigRef, revision: u64, now: Instant) -> bool {
        let (stream, epoch) = (self.stream, self.epoch.as_deref());
        let Some(slot) = self.slots.get_mut(config) else {
            return false;
        };
        slot.seen_in = stream;
        slot.announced = Some(revision);
        slot.stale = 0;
        if slot.shortest(Mode::Push).is_none() {
            return false;
        }
        let is_held = slot.has_read(epoch, revision);
        if !is_held {
            slot.announced_at = Some(now);
        }
        !is_held || slot.trouble.is_some()
    }

    /// The stream has named everything. Gives what it has not named and somebody wants: those are to be read, to learn why.
    pub fn unnamed(&self) -> Vec<ConfigRef> {
        let unnamed = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.seen_in != self.stream && slot.shortest(Mode::Push).is_some());
        unnamed.map(|(config, _)| config.clone()).collect()
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
