//! The root key, and data keys as it wraps them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{KeyBytes, SealError};
use crate::change::DataKey;
use crate::command::{AuthRecord, AuthStore};
use crate::id::{DataKeyId, KeyRecordId, ProjectId};
use crate::signing::Signer;

/// The key that wraps data keys. It is never stored beside the data.
#[derive(Clone)]
pub struct RootKey(KeyBytes);

/// Tells two root keys apart without saying anything about them.
pub type Fingerprint = String;

impl RootKey {
    /// Reads 32 bytes of base64, white space around them allowed.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        KeyBytes::parse(text).map(Self)
    }

    /// The first 16 bytes of SHA-256 over a label and the key, in hexadecimal.
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::new_with_prefix(b"ssm/root-key-fingerprint/v1")
            .chain_update(*self.0.0)
            .finalize();
        hex::encode(&digest[..16])
    }

    /// 32 bytes that nobody can tell from random ones without the key, and others for each label.
    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.0.as_slice())
            .expect("HMAC takes keys of any length");
        Zeroizing::new(mac.chain_update(label).finalize().into_bytes().into())
    }

    /// What signs the journal's heads.
    pub fn signer(&self) -> Signer {
        Signer::from_seed(&self.derive(b"ssm/signing-key/v1"))
    }

    /// What marks snapshots of the state as made by whoever has the key.
    pub(crate) fn snapshot_mac(&self) -> Hmac<Sha256> {
        self.mac(b"ssm/snapshot-key/v1")
    }

    /// What marks backups as made by whoever has the key.
    pub(crate) fn backup_mac(&self) -> Hmac<Sha256> {
        self.mac(b"ssm/backup-key/v1")
    }

    fn mac(&self, label: &[u8]) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.derive(label).as_slice()).expect("HMAC takes keys of any length")
    }

    /// Makes the wrapped form of a data key of a project, for a record of its own.
    pub(super) fn wrap(
        &self,
        rng: &mut dyn CryptoRng,
        project: ProjectId,
        id: DataKeyId,
        key: &KeyBytes,
    ) -> WrappedDataKey {
        let wrapped = self
            .0
            .seal(rng, &[], &data_key_context(project, id), key.0.as_slice());
        WrappedDataKey {
            record_id: KeyRecordId::random(rng),
            id,
            project_id: project,
            root_key: self.fingerprint(),
            wrapped: STANDARD.encode(wrapped),
        }
    }

    pub(super) fn unwrap(&self, wrapped: &WrappedDataKey) -> Result<KeyBytes, SealError> {
        let blob = STANDARD
            .decode(&wrapped.wrapped)
            .map_err(|_| SealError::DoesNotOpen)?;
        let opened = self
            .0
            .open(0, &data_key_context(wrapped.project_id, wrapped.id), &blob)?;
        let bytes: [u8; 32] = opened
            .as_slice()
            .try_into()
            .map_err(|_| SealError::DoesNotOpen)?;
        Ok(KeyBytes(Zeroizing::new(bytes)))
    }
}

/// A data key as the auth store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedDataKey {
    /// The record's own name: a key that is wrapped anew gets a new record.
    pub record_id: KeyRecordId,
    /// The name that sealed values carry.
    pub id: DataKeyId,
    /// The project whose values it seals.
    pub project_id: ProjectId,
    /// Fingerprint of the root key that wraps it.
    pub root_key: Fingerprint,
    /// The wrapped key, in base64.
    pub wrapped: String,
}

impl WrappedDataKey {
    /// The record of the auth store.
    pub fn auth_record(&self) -> AuthRecord {
        AuthRecord::new(AuthStore::Keys, &self.record_id, self)
    }

    /// How an entry names it.
    pub fn named_by(&self, record: &AuthRecord) -> DataKey {
        DataKey {
            id: self.id,
            record_id: self.record_id,
            record: record.digest(),
            root_key: self.root_key.clone(),
        }
    }
}

fn data_key_context(project: ProjectId, id: DataKeyId) -> Vec<u8> {
    [
        b"ssm/data-key/v1".as_slice(),
        project.as_bytes(),
        id.as_bytes(),
    ]
    .concat()
}
