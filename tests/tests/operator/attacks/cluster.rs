//! An operator for all namespaces, on a control plane of its own where resources were stored before there were rules.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::PostParams;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop};
use ssm_tests::{ControlPlane, ControlPlaneOptions, Operator, OperatorOptions, eventually, rbac};

use crate::world::{CRD, PATIENCE, shared_server};

struct Namespace<'a> {
    plane: &'a ControlPlane,
    name: String,
    shop: Shop,
}

impl<'a> Namespace<'a> {
    /// With a project that holds `A`, and a token for it in a Secret of this name.
    async fn new(plane: &'a ControlPlane, owner: &Caller, token_secret: &str) -> Self {
        let shop = owner.shop().await;
        let put = json!({"value": "1"});
        owner.put(&shop.secret("prod", "A"), put).await.ok();
        let scope = json!({"project": shop.slug, "actions": ["secrets:read", "secrets:export"]});
        let token = owner.service(scope).await;
        let namespace = Self {
            plane,
            name: plane.namespace().await.unwrap(),
            shop,
        };
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": token_secret},
            "stringData": {"token": token.token()},
        });
        plane
            .apply(&namespace.name, &secret.to_string())
            .await
            .unwrap();
        namespace
    }

    fn syncs(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("simplesecrets.io", "v1alpha1", "SecretSync");
        let resource = ApiResource::from_gvk_with_plural(&kind, "secretsyncs");
        Api::namespaced_with(self.plane.client().unwrap(), &self.name, &resource)
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.plane.client().unwrap(), &self.name)
    }

    async fn create(&self, name: &str, spec: Value) {
        let sync = json!({
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "metadata": {"name": name}, "spec": spec,
        });
        let sync = serde_json::from_value(sync).unwrap();
        self.syncs()
            .create(&PostParams::default(), &sync)
            .await
            .unwrap();
    }

    async fn is_ready(&self, name: &str, status: &str) -> Value {
        eventually(
            PATIENCE,
            &format!("{name} has Ready={status}"),
            async || {
                let sync = self.syncs().get(name).await?;
                let conditions = sync.data["status"]["conditions"].as_array().cloned();
                let mut conditions = conditions.unwrap_or_default().into_iter();
                let ready = conditions
                    .find(|condition| condition["type"] == "Ready")
                    .unwrap_or_default();
                anyhow::ensure!(ready["status"] == status, "{ready}");
                Ok(ready)
            },
        )
        .await
        .unwrap()
    }

    async fn has_secret(&self, name: &str) -> bool {
        self.secrets().get_opt(name).await.unwrap().is_some()
    }
}

fn spec(token_secret: &str, project: &str) -> Value {
    json!({
        "auth": {"tokenSecretRef": {"name": token_secret}},
        "sources": [{"project": project, "config": "prod"}],
    })
}

/// The definition without its rules.
fn lax() -> String {
    let mut definition: Value = serde_yaml::from_str(CRD).unwrap();
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema;
    definition.to_string()
}

/// What is stored before there are rules: specs that cannot be read, and some that only break the rules.
fn malformed(good: &Value) -> Vec<(&'static str, Value)> {
    let changed = |path: &str, value: Value| {
        let mut spec = good.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        spec.pointer_mut(parent).unwrap()[name] = value;
        spec
    };
    vec![
        ("no-spec", Value::Null),
        ("a-text", json!("x")),
        ("no-sources", json!({})),
        ("sources-a-text", changed("/sources", json!("x"))),
        ("sources-of-numbers", changed("/sources", json!([1, 2]))),
        ("sources-empty", changed("/sources", json!([]))),
        ("project-a-number", changed("/sources/0/project", json!(5))),
        (
            "project-a-path",
            changed("/sources/0/project", json!("../../api")),
        ),
        (
            "project-a-megabyte",
            changed("/sources/0/project", json!("x".repeat(300_000))),
        ),
        ("target-a-list", changed("/target", json!([]))),
        (
            "target-elsewhere",
            changed("/target", json!({"name": "../kube-system/x"})),
        ),
        ("target-empty", changed("/target", json!({"name": ""}))),
        (
            "target-token",
            changed("/target", json!({"name": "token-a"})),
        ),
        (
            "type-identity",
            changed(
                "/target",
                json!({"type": "kubernetes.io/service-account-token"}),
            ),
        ),
        (
            "type-bootstrap",
            changed("/target", json!({"type": "bootstrap.kubernetes.io/token"})),
        ),
        ("labels-a-list", changed("/target", json!({"labels": [1]}))),
        (
            "labels-bad",
            changed("/target", json!({"labels": {"a b": "c d"}})),
        ),
        (
            "interval-an-object",
            changed("/refresh", json!({"interval": {}})),
        ),
        (
            "interval-none",
            changed("/refresh", json!({"interval": "soon"})),
        ),
        (
            "server-a-file",
            changed("/server", json!({"url": "file:///etc/passwd"})),
        ),
        (
            "token-elsewhere",
            changed(
                "/auth",
                json!({"tokenSecretRef": {"name": "../x", "key": "../y"}}),
            ),
        ),
        ("suspend-a-text", changed("/suspend", json!("yes"))),
    ]
}

#[tokio::test]
async fn in_a_cluster_nothing_crosses_namespaces_and_nothing_malformed_stalls_anything() {
    let plane = ControlPlane::start(ControlPlaneOptions::default())
        .await
        .unwrap();
    plane.apply_crd(&lax()).await.unwrap();
    let (owner, url) = shared_server().await;
    let a = Namespace::new(&plane, &owner, "token-a").await;
    let b = Namespace::new(&plane, &owner, "token-b").await;
    let good = spec("token-a", &a.shop.slug);
    let malformed = malformed(&good);
    for (name, spec) in &malformed {
        a.create(name, spec.clone()).await;
    }
    plane.apply_crd(CRD).await.unwrap();
    let roles = [rbac::OPERATOR_CLUSTER_ROLE];
    let account = plane
        .service_account(&a.name, "ssm-operator", &roles)
        .await
        .unwrap();
    let mut operator = Operator::start(OperatorOptions::new(&account, &url))
        .await
        .unwrap();

    // The good ones come into sync, before the restart of an operator and after it.
    a.create("good", good.clone()).await;
    a.is_ready("good", "True").await;
    b.create("good", spec("token-b", &b.shop.slug)).await;
    b.is_ready("good", "True").await;
    operator.restart().await.unwrap();
    a.create("good-2", good).await;
    a.is_ready("good-2", "True").await;
    // An interval that is none is the usual one.
    eventually(PATIENCE, "interval-none has its Secret", async || {
        a.secrets().get("interval-none").await?;
        Ok(())
    })
    .await
    .unwrap();
    let mut made = Vec::new();
    for (name, _) in &malformed {
        if a.has_secret(name).await {
            made.push(*name);
        }
    }
    assert_eq!(made, ["interval-none"]);
    for name in [
        "type-identity",
        "type-bootstrap",
        "sources-empty",
        "server-a-file",
    ] {
        let ready = a.is_ready(name, "False").await;
        assert!(
            ready["message"].as_str().is_some_and(|why| !why.is_empty()),
            "{ready}"
        );
    }

    // Neither another namespace's token nor what only that token reads.
    a.create("their-token", spec("token-b", &b.shop.slug)).await;
    let why = a.is_ready("their-token", "False").await;
    assert_eq!(why["reason"], "TokenSecretMissing", "{why}");
    a.create("their-config", spec("token-a", &b.shop.slug))
        .await;
    a.is_ready("their-config", "False").await;
    for name in ["their-token", "their-config"] {
        assert!(!a.has_secret(name).await, "{name}");
        assert!(!b.has_secret(name).await, "{name}");
    }
    let log = operator.log().unwrap();
    assert!(!log.contains("a bug") && !log.contains("ended abnormally"));
}
