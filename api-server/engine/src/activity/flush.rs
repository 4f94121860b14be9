//! Writes the activity behind.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ssm_domain::time::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::{Activity, ActivityKind, ActivityRecord};
use crate::engine::{Shared, now};
use crate::journal::Journal;

/// How often changes are stored, and so how much of them a crash loses.
const EVERY: Duration = Duration::from_secs(5);

/// How many changes are stored at once, so that appends come in between.
const AT_ONCE: usize = 1_000;

/// How storing has gone so far.
#[derive(Default)]
pub(super) struct Flushing {
    fails: bool,
}

/// Stores changes every few seconds for as long as there is an engine.
pub(crate) async fn run(shared: Weak<Shared>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        shared
            .activity
            .flush(&shared.journal, now(&shared.state.load()))
            .await;
    }
}

impl Activity {
    /// Stores what has changed. What cannot be stored now stays for the next time.
    pub(crate) async fn flush(&self, journal: &Arc<dyn Journal>, now: Timestamp) {
        let mut flushing = self.flushing.lock().await;
        if self.reports.have_changed() {
            // What another server was told later must not be replaced by what was told here before.
            self.hear_of_newest_reports(journal, now).await;
        }
        let changes = self.take_changes(now);
        for changes in changes.chunks(AT_ONCE) {
            self.save(&**journal, &mut flushing, changes.into(), now)
                .await;
        }
    }

    async fn save(
        &self,
        journal: &dyn Journal,
        flushing: &mut Flushing,
        changes: Arc<[ActivityRecord]>,
        now: Timestamp,
    ) {
        let saved = journal.save_activity(changes.clone(), now).await;
        let failed_before = std::mem::replace(&mut flushing.fails, saved.is_err());
        match saved {
            Ok(()) if failed_before => info!("last-used times and counts are stored again"),
            Ok(()) => {}
            Err(error) => {
                if !failed_before {
                    warn!(%error, "last-used times and counts are not stored at the moment");
                }
                changes.iter().for_each(|change| self.put_back(change));
            }
        }
    }

    fn take_changes(&self, now: Timestamp) -> Vec<ActivityRecord> {
        let mut changes = self.last_used.take_changes();
        changes.extend(self.throttle.take_changes(now));
        changes.extend(self.answers.take_changes(now));
        changes.extend(self.reports.take_changes(now));
        changes
    }

    fn put_back(&self, change: &ActivityRecord) {
        match change.kind {
            ActivityKind::LastUsed => self.last_used.put_back(change),
            ActivityKind::Throttle => self.throttle.put_back(change),
            ActivityKind::Answer => self.answers.put_back(change),
            ActivityKind::Report => self.reports.put_back(change),
        }
    }
}
