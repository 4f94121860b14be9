//! What other servers were told of who has which revision.

use std::time::Duration;

use ssm_domain::time::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::{Activity, ActivityKind, reports};
use crate::journal::Journal;

/// How often other servers' reports are read at most.
const PAUSE: Duration = Duration::from_secs(1);
/// By how much the clocks of two servers, and the moments of stamping and of storing, may be apart.
const SLACK: Duration = Duration::from_mins(1);
/// How long somebody waits for what other servers were told.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far other servers' reports have been read.
pub(super) struct Sharing(Mutex<Read>);

struct Read {
    up_to: Timestamp,
    at: Option<Instant>,
}

impl Sharing {
    /// Everything that was stored before `now` has been read.
    pub(super) fn since(now: Timestamp) -> Self {
        Self(Mutex::new(Read {
            up_to: now,
            at: None,
        }))
    }
}

impl Activity {
    /// Takes in what other servers have stored since the last time. What cannot be read is passed over: it comes with a later
    /// call.
    pub(crate) async fn hear_of_reports(&self, journal: &dyn Journal, now: Timestamp) {
        if journal.is_shared() {
            // Nobody waits for long: an answer without what is newest is better than none.
            let _ = timeout(PATIENCE, self.read_reports(journal, now)).await;
        }
    }

    async fn read_reports(&self, journal: &dyn Journal, now: Timestamp) {
        let mut read = self.sharing.0.lock().await;
        if read.at.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        let stored_after = read.up_to.as_millis() - millis(SLACK);
        let after = Timestamp::from_millis(stored_after + millis(reports::KEPT));
        match journal
            .load_activity_after(ActivityKind::Report, after)
            .await
        {
            Ok(records) => {
                for record in &records {
                    self.reports.load(record, now);
                }
                *read = Read {
                    up_to: now,
                    at: Some(Instant::now()),
                };
            }
            Err(error) => debug!(%error, "what other servers were told cannot be read now"),
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
