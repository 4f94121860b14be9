//! Says what came of a reconcile: the status where it is news, then the log and an event.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource};
use serde_json::{Map, Value, json};

use crate::crd::{SecretSync, SecretSyncStatus};
use crate::kube_error::{Meaning, describe, meaning};
use crate::metrics;
use crate::plan::FIELD_MANAGER;
use crate::problem::{Concern, Problem};
use crate::queue::Key;
use crate::reconcile::Context;
use crate::status::{self, Outcome, READY, next};

impl Context {
    /// Writes the status where it is news, then tells.
    pub(crate) async fn report(
        &self,
        key: &Key,
        sync: &SecretSync,
        outcome: &Outcome,
    ) -> Result<&'static str, String> {
        // The status may have moved on since this reconcile began, by our own hand alone: a restart was announced, or made.
        let current = self.store.sync(key).filter(|current| {
            current.metadata.uid == sync.metadata.uid
                && current.metadata.generation == sync.metadata.generation
        });
        let sync = current.as_ref().unwrap_or(sync);
        let previous = sync.status.as_ref();
        let status = next(
            previous,
            sync.metadata.generation,
            outcome,
            Timestamp::now(),
        );
        let is_news = previous != Some(&status);
        if is_news {
            let api: Api<SecretSync> = Api::namespaced(self.client.clone(), &key.namespace);
            match patch_status(&api, sync, &status).await {
                Ok(updated) => {
                    for (key, lane) in self.store.update_sync(updated) {
                        self.queue.add(&key, lane);
                    }
                }
                Err(error) => match meaning(&error) {
                    Meaning::NotFound | Meaning::NamespaceGone => return Ok("ignored"),
                    // The resource was changed meanwhile; the watch is about to bring it.
                    Meaning::Conflict => {
                        self.queue.add_after(key, Duration::from_millis(100));
                        return Ok("superseded");
                    }
                    Meaning::Refused(why) | Meaning::Transient(why) => return Err(why),
                },
            }
        }
        // A status whose answer was lost told nobody of what was written.
        if is_news || outcome.synced.as_ref().is_some_and(|synced| synced.changed) {
            self.tell(key, sync, previous, &status, outcome);
        }
        if outcome.synced.is_some() {
            self.store.set_told(key);
        }
        Ok(match (&outcome.synced, &outcome.problem) {
            (Some(synced), _) if synced.changed => "written",
            (Some(_), None) => "unchanged",
            (_, Some(problem)) if problem.concern() == Concern::Suspended => "suspended",
            (_, Some(problem)) if problem.concern() == Concern::Outage => "unreachable",
            (_, Some(_)) => "refused",
            (None, None) => "waiting",
        })
    }

    fn tell(
        &self,
        key: &Key,
        sync: &SecretSync,
        previous: Option<&SecretSyncStatus>,
        status: &SecretSyncStatus,
        outcome: &Outcome,
    ) {
        if let Some(synced) = outcome.synced.as_ref().filter(|synced| synced.changed) {
            let revision = status.synced_revision.unwrap_or_default();
            tracing::info!(resource = %key, secret = synced.target.name, keys = synced.keys, revision, "Secret written");
            let note = format!(
                "Secret {} has {} keys at revision {revision}",
                synced.target.name, synced.keys
            );
            self.events.normal(sync.object_ref(&()), "Synced", note);
        }
        let reason = |status: &SecretSyncStatus| {
            status::find(status, READY).map(|ready| ready.reason.clone())
        };
        if let Some(problem) = &outcome.problem
            && previous.and_then(reason).as_deref() != Some(problem.reason())
            && problem.concern() != Concern::Suspended
        {
            tracing::warn!(resource = %key, reason = problem.reason(), problem = %problem, "cannot sync");
            self.events
                .warning(sync.object_ref(&()), problem.reason(), problem.to_string());
        }
    }

    /// Says of a resource that cannot be read that it cannot be read.
    pub async fn report_malformed(&self, key: &Key, metadata: kube::core::ObjectMeta, why: &str) {
        self.feeds.unsubscribe(key);
        let problem = Problem::Malformed {
            why: why.chars().filter(|c| !c.is_control()).take(200).collect(),
        };
        tracing::warn!(resource = %key, problem = %problem, "cannot read the resource");
        let status = next(
            None,
            metadata.generation,
            &Outcome::problem(problem),
            Timestamp::now(),
        );
        // As a bare object: the type cannot be used on what it cannot read.
        let resource = kube::core::ApiResource::erase::<SecretSync>(&());
        let api: Api<kube::core::DynamicObject> =
            Api::namespaced_with(self.client.clone(), &key.namespace, &resource);
        metrics::api_write("status");
        let patch = json!({ "status": { "conditions": status.conditions } });
        if let Err(error) = api
            .patch_status(&key.name, &parameters(), &Patch::Merge(patch))
            .await
        {
            tracing::debug!(resource = %key, error = describe(&error), "the status was not written");
        }
    }
}

/// Replaces the status of the very version that `sync` is.
pub(crate) async fn patch_status(
    api: &Api<SecretSync>,
    sync: &SecretSync,
    status: &SecretSyncStatus,
) -> Result<SecretSync, kube::Error> {
    metrics::api_write("status");
    let patch = json!({
        "metadata": { "uid": sync.metadata.uid, "resourceVersion": sync.metadata.resource_version },
        "status": merge_patch(sync.status.as_ref(), status)?,
    });
    api.patch_status(
        sync.metadata.name.as_deref().unwrap_or_default(),
        &parameters(),
        &Patch::Merge(patch),
    )
    .await
}

/// The whole status; what is there no more is named, since a merge patch leaves alone what it does not name.
fn merge_patch(
    previous: Option<&SecretSyncStatus>,
    status: &SecretSyncStatus,
) -> Result<Value, kube::Error> {
    let value = |status| serde_json::to_value(status).map_err(kube::Error::SerdeError);
    let mut patch = value(status)?;
    if let (Some(before), Some(now)) = (previous.map(value).transpose()?, patch.as_object_mut()) {
        for name in before.as_object().into_iter().flat_map(Map::keys) {
            now.entry(name.clone()).or_insert(Value::Null);
        }
    }
    Ok(patch)
}

pub(crate) fn parameters() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}
