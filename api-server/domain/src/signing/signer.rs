//! Making signatures, and checking them.

use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{PublicKey, Signature};
use crate::digest::Digest;
use crate::entry::{Head, Seq};
use crate::id::Epoch;
use crate::time::Timestamp;

/// Signs what the journal comes to. It is derived from the root key, so that whoever has the database alone cannot do it.
#[derive(Clone)]
pub struct Signer(SigningKey);

impl Signer {
    /// The signer that grows out of 32 secret bytes.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What its signatures are verified with.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).to_bytes())
    }
}

impl PublicKey {
    pub(super) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = Ed25519::from_bytes(signature.as_bytes());
        VerifyingKey::from_bytes(self.as_bytes())
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

/// A signature of the journal's head at some time. Each names the signed head before it, so that none can be taken away
/// from between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadSignature {
    /// The head's position.
    pub seq: Seq,
    /// The position of the head that was signed before this one; 0 for the first.
    pub previous: Seq,
    /// Who signed.
    pub public_key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

impl HeadSignature {
    /// Signs `head`, which follows the signed head at `previous`.
    pub fn new(signer: &Signer, epoch: Epoch, previous: Seq, head: &Head) -> Self {
        Self {
            seq: head.seq,
            previous,
            public_key: signer.public_key(),
            signature: signer.sign(&head_message(epoch, previous, head)),
        }
    }

    /// Whether it is the signature of this head, in this epoch, by the key that it names.
    pub fn vouches_for(&self, epoch: Epoch, head: &Head) -> bool {
        let message = head_message(epoch, self.previous, head);
        self.seq == head.seq && self.public_key.verifies(&message, &self.signature)
    }
}

/// Says, for whoever keeps it elsewhere, that the journal had come to this head by this time: what is missing later was
/// taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkpoint {
    /// The head's position.
    pub seq: Seq,
    /// The head's hash.
    pub hash: Digest,
    /// When the checkpoint was made.
    pub at: Timestamp,
    /// The journal's lifetime.
    pub epoch: Epoch,
    /// The signature.
    pub signature: Signature,
    /// Who signed.
    pub public_key: PublicKey,
}

impl Checkpoint {
    /// Says that at `at` the journal's head was `head`.
    pub fn new(signer: &Signer, epoch: Epoch, head: &Head, at: Timestamp) -> Self {
        let (seq, hash) = (head.seq, head.hash);
        Self {
            seq,
            hash,
            at,
            epoch,
            signature: signer.sign(&checkpoint_message(epoch, seq, hash, at)),
            public_key: signer.public_key(),
        }
    }

    /// Whether it is as it was signed. Whose the key is, is another question.
    pub fn is_genuine(&self) -> bool {
        let message = checkpoint_message(self.epoch, self.seq, self.hash, self.at);
        self.public_key.verifies(&message, &self.signature)
    }
}

/// Each part has a fixed length, and the label says what is signed: no two statements have the same bytes.
fn head_message(epoch: Epoch, previous: Seq, head: &Head) -> Vec<u8> {
    [
        b"ssm/head/v1".as_slice(),
        epoch.as_bytes(),
        &previous.to_be_bytes(),
        &head.seq.to_be_bytes(),
        head.hash.as_bytes(),
    ]
    .concat()
}

fn checkpoint_message(epoch: Epoch, seq: Seq, hash: Digest, at: Timestamp) -> Vec<u8> {
    [
        b"ssm/checkpoint/v1".as_slice(),
        epoch.as_bytes(),
        &seq.to_be_bytes(),
        hash.as_bytes(),
        &at.as_millis().to_be_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::{Checkpoint, HeadSignature, Signer};
    use crate::digest::Digest;
    use crate::entry::Head;
    use crate::id::Epoch;
    use crate::time::Timestamp;

    fn signer(seed: u8) -> Signer {
        Signer::from_seed(&[seed; 32])
    }

    fn head() -> Head {
        Head {
            seq: 7,
            hash: Digest::of(b"an entry"),
            at: Timestamp::from_millis(1_800_000_000_000),
        }
    }

    #[test]
    fn a_signature_vouches_for_its_head_in_its_epoch_and_for_nothing_else() {
        let epoch = Epoch::from_bytes([3; 12]);
        let signature = HeadSignature::new(&signer(1), epoch, 4, &head());
        assert!(signature.vouches_for(epoch, &head()));
        assert!(!signature.vouches_for(Epoch::MIN, &head()));
        for other in [
            Head { seq: 8, ..head() },
            Head {
                hash: Digest::ZERO,
                ..head()
            },
        ] {
            assert!(!signature.vouches_for(epoch, &other));
        }
    }

    #[test]
    fn a_signature_that_was_altered_vouches_for_nothing() {
        let epoch = Epoch::from_bytes([3; 12]);
        let good = HeadSignature::new(&signer(1), epoch, 4, &head());
        let by_another = HeadSignature::new(&signer(2), epoch, 4, &head());
        for altered in [
            HeadSignature { seq: 8, ..good },
            HeadSignature {
                previous: 3,
                ..good
            },
            HeadSignature {
                public_key: by_another.public_key,
                ..good
            },
            HeadSignature {
                signature: by_another.signature,
                ..good
            },
        ] {
            assert!(!altered.vouches_for(epoch, &head()), "{altered:?}");
        }
    }

    #[test]
    fn a_checkpoint_is_read_back_from_its_json_and_every_part_of_it_is_signed() {
        let at = Timestamp::from_millis(1_800_000_001_000);
        let checkpoint = Checkpoint::new(&signer(1), Epoch::MIN, &head(), at);
        let json = serde_json::to_value(&checkpoint).unwrap();
        let read = |json: serde_json::Value| serde_json::from_value::<Checkpoint>(json).unwrap();
        assert_eq!(read(json.clone()), checkpoint);
        assert!(checkpoint.is_genuine());

        let other = Checkpoint::new(
            &signer(2),
            Epoch::from_bytes([1; 12]),
            &Head {
                seq: 8,
                hash: Digest::ZERO,
                ..head()
            },
            Timestamp::START,
        );
        let other = serde_json::to_value(other).unwrap();
        for (field, value) in other.as_object().unwrap() {
            let mut altered = json.clone();
            altered[field] = value.clone();
            assert!(!read(altered).is_genuine(), "{field}");
        }
    }
}
