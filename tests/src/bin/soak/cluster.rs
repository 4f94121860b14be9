//! The operator, which keeps a Secret equal to a config that changes all the time.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use serde_json::json;
use ssm_tests::caller::{Caller, Shop};
use ssm_tests::{ControlPlane, ControlPlaneOptions, Operator, OperatorOptions, eventually, rbac};

use crate::allocator;
use crate::load::scope;

const CRD: &str = include_str!("../../../../crds/secretsyncs.yaml");
const PATIENCE: Duration = Duration::from_mins(1);
const LAST: &str = "at the very end";

/// A control plane with an operator.
pub struct Cluster {
    // Dropped in this order.
    pub operator: Operator,
    secrets: Api<Secret>,
    _plane: ControlPlane,
}

impl Cluster {
    /// Starts both, and has the config `prod` synced.
    pub async fn start(owner: &Caller, shop: &Shop, url: &str) -> Result<Self> {
        let plane = ControlPlane::start(ControlPlaneOptions::default()).await?;
        plane.apply_crd(CRD).await?;
        let namespace = plane.namespace().await?;
        let rights = rbac::operator_role_in(&namespace)?;
        let kubeconfig = plane
            .service_account(&namespace, "ssm-operator", &[&rights])
            .await?;
        let options = allocator().fold(
            OperatorOptions::new(&kubeconfig, url).namespace(&namespace),
            |options, (name, value)| options.env(name, value),
        );
        let operator = Operator::start(options).await?;
        let token = owner.service(scope(shop)).await;
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"token": token.token()},
        });
        plane.apply(&namespace, &secret.to_string()).await?;
        let sync = json!({
            "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "metadata": {"name": "web"},
            "spec": {
                "auth": {"tokenSecretRef": {"name": "token", "key": "token"}},
                "sources": [{"project": shop.slug, "config": "prod"}],
            },
        });
        plane.apply(&namespace, &sync.to_string()).await?;
        Ok(Self {
            operator,
            secrets: Api::namespaced(plane.client()?, &namespace),
            _plane: plane,
        })
    }

    /// Makes a last change and waits until the Secret has it.
    pub async fn follows(&mut self, owner: &Caller, shop: &Shop) -> Result<()> {
        owner
            .put(&shop.secret("base", "LAST"), json!({"value": LAST}))
            .await
            .ok();
        eventually(PATIENCE, "the Secret follows the last change", async || {
            let secret = self.secrets.get("web").await?;
            let data = secret.data.context("it is empty")?;
            ensure!(
                data.get("LAST")
                    .is_some_and(|value| value.0 == LAST.as_bytes())
            );
            Ok(())
        })
        .await
    }
}
