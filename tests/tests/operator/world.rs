//! A namespace with an operator that serves it, and a project on a server.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Event, Secret};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};
use serde_json::{Value, json};
use ssm_tests::caller::{self, Caller, Shop};
use ssm_tests::{ControlPlane, Operator, OperatorOptions, canary, eventually, rbac};
use tokio::sync::OnceCell;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub const CRD: &str = include_str!("../../../crds/secretsyncs.yaml");

pub struct World {
    pub namespace: String,
    pub owner: Caller,
    pub shop: Shop,
    pub operator: Operator,
    pub client: Client,
}

/// The control plane that tests share, with the resource's definition in it.
pub async fn control_plane() -> &'static ControlPlane {
    static DEFINED: OnceCell<()> = OnceCell::const_new();
    let plane = ControlPlane::shared().await;
    DEFINED
        .get_or_init(async || plane.apply_crd(CRD).await.map(drop).unwrap())
        .await;
    plane
}

/// The same with a controller manager, for tests that need one.
pub async fn control_plane_with_controllers() -> &'static ControlPlane {
    static DEFINED: OnceCell<()> = OnceCell::const_new();
    let plane = ControlPlane::shared_with_controllers().await;
    DEFINED
        .get_or_init(async || plane.apply_crd(CRD).await.map(drop).unwrap())
        .await;
    plane
}

/// The server that tests share.
pub async fn shared_server() -> (Caller, String) {
    let owner = caller::owner().await;
    let url = owner.request("GET", "").build().unwrap().url().to_string();
    (owner, url.trim_end_matches('/').to_owned())
}

impl World {
    /// On the server that tests share.
    pub async fn new() -> Self {
        let (owner, url) = shared_server().await;
        Self::on(owner, &url).await
    }

    /// The same with a name for the cluster.
    pub async fn with_cluster(name: &str) -> Self {
        let owner = caller::owner().await;
        let url = owner.request("GET", "").build().unwrap().url().to_string();
        Self::with(owner, url.trim_end_matches('/'), |options| {
            options.env("CLUSTER_NAME", name)
        })
        .await
    }

    /// On a server of the test's own.
    pub async fn on(owner: Caller, url: &str) -> Self {
        Self::with(owner, url, |options| options).await
    }

    /// With settings of the operator's own.
    pub async fn with(
        owner: Caller,
        url: &str,
        settings: impl FnOnce(OperatorOptions) -> OperatorOptions,
    ) -> Self {
        Self::within(control_plane().await, owner, url, |_| Vec::new(), settings).await
    }

    /// In a cluster with a controller manager, and with rights on workloads.
    pub async fn with_workloads() -> Self {
        let rights = |namespace: &str| vec![rbac::operator_restart_role_in(namespace).unwrap()];
        Self::with_controllers(rights, |options| options.env("RESTART_ENABLED", "true")).await
    }

    /// In a cluster with a controller manager, and with more rights than the usual ones.
    pub async fn with_controllers(
        rights: impl FnOnce(&str) -> Vec<String>,
        settings: impl FnOnce(OperatorOptions) -> OperatorOptions,
    ) -> Self {
        let plane = control_plane_with_controllers().await;
        let (owner, url) = shared_server().await;
        Self::within(plane, owner, &url, rights, settings).await
    }

    /// In a cluster of the test's own, with these rights besides those in a namespace.
    pub async fn within(
        plane: &ControlPlane,
        owner: Caller,
        url: &str,
        rights: impl FnOnce(&str) -> Vec<String>,
        settings: impl FnOnce(OperatorOptions) -> OperatorOptions,
    ) -> Self {
        let namespace = plane.namespace().await.unwrap();
        let shop = owner.shop().await;
        let mut roles = rights(&namespace);
        roles.push(rbac::operator_role_in(&namespace).unwrap());
        roles.push(rbac::OPERATOR_ROLE.to_owned());
        let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
        let kubeconfig = plane
            .service_account(&namespace, "ssm-operator", &roles)
            .await
            .unwrap();
        let options = settings(OperatorOptions::new(&kubeconfig, url).namespace(&namespace));
        let operator = Operator::start(options).await.unwrap();
        let world = Self {
            namespace,
            owner,
            shop,
            operator,
            client: plane.client().unwrap(),
        };
        let token = world.token(json!({})).await;
        world.put_token("ssm-token", &token).await;
        world
    }

    /// A token that reads the project.
    pub async fn token(&self, more: Value) -> String {
        // Long enough that its end is not worth a word.
        let mut scope = json!({
            "project": self.shop.slug, "actions": ["secrets:read", "secrets:export"], "ttl_seconds": 30 * 86_400,
        });
        scope
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.owner.service(scope).await.token().to_owned()
    }

    pub async fn put_token(&self, name: &str, token: &str) {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"token": token},
        });
        let patch = PatchParams::apply("test").force();
        self.secrets()
            .patch(name, &patch, &Patch::Apply(secret))
            .await
            .unwrap();
    }

    /// Sets a secret and returns its revision.
    pub async fn set(&self, config: &str, key: &str, value: &str) -> u64 {
        let put = self
            .owner
            .put(&self.shop.secret(config, key), json!({"value": value}))
            .await
            .ok();
        put["revision"].as_u64().unwrap()
    }

    /// The usual spec: `prod` into `web`.
    pub fn spec(&self) -> Value {
        json!({
            "auth": {"tokenSecretRef": {"name": "ssm-token", "key": "token"}},
            "sources": [{"project": self.shop.slug, "config": "prod"}],
            "target": {"name": "web"},
        })
    }

    pub async fn create(&self, name: &str, spec: Value) -> Result<DynamicObject, kube::Error> {
        let object = json!({
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "metadata": {"name": name}, "spec": spec,
        });
        self.syncs()
            .create(
                &PostParams::default(),
                &serde_json::from_value(object).unwrap(),
            )
            .await
    }

    pub async fn patch(&self, name: &str, spec: Value) {
        let patch = Patch::Merge(json!({"spec": spec}));
        self.syncs()
            .patch(name, &PatchParams::default(), &patch)
            .await
            .unwrap();
    }

    /// A `SecretSync` named `web` of `prod` into `web`, in sync with `A=1`.
    pub async fn synced(&self) {
        self.set("base", "A", "1").await;
        self.create("web", self.spec()).await.unwrap();
        self.holds("web", &[("A", "1")]).await;
        self.condition("web", "Ready", "True", "").await;
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub fn syncs(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("simplesecrets.io", "v1alpha1", "SecretSync");
        let resource = ApiResource::from_gvk_with_plural(&kind, "secretsyncs");
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    /// What a `SecretSync` tells, as soon as the API server says so.
    pub async fn status(&self, name: &str) -> Value {
        eventually(PATIENCE, &format!("the status of {name}"), async || {
            let sync = self.syncs().get(name).await?;
            Ok(sync.data.get("status").cloned().unwrap_or_default())
        })
        .await
        .unwrap()
    }

    /// Waits until the status, which comes after the Secret, tells this revision.
    pub async fn tells_revision(&self, name: &str, revision: u64) {
        eventually(PATIENCE, "the status to tell the change", async || {
            let status = self.status(name).await;
            ensure!(status["syncedRevision"] == json!(revision), "{status}");
            Ok(())
        })
        .await
        .unwrap();
    }

    /// The sum of those of the operator's metrics that begin so.
    pub async fn metric(&self, begin: &str) -> usize {
        let metrics = self.operator.metrics().await.unwrap();
        let counts = metrics.lines().filter(|line| line.starts_with(begin));
        counts
            .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
            .sum()
    }

    /// Waits until a condition has this status and a reason that begins so; returns its message.
    pub async fn condition(&self, name: &str, kind: &str, status: &str, reason: &str) -> String {
        let what = format!("{name} has {kind}={status} {reason}");
        eventually(PATIENCE, &what, async || {
            let sync = self.syncs().get(name).await?;
            let conditions = sync.data["status"]["conditions"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let condition = conditions
                .iter()
                .find(|condition| condition["type"] == kind);
            let condition = condition.with_context(|| sync.data["status"].to_string())?;
            ensure!(condition["status"] == status, "{condition}");
            ensure!(
                condition["reason"]
                    .as_str()
                    .unwrap_or_default()
                    .starts_with(reason),
                "{condition}"
            );
            ensure!(
                condition["observedGeneration"] == json!(sync.metadata.generation),
                "{condition}"
            );
            Ok(condition["message"].as_str().unwrap_or_default().to_owned())
        })
        .await
        .unwrap()
    }

    /// Waits until the Secret holds exactly this.
    pub async fn holds(&self, name: &str, data: &[(&str, &str)]) -> Secret {
        let wanted: BTreeMap<String, ByteString> = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())))
            .collect();
        eventually(
            PATIENCE,
            &format!("{name} holds {} keys", wanted.len()),
            async || {
                let secret = self.secrets().get(name).await?;
                let data = secret.data.clone().unwrap_or_default();
                ensure!(
                    data == wanted,
                    "it holds {:?}",
                    data.keys().collect::<Vec<_>>()
                );
                Ok(secret)
            },
        )
        .await
        .unwrap()
    }

    pub async fn delete_secret(&self, name: &str) {
        self.secrets()
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Makes a Secret as somebody else would.
    pub async fn put_secret(&self, name: &str, data: Value, annotations: Value) -> Secret {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "annotations": annotations}, "stringData": data,
        });
        let secret = serde_json::from_value(secret).unwrap();
        let post = PostParams {
            field_manager: Some("somebody".to_owned()),
            ..PostParams::default()
        };
        self.secrets().create(&post, &secret).await.unwrap()
    }

    /// Edits a Secret as somebody else would.
    pub async fn edit_secret(&self, name: &str, edit: Value) {
        let parameters = PatchParams {
            field_manager: Some("somebody".to_owned()),
            ..PatchParams::default()
        };
        self.secrets()
            .patch(name, &parameters, &Patch::Merge(edit))
            .await
            .unwrap();
    }

    /// Agrees to a Secret being taken over or merged into.
    pub async fn allow(&self, secret: &str, sync: &str) {
        let edit = json!({"metadata": {"annotations": {"simplesecrets.io/allow": sync}}});
        self.edit_secret(secret, edit).await;
    }

    /// Annotates a `SecretSync`.
    pub async fn annotate_sync(&self, name: &str, annotation: &str, value: &str) {
        let edit = json!({"metadata": {"annotations": {annotation: value}}});
        self.syncs()
            .patch(name, &PatchParams::default(), &Patch::Merge(edit))
            .await
            .unwrap();
    }

    /// The version of a Secret and of a `SecretSync`, which any write would change.
    pub async fn versions(&self, secret: &str, sync: &str) -> (Option<String>, Option<String>) {
        let secret = self.secrets().get_opt(secret).await.unwrap();
        let sync = self.syncs().get(sync).await.unwrap();
        (
            secret.and_then(|secret| secret.metadata.resource_version),
            sync.metadata.resource_version,
        )
    }

    /// Asserts that the operator, also after a restart, writes nothing more.
    pub async fn is_quiet(&mut self, secret: &str, sync: &str) {
        self.settled().await;
        let before = self.versions(secret, sync).await;
        self.settled().await;
        self.operator.restart().await.unwrap();
        self.settled().await;
        assert_eq!(self.versions(secret, sync).await, before);
    }

    /// Waits until there is no such Secret.
    pub async fn is_gone(&self, name: &str) {
        eventually(PATIENCE, &format!("{name} goes"), async || {
            ensure!(self.secrets().get_opt(name).await?.is_none());
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Waits until the operator has dealt with everything that came before: a resource made now is in sync.
    pub async fn settled(&self) {
        let name = caller::fresh("marker");
        let mut spec = self.spec();
        spec["target"]["name"] = name.clone().into();
        self.create(&name, spec).await.unwrap();
        self.condition(&name, "Ready", "True", "").await;
    }

    /// Asserts that nothing the operator shows to others holds a canary.
    pub async fn shows_no_secret(&self) {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let events = events.list(&ListParams::default()).await.unwrap();
        let syncs = self.syncs().list(&ListParams::default()).await.unwrap();
        let metrics = self.operator.metrics().await.unwrap();
        let shown = [
            serde_json::to_string(&events).unwrap(),
            serde_json::to_string(&syncs).unwrap(),
            metrics,
        ];
        assert!(shown.iter().all(|text| !canary::is_in(text.as_bytes())));
    }
}
