//! What the operator knows of the cluster: the resources without what it does not need, and of every Secret only name, unique
//! id, version and controller. Secrets' annotations may hold values and never get here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use crate::crd::{ALLOW_REMOVAL_ANNOTATION, RECONCILE_AT_ANNOTATION, SecretSync, TokenSecretRef};
use crate::fields::has_set_owner;
use crate::ownership::is_kind;
use crate::plan::{Written, target_name};
use crate::queue::{Key, Lane};

/// Annotations of resources that mean something here.
const FOLLOWED: [&str; 2] = [ALLOW_REMOVAL_ANNOTATION, RECONCILE_AT_ANNOTATION];
/// So many characters of their values are kept.
const MAX_FOLLOWED: usize = 64;

/// What is kept of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMeta {
    /// Unique id.
    pub uid: Box<str>,
    /// Version.
    pub resource_version: Box<str>,
    /// Unique id of its controller, where that is a `SecretSync`.
    pub controller: Option<Box<str>>,
    /// Whether the operator has set that controller, as opposed to somebody who has copied a Secret.
    pub is_made: bool,
}

impl SecretMeta {
    /// The controller that the operator has made it for.
    fn maker(&self) -> Option<&str> {
        self.controller.as_deref().filter(|_| self.is_made)
    }

    /// Of these metadata.
    pub fn of(metadata: &ObjectMeta) -> Self {
        let owners = metadata.owner_references.as_deref().unwrap_or_default();
        let controller = owners
            .iter()
            .find(|owner| owner.controller == Some(true) && is_kind(owner));
        let is_made = controller.is_some_and(|owner| has_set_owner(metadata, &owner.uid));
        Self {
            uid: metadata.uid.as_deref().unwrap_or_default().into(),
            resource_version: metadata
                .resource_version
                .as_deref()
                .unwrap_or_default()
                .into(),
            controller: controller.map(|owner| owner.uid.as_str().into()),
            is_made,
        }
    }
}

struct Entry {
    sync: Arc<SecretSync>,
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
    syncs: HashMap<Key, Entry>,
    secrets: HashMap<Key, SecretMeta>,
    /// The Secrets that the operator has made for each controller, by its unique id.
    controlled: HashMap<Box<str>, Vec<Key>>,
    /// Unique ids of Secrets that somebody uses and that are gone, until one of that name is there again.
    gone: HashMap<Key, Box<str>>,
    /// Which resources have a Secret as target, as token or for its certificates.
    users: HashMap<Key, HashSet<Key>>,
    malformed: HashSet<Key>,
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
        let used = self.used_secrets(&sync);
        let mut inner = self.lock();
        inner.malformed.remove(&key);
        let old = inner.syncs.get(&key).map(|entry| Arc::clone(&entry.sync));
        let mut before = Vec::new();
        if let Some(old) = &old {
            if old.metadata.uid == sync.metadata.uid && is_older(&sync.metadata, &old.metadata) {
                return Vec::new();
            }
            before = self.used_secrets(old);
            inner.unuse(&key, &before);
        }
        for secret in used {
            inner.users.entry(secret).or_default().insert(key.clone());
        }
        inner.forget_gone(&before);
        let is_same_object = old
            .as_ref()
            .is_some_and(|old| old.metadata.uid == sync.metadata.uid);
        let is_same = is_same_object
            && old.as_ref().is_some_and(|old| {
                old.metadata.generation == sync.metadata.generation
                    && old.metadata.annotations == sync.metadata.annotations
                    && old.metadata.deletion_timestamp == sync.metadata.deletion_timestamp
            });
        // What has been synced before can wait for what has not.
        let lane = if old.is_none()
            && sync
                .status
                .as_ref()
                .is_some_and(|status| status.target.is_some())
        {
            Lane::Background
        } else {
            Lane::First
        };
        let sync = Arc::new(sync);
        match inner.syncs.get_mut(&key) {
            Some(entry) if is_same_object => entry.sync = sync,
            _ => {
                inner.syncs.insert(
                    key.clone(),
                    Entry {
                        sync,
                        written: None,
                        target: None,
                        formers: Vec::new(),
                        is_untold: false,
                        failures: 0,
                    },
                );
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
            .sync(&key_of(&sync))
            .is_some_and(|known| known.metadata.uid == sync.metadata.uid);
        if is_there {
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
        let used = self.used_secrets(&entry.sync);
        inner.unuse(key, &used);
        inner.forget_gone(&used);
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
        if let Some(old) = inner.secrets.get(key)
            && old.uid == meta.uid
            && !is_newer(&meta.resource_version, &old.resource_version)
        {
            return Vec::new();
        }
        let mut affected = inner.users_of(key, Some(&meta));
        affected.extend(inner.surprised(key, &meta));
        inner.gone.remove(key);
        inner.put_secret(key, meta);
        affected
    }

    /// The Secret with this unique id is gone.
    pub fn remove_secret(&self, key: &Key, uid: &str) -> Affected {
        let mut inner = self.lock();
        inner.take_secret(key);
        if inner.users.contains_key(key) {
            inner.gone.insert(key.clone(), uid.into());
        }
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
        let gone: Vec<(Key, Box<str>)> = {
            let inner = self.lock();
            inner
                .secrets
                .iter()
                .filter(|(key, _)| is_in(key, namespace) && !seen.contains(*key))
                .map(|(key, meta)| (key.clone(), meta.uid.clone()))
                .collect()
        };
        gone.iter()
            .flat_map(|(key, uid)| self.remove_secret(key, uid))
            .collect()
    }

    /// A resource.
    pub fn sync(&self, key: &Key) -> Option<Arc<SecretSync>> {
        self.lock()
            .syncs
            .get(key)
            .map(|entry| Arc::clone(&entry.sync))
    }

    /// What is kept of a Secret.
    pub fn secret(&self, key: &Key) -> Option<SecretMeta> {
        self.lock().secrets.get(key).cloned()
    }

    /// Whether any resource uses a Secret.
    pub fn is_used(&self, secret: &Key) -> bool {
        self.lock().users.contains_key(secret)
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
        let is_gone = inner.gone.get(target) == Some(&meta.uid);
        if !is_gone {
            inner.see(target, meta);
        }
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
        let controlled = sync.metadata.uid.as_deref();
        let controlled = controlled.and_then(|uid| inner.controlled.get(uid));
        let names = controlled.into_iter().flatten();
        names
            .filter(|key| *key.namespace == *resource.namespace && *key.name != *target)
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
        self.lock().see(target, SecretMeta::of(metadata));
    }

    /// A Secret turned out not to exist.
    pub fn forget_secret(&self, target: &Key) {
        self.lock().take_secret(target);
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

    /// Resources by the reason of their `Ready` condition.
    pub fn states(&self) -> HashMap<String, usize> {
        let inner = self.lock();
        let mut states = HashMap::new();
        for entry in inner.syncs.values() {
            let ready = entry
                .sync
                .status
                .as_ref()
                .and_then(|status| crate::status::find(status, crate::status::READY));
            *states
                .entry(ready.map_or_else(|| "Pending".to_owned(), |ready| ready.reason.clone()))
                .or_default() += 1;
        }
        if !inner.malformed.is_empty() {
            *states.entry("Malformed".to_owned()).or_default() += inner.malformed.len();
        }
        states
    }

    fn used_secrets(&self, sync: &SecretSync) -> Vec<Key> {
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
    fn see(&mut self, target: &Key, meta: SecretMeta) {
        if self.gone.get(target) == Some(&meta.uid) {
            return;
        }
        let known = self.secrets.get(target);
        if known.is_none_or(|old| {
            old.uid != meta.uid || is_newer(&meta.resource_version, &old.resource_version)
        }) {
            self.put_secret(target, meta);
        }
    }

    fn put_secret(&mut self, key: &Key, meta: SecretMeta) {
        let before = self.secrets.get(key).and_then(SecretMeta::maker);
        if before != meta.maker() {
            self.take_secret(key);
            if let Some(controller) = meta.maker() {
                self.controlled
                    .entry(controller.into())
                    .or_default()
                    .push(key.clone());
            }
        }
        self.secrets.insert(key.clone(), meta);
    }

    fn take_secret(&mut self, key: &Key) {
        let Some(meta) = self.secrets.remove(key) else {
            return;
        };
        if let Some(controller) = meta.maker()
            && let Some(keys) = self.controlled.get_mut(controller)
        {
            keys.retain(|other| other != key);
            if keys.is_empty() {
                self.controlled.remove(controller);
            }
        }
    }

    /// Who controls a Secret that comes up where nobody looks for one.
    fn surprised(&self, secret: &Key, meta: &SecretMeta) -> Option<(Key, Lane)> {
        let controller = meta.maker()?;
        let is_new = self
            .secrets
            .get(secret)
            .is_none_or(|old| old.maker() != Some(controller));
        if !is_new || self.users.contains_key(secret) {
            return None;
        }
        let mut syncs = self.syncs.iter();
        let found = syncs.find(|(_, entry)| entry.sync.metadata.uid.as_deref() == Some(controller));
        found.map(|(key, _)| (key.clone(), Lane::First))
    }

    fn unuse(&mut self, key: &Key, secrets: &[Key]) {
        for secret in secrets {
            if let Some(users) = self.users.get_mut(secret) {
                users.remove(key);
                if users.is_empty() {
                    self.users.remove(secret);
                }
            }
        }
    }

    /// Forgets that Secrets are gone that nobody uses any more.
    fn forget_gone(&mut self, secrets: &[Key]) {
        for secret in secrets {
            if !self.users.contains_key(secret) {
                self.gone.remove(secret);
            }
        }
    }

    /// Who uses a Secret, except where `now` is what they have written themselves.
    fn users_of(&self, secret: &Key, now: Option<&SecretMeta>) -> Affected {
        let users = self.users.get(secret).into_iter().flatten();
        let concerned = users.filter(|user| {
            let written = self
                .syncs
                .get(*user)
                .and_then(|entry| entry.written.as_ref());
            written.is_none()
                || now.map(|meta| &*meta.resource_version)
                    != written.map(|written| written.resource_version.as_str())
        });
        concerned.map(|user| (user.clone(), Lane::First)).collect()
    }
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
    match (&one.resource_version, &other.resource_version) {
        (Some(one), Some(other)) => one != other && !is_newer(one, other),
        _ => false,
    }
}

/// Whether a version is newer than another of the same object. Versions are numbers that grow; where one is not, it is
/// taken for newer if it is another.
fn is_newer(version: &str, than: &str) -> bool {
    match (version.parse::<u128>(), than.parse::<u128>()) {
        (Ok(version), Ok(than)) => version > than,
        _ => version != than,
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
