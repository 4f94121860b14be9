//! Identifiers: 96 random bits, written as 24 hexadecimal digits, one type per noun so that two cannot be swapped.

use rand::Rng;

use crate::hex_bytes::hex_bytes;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        hex_bytes! {
            $(#[$doc])*
            $name, 12
        }

        impl $name {
            /// The least of all, where a range over a map begins.
            pub const MIN: Self = Self([0; 12]);

            /// A new random identifier.
            pub fn random(rng: &mut dyn Rng) -> Self {
                let mut bytes = [0; 12];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
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
    /// Names a server process, and with it the chain of its access records.
    ServerId,
    /// The random name of a journal's lifetime: revisions of two epochs cannot be compared.
    Epoch,
}
