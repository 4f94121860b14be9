//! What is known of Secrets: which there are, whose they are, and who uses them.

use std::collections::{HashMap, HashSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::fields::has_set_owner;
use crate::identity::{Uid, Version};
use crate::key_map::KeyMap;
use crate::ownership::is_kind;
use crate::queue::Key;

/// What is kept of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMeta {
    /// Unique id.
    pub uid: Uid,
    /// Version.
    pub resource_version: Version,
    /// Unique id of its controller, where that is a `SecretSync`.
    pub controller: Option<Uid>,
    /// Whether the operator has set that controller, as opposed to somebody who has copied a Secret.
    pub is_made: bool,
}

impl SecretMeta {
    /// The controller that the operator has made it for.
    pub(super) fn maker(&self) -> Option<&Uid> {
        self.controller.as_ref().filter(|_| self.is_made)
    }

    /// Of these metadata.
    pub fn of(metadata: &ObjectMeta) -> Self {
        let owners = metadata.owner_references.as_deref().unwrap_or_default();
        let controller = owners
            .iter()
            .find(|owner| owner.controller == Some(true) && is_kind(owner));
        let is_made = controller.is_some_and(|owner| has_set_owner(metadata, &owner.uid));
        Self {
            uid: uid_of(metadata),
            resource_version: version_of(metadata),
            controller: controller.map(|owner| owner.uid.as_str().into()),
            is_made,
        }
    }

    fn is_newer_than(&self, other: &Self) -> bool {
        self.uid != other.uid || self.resource_version.is_newer_than(&other.resource_version)
    }
}

/// Unique id of an object; empty where it has none.
pub(super) fn uid_of(metadata: &ObjectMeta) -> Uid {
    metadata.uid.as_deref().unwrap_or_default().into()
}

/// Version of an object; empty where it has none.
pub(super) fn version_of(metadata: &ObjectMeta) -> Version {
    metadata
        .resource_version
        .as_deref()
        .unwrap_or_default()
        .into()
}

/// All that is known of them.
#[derive(Default)]
pub(super) struct Secrets {
    metas: HashMap<Key, SecretMeta>,
    /// Those that the operator has made for each controller.
    made: HashMap<Uid, KeyMap<()>>,
    /// Unique ids of those that somebody uses and that are gone, until one of that name is there again.
    gone: HashMap<Key, Uid>,
    /// Which resources have one as target, as token or for its certificates.
    users: HashMap<Key, KeyMap<()>>,
}

impl Secrets {
    pub fn get(&self, key: &Key) -> Option<&SecretMeta> {
        self.metas.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &SecretMeta)> {
        self.metas.iter()
    }

    /// What a watch tells of one. Says whether it was told something new.
    pub fn apply(&mut self, key: &Key, meta: SecretMeta) -> bool {
        if let Some(old) = self.metas.get(key)
            && !meta.is_newer_than(old)
        {
            return false;
        }
        self.gone.remove(key);
        self.put(key, meta);
        true
    }

    /// What the answer to a request tells of one; the watch may have told of its end already.
    pub fn see(&mut self, key: &Key, meta: SecretMeta) {
        let known = self.metas.get(key);
        if !self.is_gone(key, &meta.uid) && known.is_none_or(|old| meta.is_newer_than(old)) {
            self.put(key, meta);
        }
    }

    fn put(&mut self, key: &Key, meta: SecretMeta) {
        // Names are long: whoever uses the Secret and what is known of it share one.
        let key = self.users.get_key_value(key).map_or(key, |(key, _)| key);
        let key = &key.clone();
        let before = self.metas.get(key).and_then(SecretMeta::maker);
        if before != meta.maker() {
            self.forget(key);
            if let Some(controller) = meta.maker() {
                let made = self.made.entry(controller.clone()).or_default();
                made.insert(key.clone(), ());
            }
        }
        self.metas.insert(key.clone(), meta);
    }

    /// One turned out not to exist.
    pub fn forget(&mut self, key: &Key) {
        let Some(meta) = self.metas.remove(key) else {
            return;
        };
        if let Some(controller) = meta.maker()
            && let Some(made) = self.made.get_mut(controller)
        {
            made.remove(key);
            if made.is_empty() {
                self.made.remove(controller);
            }
        }
    }

    /// The end of one was heard of.
    pub fn remove(&mut self, key: &Key, uid: Uid) {
        // Another one of this name may be known already.
        if self.metas.get(key).is_none_or(|known| known.uid == uid) {
            self.forget(key);
        }
        if self.is_used(key) {
            self.gone.insert(key.clone(), uid);
        }
    }

    /// Whether the end of this one was heard of, and of none of its name since.
    pub fn is_gone(&self, key: &Key, uid: &Uid) -> bool {
        self.gone.get(key) == Some(uid)
    }

    /// Those that the operator has made for a controller.
    pub fn made_for(&self, controller: &Uid) -> impl Iterator<Item = &Key> {
        let made = self.made.get(controller).into_iter();
        made.flat_map(KeyMap::keys)
    }

    pub fn is_used(&self, key: &Key) -> bool {
        self.users.contains_key(key)
    }

    pub fn users(&self, key: &Key) -> impl Iterator<Item = &Key> {
        self.users.get(key).into_iter().flat_map(KeyMap::keys)
    }

    /// A resource uses other Secrets than before.
    pub fn replace_uses(&mut self, resource: &Key, before: &HashSet<Key>, now: &HashSet<Key>) {
        for secret in now.difference(before) {
            let known = self.metas.get_key_value(secret);
            let secret = known.map_or(secret, |(secret, _)| secret);
            let users = self.users.entry(secret.clone()).or_default();
            users.insert(resource.clone(), ());
        }
        for secret in before.difference(now) {
            if let Some(users) = self.users.get_mut(secret) {
                users.remove(resource);
                if users.is_empty() {
                    self.users.remove(secret);
                    self.gone.remove(secret);
                }
            }
        }
    }
}
