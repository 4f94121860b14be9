//! What is read of a workload: whether it has opted in, and which Secrets its pods use. Everything else, values in its
//! environment above all, is left out while its JSON is read.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Resource;
use kube::core::DynamicResourceScope;
use serde::{Deserialize, Deserializer};

use crate::crd::{RESTART_ANNOTATION, Workload, WorkloadKind};

/// Annotation on a pod template: when the data changed that its pods were restarted for.
pub const RESTARTED_AT: &str = "simplesecrets.io/restarted-at";
/// Annotation on a pod template: which change that was, so that no change restarts twice.
pub const RESTARTED_FOR: &str = "simplesecrets.io/restarted-for";

/// A Deployment, `StatefulSet` or `DaemonSet`.
#[derive(Debug, Clone, Deserialize)]
pub struct Live {
    #[serde(deserialize_with = "slim")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
}

impl Live {
    /// Whether its owner lets it be restarted, and it is not about to go.
    pub fn has_opted_in(&self) -> bool {
        let annotations = self.metadata.annotations.iter().flatten();
        self.metadata.deletion_timestamp.is_none()
            && annotations
                .into_iter()
                .any(|(name, value)| name == RESTART_ANNOTATION && value == "true")
    }

    /// The Secrets that its pods get: in variables and in volumes, not for pulling images.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let pod = &self.spec.template.spec;
        let containers = [
            &pod.containers,
            &pod.init_containers,
            &pod.ephemeral_containers,
        ];
        let containers = containers.into_iter().flatten().flatten();
        let variables = containers.flat_map(|container| {
            let whole = container.env_from.iter().flatten();
            let whole = whole.filter_map(|from| from.secret_ref.as_ref()?.name.as_deref());
            let single = container.env.iter().flatten().filter_map(|variable| {
                let from = variable.value_from.as_ref()?;
                from.secret_key_ref.as_ref()?.name.as_deref()
            });
            whole.chain(single)
        });
        let volumes = pod.volumes.iter().flatten().flat_map(|volume| {
            let whole = volume.secret.as_ref();
            let whole = whole.and_then(|secret| secret.secret_name.as_deref());
            let projected = volume.projected.as_ref();
            let projected = projected.and_then(|projected| projected.sources.as_ref());
            let projected = projected
                .into_iter()
                .flatten()
                .filter_map(|source| source.secret.as_ref()?.name.as_deref());
            whole.into_iter().chain(projected)
        });
        variables.chain(volumes).collect()
    }

    /// Which change its pods were last restarted for.
    pub fn restarted_for(&self) -> Option<&str> {
        let marks = &self.spec.template.metadata.annotations;
        marks.restarted_for.as_deref()
    }

    /// Whether it is to be restarted when `secret` changes: never without its owner's leave, be it named or not.
    pub fn is_concerned(&self, workload: &Workload, secret: &str, named: &[Workload]) -> bool {
        self.has_opted_in() && (named.contains(workload) || self.secrets().contains(secret))
    }
}

impl Resource for Live {
    type DynamicType = WorkloadKind;
    type Scope = DynamicResourceScope;

    fn kind(kind: &WorkloadKind) -> Cow<'_, str> {
        kind.as_str().into()
    }

    fn group(_: &WorkloadKind) -> Cow<'_, str> {
        "apps".into()
    }

    fn version(_: &WorkloadKind) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural(kind: &WorkloadKind) -> Cow<'_, str> {
        match kind {
            WorkloadKind::Deployment => "deployments",
            WorkloadKind::StatefulSet => "statefulsets",
            WorkloadKind::DaemonSet => "daemonsets",
        }
        .into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Of the metadata, what is needed here: annotations may hold values, and the record of who set which field is long.
fn slim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Slim {
        name: Option<String>,
        namespace: Option<String>,
        resource_version: Option<String>,
        deletion_timestamp: Option<Time>,
        annotations: Option<OptIn>,
    }
    #[derive(Deserialize)]
    struct OptIn {
        #[serde(rename = "simplesecrets.io/restart")]
        restart: Option<String>,
    }
    let slim = Slim::deserialize(deserializer)?;
    let opt_in = slim.annotations.and_then(|annotations| annotations.restart);
    Ok(ObjectMeta {
        name: slim.name,
        namespace: slim.namespace,
        resource_version: slim.resource_version,
        deletion_timestamp: slim.deletion_timestamp,
        annotations: opt_in.map(|value| BTreeMap::from([(RESTART_ANNOTATION.to_owned(), value)])),
        ..ObjectMeta::default()
    })
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Spec {
    #[serde(default)]
    template: Template,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Template {
    #[serde(default, deserialize_with = "or_default")]
    metadata: TemplateMeta,
    #[serde(default, deserialize_with = "or_default")]
    spec: Pod,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct TemplateMeta {
    #[serde(default, deserialize_with = "or_default")]
    annotations: Marks,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Marks {
    #[serde(rename = "simplesecrets.io/restarted-for")]
    restarted_for: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pod {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    ephemeral_containers: Option<Vec<Container>>,
    volumes: Option<Vec<Volume>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    env_from: Option<Vec<EnvFrom>>,
    env: Option<Vec<Variable>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvFrom {
    secret_ref: Option<Named>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    value_from: Option<ValueFrom>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValueFrom {
    secret_key_ref: Option<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Volume {
    secret: Option<SecretVolume>,
    projected: Option<Projected>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretVolume {
    secret_name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Projected {
    sources: Option<Vec<Projection>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Projection {
    secret: Option<Named>,
}

/// Kubernetes takes an explicit null for an absent field.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
#[path = "workload_tests.rs"]
mod tests;
