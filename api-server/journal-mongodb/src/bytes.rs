//! Bytes and numbers as BSON has them.

use mongodb::bson::Binary;
use mongodb::bson::spec::BinarySubtype;
use ssm_domain::entry::Seq;
use ssm_engine::journal::ReadError;

/// Bytes without a meaning to the database.
pub fn binary(bytes: &[u8]) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: bytes.to_vec(),
    }
}

/// A position as BSON counts; none that is ever reached is beyond it.
pub fn to_bson(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A position that was stored.
pub fn to_seq(stored: i64) -> Result<Seq, ReadError> {
    Seq::try_from(stored)
        .map_err(|_| ReadError::Damaged(format!("{stored} is no position of an entry")))
}

/// Bytes of which there are always as many.
pub fn exactly<const N: usize>(what: &str, stored: &Binary) -> Result<[u8; N], ReadError> {
    let found = stored.bytes.len();
    stored
        .bytes
        .as_slice()
        .try_into()
        .map_err(|_| ReadError::Damaged(format!("{what} has {found} bytes in the place of {N}")))
}

/// A number of documents as the driver counts; it takes 0 for all of them, so callers ask for none without it.
pub fn clamp(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
