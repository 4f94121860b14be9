//! Takes Secrets away: those under a target's former name, and those whose configs were deleted.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use crate::apply::{Failure, Writer};
use crate::crd::{CreationPolicy, SecretSync};
use crate::fields::merge_manager;
use crate::identity::Uid;
use crate::kube_error::{Meaning, describe, meaning};
use crate::merge;
use crate::plan::target_name;
use crate::problem::{Gone, Problem};
use crate::queue::Key;
use crate::release::{Release, release};
use crate::store::key_of;
use crate::write;

/// How often it is looked again, because somebody else was faster.
const MAX_ROUNDS: usize = 5;

impl Writer<'_> {
    /// Takes away what is under former names of the target, if it still is this resource's. What is there is judged by itself:
    /// whoever died after a write has told nobody of what it made.
    pub async fn release_former(&self, sync: &SecretSync) -> Result<(), Failure> {
        let status = sync.status.as_ref();
        let last = status.and_then(|status| status.target.as_ref());
        let last = last.map(|last| last.name.as_str().into());
        let formers = self.store.formers(&key_of(sync));
        for name in last.into_iter().chain(formers) {
            if *name != *target_name(sync) {
                self.release(sync, &name).await?;
                self.store.forget_former(&key_of(sync), &name);
            }
        }
        for name in self.store.strays(sync) {
            self.release(sync, &name).await?;
        }
        Ok(())
    }

    /// Takes away what is under the target's name, since there is nothing any more that it should hold. Says what is there now.
    pub async fn remove(&self, sync: &SecretSync) -> Result<Gone, Failure> {
        self.release_former(sync).await?;
        let name = target_name(sync);
        let is_gone = self.release(sync, name).await?;
        let name = name.to_owned();
        Ok(
            if sync.spec.target.creation_policy == CreationPolicy::Merge {
                Gone::Withdrawn { name }
            } else if is_gone {
                Gone::Deleted { name }
            } else {
                Gone::NotOurs { name }
            },
        )
    }

    /// Says whether there is no Secret of that name afterwards.
    async fn release(&self, sync: &SecretSync, name: &str) -> Result<bool, Failure> {
        let resource = key_of(sync);
        let place = Key::new(&resource.namespace, name);
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &resource.namespace);
        for _ in 0..MAX_ROUNDS {
            let Some(meta) = self.store.secret(&place) else {
                return Ok(true);
            };
            let uid = sync.metadata.uid.as_deref().map(Uid::from);
            let is_ours = meta.is_made && meta.controller == uid;
            let (what, uid, version) = if is_ours {
                let version = meta.resource_version.to_string();
                (Release::Delete, meta.uid.to_string(), Some(version))
            } else {
                let found = api
                    .get_opt(name)
                    .await
                    .map_err(|error| failure(name, &error))?;
                let Some(live) = found else {
                    self.store.forget_secret(&place);
                    return Ok(true);
                };
                let found = live.metadata.uid.clone().unwrap_or_default();
                let version = live.metadata.resource_version.clone();
                (release(sync, &live), found, version)
            };
            let result = match what {
                Release::Nothing => return Ok(false),
                Release::Delete => write::delete(&api, name, Some(uid), version).await,
                Release::Withdraw => {
                    let fields = merge::nothing(name, Some(&uid));
                    write::apply(&api, &merge_manager(sync), &fields)
                        .await
                        .map(|_| ())
                }
            };
            match result.map_err(|error| (meaning(&error), error)) {
                Ok(()) if what == Release::Delete => {
                    self.store.forget_secret(&place);
                    return Ok(true);
                }
                Ok(()) => return Ok(false),
                // There may be another one of that name by now.
                Err((Meaning::NotFound | Meaning::Conflict, _)) => {
                    self.refresh(&api, &place).await?;
                }
                Err((_, error)) => return Err(failure(name, &error)),
            }
        }
        Err(Failure::Transient(
            "others keep changing the Secret".to_owned(),
        ))
    }

    /// Looks what is there, where the watch has not told of it yet.
    async fn refresh(&self, api: &Api<Secret>, place: &Key) -> Result<(), Failure> {
        let found = api
            .get_metadata_opt(&place.name)
            .await
            .map_err(|error| failure(&place.name, &error))?;
        match found {
            Some(found) => self.store.saw_secret(place, &found.metadata),
            None => self.store.forget_secret(place),
        }
        Ok(())
    }
}

fn failure(name: &str, error: &kube::Error) -> Failure {
    match meaning(error) {
        Meaning::NamespaceGone => Failure::NamespaceGone,
        Meaning::Refused(why) => Problem::Refused {
            name: name.to_owned(),
            why,
        }
        .into(),
        Meaning::Transient(why) => Failure::Transient(why),
        Meaning::NotFound | Meaning::Conflict => Failure::Transient(describe(error)),
    }
}
