//! The last good copies of configs, sealed with a key that only this process has and never writes anywhere, so that a page of
//! its memory that gets into a swap file or a core dump tells nothing by itself. They are bounded: what does not fit is read again
//! from the server when it is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use ssm_client::ETag;

use crate::snapshot::Snapshot;

/// The key, and how much is held under it.
pub struct Copies {
    cipher: XChaCha20Poly1305,
    held: AtomicUsize,
    limit: usize,
}

impl Copies {
    /// None yet; `limit` is in bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(&rand::random::<[u8; 32]>().into()),
            held: AtomicUsize::new(0),
            limit,
        }
    }

    /// How many bytes are held.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// How many bytes are held beyond the limit.
    pub fn excess(&self) -> usize {
        self.held().saturating_sub(self.limit)
    }

    /// Seals a copy. `None` where the cipher refuses it, for its size of 256 GiB.
    pub fn seal(self: &Arc<Self>, snapshot: &Snapshot, etag: &ETag) -> Option<Sealed> {
        let nonce = rand::random::<[u8; 24]>();
        let mut bytes: Box<[u8]> = snapshot.packed().into();
        let tag = self
            .cipher
            .encrypt_inout_detached(&XNonce::from(nonce), &[], bytes.as_mut().into())
            .ok()?;
        let sealed = Sealed {
            epoch: snapshot.epoch.clone(),
            revision: snapshot.revision,
            etag: Some(etag)
                .filter(|etag| **etag != ETag::of(&snapshot.epoch, snapshot.revision))
                .cloned(),
            unresolved: snapshot.unresolved,
            len: snapshot.len(),
            nonce,
            tag,
            bytes,
            copies: Arc::clone(self),
        };
        self.held.fetch_add(sealed.size(), Ordering::Relaxed);
        Some(sealed)
    }
}

/// A sealed copy of a config at one revision.
pub struct Sealed {
    /// What the revision counts within.
    pub epoch: Arc<str>,
    /// Revision.
    pub revision: u64,
    /// Where it is not the usual one.
    etag: Option<ETag>,
    unresolved: usize,
    len: usize,
    nonce: [u8; 24],
    tag: Tag,
    bytes: Box<[u8]>,
    copies: Arc<Copies>,
}

impl Sealed {
    /// For conditional reads.
    pub fn etag(&self) -> ETag {
        let usual = || ETag::of(&self.epoch, self.revision);
        self.etag.clone().unwrap_or_else(usual)
    }

    /// The copy. `None` where memory has been damaged.
    pub fn open(&self) -> Option<Snapshot> {
        // Opened in place, in one allocation of the right size that is wiped afterwards.
        let mut bytes = self.bytes.clone();
        self.copies
            .cipher
            .decrypt_inout_detached(
                &XNonce::from(self.nonce),
                &[],
                bytes.as_mut().into(),
                &self.tag,
            )
            .ok()?;
        Some(Snapshot::of_packed(
            self.epoch.clone(),
            self.revision,
            self.unresolved,
            self.len,
            bytes,
        ))
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.copies.held.fetch_sub(self.size(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot;

    #[test]
    fn a_copy_opens_to_what_was_sealed_and_shows_nothing_before() {
        let copies = Arc::new(Copies::new(10));
        let sealed = copies
            .seal(
                &snapshot::of("e", 1, &[("KEY", "canary-value")]),
                &ETag::of("e", 1),
            )
            .expect("small");
        let text = String::from_utf8_lossy(&sealed.bytes);
        assert!(!text.contains("KEY") && !text.contains("canary"));
        let opened = sealed.open().expect("undamaged");
        let pairs: Vec<_> = opened.iter().collect();
        assert_eq!(pairs, [("KEY", &b"canary-value"[..])]);
        assert_eq!(copies.held(), sealed.size());
        assert_eq!(copies.excess(), sealed.size() - 10);
        drop(sealed);
        assert_eq!(copies.held(), 0);
    }

    #[test]
    fn a_copy_has_the_tag_that_came_with_it() {
        let copies = Arc::new(Copies::new(0));
        for etag in [ETag::of("e", 1), ETag::of("other", 1)] {
            let sealed = copies
                .seal(&snapshot::of("e", 1, &[]), &etag)
                .expect("small");
            assert_eq!(sealed.etag(), etag);
        }
    }

    #[test]
    fn a_damaged_copy_does_not_open() {
        let copies = Arc::new(Copies::new(0));
        let mut sealed = copies
            .seal(
                &snapshot::of("e", 1, &[("KEY", "value")]),
                &ETag::of("e", 1),
            )
            .expect("small");
        sealed.bytes[0] ^= 1;
        assert!(sealed.open().is_none());
    }
}
