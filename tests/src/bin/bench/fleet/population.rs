//! What is in the server and in the cluster before anything is measured.

use anyhow::Result;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};
use serde_json::json;
use ssm_tests::ControlPlane;
use ssm_tests::caller::Caller;

use super::bare::objects;
use crate::writes::many;

pub const KEYS: usize = 20;
const NAMESPACES: usize = 10;
const PROJECTS: usize = 20;
/// Requests at a time.
pub const AT_ONCE: usize = 32;
/// The config that many resources share.
pub const SHARED: &str = "shared";
pub const SHARING: usize = 100;

/// One config with twenty keys for each resource, inherited from its project's `base`, and one token for all.
pub struct Population {
    client: Client,
    pub size: usize,
    pub namespaces: Vec<String>,
    owner: Caller,
    prefix: String,
}

impl Population {
    pub async fn new(plane: &ControlPlane, owner: &Caller, size: usize) -> Result<Self> {
        let mut namespaces = Vec::new();
        for _ in 0..NAMESPACES {
            namespaces.push(plane.namespace().await?);
        }
        let population = Self {
            client: plane.client()?,
            size,
            namespaces,
            owner: owner.clone(),
            prefix: ssm_tests::caller::fresh("fleet"),
        };
        population.fill_server().await;
        population.put_tokens().await?;
        Ok(population)
    }

    async fn fill_server(&self) {
        for project in 0..PROJECTS {
            let slug = self.project(project);
            self.owner
                .post("/api/projects", json!({ "slug": slug }))
                .await
                .ok();
            let configs = format!("/api/projects/{slug}/configs");
            self.owner
                .post(&configs, json!({"slug": "base"}))
                .await
                .ok();
            let set = many(KEYS, "a value of thirty-two characters");
            self.owner
                .patch(&format!("{configs}/base/secrets"), set)
                .await
                .ok();
        }
        let shared = format!("/api/projects/{}/configs", self.project(0));
        self.owner
            .post(&shared, json!({"slug": SHARED, "parent": "base"}))
            .await
            .ok();
        stream::iter(0..self.size)
            .for_each_concurrent(AT_ONCE, async |n| {
                let configs = format!("/api/projects/{}/configs", self.project(n));
                self.owner
                    .post(&configs, json!({"slug": config(n), "parent": "base"}))
                    .await
                    .ok();
            })
            .await;
    }

    /// The same token everywhere, so that one stream serves all.
    async fn put_tokens(&self) -> Result<()> {
        let token = self
            .owner
            .service(json!({"actions": ["secrets:read", "secrets:export"]}))
            .await;
        for namespace in &self.namespaces {
            let secrets: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
            let secret =
                json!({"metadata": {"name": "token"}, "stringData": {"token": token.token()}});
            secrets
                .create(&PostParams::default(), &serde_json::from_value(secret)?)
                .await?;
        }
        Ok(())
    }

    /// All resources.
    pub async fn make_syncs(&self) -> Result<()> {
        stream::iter((0..self.size).map(Ok))
            .try_for_each_concurrent(AT_ONCE, async |n| {
                self.make_sync(n, &name(n), &config(n)).await
            })
            .await
    }

    /// A resource named `name` that reads a config of the project of resource `n`, beside it.
    pub async fn make_sync(&self, n: usize, name: &str, config: &str) -> Result<()> {
        let sync = json!({
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "metadata": {"name": name},
            "spec": {
                "auth": {"tokenSecretRef": {"name": "token", "key": "token"}},
                "sources": [{"project": self.project(n), "config": config}],
                "target": {"labels": {"reads": config}},
            },
        });
        let sync = serde_json::from_value(sync)?;
        self.syncs(n).create(&PostParams::default(), &sync).await?;
        Ok(())
    }

    /// Takes all resources away again, and the Secrets made for them.
    pub async fn delete_syncs(&self) -> Result<()> {
        for n in 0..NAMESPACES {
            let all = (DeleteParams::default(), ListParams::default());
            self.syncs(n).delete_collection(&all.0, &all.1).await?;
            let made = ListParams::default().labels(objects::MADE);
            self.secrets(n).delete_collection(&all.0, &made).await?;
        }
        Ok(())
    }

    /// Secrets of a MiB each, as Helm leaves them.
    pub async fn add_unrelated(&self, count: usize) -> Result<()> {
        let value = "x".repeat(1 << 20);
        for n in 0..count {
            let secret = json!({"metadata": {"name": format!("unrelated-{n}")}, "stringData": {"value": value[..(1 << 20) - 100]}});
            self.secrets(n)
                .create(&PostParams::default(), &serde_json::from_value(secret)?)
                .await?;
        }
        Ok(())
    }

    /// The project of resource `n`.
    pub fn project(&self, n: usize) -> String {
        format!("{}-{}", self.prefix, n % PROJECTS)
    }

    /// The path of a secret of resource `n`'s config.
    pub fn secret_path(&self, n: usize, config: &str, key: &str) -> String {
        format!(
            "/api/projects/{}/configs/{config}/secrets/{key}",
            self.project(n)
        )
    }

    pub fn projects() -> usize {
        PROJECTS
    }

    pub fn syncs(&self, n: usize) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("simplesecrets.io", "v1alpha1", "SecretSync");
        let resource = ApiResource::from_gvk_with_plural(&kind, "secretsyncs");
        Api::namespaced_with(
            self.client.clone(),
            &self.namespaces[n % NAMESPACES],
            &resource,
        )
    }

    pub fn secrets(&self, n: usize) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespaces[n % NAMESPACES])
    }
}

pub fn name(n: usize) -> String {
    format!("web-{n}")
}

pub fn config(n: usize) -> String {
    format!("prod-{n}")
}
