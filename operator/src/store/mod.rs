//! What the operator knows of the cluster: the resources without what it does not need, and of every Secret only name, unique
//! id, version and controller. Secrets' annotations may hold values and never get here.

mod secrets;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use crate::crd::{ALLOW_REMOVAL_ANNOTATION, RECONCILE_AT_ANNOTATION, SecretSync, TokenSecretRef};
use crate::identity::Uid;
use crate::packed::Packed;
use crate::plan::{Written, target_name};
use crate::queue::{Key, Lane};
use crate::status;
use secrets::{Secrets, uid_of, version_of};

pub use secrets::SecretMeta;

/// Annotations of resources that mean something here.
const FOLLOWED: [&str; 2] = [ALLOW_REMOVAL_ANNOTATION, RECONCILE_AT_ANNOTATION];
/// So many characters of their values are kept.
const MAX_FOLLOWED: usize = 64;

struct Entry {
    sync: Packed,
    uid: Uid,
    written: Option<Written>,
    /// Name of the Secret that was last written.
    target: Option<Box<str>>,
    /// Names of those before, until they are dealt with.
    formers: Vec<Box<str>>,
    /// A write that the status does not tell of yet.
    is_untold: bool,
    failures: u32,
}

#[derive(Default)]
struct Inner {
    /// Boxed, as a table has room for many more than it holds.
    syncs: HashMap<Key, Box<Entry>>,
    secrets: Secrets,
    malformed: HashSet<Key>,
    /// How many resources there are by the reason of their `Ready` condition.
    states: HashMap<String, usize>,
}

/// The store.
pub struct Store {
    inner: Mutex<Inner>,
    default_token: Option<TokenSecretRef>,
}

/// Who has to be looked at after an event, and how urgently.
pub type Affected = Vec<(Key, Lane)>;

impl Store {
    /// An empty one. `default_token` is the Secret used by resources that name none.
    pub fn new(default_token: Option<TokenSecretRef>) -> Self {
        Self {
            inner: Mutex::default(),
            default_token,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reference to the token Secret that a resource uses.
    pub fn token_ref<'a>(&'a self, sync: &'a SecretSync) -> Option<&'a TokenSecretRef> {
        sync.spec
            .auth
            .token_secret_ref
            .as_ref()
            .or(self.default_token.as_ref())
    }

    /// A resource was made or changed. Only what its author did counts: the operator's own status writes do not.
    pub fn apply_sync(&self, mut sync: SecretSync) -> Affected {
        slim(&mut sync);
        let key = key_of(&sync);
        let packed = Packed::of(&sync);
        let mut inner = self.lock();
        inner.malformed.remove(&key);
        let old = inner.syncs.get(&key).map(|entry| entry.sync.open());
        let same = old
            .as_ref()
            .filter(|old| old.metadata.uid == sync.metadata.uid);
        if same.is_some_and(|old| is_older(&sync.metadata, &old.metadata)) {
            return Vec::new();
        }
        let is_same = same.is_some_and(|old| {
            old.metadata.generation == sync.metadata.generation
                && old.metadata.annotations == sync.metadata.annotations
                && old.metadata.deletion_timestamp == sync.metadata.deletion_timestamp
        });
        // What has been synced before can wait for what has not.
        let has_target = |sync: &SecretSync| {
            let status = sync.status.as_ref();
            status.is_some_and(|status| status.target.is_some())
        };
        let lane = if old.is_none() && has_target(&sync) {
            Lane::Background
        } else {
            Lane::First
        };
        let before = old.as_ref().map(|old| self.used_secrets(old));
        let before = before.unwrap_or_default();
        inner.count(old.as_ref(), Some(&sync));
        inner
            .secrets
            .replace_uses(&key, &before, &self.used_secrets(&sync));
        match inner.syncs.get_mut(&key) {
            Some(entry) if same.is_some() => entry.sync = packed,
            _ => {
                let entry = Entry {
                    sync: packed,
                    uid: uid_of(&sync.metadata),
                    written: None,
                    target: None,
                    formers: Vec::new(),
                    is_untold: false,
                    failures: 0,
                };
                inner.syncs.insert(key.clone(), Box::new(entry));
            }
        }
        if is_same {
            Vec::new()
        } else {
            vec![(key, lane)]
        }
    }

    /// The operator itself has written a resource's status. One that was deleted meanwhile stays so.
    pub fn update_sync(&self, sync: SecretSync) -> Affected {
        let is_there = self
            .lock()
            .syncs
            .get(&key_of(&sync))
            .map(|entry| entry.uid.clone());
        if is_there == Some(uid_of(&sync.metadata)) {
            self.apply_sync(sync)
        } else {
            Vec::new()
        }
    }

    /// A resource is gone.
    pub fn remove_sync(&self, key: &Key) -> Affected {
        let mut inner = self.lock();
        inner.malformed.remove(key);
        self.forget_sync(&mut inner, key)
    }

    /// A resource exists that cannot be read. Says whether that is news.
    pub fn mark_malformed(&self, key: &Key) -> (bool, Affected) {
        let mut inner = self.lock();
        let is_news = inner.malformed.insert(key.clone());
        (is_news, self.forget_sync(&mut inner, key))
    }

    fn forget_sync(&self, inner: &mut Inner, key: &Key) -> Affected {
        let Some(entry) = inner.syncs.remove(key) else {
            return Vec::new();
        };
        let sync = entry.sync.open();
        inner.count(Some(&sync), None);
        inner
            .secrets
            .replace_uses(key, &self.used_secrets(&sync), &HashSet::new());
        vec![(key.clone(), Lane::First)]
    }

    /// Another replica may have written since: what this one has written last says nothing any more. The statuses do.
    pub fn forget_written(&self) {
        for entry in self.lock().syncs.values_mut() {
            entry.written = None;
        }
    }

    /// Everything, as if this process had just begun.
    pub fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// A Secret was made or changed.
    pub fn apply_secret(&self, key: &Key, meta: SecretMeta) -> Affected {
        let mut inner = self.lock();
        let mut affected = inner.users_of(key, Some(&meta));
        affected.extend(inner.surprised(key, &meta));
        if inner.secrets.apply(key, meta) {
            affected
        } else {
            Vec::new()
        }
    }

    /// The Secret with this unique id is gone.
    pub fn remove_secret(&self, key: &Key, uid: Uid) -> Affected {
        let mut inner = self.lock();
        inner.secrets.remove(key, uid);
        inner.users_of(key, None)
    }

    /// After a full list: everything that was not in it is gone.
    pub fn retain_syncs(&self, namespace: Option<&str>, seen: &HashSet<Key>) -> Affected {
        let gone: Vec<Key> = {
            let inner = self.lock();
            let known = inner.syncs.keys().chain(&inner.malformed);
            known
                .filter(|key| is_in(key, namespace) && !seen.contains(*key))
                .cloned()
                .collect()
        };
        gone.iter().flat_map(|key| self.remove_sync(key)).collect()
    }

    /// After a full list: everything that was not in it is gone.
    pub fn retain_secrets(&self, namespace: Option<&str>, seen: &HashSet<Key>) -> Affected {
        let gone: Vec<(Key, Uid)> = {
            let inner = self.lock();
            inner
                .secrets
                .iter()
                .filter(|(key, _)| is_in(key, namespace) && !seen.contains(*key))
                .map(|(key, meta)| (key.clone(), meta.uid.clone()))
                .collect()
        };
        gone.into_iter()
            .flat_map(|(key, uid)| self.remove_secret(&key, uid))
            .collect()
    }

    /// A resource.
    pub fn sync(&self, key: &Key) -> Option<SecretSync> {
        let packed = self.lock().syncs.get(key)?.sync.clone();
        Some(packed.open())
    }

    /// What is kept of a Secret.
    pub fn secret(&self, key: &Key) -> Option<SecretMeta> {
        self.lock().secrets.get(key).cloned()
    }

    /// Whether any resource uses a Secret.
    pub fn is_used(&self, secret: &Key) -> bool {
        self.lock().secrets.is_used(secret)
    }

    /// What was last written for a resource.
    pub fn written(&self, key: &Key) -> Option<Written> {
        self.lock().syncs.get(key)?.written.clone()
    }

    /// Remembers what was written, just now or before, so that the event about it causes nothing. A Secret whose end was heard
    /// of before its write was answered stays gone. Says whether the status is to tell of a write.
    pub fn set_written(
        &self,
        key: &Key,
        target: &Key,
        meta: SecretMeta,
        written: Written,
        just_now: bool,
    ) -> bool {
        let mut inner = self.lock();
        let is_gone = inner.secrets.is_gone(target, &meta.uid);
        inner.secrets.see(target, meta);
        let Some(entry) = inner.syncs.get_mut(key) else {
            return just_now;
        };
        entry.is_untold |= just_now;
        if !is_gone {
            entry.written = Some(written);
            if let Some(old) = entry.target.replace((*target.name).into())
                && *old != *target.name
            {
                entry.formers.retain(|former| *former != old);
                entry.formers.push(old);
            }
        }
        entry.is_untold
    }

    /// The status tells of the last write.
    pub fn set_told(&self, key: &Key) {
        if let Some(entry) = self.lock().syncs.get_mut(key) {
            entry.is_untold = false;
        }
    }

    /// Names under which this process has written Secrets for a resource before. The status knows only the last that it was
    /// told of.
    pub fn formers(&self, key: &Key) -> Vec<Box<str>> {
        self.lock()
            .syncs
            .get(key)
            .map_or_else(Vec::new, |entry| entry.formers.clone())
    }

    /// Names of the Secrets that the operator has made for a resource besides its target. One is there where the operator died, or was not
    /// answered, between a write and what the status says of it.
    pub fn strays(&self, sync: &SecretSync) -> Vec<Box<str>> {
        let (resource, target) = (key_of(sync), target_name(sync));
        let inner = self.lock();
        let uid = uid_of(&sync.metadata);
        let made = inner.secrets.made_for(&uid);
        made.filter(|key| *key.namespace == *resource.namespace && *key.name != *target)
            .map(|key| (*key.name).into())
            .collect()
    }

    /// The Secret under a former name is dealt with.
    pub fn forget_former(&self, key: &Key, name: &str) {
        if let Some(entry) = self.lock().syncs.get_mut(key) {
            entry.formers.retain(|former| **former != *name);
        }
    }

    /// A Secret was read.
    pub fn saw_secret(&self, target: &Key, metadata: &ObjectMeta) {
        self.lock().secrets.see(target, SecretMeta::of(metadata));
    }

    /// A Secret turned out not to exist.
    pub fn forget_secret(&self, target: &Key) {
        self.lock().secrets.forget(target);
    }

    /// Counts failures in a row; the count is for the backoff.
    pub fn failed(&self, key: &Key) -> u32 {
        let mut inner = self.lock();
        let Some(entry) = inner.syncs.get_mut(key) else {
            return 0;
        };
        entry.failures = entry.failures.saturating_add(1);
        entry.failures
    }

    /// Ends the row.
    pub fn succeeded(&self, key: &Key) {
        if let Some(entry) = self.lock().syncs.get_mut(key) {
            entry.failures = 0;
        }
    }

    /// How many resources there are by the reason of their `Ready` condition.
    pub fn states(&self) -> HashMap<String, usize> {
        let inner = self.lock();
        let mut states = inner.states.clone();
        if !inner.malformed.is_empty() {
            *states.entry("Malformed".to_owned()).or_default() += inner.malformed.len();
        }
        states
    }

    fn used_secrets(&self, sync: &SecretSync) -> HashSet<Key> {
        let namespace = sync.namespace().unwrap_or_default();
        let token = self.token_ref(sync).map(|token| token.name.as_str());
        // A renamed target's old Secret is watched until it is gone.
        let old = sync
            .status
            .as_ref()
            .and_then(|status| status.target.as_ref())
            .map(|target| target.name.as_str());
        let authority = sync.spec.server.ca_secret_ref.as_ref();
        let authority = authority.map(|reference| reference.name.as_str());
        [Some(target_name(sync)), token, authority, old]
            .into_iter()
            .flatten()
            .map(|name| Key::new(&namespace, name))
            .collect()
    }
}

impl Inner {
    /// Counts a resource by its state now, and no longer by the one before.
    fn count(&mut self, before: Option<&SecretSync>, now: Option<&SecretSync>) {
        if let Some(before) = before.map(state)
            && let Some(count) = self.states.get_mut(before)
        {
            *count -= 1;
            if *count == 0 {
                self.states.remove(before);
            }
        }
        if let Some(now) = now.map(state) {
            *self.states.entry(now.to_owned()).or_default() += 1;
        }
    }

    /// Who controls a Secret that comes up where nobody looks for one.
    fn surprised(&self, secret: &Key, meta: &SecretMeta) -> Option<(Key, Lane)> {
        let controller = meta.maker()?;
        let old = self.secrets.get(secret);
        let is_new = old.is_none_or(|old| old.maker() != Some(controller));
        if !is_new || self.secrets.is_used(secret) {
            return None;
        }
        let mut syncs = self.syncs.iter();
        let found = syncs.find(|(_, entry)| entry.uid == *controller);
        found.map(|(key, _)| (key.clone(), Lane::First))
    }

    /// Who uses a Secret, except where `now` is what they have written themselves.
    fn users_of(&self, secret: &Key, now: Option<&SecretMeta>) -> Affected {
        let concerned = self.secrets.users(secret).filter(|user| {
            let entry = self.syncs.get(*user);
            let written = entry.and_then(|entry| entry.written.as_ref());
            written.is_none()
                || now.map(|meta| &meta.resource_version)
                    != written.map(|written| &written.resource_version)
        });
        concerned.map(|user| (user.clone(), Lane::First)).collect()
    }
}

/// The reason of a resource's `Ready` condition.
fn state(sync: &SecretSync) -> &str {
    let status = sync.status.as_ref();
    let ready = status.and_then(|status| status::find(status, status::READY));
    ready.map_or("Pending", |ready| &ready.reason)
}

/// Key of a resource.
pub fn key_of(sync: &SecretSync) -> Key {
    Key::new(
        sync.metadata.namespace.as_deref().unwrap_or_default(),
        sync.metadata.name.as_deref().unwrap_or_default(),
    )
}

fn is_in(key: &Key, namespace: Option<&str>) -> bool {
    namespace.is_none_or(|namespace| *key.namespace == *namespace)
}

fn slim(sync: &mut SecretSync) {
    let metadata = &mut sync.metadata;
    metadata.managed_fields = None;
    metadata.labels = None;
    if let Some(annotations) = &mut metadata.annotations {
        annotations.retain(|name, _| FOLLOWED.contains(&name.as_str()));
        for value in annotations.values_mut() {
            *value = value.chars().take(MAX_FOLLOWED).collect();
        }
    }
    metadata.owner_references = None;
    metadata.finalizers = None;
    metadata.creation_timestamp = None;
}

fn is_older(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    let (one, other) = (version_of(one), version_of(other));
    one != other && !one.is_newer_than(&other)
}

#[cfg(test)]
mod tests;
