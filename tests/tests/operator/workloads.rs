//! Workloads that use a Secret, and what becomes of their pods.

use std::collections::BTreeSet;

use anyhow::ensure;
use k8s_openapi::api::apps::v1::{ControllerRevision, ReplicaSet};
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value, json};
use ssm_tests::eventually;

use crate::world::{PATIENCE, World};

/// Lets a workload be restarted.
pub const OPT_IN: &str = "simplesecrets.io/restart";

/// A container that has a Secret's keys in its environment.
pub fn env_from(secret: &str) -> Value {
    json!({"containers": [{"name": "main", "image": "none", "envFrom": [{"secretRef": {"name": secret}}]}]})
}

/// A container that has nothing to do with any Secret.
pub fn nothing() -> Value {
    json!({"containers": [{"name": "main", "image": "none"}]})
}

impl World {
    pub fn workloads(&self, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("apps", "v1", kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// Makes a workload, and waits until its controller has taken it up.
    pub async fn workload(&self, kind: &str, name: &str, has_opted_in: bool, pod: Value) {
        let labels = json!({"app": name});
        let annotations = if has_opted_in {
            json!({OPT_IN: "true"})
        } else {
            json!({})
        };
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        });
        if kind == "StatefulSet" {
            object["spec"]["serviceName"] = name.into();
        }
        let object = serde_json::from_value(object).unwrap();
        self.workloads(kind)
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
        self.has_revisions(kind, name, 1).await;
    }

    /// Waits until there have been as many different pod templates.
    pub async fn has_revisions(&self, kind: &str, name: &str, count: usize) {
        eventually(
            PATIENCE,
            &format!("{count} revisions of {kind} {name}"),
            async || {
                let revisions = self.revisions(kind, name).await?;
                ensure!(revisions.len() == count, "{revisions:?}");
                Ok(())
            },
        )
        .await
        .unwrap();
    }

    /// What its controller has made of the pod templates so far.
    async fn revisions(&self, kind: &str, name: &str) -> Result<BTreeSet<String>, kube::Error> {
        let of = ListParams::default().labels(&format!("app={name}"));
        let (client, namespace) = (self.client.clone(), &self.namespace);
        Ok(if kind == "Deployment" {
            let api: Api<ReplicaSet> = Api::namespaced(client, namespace);
            let sets = api.list(&of).await?.into_iter();
            sets.filter_map(|set| set.metadata.labels?.remove("pod-template-hash"))
                .collect()
        } else {
            let api: Api<ControllerRevision> = Api::namespaced(client, namespace);
            let revisions = api.list(&of).await?.into_iter();
            revisions
                .filter_map(|revision| revision.metadata.name)
                .collect()
        })
    }

    /// How often a workload's spec was written.
    pub async fn writes(&self, kind: &str, name: &str) -> i64 {
        let workload = self.workloads(kind).get(name).await.unwrap();
        workload.metadata.generation.unwrap()
    }

    pub async fn annotate(&self, kind: &str, name: &str, annotation: &str, value: Value) {
        let patch = json!({"metadata": {"annotations": {annotation: value}}});
        self.workloads(kind)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    /// Waits until the status says that a restart is to be made, and the Secret has the change.
    pub async fn is_pending(&self, name: &str) {
        eventually(PATIENCE, "a restart to be pending", async || {
            let status = self.status(name).await;
            let pending = &status["restartPending"];
            ensure!(pending["since"].is_string(), "{status}");
            let version = &status["target"]["resourceVersion"];
            ensure!(pending["replaces"] != *version, "{status}");
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Waits until a restart was made for what the resource has now, and returns the condition's reason and message.
    pub async fn is_restarted(&self, name: &str) -> (String, String) {
        eventually(PATIENCE, "the restart to be made", async || {
            let status = self.status(name).await;
            ensure!(status["restartPending"].is_null(), "{status}");
            let conditions = status["conditions"].as_array().unwrap().iter();
            let mut restarted = conditions.filter(|condition| condition["type"] == "Restarted");
            let restarted = restarted.next();
            ensure!(restarted.is_some(), "{status}");
            let text = |field| {
                restarted.map_or_else(String::new, |condition| {
                    condition[field].as_str().unwrap_or_default().to_owned()
                })
            };
            ensure!(text("status") == "True", "{status}");
            Ok((text("reason"), text("message")))
        })
        .await
        .unwrap()
    }
}
