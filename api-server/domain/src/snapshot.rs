//! A state as bytes, so that a start need not read all of the journal again.
//!
//! A snapshot is `label ‖ state ‖ MAC`: the label names the release that wrote it, since no other can be sure of what the
//! state's fields come to; the state is in postcard's format, with values sealed as they are everywhere; the MAC is
//! HMAC-SHA256 over all that comes before it, with a key that grows out of the root key, since a state is believed without
//! its journal being read. Nothing is lost with a snapshot: the journal makes the same state.

use std::io;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::seal::KeyRing;
use crate::state::State;

const LABEL: &str = concat!("ssm/snapshot/", env!("CARGO_PKG_VERSION"), "\n");
const MAC_BYTES: usize = 32;

/// Why bytes are no snapshot that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Damaged, cut off, made with another root key, or by somebody without one.
    #[error("it is damaged, or was not made with this root key")]
    NotGenuine,
    /// Another release wrote it.
    #[error("another release wrote it")]
    OtherRelease,
    /// It is genuine and no state all the same.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl State {
    /// Writes a snapshot.
    pub fn write_snapshot(&self, keys: &KeyRing, out: &mut impl io::Write) -> io::Result<()> {
        let mut out = Marked {
            out,
            mac: keys.snapshot_mac(),
        };
        io::Write::write_all(&mut out, LABEL.as_bytes())?;
        postcard::to_io(self, &mut out).map_err(io::Error::other)?;
        out.out.write_all(&out.mac.finalize().into_bytes())
    }

    /// Reads a snapshot that somebody with the root key wrote.
    pub fn read_snapshot(keys: &KeyRing, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let (marked, mac) = bytes
            .split_last_chunk::<MAC_BYTES>()
            .ok_or(SnapshotError::NotGenuine)?;
        keys.snapshot_mac()
            .chain_update(marked)
            .verify_slice(mac)
            .map_err(|_| SnapshotError::NotGenuine)?;
        let state = marked
            .strip_prefix(LABEL.as_bytes())
            .ok_or(SnapshotError::OtherRelease)?;
        let unreadable = |why: &str| SnapshotError::Unreadable(why.to_owned());
        let (state, rest) =
            postcard::take_from_bytes(state).map_err(|error| unreadable(&error.to_string()))?;
        if rest.is_empty() {
            Ok(state)
        } else {
            Err(unreadable("it goes on behind the state"))
        }
    }
}

/// Passes bytes on, and takes them into the MAC.
struct Marked<'a, W> {
    out: &'a mut W,
    mac: Hmac<Sha256>,
}

impl<W: io::Write> io::Write for Marked<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.mac.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
