//! A real API server looks at each object: fields that it does not know are errors, and pods have to be fit for a namespace
//! that enforces the Pod Security Standard `restricted`.

use anyhow::{Context as _, Result};
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Api, Client};
use serde_json::{Value, json};
use ssm_tests::ControlPlane;

use crate::rendered::{Rendered, name, template, variants};

/// Kinds whose definitions are other projects', and in no test's API server.
const FOREIGN: &[&str] = &[
    "cert-manager.io/v1 Certificate",
    "gateway.networking.k8s.io/v1 HTTPRoute",
    "monitoring.coreos.com/v1 PrometheusRule",
    "monitoring.coreos.com/v1 ServiceMonitor",
];

const MANIFESTS: &str = include_str!("../../../manifests/install.yaml");
const MAINTENANCE: &str = include_str!("../../../examples/maintenance.json");

/// Makes a namespace that takes no pod but a restricted one.
async fn restricted(client: &Client, name: &str) -> Result<()> {
    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": name, "labels": { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
    apply(client, &namespace, false).await
}

/// Applies an object strictly; where it is dry, for a look only.
async fn apply(client: &Client, object: &Value, dry: bool) -> Result<()> {
    let object: DynamicObject = serde_json::from_value(object.clone())?;
    let types = object.types.as_ref().context("no apiVersion and kind")?;
    let (resource, capabilities) = pinned_kind(client, &GroupVersionKind::try_from(types)?).await?;
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => {
            let namespace = object.metadata.namespace.as_deref();
            // Whoever applies a manifest does not say where.
            let namespace = namespace.context("a namespaced object names no namespace")?;
            Api::namespaced_with(client.clone(), namespace, &resource)
        }
    };
    let mut params = PatchParams::apply("chart-tests")
        .force()
        .validation_strict();
    params.dry_run = dry;
    let name = object.metadata.name.as_deref().context("no name")?;
    api.patch(name, &params, &Patch::Apply(&object)).await?;
    Ok(())
}

/// Looks at each object, and at a pod of each workload.
async fn look(client: &Client, rendered: &Rendered) -> Result<()> {
    // No pod is taken without its account.
    for account in rendered.kind("ServiceAccount") {
        apply(client, account, false).await?;
    }
    for object in rendered.0.iter().chain(&rendered.pods()) {
        let types = format!(
            "{} {}",
            object["apiVersion"].as_str().unwrap_or_default(),
            object["kind"].as_str().unwrap_or_default()
        );
        if !FOREIGN.contains(&&*types) {
            let looked = apply(client, object, true).await;
            looked.with_context(|| name(object))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_api_server_takes_every_object_strictly_and_every_pod_is_restricted() -> Result<()> {
    let plane = ControlPlane::shared().await;
    let client = plane.client()?;
    for namespace in ["shop", "billing"] {
        restricted(&client, namespace).await?;
    }
    for file in variants() {
        let namespace = plane.namespace().await?;
        restricted(&client, &namespace).await?;
        let text = template(&namespace, &["--values", file.to_str().unwrap()]);
        let looked = look(&client, &Rendered::of(&text)).await;
        looked.with_context(|| file.display().to_string())?;
    }
    Ok(())
}

#[tokio::test]
async fn a_pod_that_is_not_restricted_and_a_field_that_there_is_not_are_refused() -> Result<()> {
    let plane = ControlPlane::shared().await;
    let client = plane.client()?;
    let namespace = plane.namespace().await?;
    restricted(&client, &namespace).await?;
    let rendered = Rendered::of(&template(&namespace, &[]));
    for account in rendered.kind("ServiceAccount") {
        apply(&client, account, false).await?;
    }
    let mut pod = rendered.pod_of("server");
    pod["spec"]["containers"][0]["securityContext"] = json!({});
    let refusal = apply(&client, &pod, true).await.unwrap_err();
    assert!(
        format!("{refusal:#}").contains("violates PodSecurity"),
        "{refusal:#}"
    );
    let mut pod = rendered.pod_of("server");
    pod["spec"]["containers"][0]["reading"] = true.into();
    let refusal = apply(&client, &pod, true).await.unwrap_err();
    assert!(format!("{refusal:#}").contains("reading"), "{refusal:#}");
    Ok(())
}

#[tokio::test]
async fn the_manifests_can_be_applied_as_they_are() -> Result<()> {
    let client = ControlPlane::shared().await.client()?;
    let manifests = Rendered::of(MANIFESTS);
    for namespace in manifests.kind("Namespace") {
        apply(&client, namespace, false).await?;
    }
    assert_eq!(manifests.kind("CustomResourceDefinition").count(), 1);
    assert!(!MANIFESTS.contains("managed-by"));
    look(&client, &manifests).await
}

#[tokio::test]
async fn the_pod_for_maintenance_is_restricted_too() -> Result<()> {
    let plane = ControlPlane::shared().await;
    let client = plane.client()?;
    let namespace = plane.namespace().await?;
    restricted(&client, &namespace).await?;
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": { "name": "default", "namespace": namespace },
    });
    apply(&client, &account, false).await?;
    let mut pod: Value = serde_json::from_str(MAINTENANCE)?;
    // What `kubectl run` adds.
    pod["kind"] = "Pod".into();
    pod["metadata"] = json!({ "name": "ssm-maintenance", "namespace": namespace });
    pod["spec"]["containers"][0]["image"] = "example.com/image:1".into();
    apply(&client, &pod, true).await
}
