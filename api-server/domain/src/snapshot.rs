//! A state as bytes, so that a start need not read all of the journal again.
//!
//! A snapshot is `label ‖ state ‖ MAC`: the label names the release that wrote it, since no other can be sure of what the
//! state's fields come to, and the root key by its fingerprint; the state is in postcard's format, with values sealed as
//! they are everywhere; the MAC is HMAC-SHA256 over all that comes before it, with a key that grows out of the root key,
//! since a state is believed without its journal being read. Nothing is lost with a snapshot: the journal makes the same
//! state.

use std::io::{self, Write};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::seal::{Fingerprint, KeyRing};
use crate::state::State;

/// The number behind the release grows with every change of what a state is made of, so that what was built between two
/// releases does not believe each other's snapshots either.
const RELEASE: &str = concat!("ssm/snapshot/", env!("CARGO_PKG_VERSION"), "/2");
/// More than any release and fingerprint take.
const LONGEST_LABEL: usize = 200;
const MAC_BYTES: usize = 32;

/// Why bytes are no snapshot that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Damaged, cut off, or made by somebody without the root key.
    #[error("is damaged, or was not made with this root key")]
    NotGenuine,
    /// It says that it was made with a root key that is not at hand.
    #[error("was made with another root key, whose fingerprint is {0}")]
    OtherRootKey(Fingerprint),
    /// Another release wrote it.
    #[error("was written by another release")]
    OtherRelease,
    /// It is genuine and no state all the same.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

impl State {
    /// Writes a snapshot.
    pub fn write_snapshot(&self, keys: &KeyRing, out: &mut impl Write) -> io::Result<()> {
        let root_key = keys.root_fingerprint();
        let mac = keys
            .snapshot_mac(&root_key)
            .ok_or(io::ErrorKind::NotFound)?;
        let mut out = Marked { out, mac };
        writeln!(out, "{RELEASE} {root_key}")?;
        postcard::to_io(self, &mut out).map_err(io::Error::other)?;
        out.out.write_all(&out.mac.finalize().into_bytes())
    }

    /// Reads a snapshot that somebody with the root key wrote.
    pub fn read_snapshot(keys: &KeyRing, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let (marked, mac) = bytes
            .split_last_chunk::<MAC_BYTES>()
            .ok_or(SnapshotError::NotGenuine)?;
        let (release, root_key, state) = split(marked).ok_or(SnapshotError::NotGenuine)?;
        keys.snapshot_mac(root_key)
            .ok_or_else(|| SnapshotError::OtherRootKey(root_key.to_owned()))?
            .chain_update(marked)
            .verify_slice(mac)
            .map_err(|_| SnapshotError::NotGenuine)?;
        if release != RELEASE {
            return Err(SnapshotError::OtherRelease);
        }
        match postcard::take_from_bytes(state) {
            Ok((state, [])) => Ok(state),
            Ok(_) => Err(SnapshotError::Unreadable(
                "it goes on behind the state".into(),
            )),
            Err(error) => Err(SnapshotError::Unreadable(error.to_string())),
        }
    }
}

/// The release and the root key that the label names, and the state behind it.
fn split(marked: &[u8]) -> Option<(&str, &str, &[u8])> {
    let end = marked
        .iter()
        .take(LONGEST_LABEL)
        .position(|byte| *byte == b'\n')?;
    let (release, root_key) = std::str::from_utf8(&marked[..end]).ok()?.split_once(' ')?;
    Some((release, root_key, &marked[end + 1..]))
}

/// Passes bytes on, and takes them into the MAC.
struct Marked<'a, W> {
    out: &'a mut W,
    mac: Hmac<Sha256>,
}

impl<W: Write> Write for Marked<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.mac.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
