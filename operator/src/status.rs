//! What a resource's status should be after a reconcile. Pure: the previous status and what happened give the next one.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use crate::crd::{SecretSyncStatus, SourceStatus, TargetStatus};
use crate::problem::{Concern, Problem};
use crate::restart::intent::settle;

/// The Secret is there, with what was last read.
pub const READY: &str = "Ready";
/// The last attempt to bring the Secret up to date succeeded.
pub const SYNCED: &str = "Synced";
/// The server answers.
pub const UPSTREAM_REACHABLE: &str = "UpstreamReachable";
/// The token is there, may be sent to the server, and is accepted.
pub const AUTH_VALID: &str = "AuthValid";

/// The last restart of workloads that the data called for was made. Only there after one.
pub const RESTARTED: &str = "Restarted";

/// The token expires within a week. Only said where it was or is about to.
pub const TOKEN_EXPIRING: &str = "TokenExpiring";

/// What is known about something that may also be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Known {
    /// It holds.
    Yes,
    /// It does not, and why.
    No(String),
    /// Nothing new: what was said before stands.
    #[default]
    Unchanged,
}

/// What is known of the end of the token's life.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expiring {
    /// It is near; in words.
    Yes(String),
    /// It is not.
    No,
    /// Nothing new.
    #[default]
    Unchanged,
}

/// A Secret that is as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Synced {
    /// What is in it.
    pub sources: Vec<SourceStatus>,
    /// How many keys it has.
    pub keys: u32,
    /// Keys that more than one source has.
    pub overlapping: Vec<String>,
    /// The Secret.
    pub target: TargetStatus,
    /// Whether it was written since the last status that tells of it.
    pub changed: bool,
}

/// What a reconcile found and did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The Secret, where it is as it should be.
    pub synced: Option<Synced>,
    /// What stands in the way, where something does. With `synced`: what will stand in the way of the next change.
    pub problem: Option<Problem>,
    /// Whether the server answers.
    pub reachable: Known,
    /// Whether the token is good.
    pub auth: Known,
    /// Whether the token is about to expire.
    pub expiring: Expiring,
    /// Nothing of the resource's is on the cluster, because its configs were deleted.
    pub removed: bool,
    /// The wish for a look at everything that was followed, see [`crate::crd::RECONCILE_AT_ANNOTATION`].
    pub reconcile_at: Option<String>,
}

impl Outcome {
    /// Nothing was done, and why.
    pub fn problem(problem: Problem) -> Self {
        let auth = if problem.concern() == Concern::Token {
            Known::No(problem.to_string())
        } else {
            Known::Unchanged
        };
        Self {
            problem: Some(problem),
            auth,
            ..Self::default()
        }
    }
}

/// The next status. Equal to the previous one where nothing changed, so that nothing is written.
pub fn next(
    previous: Option<&SecretSyncStatus>,
    generation: Option<i64>,
    outcome: &Outcome,
    now: Timestamp,
) -> SecretSyncStatus {
    let now = whole_seconds(now);
    let mut status = previous.cloned().unwrap_or_default();
    status.observed_generation = generation;
    if let Some(at) = &outcome.reconcile_at {
        status.last_reconcile_at = Some(at.clone());
    }
    if outcome.removed {
        status.sources.clear();
        status.overlapping_keys.clear();
        (status.synced_generation, status.synced_revision) = (None, None);
        (status.synced_keys, status.target) = (None, None);
        // Nobody can start with what is not there.
        status.restart_pending = None;
    }
    if let Some(synced) = &outcome.synced {
        // A status whose answer was lost may be there all the same.
        let is_told = status.target.as_ref() == Some(&synced.target);
        let is_news = synced.changed && !is_told;
        settle(&mut status, synced);
        status.synced_generation = generation;
        status.synced_revision = synced.sources.iter().map(|source| source.revision).max();
        status.sources.clone_from(&synced.sources);
        status.synced_keys = Some(synced.keys);
        status.overlapping_keys.clone_from(&synced.overlapping);
        // The version in the status is that of our own last write; somebody else's write that changed nothing of ours is
        // not worth one.
        let is_ours = status
            .target
            .as_ref()
            .is_some_and(|old| old.uid == synced.target.uid && old.name == synced.target.name);
        if is_news || !is_ours {
            status.target = Some(synced.target.clone());
        }
        if is_news || status.last_sync_time.is_none() {
            status.last_sync_time = Some(now.clone());
        }
    }
    let mut set = |type_: &str, value: &'static str, reason: &str, message: String| {
        set_condition(
            &mut status.conditions,
            type_,
            value,
            reason,
            message,
            generation,
            &now,
        );
    };
    let is_new = previous.is_some_and(|previous| previous.observed_generation != generation);
    conditions(previous, is_new, outcome, &mut set);
    status
}

fn conditions(
    previous: Option<&SecretSyncStatus>,
    is_new: bool,
    outcome: &Outcome,
    set: &mut impl FnMut(&str, &'static str, &str, String),
) {
    let was_ready = previous
        .and_then(|status| find(status, READY))
        .map(|condition| condition.status.as_str());
    match &outcome.problem {
        None => {
            if outcome.synced.is_some() {
                set(
                    READY,
                    "True",
                    "Synced",
                    "The Secret is up to date.".to_owned(),
                );
                set(SYNCED, "True", "Synced", String::new());
            }
        }
        Some(problem) => {
            let (reason, message) = (problem.reason(), problem.to_string());
            match problem.concern() {
                // What is in the Secret is still what was last said to be right, unless another spec came since.
                Concern::Outage => {
                    if outcome.synced.is_some() {
                        set(
                            READY,
                            "True",
                            "Synced",
                            "The Secret is up to date.".to_owned(),
                        );
                    } else if was_ready.is_none() || is_new {
                        set(READY, "False", reason, message.clone());
                    }
                    if outcome.synced.is_none() || matches!(outcome.reachable, Known::No(_)) {
                        set(SYNCED, "False", reason, message);
                    }
                }
                Concern::Suspended => {
                    set(
                        READY,
                        if was_ready == Some("True") {
                            "True"
                        } else {
                            "False"
                        },
                        reason,
                        message.clone(),
                    );
                    set(SYNCED, "Unknown", reason, message);
                }
                Concern::Resource | Concern::Token | Concern::Upstream | Concern::Target => {
                    set(READY, "False", reason, message.clone());
                    set(SYNCED, "False", reason, message);
                }
            }
        }
    }
    let reason = outcome.problem.as_ref().map_or("", Problem::reason);
    match &outcome.reachable {
        Known::Yes => set(UPSTREAM_REACHABLE, "True", "Reachable", String::new()),
        Known::No(why) => set(
            UPSTREAM_REACHABLE,
            "False",
            "UpstreamUnreachable",
            why.clone(),
        ),
        Known::Unchanged
            if previous
                .and_then(|status| find(status, UPSTREAM_REACHABLE))
                .is_none() =>
        {
            set(UPSTREAM_REACHABLE, "Unknown", "NotTried", String::new());
        }
        Known::Unchanged => {}
    }
    match &outcome.auth {
        Known::Yes => set(AUTH_VALID, "True", "Accepted", String::new()),
        Known::No(why) => set(
            AUTH_VALID,
            "False",
            if reason.is_empty() {
                "Unauthorized"
            } else {
                reason
            },
            why.clone(),
        ),
        Known::Unchanged
            if previous
                .and_then(|status| find(status, AUTH_VALID))
                .is_none() =>
        {
            set(AUTH_VALID, "Unknown", "NotTried", String::new());
        }
        Known::Unchanged => {}
    }
    let was_expiring = previous.and_then(|status| find(status, TOKEN_EXPIRING));
    match &outcome.expiring {
        Expiring::Yes(why) => set(TOKEN_EXPIRING, "True", "TokenExpiring", why.clone()),
        Expiring::No if was_expiring.is_some() => {
            set(TOKEN_EXPIRING, "False", "NotExpiring", String::new());
        }
        Expiring::No | Expiring::Unchanged => {}
    }
}

/// The condition of a type.
pub fn find<'a>(status: &'a SecretSyncStatus, type_: &str) -> Option<&'a Condition> {
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == type_)
}

/// Sets the condition of a type; its time stays where its status does.
pub(crate) fn set_condition(
    conditions: &mut Vec<Condition>,
    type_: &str,
    value: &str,
    reason: &str,
    message: String,
    generation: Option<i64>,
    now: &Time,
) {
    let found = conditions
        .iter()
        .position(|condition| condition.type_ == type_);
    let since = match found.and_then(|at| conditions.get(at)) {
        Some(old) if old.status == value => old.last_transition_time.clone(),
        _ => now.clone(),
    };
    let condition = Condition {
        last_transition_time: since,
        message,
        observed_generation: generation,
        reason: reason.to_owned(),
        status: value.to_owned(),
        type_: type_.to_owned(),
    };
    match found {
        Some(at) => conditions[at] = condition,
        None => conditions.push(condition),
    }
}

/// Kubernetes stores whole seconds; anything finer would make an unchanged status look changed.
pub(crate) fn whole_seconds(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
