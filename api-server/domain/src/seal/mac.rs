//! What shows that bytes were written by whoever has the root key.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::digest::Digest;

/// A message authentication code in the making: HMAC-SHA256 with a key that grows out of the root key.
pub struct Mac(Hmac<Sha256>);

impl Mac {
    pub(super) fn new(hmac: Hmac<Sha256>) -> Self {
        Self(hmac)
    }

    /// Takes in bytes that come next.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The code of all bytes that were taken in.
    pub fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into_bytes().into())
    }

    /// Whether `code` is the one of all bytes that were taken in. Takes the same time for every one that is not.
    pub fn is(self, code: &Digest) -> bool {
        self.0.verify_slice(code.as_bytes()).is_ok()
    }
}
