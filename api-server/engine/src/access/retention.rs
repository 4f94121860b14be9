//! Deletes records that have been kept long enough.

use std::sync::Weak;
use std::time::Duration;

use ssm_domain::time::Timestamp;
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::engine::{Shared, now};

/// How often it is looked for old records.
const EVERY: Duration = Duration::from_hours(1);
/// How many are deleted at a time, so that nobody who writes waits for long.
const AT_A_TIME: usize = 2_000;

/// Deletes old records every hour for as long as there is an engine.
pub(crate) async fn trim_regularly(shared: Weak<Shared>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        trim(&shared).await;
    }
}

/// Deletes every record that is older than it has to be kept.
async fn trim(shared: &Shared) {
    let now = now(&shared.state.load());
    let before = earlier(now, shared.access.options.retention);
    let mut deleted = 0;
    loop {
        match shared.journal.trim_access(before, AT_A_TIME).await {
            Ok(count) => {
                deleted += count;
                if count < AT_A_TIME {
                    break;
                }
                yield_now().await;
            }
            Err(error) => {
                warn!(%error, "old records of reads and refusals cannot be deleted at the moment");
                break;
            }
        }
    }
    if deleted > 0 {
        info!(deleted, %before, "old records of reads and refusals are deleted");
    }
}

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(time.as_millis().saturating_sub(by))
}
