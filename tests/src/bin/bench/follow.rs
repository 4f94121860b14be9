//! From the server's answer to the Secret's update, against a bare write of a Secret until its watch event.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use ssm_tests::caller::Caller;
use ssm_tests::{ControlPlane, ControlPlaneOptions, Operator, OperatorOptions, rbac};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::report::{memory, share_line};
use crate::watched::{Watched, watched};

const CHANGES: u32 = 200;
const PATIENCE: Duration = Duration::from_secs(30);
const CRD: &str = include_str!("../../../../crds/secretsyncs.yaml");

pub async fn measure(url: &str, owner: &Caller) -> Result<()> {
    let plane = ControlPlane::start(ControlPlaneOptions::default()).await?;
    plane.apply_crd(CRD).await?;
    let (namespace, shop) = (plane.namespace().await?, owner.shop().await);
    let rights = rbac::operator_role_in(&namespace)?;
    let kubeconfig = plane
        .service_account(&namespace, "ssm-operator", &[&rights])
        .await?;
    let mut operator =
        Operator::start(OperatorOptions::new(&kubeconfig, url).namespace(&namespace)).await?;

    let token = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read", "secrets:export"]}))
        .await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"token": token.token()},
    });
    plane.apply(&namespace, &secret.to_string()).await?;
    let sync = json!({
        "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "metadata": {"name": "web"},
        "spec": {"auth": {"tokenSecretRef": {"name": "token", "key": "token"}}, "sources": [{"project": shop.slug, "config": "prod"}]},
    });
    owner
        .put(&shop.secret("base", "N"), json!({"value": "start"}))
        .await
        .ok();
    plane.apply(&namespace, &sync.to_string()).await?;

    let reference = bare_writes(plane.client()?, &namespace).await?;
    let mut seen = watched(Api::namespaced(plane.client()?, &namespace), "web").await?;
    wait(&mut seen, "start").await?;
    let mut measured = Vec::new();
    for n in 0..CHANGES {
        let value = n.to_string();
        owner
            .put(&shop.secret("base", "N"), json!({"value": value}))
            .await
            .ok();
        let answered = Instant::now();
        measured.push(
            wait(&mut seen, &value)
                .await?
                .saturating_duration_since(answered),
        );
    }
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let what = format!("change → Secret, {name} : bare write → watch");
        share_line(&what, share, &measured, &reference);
    }
    memory("operator, one resource", operator.process())
}

/// The reference: how long Kubernetes itself takes from a write's beginning to its watch event.
pub async fn bare_writes(client: Client, namespace: &str) -> Result<Vec<Duration>> {
    let secrets: Api<Secret> = Api::namespaced(client, namespace);
    let write = async |value: &str| {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bare"}, "stringData": {"N": value}});
        let begin = Instant::now();
        secrets
            .patch(
                "bare",
                &PatchParams::apply("bench").force(),
                &Patch::Apply(secret),
            )
            .await?;
        Ok::<_, anyhow::Error>(begin)
    };
    write("start").await?;
    let mut seen = watched(secrets.clone(), "bare").await?;
    wait(&mut seen, "start").await?;
    let mut durations = Vec::new();
    for n in 0..CHANGES {
        let value = n.to_string();
        let begin = write(&value).await?;
        durations.push(
            wait(&mut seen, &value)
                .await?
                .saturating_duration_since(begin),
        );
    }
    Ok(durations)
}

async fn wait(seen: &mut watch::Receiver<Watched>, value: &str) -> Result<Instant> {
    let wanted = |seen: &Watched| {
        let data = seen.as_ref().and_then(|(secret, _)| secret.data.as_ref());
        data.and_then(|data| data.get("N"))
            .is_some_and(|found| found.0 == value.as_bytes())
    };
    let seen = timeout(PATIENCE, seen.wait_for(wanted))
        .await
        .context("the Secret does not follow")??;
    Ok(seen.as_ref().context("nothing was seen")?.1)
}
