//! Secrets at rest: a root key wraps one data key per project, and the data key seals each value with
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), whose 192-bit nonces may be random.
//!
//! A sealed blob is `format (1) ‖ algorithm (1) ‖ key name ‖ nonce (24) ‖ ciphertext ‖ tag (16)`. The additional data
//! binds everything that says what the blob is for, so that a blob moved elsewhere does not open.

mod mac;
mod ring;
mod root;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::id::{ConfigId, DataKeyId, ProjectId};
use crate::names::Key;

pub use mac::Mac;
pub use ring::KeyRing;
pub use root::{Fingerprint, RootKey, WrappedDataKey};

const FORMAT: u8 = 1;
const XCHACHA20_POLY1305: u8 = 1;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Why a key or a blob cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not 32 bytes in base64.
    #[error("must be 32 bytes in base64 (44 characters); `openssl rand -base64 32` makes one")]
    InvalidKey,
    /// A value that published documents and examples use, so that it is no secret.
    #[error("is a well-known value; `openssl rand -base64 32` makes one of your own")]
    WellKnownKey,
    /// The root key that wraps the data key is not at hand.
    #[error("the root key that wraps it is missing")]
    MissingRootKey,
    /// The data key is not known: its project is deleted, or the record is lost.
    #[error("the data key is missing")]
    MissingDataKey,
    /// Damaged, moved from elsewhere, or sealed with another key.
    #[error("does not open with this key in this place")]
    DoesNotOpen,
}

/// 32 secret bytes, wiped when dropped.
#[derive(Clone)]
struct KeyBytes(Zeroizing<[u8; 32]>);

impl KeyBytes {
    fn parse(text: &str) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_| SealError::InvalidKey)?,
        );
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| SealError::InvalidKey)?;
        if bytes
            .windows(2)
            .all(|pair| pair[0] == pair[1] || pair[0].wrapping_add(1) == pair[1])
        {
            return Err(SealError::WellKnownKey);
        }
        Ok(Self(Zeroizing::new(bytes)))
    }

    fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    fn seal(
        &self,
        rng: &mut dyn CryptoRng,
        name: &[u8],
        context: &[u8],
        plaintext: &[u8],
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        rng.fill_bytes(&mut nonce);
        let payload = Payload {
            msg: plaintext,
            aad: context,
        };
        let sealed = XChaCha20Poly1305::new((&*self.0).into())
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a plaintext below 256 GiB can be sealed");
        [&[FORMAT, XCHACHA20_POLY1305][..], name, &nonce, &sealed].concat()
    }

    fn open(
        &self,
        name_bytes: usize,
        context: &[u8],
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let ([FORMAT, XCHACHA20_POLY1305], rest) =
            blob.split_first_chunk().ok_or(SealError::DoesNotOpen)?
        else {
            return Err(SealError::DoesNotOpen);
        };
        let rest = rest.get(name_bytes..).ok_or(SealError::DoesNotOpen)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::DoesNotOpen)?;
        XChaCha20Poly1305::new((&*self.0).into())
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: context,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| SealError::DoesNotOpen)
    }
}

/// Where a sealed value belongs. A value opens in this place only.
#[derive(Debug, Clone, Copy)]
pub struct ValuePlace<'a> {
    /// The project.
    pub project: ProjectId,
    /// The config.
    pub config: ConfigId,
    /// The secret's key.
    pub key: &'a Key,
    /// The secret's version, from 1.
    pub version: u64,
}

/// A sealed value, cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Arc<[u8]>);

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(Self::from_bytes)
    }
}

impl Sealed {
    const NAME_BYTES: usize = 12;
    const OVERHEAD: usize = 2 + Self::NAME_BYTES + NONCE_BYTES + TAG_BYTES;

    /// The blob as it was stored; whether it opens shows when it is opened.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The blob as it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes the plaintext has.
    pub fn plaintext_bytes(&self) -> usize {
        self.0.len().saturating_sub(Self::OVERHEAD)
    }

    fn data_key(&self) -> Option<DataKeyId> {
        self.0
            .get(2..)?
            .first_chunk()
            .map(|bytes| DataKeyId::from_bytes(*bytes))
    }
}

/// Everything but the key has a fixed length, and the key comes last: no two places have the same context.
fn value_context(place: ValuePlace<'_>, key: DataKeyId) -> Vec<u8> {
    [
        b"ssm/value/v1".as_slice(),
        place.project.as_bytes(),
        place.config.as_bytes(),
        key.as_bytes(),
        &place.version.to_be_bytes(),
        place.key.as_str().as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::{KeyRing, RootKey, SealError, Sealed, ValuePlace, WrappedDataKey};
    use crate::id::{ConfigId, ProjectId};
    use crate::names::Key;
    use crate::secret::SecretValue;

    const ROOT: &str = "kT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";

    fn ring() -> (KeyRing, StdRng) {
        (
            KeyRing::new(RootKey::parse(ROOT).unwrap()),
            StdRng::seed_from_u64(1),
        )
    }

    fn other() -> RootKey {
        RootKey::parse(&ROOT.replace('k', "l")).unwrap()
    }

    fn create(ring: &KeyRing, rng: &mut StdRng) -> WrappedDataKey {
        let root = ring.root_fingerprint();
        ring.create(rng, ProjectId::MIN, &root).unwrap()
    }

    fn place(key: &Key) -> ValuePlace<'_> {
        ValuePlace {
            project: ProjectId::MIN,
            config: ConfigId::MIN,
            key,
            version: 1,
        }
    }

    #[test]
    fn a_sealed_value_opens_in_its_own_place_only() {
        let (ring, mut rng) = ring();
        let (key, other): (Key, Key) = ("A".parse().unwrap(), "B".parse().unwrap());
        let data_key = create(&ring, &mut rng);
        let sealed = ring
            .seal(
                &mut rng,
                data_key.id,
                place(&key),
                &SecretValue::new("x".into()),
            )
            .unwrap();

        assert_eq!(ring.open(place(&key), &sealed).unwrap().reveal(), "x");
        for elsewhere in [
            ValuePlace {
                version: 2,
                ..place(&key)
            },
            ValuePlace {
                config: ConfigId::from_bytes([1; 12]),
                ..place(&key)
            },
            ValuePlace {
                project: ProjectId::from_bytes([1; 12]),
                ..place(&key)
            },
            place(&other),
        ] {
            assert_eq!(
                ring.open(elsewhere, &sealed).unwrap_err(),
                SealError::DoesNotOpen
            );
        }
    }

    #[test]
    fn a_forgotten_data_key_opens_nothing_until_it_is_loaded_again() {
        let (ring, mut rng) = ring();
        let key: Key = "A".parse().unwrap();
        let data_key = create(&ring, &mut rng);
        let sealed = ring
            .seal(
                &mut rng,
                data_key.id,
                place(&key),
                &SecretValue::new("x".into()),
            )
            .unwrap();

        ring.keep(&HashSet::new());
        assert_eq!(
            ring.open(place(&key), &sealed).unwrap_err(),
            SealError::MissingDataKey
        );
        ring.load(&data_key).unwrap();
        assert_eq!(ring.open(place(&key), &sealed).unwrap().reveal(), "x");
    }

    #[test]
    fn a_data_key_does_not_open_with_another_root_key_or_for_another_project() {
        let (ring, mut rng) = ring();
        let mut wrapped = create(&ring, &mut rng);
        let elsewhere = KeyRing::new(other());
        assert_eq!(
            elsewhere.load(&wrapped).unwrap_err(),
            SealError::MissingRootKey
        );
        let honest = wrapped.root_key.clone();
        wrapped.root_key = elsewhere.root_fingerprint();
        assert_eq!(
            elsewhere.load(&wrapped).unwrap_err(),
            SealError::DoesNotOpen
        );
        wrapped.root_key = honest;
        wrapped.project_id = ProjectId::from_bytes([1; 12]);
        assert_eq!(ring.load(&wrapped).unwrap_err(), SealError::DoesNotOpen);
    }

    #[test]
    fn a_data_key_that_another_root_key_wraps_opens_what_it_has_sealed() {
        let (ring, mut rng) = ring();
        let key: Key = "A".parse().unwrap();
        let data_key = create(&ring, &mut rng);
        let value = SecretValue::new("x".into());
        let sealed = ring
            .seal(&mut rng, data_key.id, place(&key), &value)
            .unwrap();

        let both = KeyRing::with_previous(other(), vec![RootKey::parse(ROOT).unwrap()]);
        both.load(&data_key).unwrap();
        let newest = both.root_fingerprint();
        let rewrapped = both
            .rewrap(&mut rng, ProjectId::MIN, data_key.id, &newest)
            .unwrap();
        assert_ne!(rewrapped.record_id, data_key.record_id);

        let after = KeyRing::new(other());
        assert!(after.has_root(&newest) && !after.has_root(&data_key.root_key));
        after.load(&rewrapped).unwrap();
        assert_eq!(after.open(place(&key), &sealed).unwrap().reveal(), "x");
    }

    #[test]
    fn keys_that_are_short_or_well_known_are_refused() {
        for (text, why) in [
            ("", SealError::InvalidKey),
            ("c2hvcnQ=", SealError::InvalidKey),
            ("not base64!", SealError::InvalidKey),
            (
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                SealError::WellKnownKey,
            ),
            (
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                SealError::WellKnownKey,
            ),
        ] {
            assert_eq!(RootKey::parse(text).err(), Some(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_damage_to_a_blob_is_noticed(value in ".{0,40}", at in 0usize..1000, bit in 0u8..8) {
            let (ring, mut rng) = ring();
            let key: Key = "A".parse().unwrap();
            let data_key = create(&ring, &mut rng);
            let sealed = ring.seal(&mut rng, data_key.id, place(&key), &SecretValue::new(value.clone())).unwrap();
            prop_assert_eq!(sealed.plaintext_bytes(), value.len());

            let mut bytes = sealed.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(ring.open(place(&key), &Sealed::from_bytes(bytes.clone())).is_err());
            bytes.truncate(at);
            prop_assert!(ring.open(place(&key), &Sealed::from_bytes(bytes)).is_err());
        }
    }
}
