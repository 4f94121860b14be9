//! Signatures of chains of access records.

use serde::{Deserialize, Serialize};

use super::{PublicKey, Signature, Signer};
use crate::access_record::AccessHead;
use crate::id::Epoch;

/// Vouches for a chain up to one of its records. The last record of each batch has one, so that recomputing hashes does
/// not help whoever has the database alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessSignature {
    /// The journal's lifetime in which it was made.
    pub epoch: Epoch,
    /// Who signed.
    pub public_key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

impl AccessSignature {
    /// Signs the end of a chain.
    pub fn new(signer: &Signer, epoch: Epoch, head: &AccessHead) -> Self {
        Self {
            epoch,
            public_key: signer.public_key(),
            signature: signer.sign(&message(epoch, head)),
        }
    }

    /// Whether it is the signature of this end of a chain, by the key and in the epoch that it names.
    pub fn vouches_for(&self, head: &AccessHead) -> bool {
        self.public_key
            .verifies(&message(self.epoch, head), &self.signature)
    }
}

/// Each part has a fixed length, and the label says what is signed.
fn message(epoch: Epoch, head: &AccessHead) -> Vec<u8> {
    [
        b"ssm/access/v1".as_slice(),
        epoch.as_bytes(),
        head.server.as_bytes(),
        &head.seq.to_be_bytes(),
        head.hash.as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::{AccessSignature, Signer};
    use crate::access_record::AccessHead;
    use crate::digest::Digest;
    use crate::id::{Epoch, ServerId};

    #[test]
    fn a_signature_vouches_for_one_end_of_one_chain() {
        let (signer, head) = (
            Signer::from_seed(&[1; 32]),
            AccessHead::empty(ServerId::MIN),
        );
        let signature = AccessSignature::new(&signer, Epoch::MIN, &head);
        assert!(signature.vouches_for(&head));
        let of_another_epoch = AccessSignature {
            epoch: Epoch::from_bytes([1; 12]),
            ..signature
        };
        assert!(!of_another_epoch.vouches_for(&head));
        for other in [
            AccessHead { seq: 1, ..head },
            AccessHead {
                hash: Digest::of(b""),
                ..head
            },
            AccessHead {
                server: ServerId::from_bytes([1; 12]),
                ..head
            },
        ] {
            assert!(!signature.vouches_for(&other));
        }
        let stranger = Signer::from_seed(&[2; 32]).public_key();
        let forged = AccessSignature {
            public_key: stranger,
            ..signature
        };
        assert!(!forged.vouches_for(&head));
    }
}
