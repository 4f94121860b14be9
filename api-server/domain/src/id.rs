//! Identifiers: 96 random bits, written as 24 hexadecimal digits, one type per noun so that two cannot be swapped.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The text is not 24 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 24 hexadecimal digits")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 12]);

        impl $name {
            /// The least of all, where a range over a map begins.
            pub const MIN: Self = Self([0; 12]);

            /// A new random identifier.
            pub fn random(rng: &mut dyn Rng) -> Self {
                let mut bytes = [0; 12];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// The 12 bytes themselves, as they go into additional data.
            pub fn as_bytes(&self) -> &[u8; 12] {
                &self.0
            }

            /// From the 12 bytes of [`Self::as_bytes`].
            pub fn from_bytes(bytes: [u8; 12]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let mut bytes = [0; 12];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidId)?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// Names a user for good, whatever the username becomes.
    UserId,
    /// Names a project for good; a re-created slug is another project.
    ProjectId,
    /// Names a config for good; a re-created slug is another config.
    ConfigId,
    /// Names a token without revealing it.
    TokenId,
    /// Names a password record in the auth store.
    CredentialId,
    /// Names a project's data key.
    DataKeyId,
    /// Names one wrapped form of a data key in the auth store.
    KeyRecordId,
    /// Names a group for good.
    GroupId,
    /// Names a mapping from a group of an identity provider to one of ours.
    MappingId,
    /// Names one attempt at one entry, so that no two attempts have the same bytes.
    OpId,
    /// The random name of a journal's lifetime: revisions of two epochs cannot be compared.
    Epoch,
}
