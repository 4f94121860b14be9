//! Signatures over the journal: Ed25519 (RFC 8032).

mod access;
mod signer;

pub use access::AccessSignature;
pub use signer::{Checkpoint, HeadSignature, Signer};

use crate::hex_bytes::hex_bytes;

hex_bytes! {
    /// What signatures are verified with, written as 64 hexadecimal digits.
    PublicKey, 32
}

hex_bytes! {
    /// A signature, written as 128 hexadecimal digits.
    Signature, 64
}
