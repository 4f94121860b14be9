//! What is known of one config of an upstream.

use std::sync::Arc;
use std::time::Duration;

use ssm_client::{ETag, Error, Export};
use tokio::time::Instant;

use super::Trouble;
use crate::copies::{Copies, Sealed};
use crate::crd::Mode;
use crate::key_map::KeyMap;
use crate::queue::Lane;
use crate::snapshot::Snapshot;

/// How often a config is asked for again at once because the server was behind; then the next event or poll has to do.
pub const MAX_STALE: u32 = 5;

#[derive(Default)]
pub struct Slot {
    pub subscribers: KeyMap<(Mode, Duration)>,
    pub copy: Option<Box<Sealed>>,
    /// When the copy came or somebody last looked at it.
    pub used_at: Option<Instant>,
    /// A copy was dropped because others needed the room: its tag, until somebody needs it again.
    pub shed: Option<ETag>,
    pub trouble: Option<Trouble>,
    /// The newest revision the stream told of, within the stream's epoch.
    pub announced: Option<u64>,
    pub announced_at: Option<Instant>,
    /// The stream that last told of it.
    pub seen_in: u64,
    /// Where there is no copy, what was in the Secret before this process began or in the copy that was dropped: epoch and revision.
    pub floor: Option<(Arc<str>, u64)>,
    /// Answers in a row that were older than what is known to exist.
    pub stale: u32,
    pub fetch: Fetch,
}

#[derive(Default, PartialEq, Eq)]
pub enum Fetch {
    #[default]
    Idle,
    Queued(Lane),
    Running {
        again: bool,
    },
}

impl Slot {
    pub fn shortest(&self, mode: Mode) -> Option<Duration> {
        self.subscribers
            .values()
            .filter(|(wanted, _)| *wanted == mode)
            .map(|(_, interval)| *interval)
            .min()
    }

    /// Drops the copy, and remembers what it was.
    pub fn shed(&mut self) {
        if let Some(copy) = self.copy.take() {
            self.floor = Some((copy.epoch.clone(), copy.revision));
            self.shed = Some(copy.etag());
        }
    }

    /// Tag of the copy that is held, or was until it was dropped.
    pub fn etag(&self) -> Option<ETag> {
        let held = self.copy.as_ref().map(|copy| copy.etag());
        held.or_else(|| self.shed.clone())
    }

    /// Whether nothing has been read yet.
    pub fn is_unread(&self) -> bool {
        self.copy.is_none() && self.shed.is_none()
    }

    /// Whether this process has read this revision.
    pub fn has_read(&self, epoch: Option<&str>, revision: u64) -> bool {
        !self.is_unread()
            && self.held().is_some_and(|(held, held_revision)| {
                Some(held) == epoch && held_revision >= revision
            })
    }

    /// Epoch and revision below which nothing is taken.
    pub fn held(&self) -> Option<(&str, u64)> {
        let held = self.copy.as_ref().map(|held| (&*held.epoch, held.revision));
        held.or(self
            .floor
            .as_ref()
            .map(|(epoch, revision)| (&**epoch, *revision)))
    }

    /// Takes what was read, unless it is older than what is held. `epoch` is that of the stream, where there is one.
    pub fn accept(
        &mut self,
        export: Export,
        epoch: Option<&Arc<str>>,
        copies: &Arc<Copies>,
    ) -> Accepted {
        let mut is_new = false;
        if let Export::Modified(config) = export {
            let is_older = |(epoch, revision): (&str, u64)| {
                epoch == config.epoch && config.revision < revision
            };
            if self.held().is_some_and(is_older) {
                return Accepted {
                    is_new,
                    is_behind: true,
                };
            }
            // A server of another epoch than the stream's counts its own revisions.
            if epoch.is_some_and(|epoch| **epoch != *config.epoch) {
                self.announced = None;
            }
            is_new = self
                .copy
                .as_ref()
                .is_none_or(|held| held.etag() != config.etag);
            let epoch = shared(epoch, &config.epoch);
            let sealed = copies.seal(&Snapshot::pack(&config, epoch), &config.etag);
            self.copy = sealed.map(Box::new);
            self.floor = None;
            self.shed = None;
        }
        let held = self
            .held()
            .filter(|(held, _)| epoch.is_none_or(|epoch| **epoch == **held));
        Accepted {
            is_new,
            is_behind: held.map(|(_, revision)| revision) < self.announced,
        }
    }

    /// After an answer that was behind: whether to ask again soon.
    pub fn retry_stale(&mut self) -> Option<Duration> {
        if self.stale < MAX_STALE {
            self.stale += 1;
            return Some(Duration::from_millis(100));
        }
        self.stale = 0;
        None
    }
}

/// An epoch, which nearly always is that of the stream: that is there once.
pub fn shared(stream: Option<&Arc<str>>, epoch: &str) -> Arc<str> {
    let same = stream.filter(|stream| ***stream == *epoch);
    same.map_or_else(|| epoch.into(), Arc::clone)
}

/// What came of an answer.
pub struct Accepted {
    /// Something else is held than before.
    pub is_new: bool,
    /// The answer is older than what is known to exist.
    pub is_behind: bool,
}

impl Trouble {
    /// What an answer means that is neither a config nor an outage.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Forbidden(refusal) => Self::Forbidden(refusal.to_string()),
            Error::NotFound(refusal) if refusal.code == "config_deleted" => Self::Deleted,
            Error::NotFound(_) => Self::NotFound,
            other => Self::Unusable(other.to_string()),
        }
    }
}
