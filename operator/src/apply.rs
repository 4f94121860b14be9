//! Carries a plan out. Every write has a precondition, so that an operator that is behind overwrites nobody.

use std::collections::BTreeMap;
use std::hash::RandomState;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client};
use serde_json::json;

use crate::crd::{SecretSync, SourceStatus, TargetStatus};
use crate::desired::Desired;
use crate::kube_error::{Meaning, describe, meaning};
use crate::metrics;
use crate::plan::{Existing, FIELD_MANAGER, Plan, Written, plan, target_name};
use crate::problem::Problem;
use crate::queue::Key;
use crate::reconcile::Context;
use crate::restart::intent::changes_data;
use crate::store::{SecretMeta, Store, key_of};

/// How often a plan is made anew within one reconcile, because somebody else was faster.
const MAX_ROUNDS: usize = 5;

/// Why the Secret is not as it should be.
#[derive(Debug)]
pub enum Failure {
    /// Until somebody changes something.
    Problem(Problem),
    /// Perhaps only now.
    Transient(String),
    /// The namespace is being deleted.
    NamespaceGone,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// The Secret is as it should be.
#[derive(Debug)]
pub struct Applied {
    /// Which one.
    pub target: TargetStatus,
    /// Whether it was written just now.
    pub changed: bool,
}

/// Writes Secrets.
pub struct Writer<'a> {
    /// Where a change of data is announced.
    pub context: &'a Context,
    /// API server.
    pub client: &'a Client,
    /// What is known.
    pub store: &'a Store,
    /// For fingerprints.
    pub hasher: &'a RandomState,
}

impl Writer<'_> {
    /// Makes the target what it should be.
    pub async fn apply(&self, sync: &SecretSync, desired: &Desired) -> Result<Applied, Failure> {
        let (resource, name) = (key_of(sync), target_name(sync));
        let target = Key::new(&resource.namespace, name);
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &resource.namespace);
        let mut live = None;
        for round in 0..MAX_ROUNDS {
            let known = self.store.secret(&target);
            let written = known
                .as_ref()
                .and_then(|meta| self.written(sync, &resource, &target, desired, meta));
            let existing = match (&live, &known, &written) {
                (Some(Some(secret)), _, _) => Existing::Live(secret),
                (Some(None), _, _) | (None, None, _) => Existing::Absent,
                (None, Some(_), Some(written)) => Existing::AsWritten(written),
                (None, Some(_), None) => Existing::Unread,
            };
            let plan = plan(sync, desired, &existing, self.hasher)?;
            let changed = !matches!(plan, Plan::Nothing | Plan::Read);
            let last = self.store.written(&resource);
            let read = live.as_ref().and_then(Option::as_ref);
            if changes_data(sync, desired, &plan, read, last.as_ref(), self.hasher) {
                self.context.announce_change(sync).await?;
            }
            let result = match plan {
                Plan::Nothing => {
                    let metadata = live.flatten().map(|secret: Secret| secret.metadata);
                    return Ok(self.nothing(&resource, &target, desired, metadata, known));
                }
                Plan::Read => match api.get_opt(name).await {
                    Ok(found) => {
                        live = Some(found);
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Plan::Create(secret) => create(&api, &secret).await,
                Plan::PatchData {
                    resource_version,
                    data,
                } => {
                    metrics::api_write("secret_patch");
                    patch_data(&api, name, &resource_version, &data).await
                }
                Plan::Update(secret) => {
                    metrics::api_write("secret_update");
                    api.replace(name, &post(), &secret)
                        .await
                        .map(|secret| secret.metadata)
                }
                Plan::Replace {
                    uid,
                    resource_version,
                    secret,
                } => match delete(&api, name, Some(uid), Some(resource_version)).await {
                    Ok(()) => create(&api, &secret).await,
                    Err(error) => Err(error),
                },
            };
            match result {
                Ok(metadata) => {
                    let meta = SecretMeta::of(&metadata);
                    return Ok(self.remember(&resource, &target, desired, meta, changed));
                }
                Err(error) => {
                    tracing::debug!(%resource, round, error = describe(&error), "a write was refused");
                    live = self.after(&error, &api, name).await?;
                }
            }
        }
        Err(Failure::Transient(
            "others keep changing the Secret".to_owned(),
        ))
    }

    /// What an error means for the next round: the live Secret, read anew.
    async fn after(
        &self,
        error: &kube::Error,
        api: &Api<Secret>,
        name: &str,
    ) -> Result<Option<Option<Secret>>, Failure> {
        match meaning(error) {
            Meaning::Conflict | Meaning::NotFound => match api.get_opt(name).await {
                Ok(found) => Ok(Some(found)),
                Err(error) => Err(Failure::Transient(describe(&error))),
            },
            Meaning::NamespaceGone => Err(Failure::NamespaceGone),
            Meaning::Refused(why) => Err(Problem::Refused {
                name: name.to_owned(),
                why,
            }
            .into()),
            Meaning::Transient(why) => Err(Failure::Transient(why)),
        }
    }

    /// What is on the cluster, where it is known to be our own last write: from memory, or after a restart from the status,
    /// provided that nothing else has changed since.
    fn written(
        &self,
        sync: &SecretSync,
        resource: &Key,
        target: &Key,
        desired: &Desired,
        meta: &SecretMeta,
    ) -> Option<Written> {
        if meta.controller.as_deref() != sync.metadata.uid.as_deref() {
            return None;
        }
        if let Some(written) = self.store.written(resource) {
            return (*written.resource_version == *meta.resource_version).then_some(written);
        }
        let status = sync.status.as_ref()?;
        let last = status.target.as_ref()?;
        let is_same = *last.name == *target.name
            && *last.uid == *meta.uid
            && *last.resource_version == *meta.resource_version
            && status.observed_generation == sync.metadata.generation
            && status.sources == desired.sources;
        is_same.then(|| Written {
            resource_version: last.resource_version.clone(),
            fingerprint: desired.fingerprint(self.hasher),
        })
    }

    fn nothing(
        &self,
        resource: &Key,
        target: &Key,
        desired: &Desired,
        live: Option<ObjectMeta>,
        known: Option<SecretMeta>,
    ) -> Applied {
        let meta = live
            .map(|metadata| SecretMeta::of(&metadata))
            .or(known)
            .unwrap_or(SecretMeta {
                uid: "".into(),
                resource_version: "".into(),
                controller: None,
            });
        self.remember(resource, target, desired, meta, false)
    }

    fn remember(
        &self,
        resource: &Key,
        target: &Key,
        desired: &Desired,
        meta: SecretMeta,
        changed: bool,
    ) -> Applied {
        let status = TargetStatus {
            name: target.name.to_string(),
            uid: meta.uid.to_string(),
            resource_version: meta.resource_version.to_string(),
        };
        let written = Written {
            resource_version: meta.resource_version.to_string(),
            fingerprint: desired.fingerprint(self.hasher),
        };
        self.store.set_written(resource, target, meta, written);
        Applied {
            target: status,
            changed,
        }
    }

    /// Deletes the Secret under the former name of a renamed target, if it still is this resource's.
    pub async fn delete_former(&self, sync: &SecretSync) -> Result<(), Failure> {
        let Some(last) = sync
            .status
            .as_ref()
            .and_then(|status| status.target.as_ref())
        else {
            return Ok(());
        };
        if last.name == target_name(sync) {
            return Ok(());
        }
        let resource = key_of(sync);
        let former = Key::new(&resource.namespace, &last.name);
        let Some(meta) = self.store.secret(&former) else {
            return Ok(());
        };
        if *meta.uid != *last.uid || meta.controller.as_deref() != sync.metadata.uid.as_deref() {
            return Ok(());
        }
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &resource.namespace);
        match delete(&api, &last.name, Some(last.uid.clone()), None)
            .await
            .map_err(|error| meaning(&error))
        {
            // Somebody made another one under that name: not ours.
            Ok(()) | Err(Meaning::NotFound | Meaning::Conflict) => {
                self.store.forget_secret(&former);
                Ok(())
            }
            Err(Meaning::NamespaceGone) => Err(Failure::NamespaceGone),
            Err(Meaning::Refused(why)) => Err(Problem::Refused {
                name: last.name.clone(),
                why,
            }
            .into()),
            Err(Meaning::Transient(why)) => Err(Failure::Transient(why)),
        }
    }
}

/// Whether the sources are further than what the status says, as opposed to a repair of the same data.
pub fn is_advance(sources: &[SourceStatus], sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .is_some_and(|status| !status.sources.is_empty() && status.sources != sources)
}

fn post() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}

async fn create(api: &Api<Secret>, secret: &Secret) -> Result<ObjectMeta, kube::Error> {
    metrics::api_write("secret_create");
    api.create(&post(), secret)
        .await
        .map(|secret| secret.metadata)
}

/// Replaces the whole data in one call. The version is checked by the API server: another one is a conflict.
async fn patch_data(
    api: &Api<Secret>,
    name: &str,
    resource_version: &str,
    data: &BTreeMap<String, ByteString>,
) -> Result<ObjectMeta, kube::Error> {
    let operations = json!([
        { "op": "replace", "path": "/metadata/resourceVersion", "value": resource_version },
        { "op": "add", "path": "/data", "value": data },
    ]);
    let operations = serde_json::from_value(operations).map_err(kube::Error::SerdeError)?;
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    api.patch_metadata(name, &parameters, &Patch::<()>::Json(operations))
        .await
        .map(|partial| partial.metadata)
}

async fn delete(
    api: &Api<Secret>,
    name: &str,
    uid: Option<String>,
    resource_version: Option<String>,
) -> Result<(), kube::Error> {
    metrics::api_write("secret_delete");
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid,
            resource_version,
        }),
        ..DeleteParams::default()
    };
    api.delete(name, &parameters).await.map(|_| ())
}
