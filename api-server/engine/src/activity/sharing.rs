//! What other servers were told of who has which revision.

use std::sync::Arc;
use std::time::Duration;

use ssm_domain::time::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::{Activity, ActivityKind, Reports, reports};
use crate::journal::Journal;

/// How often other servers' reports are read at most.
const PAUSE: Duration = Duration::from_secs(1);
/// By how much the clocks of two servers, and the moments of stamping and of storing, may be apart.
const SLACK: Duration = Duration::from_mins(1);
/// How long somebody waits for what other servers were told.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far other servers' reports have been read.
pub(super) struct Sharing(Arc<Mutex<Read>>);

struct Read {
    up_to: Timestamp,
    /// When the last attempt began.
    began: Option<Instant>,
}

impl Sharing {
    /// Everything that was stored before `now` has been read.
    pub(super) fn since(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Read {
            up_to: now,
            began: None,
        })))
    }
}

impl Activity {
    /// Takes in what other servers have stored since a moment ago. What cannot be read is passed over: it comes with a later
    /// call.
    pub(crate) async fn hear_of_reports(&self, journal: &Arc<dyn Journal>, now: Timestamp) {
        self.hear(journal, now, PAUSE).await;
    }

    /// Takes in what other servers have stored up to this call.
    pub(super) async fn hear_of_newest_reports(&self, journal: &Arc<dyn Journal>, now: Timestamp) {
        self.hear(journal, now, Duration::ZERO).await;
    }

    async fn hear(&self, journal: &Arc<dyn Journal>, now: Timestamp, max_age: Duration) {
        if journal.is_shared() {
            let asked = Instant::now();
            let is_enough = move |began: Instant| began + max_age > asked;
            let (read, reports) = (self.sharing.0.clone(), self.reports.clone());
            let read = catch_up(read, reports, journal.clone(), now, is_enough);
            // It goes on without whoever asked. Nobody waits for long: an answer without what is newest is better than none.
            let _ = timeout(PATIENCE, tokio::spawn(read)).await;
        }
    }
}

/// Reads unless an attempt has begun that `is_enough`. There is one at a time.
async fn catch_up(
    read: Arc<Mutex<Read>>,
    reports: Arc<Reports>,
    journal: Arc<dyn Journal>,
    now: Timestamp,
    is_enough: impl Fn(Instant) -> bool,
) {
    let mut read = read.lock().await;
    if read.began.is_some_and(is_enough) {
        return;
    }
    read.began = Some(Instant::now());
    let stored_after = read.up_to.as_millis() - millis(SLACK);
    let after = Timestamp::from_millis(stored_after + millis(reports::KEPT));
    match journal
        .load_activity_after(ActivityKind::Report, after)
        .await
    {
        Ok(records) => {
            for record in &records {
                reports.load(record, now);
            }
            read.up_to = read.up_to.max(now);
        }
        Err(error) => debug!(%error, "what other servers were told cannot be read now"),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
