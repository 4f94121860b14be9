//! Backups: everything that a journal holds and that cannot be made anew, as lines of JSON.
//!
//! The first line says what it is a backup of, and which keys it needs. Then come the records of the auth store that the
//! state names (hashes and wrapped keys), the entries with what they name: values, sealed as they are, in front of them,
//! and signatures of heads behind; then access records. The last line counts, and its MAC shows that all that comes before it
//! was written by whoever has the root key. Neither keys nor plaintext are in it, nor snapshots, which are made anew, nor
//! what a server may forget, such as when a token was last used.
//!
//! It is written through [`Journal`](crate::journal::Journal) alone, so it can be restored to any other.

mod format;
mod parts;
mod read;
mod settle;
mod write;

use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;

pub use format::{Counts, Header};
pub(crate) use format::{Line, Part};
pub(crate) use parts::{JournalParts, Parts};
pub use read::{BackupReader, NotABackup};
pub use write::write;

use crate::error::OpenError;
use crate::journal::ReadError;

/// Why no backup was written.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was read is nothing that a server starts on.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An entry names a value that is not there.
    #[error(
        "entry {seq} names the value {digest}, which is missing; restore the database from an earlier backup"
    )]
    MissingValue {
        /// The entry.
        seq: Seq,
        /// The value's digest.
        digest: Digest,
    },
    /// Records came and went for as long as was waited.
    #[error("the records of the auth store do not come to rest; try again when less is written")]
    Restless,
    /// There is nothing to be written.
    #[error("the journal is empty; start the server once")]
    Empty,
    /// The root key is not the one that the data was sealed with.
    #[error(
        "the encryption key is not the one that this data was sealed with (the data's has the fingerprint {0})"
    )]
    WrongRootKey(String),
    /// It could not be written where it was to go.
    #[error("the backup cannot be written: {0}")]
    Write(#[from] std::io::Error),
}
