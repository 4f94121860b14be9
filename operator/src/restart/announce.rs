//! Says in the status that workloads are to be restarted, before the data is changed that they are restarted for.

use k8s_openapi::jiff::Timestamp;
use kube::api::Patch;
use kube::{Api, Resource as _};
use serde_json::json;

use super::intent::announcement;
use super::run::list;
use crate::apply::Failure;
use crate::crd::{RESTART_ANNOTATION, SecretSync};
use crate::kube_error::{Meaning, meaning};
use crate::metrics;
use crate::plan::target_name;
use crate::reconcile::Context;
use crate::report::parameters;
use crate::store::key_of;

impl Context {
    /// To be called before a write that changes data (see [`super::intent::changes_data`]). Where it fails, the data must stay
    /// as it is.
    pub(crate) async fn announce_change(&self, sync: &SecretSync) -> Result<(), Failure> {
        if !self.restarts.is_enabled() {
            return Ok(());
        }
        let (key, named) = (key_of(sync), &sync.spec.restart.workloads);
        let workloads = &self.restarts.workloads;
        let unwilling = workloads.unwilling(&key.namespace, named);
        if !unwilling.is_empty() {
            let note = format!(
                "not restarted, as not there or without the annotation {RESTART_ANNOTATION}: \"true\": {}",
                list(unwilling.iter().map(ToString::to_string))
            );
            self.events
                .warning(sync.object_ref(&()), "RestartSkipped", note);
        }
        let concerned = workloads.concerned(&key.namespace, target_name(sync), named);
        // While it is not known whom this concerns, it may concern somebody.
        if concerned.is_some_and(|concerned| concerned.is_empty()) {
            return Ok(());
        }
        // The status may have moved on since this reconcile began, by our own hand alone.
        let known = self.store.sync(&key);
        let status = known.as_ref().unwrap_or(sync).status.as_ref();
        let Some(pending) = status.and_then(|status| announcement(status, Timestamp::now())) else {
            return Ok(());
        };
        metrics::api_write("status");
        // Of this very resource, but of whatever version of it: the announcement is true for all of them.
        let patch = json!({
            "metadata": { "uid": sync.metadata.uid },
            "status": { "restartPending": pending },
        });
        let api: Api<SecretSync> = Api::namespaced(self.client.clone(), &key.namespace);
        match api
            .patch_status(&key.name, &parameters(), &Patch::Merge(patch))
            .await
        {
            Ok(updated) => {
                self.restarts.announce(&key, &pending.replaces);
                for (key, lane) in self.store.update_sync(updated) {
                    self.queue.add(&key, lane);
                }
                Ok(())
            }
            Err(error) => match meaning(&error) {
                // There is no such resource any more: its Secret does not matter.
                Meaning::NotFound | Meaning::NamespaceGone => Err(Failure::NamespaceGone),
                // Others were faster, or another resource has this name by now, of which the watch is about to tell.
                Meaning::Conflict => Err(Failure::Transient(
                    "announcing a restart: the resource was changed meanwhile".to_owned(),
                )),
                Meaning::Refused(why) | Meaning::Transient(why) => {
                    Err(Failure::Transient(format!("announcing a restart: {why}")))
                }
            },
        }
    }
}
