//! What the server remembers and may lose: when tokens were last used, how often somebody failed to sign in, what was
//! answered to an idempotency key, and who said to have which revision.
//!
//! All of it lives in memory, bounded, and is written behind every few seconds and at shutdown. A crash loses the last
//! seconds and nothing else; storage that fails is logged, and no request ever waits for it.

mod flush;
mod kept;
mod last_used;
mod reports;
mod sharing;

use std::sync::Arc;

use async_trait::async_trait;
use ssm_domain::id::TokenId;
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;
use tokio::sync::Mutex;

pub(crate) use flush::run as flush_regularly;
pub use kept::Kept;
use last_used::LastUsed;
pub use reports::{Consumer, ConsumerId, InvalidConsumer, Reports, Told};
use sharing::Sharing;

use crate::journal::ReadError;

/// The most throttling counts: one for each account and address that somebody failed with lately.
const MOST_COUNTS: usize = 20_000;
/// The most answers to idempotency keys.
const MOST_ANSWERS: usize = 20_000;
/// The most bytes that the counts, or the answers, take.
const MOST_BYTES: usize = 8 << 20;

/// What a record of the activity is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityKind {
    /// When a token was last used.
    LastUsed,
    /// How often signing in failed.
    Throttle,
    /// What was answered to an idempotency key.
    Answer,
    /// Which revisions a consumer has.
    Report,
}

impl ActivityKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::LastUsed, Self::Throttle, Self::Answer, Self::Report];

    /// The kind as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LastUsed => "last_used",
            Self::Throttle => "throttle",
            Self::Answer => "answer",
            Self::Report => "report",
        }
    }

    /// The kind that is stored so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One thing that is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRecord {
    /// What it is about; together with `id` its name.
    pub kind: ActivityKind,
    /// Which of its kind it is.
    pub id: String,
    /// What is remembered.
    pub body: Vec<u8>,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// Something beside the entries could not be stored. Some of it may be there all the same.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be stored: {0}")]
pub struct StoreError(pub String);

/// A place that keeps the activity. It may lose everything.
#[async_trait]
pub trait ActivityStore {
    /// Every record that is there.
    async fn load_activity(&self) -> Result<Vec<ActivityRecord>, ReadError>;

    /// Every record of a kind that expires after `expires_after`.
    async fn load_activity_after(
        &self,
        kind: ActivityKind,
        expires_after: Timestamp,
    ) -> Result<Vec<ActivityRecord>, ReadError>;

    /// Stores records, each in the place of an earlier one of its name, and deletes whatever has expired at `now`,
    /// records that were just given included.
    async fn save_activity(
        &self,
        records: Arc<[ActivityRecord]>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The activity in memory.
pub struct Activity {
    last_used: LastUsed,
    throttle: Kept,
    answers: Kept,
    reports: Arc<Reports>,
    sharing: Sharing,
    flushing: Mutex<flush::Flushing>,
}

impl Activity {
    /// The activity that these records are; of tokens, only what `state` knows.
    pub(crate) fn load(records: Vec<ActivityRecord>, state: &State, now: Timestamp) -> Self {
        let activity = Self {
            last_used: LastUsed::default(),
            throttle: Kept::new(ActivityKind::Throttle, MOST_COUNTS, MOST_BYTES),
            answers: Kept::new(ActivityKind::Answer, MOST_ANSWERS, MOST_BYTES),
            reports: Arc::default(),
            sharing: Sharing::since(now),
            flushing: Mutex::default(),
        };
        for record in records {
            match record.kind {
                ActivityKind::LastUsed => activity.last_used.load(record, state),
                ActivityKind::Throttle => activity.throttle.load(record, now),
                ActivityKind::Answer => activity.answers.load(record, now),
                ActivityKind::Report => activity.reports.load(&record, now),
            }
        }
        activity
    }

    /// Remembers that a token was used. Goes with every request, and costs as little as that asks for.
    pub fn touch_token(&self, id: TokenId, now: Timestamp) {
        self.last_used.touch(id, now);
    }

    /// When a token was last used, to the second. It also tells how long a session has been idle.
    pub fn last_used(&self, id: TokenId) -> Option<Timestamp> {
        self.last_used.get(id)
    }

    /// How often signing in failed, by whatever is throttled.
    pub fn throttle(&self) -> &Kept {
        &self.throttle
    }

    /// What was answered, by idempotency key.
    pub fn answers(&self) -> &Kept {
        &self.answers
    }

    /// Who said to have which revision, as far as it was said here or read since.
    pub fn reports(&self) -> &Reports {
        &self.reports
    }
}
