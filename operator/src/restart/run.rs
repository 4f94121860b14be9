//! Makes the restarts that are due: patches pod templates, so that Kubernetes replaces the pods in the way that each workload
//! is set up for.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource as _};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::state::Due;
use super::workload::{Live, RESTARTED_AT, RESTARTED_FOR};
use crate::crd::{RestartPending, SecretSync, Workload};
use crate::kube_error::{Meaning, meaning};
use crate::metrics;
use crate::plan::{FIELD_MANAGER, target_name};
use crate::queue::Key;
use crate::reconcile::Context;
use crate::report::patch_status;
use crate::status::{RESTARTED, set_condition, whole_seconds};

/// Resources whose workloads are restarted at a time.
const AT_ONCE: usize = 4;
/// How often one workload is read and patched within one attempt, because somebody else was faster.
const MAX_ROUNDS: usize = 5;
/// A webhook may take half a minute to say nothing.
const CALL: Duration = Duration::from_secs(10);
/// Attempts without a list of workloads before anything is said about that.
const PATIENCE: u32 = 4;
/// Workloads that a message names.
const NAMED: usize = 8;

/// Restarts what is due, for ever.
pub async fn run(context: Arc<Context>) {
    let queue = &context.restarts.queue;
    let work = async {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                (key, _) = queue.take(|_| true), if running.len() < AT_ONCE => {
                    running.spawn(work(Arc::clone(&context), key));
                }
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    if ended.is_err() {
                        tracing::error!("a restart ended abnormally");
                    }
                }
            }
        }
    };
    tokio::join!(queue.run_timers(), work);
}

/// Gives the turn back, also after a panic, and when this replica has to stop in the middle of it.
struct Turn(Arc<Context>, Key);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.restarts.release(&self.1);
        self.0.restarts.queue.done(&self.1);
    }
}

async fn work(context: Arc<Context>, key: Key) {
    let turn = Turn(context, key);
    let Turn(context, key) = &turn;
    let Some(sync) = context.store.sync(key) else {
        context.restarts.forget(key);
        return;
    };
    let Some(due) = context.restarts.take(key, &sync) else {
        return;
    };
    let Some(pending) = pending(&sync, &due) else {
        context.restarts.overtaken(key, &due);
        return;
    };
    let outcome = context.restart(key, &sync, pending, &due).await;
    match context.tell_restart(key, &sync, &outcome, &due).await {
        Ok(()) if outcome.is_complete() => context.restarts.succeeded(key, &due),
        Ok(()) => context.restarts.failed(key, &due),
        Err(Meaning::Conflict) => context.restarts.overtaken(key, &due),
        Err(Meaning::NotFound | Meaning::NamespaceGone) => context.restarts.forget(key),
        Err(Meaning::Refused(why) | Meaning::Transient(why)) => {
            tracing::warn!(resource = %key, error = why, "cannot tell that workloads were restarted");
            context.restarts.failed(key, &due);
        }
    }
}

/// What the status says of this restart, unless it speaks of another one by now.
fn pending<'a>(sync: &'a SecretSync, due: &Due) -> Option<&'a RestartPending> {
    let pending = sync.status.as_ref()?.restart_pending.as_ref()?;
    (pending.replaces == due.change).then_some(pending)
}

/// What came of an attempt.
#[derive(Debug, Default)]
struct Outcome {
    /// It is not known who is concerned.
    is_unknown: bool,
    restarted: Vec<Workload>,
    /// Those that have it behind them already.
    earlier: usize,
    failed: Vec<(Workload, String)>,
}

impl Outcome {
    fn is_complete(&self) -> bool {
        !self.is_unknown && self.failed.is_empty()
    }
}

/// What came of one workload.
enum One {
    Restarted,
    /// It was restarted for this change before, and nobody may have been told.
    Before,
    /// It was restarted for another resource's change, and has this one as well.
    Earlier,
    /// It is gone, has not opted in any more, or does not use the Secret any more.
    Skipped,
}

impl Context {
    async fn restart(
        &self,
        key: &Key,
        sync: &SecretSync,
        pending: &RestartPending,
        due: &Due,
    ) -> Outcome {
        let (secret, named) = (target_name(sync), &sync.spec.restart.workloads);
        let workloads = &self.restarts.workloads;
        let mut outcome = Outcome::default();
        let Some(concerned) = workloads.concerned(&key.namespace, secret, named) else {
            outcome.is_unknown = true;
            return outcome;
        };
        for workload in concerned {
            match self.restart_one(key, sync, &workload, pending, due).await {
                Ok(One::Restarted) => {
                    metrics::restart("restarted");
                    tracing::info!(resource = %key, %workload, secret, "restarted");
                    outcome.restarted.push(workload);
                }
                Ok(One::Before) => outcome.restarted.push(workload),
                Ok(One::Earlier) => outcome.earlier += 1,
                Ok(One::Skipped) => metrics::restart("skipped"),
                Err(why) => {
                    metrics::restart("failed");
                    tracing::warn!(resource = %key, %workload, secret, error = why, "cannot restart");
                    outcome.failed.push((workload, why));
                }
            }
        }
        outcome
    }

    async fn restart_one(
        &self,
        key: &Key,
        sync: &SecretSync,
        workload: &Workload,
        pending: &RestartPending,
        due: &Due,
    ) -> Result<One, String> {
        let api: Api<Live> =
            Api::namespaced_with(self.client.clone(), &key.namespace, &workload.kind);
        let named = &sync.spec.restart.workloads;
        let change = format!("{}/{}", key.name, due.change);
        let latest = self.restarts.latest(&key.namespace, workload);
        let mut latest = latest.lock().await;
        for _ in 0..MAX_ROUNDS {
            let began = Instant::now();
            let call = async {
                let Some(live) = api.get_opt(&workload.name).await? else {
                    return Ok(One::Skipped);
                };
                if !live.is_concerned(workload, target_name(sync), named) {
                    return Ok(One::Skipped);
                }
                if live.restarted_for() == Some(&change) {
                    return Ok(One::Before);
                }
                let has_it = |(began, change): &(Instant, String)| {
                    *began > due.made_at && live.restarted_for() == Some(change)
                };
                if latest.as_ref().is_some_and(has_it) {
                    return Ok(One::Earlier);
                }
                *latest = Some((began, change.clone()));
                metrics::api_write("workload_patch");
                // With the version that was looked at, so that no opt-in is overlooked that was taken back just now.
                let patch = json!({
                    "metadata": { "resourceVersion": live.meta().resource_version },
                    "spec": { "template": { "metadata": { "annotations": {
                        RESTARTED_AT: pending.since,
                        RESTARTED_FOR: change,
                    } } } },
                });
                let parameters = PatchParams {
                    field_manager: Some(FIELD_MANAGER.to_owned()),
                    ..PatchParams::default()
                };
                api.patch(&workload.name, &parameters, &Patch::Merge(patch))
                    .await?;
                Ok(One::Restarted)
            };
            match timeout(CALL, call).await {
                Ok(Ok(one)) => return Ok(one),
                Ok(Err(error)) => match meaning(&error) {
                    Meaning::Conflict => {}
                    Meaning::NotFound | Meaning::NamespaceGone => return Ok(One::Skipped),
                    Meaning::Refused(why) | Meaning::Transient(why) => return Err(why),
                },
                Err(_) => return Err(format!("no answer within {CALL:?}")),
            }
        }
        Err("others keep changing it".to_owned())
    }

    /// Writes what came of an attempt into the status, where that is news, and ends the announcement when all is done.
    async fn tell_restart(
        &self,
        key: &Key,
        sync: &SecretSync,
        outcome: &Outcome,
        due: &Due,
    ) -> Result<(), Meaning> {
        if outcome.is_unknown && due.failures < PATIENCE {
            return Ok(());
        }
        let current = self.store.sync(key).ok_or(Meaning::NotFound)?;
        // What was announced meanwhile is told of when it is done.
        if pending(&current, due).is_none() {
            return Ok(());
        }
        let mut status = current.status.clone().unwrap_or_default();
        let (value, reason, message) = words(outcome);
        if outcome.is_complete() {
            status.restart_pending = None;
        }
        set_condition(
            &mut status.conditions,
            RESTARTED,
            value,
            reason,
            message.clone(),
            current.metadata.generation,
            &whole_seconds(Timestamp::now()),
        );
        if current.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let api: Api<SecretSync> = Api::namespaced(self.client.clone(), &key.namespace);
        let updated = patch_status(&api, &current, &status)
            .await
            .map_err(|error| meaning(&error))?;
        for (key, lane) in self.store.update_sync(updated) {
            self.queue.add(&key, lane);
        }
        let about = sync.object_ref(&());
        if !outcome.is_complete() {
            self.events.warning(about, reason, message);
        } else if !outcome.restarted.is_empty() {
            self.events.normal(about, reason, message);
        }
        Ok(())
    }
}

/// The first of them, and how many more there are.
pub(super) fn list(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    match texts.split_at_checked(NAMED) {
        Some((named, more @ [_, ..])) => {
            format!("{} and {} more", named.join("; "), more.len())
        }
        _ => texts.join("; "),
    }
}

/// The condition: status, reason and message.
fn words(outcome: &Outcome) -> (&'static str, &'static str, String) {
    if outcome.is_unknown {
        let message = "it is not known which workloads to restart, since the operator cannot list them; see its log and its rights";
        return ("False", "WorkloadsUnknown", message.to_owned());
    }
    if !outcome.failed.is_empty() {
        let failed = outcome.failed.iter();
        let failed = failed.map(|(workload, why)| format!("{workload} cannot be restarted: {why}"));
        let message = format!("{}; the operator keeps trying", list(failed));
        return ("False", "RestartFailed", message);
    }
    if outcome.restarted.is_empty() && outcome.earlier == 0 {
        return ("True", "NothingToRestart", String::new());
    }
    let restarted = outcome.restarted.iter().map(ToString::to_string);
    ("True", "Restarted", list(restarted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::WorkloadKind;

    fn workload(number: usize) -> Workload {
        Workload {
            kind: WorkloadKind::Deployment,
            name: format!("web{number}"),
        }
    }

    #[test]
    fn a_message_names_few_workloads() {
        let outcome = |count| Outcome {
            restarted: (0..count).map(workload).collect(),
            ..Outcome::default()
        };
        assert_eq!(words(&outcome(0)).1, "NothingToRestart");
        assert_eq!(words(&outcome(2)).2, "Deployment web0; Deployment web1");
        assert!(words(&outcome(8)).2.ends_with("Deployment web7"));
        assert!(words(&outcome(11)).2.ends_with("web7 and 3 more"));
    }

    #[test]
    fn one_failure_leaves_the_restart_open() {
        let outcome = Outcome {
            restarted: vec![workload(1)],
            failed: vec![(workload(2), "403 Forbidden".to_owned())],
            ..Outcome::default()
        };
        assert!(!outcome.is_complete());
        let (value, reason, message) = words(&outcome);
        assert_eq!((value, reason), ("False", "RestartFailed"));
        assert!(
            message.starts_with("Deployment web2 cannot be restarted: 403"),
            "{message}"
        );
    }
}
