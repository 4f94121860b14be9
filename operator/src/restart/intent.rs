//! What has to be restarted for, and when. Pure.

use std::hash::RandomState;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use crate::crd::{RestartPending, SecretSync, SecretSyncStatus};
use crate::desired::Desired;
use crate::plan::{Plan, Written, target_name};
use crate::status::{Synced, whole_seconds};

/// Whether a plan brings other data than the last sync did, so that pods which use the Secret have old values. A first sync, the
/// repair of a Secret that others edited or deleted, and a change of labels do not.
///
/// `written` is what this process has written last; without it, the status is asked.
pub fn changes_data(
    sync: &SecretSync,
    desired: &Desired,
    plan: &Plan,
    live: Option<&Secret>,
    written: Option<&Written>,
    hasher: &RandomState,
) -> bool {
    let Some(status) = &sync.status else {
        return false;
    };
    // Nobody has used a Secret that is about to be made under a new name.
    if status
        .target
        .as_ref()
        .is_none_or(|target| target.name != target_name(sync))
    {
        return false;
    }
    let put = match plan {
        Plan::Nothing | Plan::Read | Plan::HandOver(_) => return false,
        Plan::PatchData { data, .. } => Some(data),
        Plan::Create(secret)
        | Plan::Update(secret)
        | Plan::Replace { secret, .. }
        | Plan::Apply(secret) => secret.data.as_ref(),
    };
    if live.is_some_and(|live| live.data.as_ref().unwrap_or(&NOTHING) == put.unwrap_or(&NOTHING)) {
        return false;
    }
    match written {
        Some(written) => written.fingerprint.data != desired.fingerprint(hasher).data,
        None => {
            status.sources != desired.sources
                || status.synced_generation != sync.metadata.generation
        }
    }
}

static NOTHING: std::collections::BTreeMap<String, k8s_openapi::ByteString> =
    std::collections::BTreeMap::new();

/// What the status has to say before the data is changed; `None` where it says so already.
pub fn announcement(status: &SecretSyncStatus, now: Timestamp) -> Option<RestartPending> {
    let replaces = &status.target.as_ref()?.resource_version;
    let pending = status.restart_pending.as_ref();
    if pending.is_some_and(|pending| pending.replaces == *replaces) {
        return None;
    }
    // A change that is made, and not restarted for yet, must not be forgotten should this one not come.
    let former = pending.filter(|_| is_made(status)).map(|pending| {
        let first = pending.former.as_ref();
        first.unwrap_or(&pending.replaces).clone()
    });
    Some(RestartPending {
        since: whole_seconds(now),
        replaces: replaces.clone(),
        former,
    })
}

/// Whether the Secret was changed since the restart was announced. Before that nothing is restarted.
pub fn is_made(status: &SecretSyncStatus) -> bool {
    let target = status.target.as_ref();
    let pending = status.restart_pending.as_ref();
    pending.is_some_and(|pending| {
        target.is_some_and(|target| target.resource_version != pending.replaces)
    })
}

/// The Secret is as it should be: either the announced change is in it, or it has turned out that there is none.
///
/// To be called on the status of before, ahead of anything that `synced` tells.
pub fn settle(status: &mut SecretSyncStatus, synced: &Synced) {
    if status.restart_pending.is_none() || is_made(status) {
        return;
    }
    let was_written = status
        .target
        .as_ref()
        .is_none_or(|target| target.resource_version != synced.target.resource_version);
    if was_written {
        // Also where the process that wrote it had no time to say so.
        status.target = Some(synced.target.clone());
    } else {
        status.restart_pending = status.restart_pending.take().and_then(|pending| {
            Some(RestartPending {
                replaces: pending.former?,
                former: None,
                ..pending
            })
        });
    }
}

/// How long changes have been gathered for one restart. It counts by a clock that does not jump.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    opened: Instant,
    age: Duration,
}

impl Window {
    /// It opens now.
    pub fn open(now: Instant) -> Self {
        Self {
            opened: now,
            age: Duration::ZERO,
        }
    }

    /// It was opened `since`, by another process; `today` is that time's now.
    pub fn reopen(since: Timestamp, today: Timestamp, now: Instant) -> Self {
        let age = today.duration_since(since);
        Self {
            opened: now,
            age: age.try_into().unwrap_or_default(),
        }
    }

    /// How long until it closes.
    pub fn left(&self, debounce: Duration, now: Instant) -> Duration {
        debounce.saturating_sub(self.age.saturating_add(now - self.opened))
    }
}

#[cfg(test)]
#[path = "intent_tests.rs"]
mod tests;
