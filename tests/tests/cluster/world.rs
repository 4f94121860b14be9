//! What a team has on a release: a project, a token in a Secret, a `SecretSync`, and a workload that uses what is synced.

use anyhow::ensure;
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop};
use ssm_tests::{canary, eventually};

use crate::cluster::PATIENCE;
use crate::release::Release;

/// A release with a project.
pub struct World {
    pub release: Release,
    pub owner: Caller,
    pub shop: Shop,
}

impl World {
    /// On a release that was just installed.
    pub async fn on(release: Release) -> Self {
        let owner = release.sign_up().await;
        let shop = owner.shop().await;
        Self {
            release,
            owner,
            shop,
        }
    }

    /// Takes it away.
    pub async fn end(self) {
        self.release.end().await;
    }

    /// Sets `GREETING` to a secret value that is made of this.
    pub async fn greet(&self, value: &str) {
        let path = self.shop.secret("base", "GREETING");
        let body = json!({"value": canary::value(value)});
        self.owner.put(&path, body).await.ok();
    }

    /// Puts a token into the Secret `ssm-token`, and a `SecretSync` of `prod` into `web` beside it.
    pub async fn sync(&self) {
        self.sync_in(&self.release.namespace).await;
    }

    /// The same in another namespace.
    pub async fn sync_in(&self, namespace: &str) {
        let scope = json!({"project": self.shop.slug, "actions": ["secrets:read", "secrets:export"], "ttl_seconds": 30 * 86_400});
        let token = self.owner.service(scope).await.token().to_owned();
        let token = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ssm-token"}, "stringData": {"token": token},
        });
        let sync = json!({
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "metadata": {"name": "web"},
            "spec": {
                "auth": {"tokenSecretRef": {"name": "ssm-token", "key": "token"}},
                "sources": [{"project": self.shop.slug, "config": "prod"}],
                "target": {"name": "web"},
                "restart": {"debounce": "1s"},
            },
        });
        let objects = json!({"apiVersion": "v1", "kind": "List", "items": [token, sync]});
        crate::cluster::apply(namespace, &objects.to_string()).await;
    }

    /// Waits until the synced Secret has `GREETING` as it is set with this.
    pub async fn is_synced(&self, value: &str) {
        eventually(PATIENCE, "the Secret to follow", async || {
            let found = crate::cluster::run(
                "kubectl",
                &[
                    "--namespace",
                    &self.release.namespace,
                    "get",
                    "secret",
                    "web",
                    "--output",
                    "go-template={{.data.GREETING | base64decode}}",
                ],
                "",
            )
            .await;
            ensure!(found.code == 0, "{}", found.stderr);
            ensure!(found.text() == canary::value(value), "it has another value");
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Makes the Deployment `web`, which has the Secret in its environment and opts in to restarts, and waits until it runs.
    pub async fn deploy(&self) {
        let labels = json!({"app": "web"});
        let container = json!({
            "name": "main", "image": "simple-secrets-manager.test/shell:1", "imagePullPolicy": "IfNotPresent",
            "envFrom": [{"secretRef": {"name": "web"}}],
            // The first process of a container ignores what it does not handle.
            "command": ["sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"],
        });
        self.release
            .apply(&json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "web", "annotations": {"simplesecrets.io/restart": "true"}},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
                },
            }))
            .await;
        self.release
            .kubectl(&["rollout", "status", "deployment/web", "--timeout=2m"])
            .await;
    }

    /// Waits until the running pod of `web` sees `GREETING` as it is set with this.
    pub async fn is_seen(&self, value: &str) {
        eventually(PATIENCE, "the pod to see the value", async || {
            let args = [
                "--namespace",
                &self.release.namespace,
                "exec",
                "deployment/web",
                "--",
                "sh",
                "-c",
                "echo $GREETING",
            ];
            let seen = crate::cluster::run("kubectl", &args, "").await;
            ensure!(seen.code == 0, "{}", seen.stderr);
            ensure!(
                seen.text().trim() == canary::value(value),
                "it sees another value"
            );
            Ok(())
        })
        .await
        .unwrap();
    }

    /// How often containers of a component have been started again, and the unique ids of its pods.
    pub async fn pods(&self, component: &str) -> Value {
        let selector = format!("app.kubernetes.io/component={component}");
        let pods = self
            .release
            .kubectl(&["get", "pods", "--selector", &selector, "--output", "json"])
            .await;
        let pods: Value = serde_json::from_str(&pods).unwrap();
        let pods = pods["items"].as_array().unwrap().iter();
        pods.map(|pod| json!({"uid": pod["metadata"]["uid"], "restarts": pod["status"]["containerStatuses"][0]["restartCount"]}))
            .collect()
    }
}
