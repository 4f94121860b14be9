//! Why the engine did not do what it was asked.

use ssm_domain::entry::{BrokenChain, Seq};
use ssm_domain::rejection::Rejection;
use ssm_domain::signing::PublicKey;

use crate::journal::ReadError;
use crate::throttle::Wait;

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It was refused; nothing has changed.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The journal cannot be written now; nothing has changed.
    #[error("The store cannot be written at the moment; nothing has changed")]
    Unavailable,
    /// The journal has not said in time whether it was written.
    #[error("It is not known yet whether this was written; look before trying again")]
    OutcomeUnknown,
    /// There has been no news from a journal that others append to for so long that nothing is certain any more.
    #[error("This server has had no news from its database for too long; try again")]
    Stale,
    /// Too many attempts to prove a password; nothing was tried.
    #[error("Too many attempts; try again later")]
    Throttled(Wait),
    /// So many passwords are being checked that this one would wait for too long; nothing was tried.
    #[error("Too many people are signing in at the moment; try again")]
    Busy,
}

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    /// It was refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The journal cannot be read now.
    #[error("The store cannot be read at the moment")]
    Unavailable(#[source] ReadError),
}

/// Why the engine does not start over this journal. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry is not what was written.
    #[error("the journal is damaged: {0}; restore it from a backup")]
    BrokenChain(#[from] BrokenChain),
    /// A restore was begun here and did not come to its end.
    #[error(
        "a restore into this place is not finished; run `ssm-server restore` with the same backup again, or restore into an \
         empty place"
    )]
    UnfinishedRestore,
    /// A migration was begun here and did not come to its end.
    #[error(
        "a migration into this place is not finished; run `ssm-server migrate` from the same source again, or migrate into \
         an empty place"
    )]
    UnfinishedMigration,
    /// An import was begun here and did not come to its end.
    #[error(
        "an import into this place is not finished; run `ssm-server import-v1` from the same database again, or import into an \
         empty place"
    )]
    UnfinishedImport,
    /// The root key is not the one that the data was sealed with.
    #[error(
        "ENCRYPTION_KEY is not the key that this data was sealed with (its fingerprint is {given}, the data's {stored}); \
         give the key that belongs to this data, as ENCRYPTION_KEY, or as ENCRYPTION_KEY_PREVIOUS to change to another one"
    )]
    WrongRootKey {
        /// Fingerprint of the key that was given.
        given: String,
        /// Fingerprint of the key that belongs to the data.
        stored: String,
    },
    /// A change of the root key was begun, and the key of before is not there to end it.
    #[error(
        "a change of the root key is not finished: {left} data keys are still wrapped with the key of the fingerprint \
         {stored}; set ENCRYPTION_KEY_PREVIOUS or ENCRYPTION_KEY_PREVIOUS_FILE to that key, and the change goes on by itself"
    )]
    MissingPreviousKey {
        /// Fingerprint of the key that is missing.
        stored: String,
        /// How many data keys it wraps.
        left: usize,
    },
    /// The token salt is not the one that tokens and passwords were hashed with.
    #[error(
        "TOKEN_SALT is not the one that this data's tokens and passwords were hashed with (its fingerprint is {given}, \
         the data's {stored}); give the one that belongs to this data"
    )]
    WrongTokenSalt {
        /// Fingerprint of the salt that was given.
        given: String,
        /// Fingerprint of the salt that belongs to the data.
        stored: String,
    },
    /// The journal names a signing key that does not grow out of the root key.
    #[error(
        "the journal is signed with the key {0}, which is not this server's: it was made elsewhere; restore it from a backup"
    )]
    ForeignSigningKey(PublicKey),
    /// The end of the journal is not what a server with this root key wrote.
    #[error(
        "entry {0}, the journal's last, is not signed: it, or what comes before it, was not written by this server, or \
         something was taken away behind it; restore the database from a backup"
    )]
    Unsigned(Seq),
    /// Another history stands where one was read before.
    #[error(
        "entry {0} is not there any more, or is another one: the database was put back to an earlier time"
    )]
    RolledBack(Seq),
    /// A record of the auth store is missing or is not the one that an entry names.
    #[error(
        "the {store} record {id} is not the one that the journal names; restore the database from a backup"
    )]
    ForeignRecord {
        /// The part of the auth store.
        store: &'static str,
        /// The record's id.
        id: String,
    },
    /// The journal could not be begun.
    #[error("the journal cannot be begun: {0}")]
    Start(#[source] RunError),
}
