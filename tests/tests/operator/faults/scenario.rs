//! The life of a resource, step by step, and what has to come of it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::ByteString;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop};
use ssm_tests::eventually;

use crate::world::World;

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is made.
    Create,
    /// A value changes.
    Change,
    /// A key is deleted.
    RemoveKey,
    /// Its target gets another name.
    Rename,
    /// Its target gets another type.
    Retype,
    /// Its target gets another label, and loses one.
    Label,
    /// Its token is replaced and the former one revoked, then a value changes.
    Rotate,
    /// Somebody edits the Secret.
    Edit,
    /// Its target becomes immutable, then a value changes.
    Freeze,
    /// Somebody deletes the Secret.
    Delete,
    /// Its keys get into somebody else's Secret instead.
    Merge,
}

impl Step {
    pub const ALL: [Self; 11] = [
        Self::Create,
        Self::Change,
        Self::RemoveKey,
        Self::Rename,
        Self::Retype,
        Self::Label,
        Self::Rotate,
        Self::Edit,
        Self::Freeze,
        Self::Delete,
        Self::Merge,
    ];
}

/// A resource with a project, a token and a target of its own.
pub struct Scenario<'a> {
    owner: &'a Caller,
    name: String,
    shop: Shop,
    token: String,
    /// Of the last value that was set.
    revision: u64,
    /// What its Secret has to be.
    target: String,
    type_: &'static str,
    is_immutable: bool,
    /// It is somebody else's.
    is_merged: bool,
    labels: BTreeMap<String, String>,
    data: BTreeMap<String, String>,
    /// Secrets that must not be there any more.
    gone: Vec<String>,
}

impl<'a> Scenario<'a> {
    /// Nothing has happened yet.
    pub async fn new(owner: &'a Caller, name: &str) -> Self {
        Self {
            owner,
            name: name.to_owned(),
            shop: owner.shop().await,
            token: String::new(),
            revision: 0,
            target: name.to_owned(),
            type_: "Opaque",
            is_immutable: false,
            is_merged: false,
            labels: [("app.kubernetes.io/managed-by", "simple-secrets-manager")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            data: BTreeMap::new(),
            gone: Vec::new(),
        }
    }

    async fn set(&mut self, key: &str, value: &str) {
        let path = self.shop.secret("base", key);
        let put = self.owner.put(&path, json!({"value": value})).await.ok();
        self.revision = put["revision"].as_u64().unwrap();
        self.data.insert(key.to_owned(), value.to_owned());
    }

    fn token_secret(&self) -> String {
        format!("{}-token", self.name)
    }

    async fn new_token(&mut self, world: &World) {
        // Long enough that its end is not worth a word.
        let scope = json!({
            "project": self.shop.slug, "actions": ["secrets:read", "secrets:export"], "ttl_seconds": 30 * 86_400,
        });
        let token = self.owner.service(scope).await.token().to_owned();
        world.put_token(&self.token_secret(), &token).await;
        let former = std::mem::replace(&mut self.token, token);
        if !former.is_empty() {
            let body = json!({"token": former});
            let path = "/api/auth/tokens/v2/revoke";
            self.owner.post(path, body).await.ok();
        }
    }

    /// Does what others do in this step.
    pub async fn act(&mut self, world: &World, step: Step) {
        let target = |fields: Value| json!({ "target": fields });
        match step {
            Step::Create => {
                self.set("A", "1").await;
                self.set("B", "1").await;
                self.new_token(world).await;
                self.labels.insert("tier".into(), "web".into());
                let spec = json!({
                    "auth": {"tokenSecretRef": {"name": self.token_secret()}},
                    "sources": [{"project": self.shop.slug, "config": "prod"}],
                    "target": {"labels": {"tier": "web"}},
                });
                world.create(&self.name, spec).await.unwrap();
            }
            Step::Change => self.set("A", "2").await,
            Step::RemoveKey => {
                self.set("C", "1").await;
                let path = self.shop.secret("base", "B");
                self.owner.delete(&path).await.ok();
                self.data.remove("B");
            }
            Step::Rename => {
                let name = format!("{}-renamed", self.name);
                world.patch(&self.name, target(json!({"name": name}))).await;
                self.gone.push(std::mem::replace(&mut self.target, name));
            }
            Step::Retype => {
                self.type_ = "example.com/other";
                world
                    .patch(&self.name, target(json!({"type": self.type_})))
                    .await;
            }
            Step::Label => {
                let labels = json!({"labels": {"tier": null, "team": "shop"}});
                world.patch(&self.name, target(labels)).await;
                self.labels.remove("tier");
                self.labels.insert("team".into(), "shop".into());
            }
            Step::Rotate => {
                self.new_token(world).await;
                self.set("A", "3").await;
            }
            Step::Edit => {
                let edit = json!({"stringData": {"A": "edited", "X": "added"}});
                let edit = Patch::Merge(edit);
                // It may be away for the moment, replaced by one of another type for instance.
                let _ = world
                    .secrets()
                    .patch(&self.target, &PatchParams::default(), &edit)
                    .await;
            }
            Step::Freeze => {
                self.is_immutable = true;
                world
                    .patch(&self.name, target(json!({"immutable": true})))
                    .await;
                self.set("A", "4").await;
            }
            Step::Merge => self.merge(world).await,
            Step::Delete => {
                let _ = world
                    .secrets()
                    .delete(&self.target, &DeleteParams::default())
                    .await;
            }
        }
    }

    async fn merge(&mut self, world: &World) {
        let name = format!("{}-shared", self.name);
        let allow = json!({"simplesecrets.io/allow": self.name});
        world.put_secret(&name, json!({"THEIRS": "1"}), allow).await;
        (self.type_, self.is_immutable, self.is_merged) = ("Opaque", false, true);
        let spec = json!({"target": {
            "name": name, "type": self.type_, "immutable": false, "creationPolicy": "Merge",
        }});
        world.patch(&self.name, spec).await;
        self.gone.push(std::mem::replace(&mut self.target, name));
    }

    /// Waits until everything is as it should be.
    pub async fn holds(&self, world: &World, patience: Duration) {
        let what = format!("{} is as it should be", self.name);
        eventually(patience, &what, async || self.check(world).await)
            .await
            .unwrap_or_else(|error| panic!("{error:#} in {}", world.namespace));
    }

    async fn check(&self, world: &World) -> Result<()> {
        let sync = world.syncs().get(&self.name).await?;
        let status = &sync.data["status"];
        for type_ in ["Ready", "Synced", "UpstreamReachable", "AuthValid"] {
            let conditions = status["conditions"].as_array().context("no conditions")?;
            let condition = conditions
                .iter()
                .find(|condition| condition["type"] == type_);
            let condition = condition.with_context(|| format!("no {type_}"))?;
            ensure!(condition["status"] == "True", "{condition}");
            ensure!(
                condition["observedGeneration"] == json!(sync.metadata.generation),
                "{condition}"
            );
        }
        for gone in &self.gone {
            let left = world.secrets().get_opt(gone).await?;
            ensure!(left.is_none(), "{gone} is still there");
        }
        let secret = world.secrets().get(&self.target).await?;
        let data: BTreeMap<String, String> = secret
            .data
            .unwrap_or_default()
            .into_iter()
            .map(|(key, ByteString(value))| (key, String::from_utf8_lossy(&value).into_owned()))
            .collect();
        let mut wanted = self.data.clone();
        if self.is_merged {
            wanted.insert("THEIRS".into(), "1".into());
        }
        ensure!(data == wanted, "the data is {data:?}");
        ensure!(
            secret.type_.as_deref() == Some(self.type_),
            "the type is {:?}",
            secret.type_
        );
        ensure!(secret.immutable.unwrap_or_default() == self.is_immutable);
        let owners = secret.metadata.owner_references.unwrap_or_default();
        if self.is_merged {
            ensure!(owners.is_empty(), "the owners are {owners:?}");
        } else {
            let labels = secret.metadata.labels.unwrap_or_default();
            ensure!(labels == self.labels, "the labels are {labels:?}");
            ensure!(
                owners.len() == 1 && Some(&owners[0].uid) == sync.metadata.uid.as_ref(),
                "the owners are {owners:?}"
            );
        }
        let revision = status["syncedRevision"].as_u64();
        ensure!(revision >= Some(self.revision), "{status}");
        ensure!(status["syncedKeys"] == json!(self.data.len()), "{status}");
        ensure!(status["target"]["name"] == self.target.as_str(), "{status}");
        ensure!(
            status["target"]["uid"] == json!(secret.metadata.uid),
            "{status}"
        );
        Ok(())
    }
}
