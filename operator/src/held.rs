//! What was read out of Secrets, each until it changes: Secrets are watched as metadata, and the data of one is asked for only
//! when its version is another.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use crate::identity::Version;
use crate::problem::Problem;
use crate::queue::Key;
use crate::store::Store;

struct Cached<T> {
    resource_version: Version,
    held: Result<T, Problem>,
}

/// Keys of Secrets that were read.
pub struct Held<T> {
    cache: Mutex<HashMap<(Key, String), Cached<T>>>,
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self {
            cache: Mutex::default(),
        }
    }
}

impl<T: Clone> Held<T> {
    /// What `read` makes of a Secret, for a key of it, from memory where the Secret has not changed; `read` gets `None` where there is
    /// none. The outer error is the API server's.
    pub async fn get(
        &self,
        client: &Client,
        store: &Store,
        secret: Key,
        key: &str,
        read: impl Fn(Option<&Secret>) -> Result<T, Problem>,
    ) -> Result<Result<T, Problem>, kube::Error> {
        let Some(meta) = store.secret(&secret) else {
            return Ok(read(None));
        };
        let api: Api<Secret> = Api::namespaced(client.clone(), &secret.namespace);
        let place = (secret, key.to_owned());
        if let Some(cached) = self.lock().get(&place)
            && cached.resource_version == meta.resource_version
        {
            return Ok(cached.held.clone());
        }
        let live = api.get_opt(&place.0.name).await?;
        let held = read(live.as_ref());
        if let Some(live) = live {
            let resource_version = live.metadata.resource_version.unwrap_or_default();
            let cached = Cached {
                resource_version: resource_version.as_str().into(),
                held: held.clone(),
            };
            let mut cache = self.lock();
            // Nobody tells when the last resource stops using a Secret, so that what nobody uses goes when something else comes.
            cache.retain(|(secret, _), _| store.is_used(secret));
            cache.insert(place, cached);
        }
        Ok(held)
    }

    /// Forgets what was read of a Secret.
    pub fn forget(&self, secret: &Key) {
        self.lock().retain(|(key, _), _| key != secret);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Key, String), Cached<T>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
