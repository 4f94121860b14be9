//! Carries a plan out. Every write has a precondition, so that an operator that is behind overwrites nobody.

use std::hash::RandomState;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Api, Client};

use crate::crd::{SecretSync, SourceStatus, TargetStatus};
use crate::desired::Desired;
use crate::fields::merge_manager;
use crate::guard;
use crate::identity::Version;
use crate::kube_error::{Meaning, describe, field_conflict, meaning};
use crate::plan::{Existing, Plan, Written, plan, target_name};
use crate::problem::Problem;
use crate::queue::Key;
use crate::reconcile::Context;
use crate::restart::intent::changes_data;
use crate::store::{SecretMeta, Store, key_of};
use crate::write;

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
    /// Whether it was written since the status told of it last.
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
    /// Makes the target what it should be. With `look`, the live Secret is read even where it is known to be as it was written.
    pub async fn apply(
        &self,
        sync: &SecretSync,
        desired: &Desired,
        look: bool,
    ) -> Result<Applied, Failure> {
        let (resource, name) = (key_of(sync), target_name(sync));
        let target = Key::new(&resource.namespace, name);
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &resource.namespace);
        let mut live = None;
        if look {
            match api.get_opt(name).await {
                Ok(found) => live = Some(found),
                Err(error) => live = self.after(&error, &api, name).await?,
            }
        }
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
                Plan::HandOver(secret) => match write::update(&api, &secret).await {
                    Ok(secret) => {
                        live = Some(Some(secret));
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Plan::Create(secret) => write::create(&api, &secret).await,
                Plan::PatchData {
                    resource_version,
                    data,
                } => write::patch_data(&api, name, &resource_version, &data).await,
                Plan::Update(secret) => write::update(&api, &secret)
                    .await
                    .map(|secret| secret.metadata),
                Plan::Replace {
                    uid,
                    resource_version,
                    secret,
                } => match write::delete(&api, name, Some(uid), Some(resource_version)).await {
                    Ok(()) => write::create(&api, &secret).await,
                    Err(error) => Err(error),
                },
                Plan::Apply(fields) => write::apply(&api, &merge_manager(sync), &fields).await,
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
        if let Some(conflict) = field_conflict(error) {
            return Err(Problem::MergeConflict {
                name: name.to_owned(),
                what: conflict.what,
                field: conflict.field,
                other: conflict.manager,
            }
            .into());
        }
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
        if let Some(written) = self.store.written(resource) {
            return (written.resource_version == meta.resource_version).then_some(written);
        }
        let status = sync.status.as_ref()?;
        let last = status.target.as_ref()?;
        let is_same = *last.name == *target.name
            && meta.uid == last.uid.as_str().into()
            && meta.resource_version == last.resource_version.as_str().into()
            && status.synced_generation.is_some()
            && status.synced_generation == sync.metadata.generation
            && status.sources == desired.sources;
        is_same.then(|| self.as_written(desired, meta.resource_version.clone()))
    }

    fn as_written(&self, desired: &Desired, resource_version: Version) -> Written {
        Written {
            resource_version,
            fingerprint: desired.fingerprint(self.hasher),
            names: guard::names(&desired.data, self.hasher),
        }
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
                is_made: false,
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
        let written = self.as_written(desired, meta.resource_version.clone());
        let changed = self
            .store
            .set_written(resource, target, meta, written, changed);
        Applied {
            target: status,
            changed,
        }
    }
}

/// Whether the sources are further than what the status says, as opposed to a repair of the same data.
pub fn is_advance(sources: &[SourceStatus], sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .is_some_and(|status| !status.sources.is_empty() && status.sources != sources)
}
