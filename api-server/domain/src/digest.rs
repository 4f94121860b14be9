//! SHA-256 digests: how entries, sealed values and auth records are named and chained.

use sha2::{Digest as _, Sha256};

use crate::hex_bytes::hex_bytes;

hex_bytes! {
    /// A SHA-256 digest, written as 64 hexadecimal digits.
    Digest, 32
}

impl Digest {
    /// What the first entry's `prev_hash` holds.
    pub const ZERO: Self = Self([0; 32]);

    /// The SHA-256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}
