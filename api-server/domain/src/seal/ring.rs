//! The keys at hand: root keys, and the data keys that they opened.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use hmac::Hmac;
use rand::CryptoRng;
use sha2::Sha256;

use super::{
    Fingerprint, KeyBytes, Mac, RootKey, SealError, Sealed, ValuePlace, WrappedDataKey,
    value_context,
};
use crate::id::{DataKeyId, ProjectId};
use crate::secret::SecretValue;
use crate::signing::{PublicKey, Signer};

/// Root keys and the data keys that they opened, shared by the writer and all readers.
pub struct KeyRing {
    newest: Root,
    previous: Vec<Root>,
    data: RwLock<HashMap<DataKeyId, KeyBytes>>,
}

/// A root key, and what follows from it.
struct Root {
    key: RootKey,
    fingerprint: Fingerprint,
    signer: Signer,
}

impl Root {
    fn new(key: RootKey) -> Self {
        Self {
            fingerprint: key.fingerprint(),
            signer: key.signer(),
            key,
        }
    }
}

impl KeyRing {
    /// A ring with one root key and no data keys.
    pub fn new(root: RootKey) -> Self {
        Self::with_previous(root, Vec::new())
    }

    /// A ring with root keys of which `newest` is the one to change to, where it is not in use yet.
    pub fn with_previous(newest: RootKey, previous: Vec<RootKey>) -> Self {
        Self {
            newest: Root::new(newest),
            previous: previous.into_iter().map(Root::new).collect(),
            data: RwLock::default(),
        }
    }

    /// The newest root key's fingerprint.
    pub fn root_fingerprint(&self) -> Fingerprint {
        self.newest.fingerprint.clone()
    }

    /// What signatures of the newest root key are verified with.
    pub fn signing_key(&self) -> PublicKey {
        self.newest.signer.public_key()
    }

    /// Whether there is a root key with this fingerprint.
    pub fn has_root(&self, fingerprint: &str) -> bool {
        self.root(fingerprint).is_ok()
    }

    /// Whether there are root keys beside the newest.
    pub fn has_previous(&self) -> bool {
        !self.previous.is_empty()
    }

    /// What makes signatures that `key` verifies; none where no root key on the ring does.
    pub fn signer(&self, key: PublicKey) -> Option<&Signer> {
        self.roots()
            .map(|root| &root.signer)
            .find(|signer| signer.public_key() == key)
    }

    /// What marks snapshots of the state as made by whoever has the root key of this fingerprint; none where no root key
    /// on the ring has it.
    pub(crate) fn snapshot_mac(&self, root_key: &str) -> Option<Hmac<Sha256>> {
        let root = self.root(root_key).ok()?;
        Some(root.key.snapshot_mac())
    }

    /// What shows that a backup was made by whoever has the root key.
    pub fn backup_mac(&self, root: &str) -> Result<Mac, SealError> {
        Ok(Mac::new(self.root(root)?.key.backup_mac()))
    }

    /// Makes a data key for a project, puts it on the ring, and returns it as `root` wraps it.
    pub fn create(
        &self,
        rng: &mut dyn CryptoRng,
        project: ProjectId,
        root: &str,
    ) -> Result<WrappedDataKey, SealError> {
        let (id, key) = (DataKeyId::random(rng), KeyBytes::random(rng));
        let wrapped = self.root(root)?.key.wrap(rng, project, id, &key);
        self.insert(id, key);
        Ok(wrapped)
    }

    /// A data key of a project that is on the ring, as `root` wraps it, for a new record.
    pub fn rewrap(
        &self,
        rng: &mut dyn CryptoRng,
        project: ProjectId,
        id: DataKeyId,
        root: &str,
    ) -> Result<WrappedDataKey, SealError> {
        let key = self.get(id)?;
        Ok(self.root(root)?.key.wrap(rng, project, id, &key))
    }

    /// Unwraps a stored data key with the root key that it names, and puts it on the ring.
    pub fn load(&self, wrapped: &WrappedDataKey) -> Result<(), SealError> {
        let key = self.root(&wrapped.root_key)?.key.unwrap(wrapped)?;
        self.insert(wrapped.id, key);
        Ok(())
    }

    /// Takes all data keys but these off the ring.
    pub fn keep(&self, known: &HashSet<DataKeyId>) {
        self.data
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|id, _| known.contains(id));
    }

    /// Seals a value for its place.
    pub fn seal(
        &self,
        rng: &mut dyn CryptoRng,
        key: DataKeyId,
        place: ValuePlace<'_>,
        value: &SecretValue,
    ) -> Result<Sealed, SealError> {
        let context = value_context(place, key);
        let blob = self
            .get(key)?
            .seal(rng, key.as_bytes(), &context, value.reveal().as_bytes());
        Ok(Sealed::from_bytes(blob))
    }

    /// Opens a value in its place.
    pub fn open(&self, place: ValuePlace<'_>, sealed: &Sealed) -> Result<SecretValue, SealError> {
        let key = sealed.data_key().ok_or(SealError::DoesNotOpen)?;
        let mut plaintext = self.get(key)?.open(
            Sealed::NAME_BYTES,
            &value_context(place, key),
            sealed.as_bytes(),
        )?;
        let text = String::from_utf8(std::mem::take(&mut *plaintext))
            .map_err(|_| SealError::DoesNotOpen)?;
        Ok(SecretValue::new(text))
    }

    fn roots(&self) -> impl Iterator<Item = &Root> {
        std::iter::once(&self.newest).chain(&self.previous)
    }

    fn root(&self, fingerprint: &str) -> Result<&Root, SealError> {
        self.roots()
            .find(|root| root.fingerprint == fingerprint)
            .ok_or(SealError::MissingRootKey)
    }

    fn get(&self, id: DataKeyId) -> Result<KeyBytes, SealError> {
        let keys = self.data.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&id).cloned().ok_or(SealError::MissingDataKey)
    }

    fn insert(&self, id: DataKeyId, key: KeyBytes) {
        self.data
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, key);
    }
}
