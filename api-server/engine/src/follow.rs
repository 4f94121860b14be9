//! Following a journal that other servers append to.
//!
//! Its tail is read every so often. Each read begins with the entry that this server takes for the last: where another one
//! stands there, or none, the history that everything here rests on was rolled back. The writer takes in what is new, so
//! that there is one place that publishes a state.

use std::sync::Weak;
use std::time::Duration;

use ssm_domain::entry::Head;
use tokio::select;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::warn;

use crate::engine::Shared;
use crate::journal::{ReadError, StoredEntry};

/// How often the tail is read.
const EVERY: Duration = Duration::from_millis(200);
/// How long after a read the next one begins at the earliest, however many ask for it.
const AT_MOST_EVERY: Duration = Duration::from_millis(20);
/// How long somebody waits who asked for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many entries of a tail are read at first: most often there are fewer.
pub(crate) const FEW: usize = 16;

/// How far this server is known to be with a journal that others append to.
pub(crate) struct Following {
    /// Others appended, or rolled back: the writer has something to take in.
    pub(crate) behind: Notify,
    /// Somebody cannot wait for the next read.
    asked: Notify,
    /// When the published state was certainly the journal's end.
    confirmed: watch::Sender<Instant>,
    max_staleness: Duration,
}

impl Following {
    /// At the end of the journal now.
    pub(crate) fn new(max_staleness: Duration) -> Self {
        Self {
            behind: Notify::new(),
            asked: Notify::new(),
            confirmed: watch::Sender::new(Instant::now()),
            max_staleness,
        }
    }

    /// The published state was the journal's end at `when`.
    pub(crate) fn confirm(&self, when: Instant) {
        self.confirmed.send_if_modified(|confirmed| {
            let later = *confirmed < when;
            *confirmed = (*confirmed).max(when);
            later
        });
    }

    /// For how long there has been no news.
    pub(crate) fn silence(&self) -> Duration {
        self.confirmed.borrow().elapsed()
    }

    /// Whether others may have changed so much meanwhile that nothing can be told from what is known here.
    pub(crate) fn is_stale(&self) -> bool {
        self.silence() > self.max_staleness
    }

    /// Has the tail read soon.
    pub(crate) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Reads the tail now, or waits for one who does. False where that takes too long.
    pub(crate) async fn catch_up(&self) -> bool {
        let (now, mut confirmed) = (Instant::now(), self.confirmed.subscribe());
        self.ask();
        let reached = confirmed.wait_for(|confirmed| *confirmed >= now);
        matches!(timeout(PATIENCE, reached).await, Ok(Ok(_)))
    }
}

/// What the tail says of the published state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tail<'a> {
    /// These entries stand behind it, or none.
    Behind(&'a [StoredEntry]),
    /// Another history stands in its place.
    RolledBack,
}

impl<'a> Tail<'a> {
    /// Reads a tail that begins with the entry at `head`, where there is one.
    pub(crate) fn of(head: &Head, read: &'a [StoredEntry]) -> Self {
        if head.seq == 0 {
            return Self::Behind(read);
        }
        match read.split_first() {
            Some((own, behind)) if own.seq == head.seq && own.hash == head.hash => {
                Self::Behind(behind)
            }
            Some(_) | None => Self::RolledBack,
        }
    }
}

/// Reads at most `limit` entries from the one at `head` on.
pub(crate) async fn tail(
    shared: &Shared,
    head: &Head,
    limit: usize,
) -> Result<Vec<StoredEntry>, ReadError> {
    shared.journal.read(head.seq.saturating_sub(1), limit).await
}

/// Reads the tail for as long as there is an engine, and wakes the writer where there is something in it.
pub(crate) async fn run(shared: Weak<Shared>) {
    let mut well = true;
    while let Some(here) = shared.upgrade() {
        let Some(following) = here.following.clone() else {
            return;
        };
        let began = Instant::now();
        let head = *here.state.load().head();
        match tail(&here, &head, 2).await {
            Ok(read) => {
                well = true;
                match Tail::of(&head, &read) {
                    Tail::Behind([]) => following.confirm(began),
                    Tail::Behind(_) | Tail::RolledBack => following.behind.notify_one(),
                }
            }
            Err(error) => {
                if std::mem::replace(&mut well, false) {
                    warn!(%error, "the journal's tail cannot be read; trying again");
                }
            }
        }
        drop(here);
        sleep(AT_MOST_EVERY).await;
        select! {
            () = following.asked.notified() => {}
            () = sleep_until(began + EVERY) => {}
        }
    }
}
