//! Kubernetes objects given as YAML: applied as an administrator would, and waited for.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, ListParams, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
    discovery::{Scope, pinned_kind},
};
use serde_json::json;

use crate::wait::eventually;

const DEADLINE: Duration = Duration::from_secs(30);

/// Applies one object (server-side, by force). A namespaced one that names no namespace goes to `namespace`.
pub async fn apply(client: &Client, yaml: &str, namespace: &str) -> Result<DynamicObject> {
    let object: DynamicObject = serde_yaml::from_str(yaml).context("reading an object's YAML")?;
    let types = object
        .types
        .as_ref()
        .context("the object has no apiVersion and kind")?;
    let (resource, capabilities) = pinned_kind(client, &GroupVersionKind::try_from(types)?).await?;
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => {
            let namespace = object.namespace().unwrap_or_else(|| namespace.to_owned());
            Api::namespaced_with(client.clone(), &namespace, &resource)
        }
    };
    let name = object.name_any();
    let params = PatchParams::apply("ssm-tests").force();
    let what = format!("{} {name} to be applied", types.kind);
    let outcome = eventually(DEADLINE, &what, async || {
        match api.patch(&name, &params, &Patch::Apply(&object)).await {
            // Somebody else applies the same object at this moment.
            Err(kube::Error::Api(status)) if status.code == 409 => bail!("conflict: {status}"),
            // Any other refusal is final.
            outcome => Ok(outcome),
        }
    });
    outcome
        .await?
        .with_context(|| format!("applying {} {name}", types.kind))
}

/// Applies a definition and waits until its resources can be listed.
pub async fn apply_crd(client: &Client, yaml: &str) -> Result<()> {
    let name = apply(client, yaml, "default").await?.name_any();
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    eventually(DEADLINE, &format!("{name} to be established"), async || {
        let definition = definitions.get(&name).await?;
        let conditions = definition
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_ref());
        let established = conditions.is_some_and(|conditions| {
            conditions
                .iter()
                .any(|condition| condition.type_ == "Established" && condition.status == "True")
        });
        ensure!(established, "its conditions are {conditions:?}");

        let spec = &definition.spec;
        for version in spec.versions.iter().filter(|version| version.served) {
            let kind = GroupVersionKind::gvk(&spec.group, &version.name, &spec.names.kind);
            let resource = ApiResource::from_gvk_with_plural(&kind, &spec.names.plural);
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            api.list(&ListParams::default().limit(1)).await?;
        }
        Ok(())
    })
    .await
}

/// Binds a `Role` or `ClusterRole`, as it was applied, to a service account, where the role is.
pub(crate) async fn bind(
    client: &Client,
    role: &DynamicObject,
    namespace: &str,
    account: &str,
) -> Result<()> {
    let kind = role.types.as_ref().map_or("", |types| types.kind.as_str());
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": format!("{kind}Binding"),
        "metadata": { "name": format!("{namespace}-{account}-{}", role.name_any()), "namespace": role.namespace() },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role.name_any() },
        "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
    });
    apply(client, &binding.to_string(), namespace)
        .await
        .map(drop)
}
