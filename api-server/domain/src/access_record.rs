//! What is on record beside changes: values that were read, what was refused, and sign-ins that failed.
//!
//! Each server process writes a chain of its own, made as the journal is: canonical bytes, their SHA-256, and in each
//! record the hash of the one before. Old records are deleted from the front of a chain, so the first that is kept may
//! follow one that is gone. Like repeats within a minute are one record with a count.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::{EntryActor, Request, Seq, Target};
use crate::id::{OpId, ServerId};
use crate::time::Timestamp;

/// The version of the canonical form that is written here.
const VERSION: u32 = 1;

/// The least status that says that something was refused or failed.
const FIRST_FAILURE: u16 = 400;

/// One thing that happened, once or several times within a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessRecord {
    v: u32,
    /// Whose chain this is.
    pub server: ServerId,
    /// The position in that chain: gapless from 1.
    pub seq: Seq,
    /// What happened.
    #[serde(flatten)]
    pub access: Access,
    /// The hash of the record in front of it; zeroes for the first.
    pub prev_hash: Digest,
}

/// What happened, apart from its place in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Names it also before it has a place.
    pub id: OpId,
    /// When it happened first.
    pub at: Timestamp,
    /// When it happened last.
    pub until: Timestamp,
    /// How often it happened in between.
    pub count: u64,
    /// Who did it.
    pub actor: EntryActor,
    /// How it was asked for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What it was, such as `secrets.read` or `auth.failed`.
    pub action: String,
    /// What it was done to, by the names of that time.
    pub target: Target,
    /// The status that it was answered with.
    pub status: u16,
    /// How long the first answer took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
}

impl Access {
    /// Whether it was let happen.
    pub fn succeeded(&self) -> bool {
        self.status < FIRST_FAILURE
    }

    /// Where it stands among others, by time.
    pub fn position(&self) -> AccessPosition {
        AccessPosition {
            at: self.at,
            id: self.id,
        }
    }
}

/// The order of records of all chains: by time, and within a millisecond by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccessPosition {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub id: OpId,
}

/// The end of a chain that a new record is put behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessHead {
    /// Whose chain.
    pub server: ServerId,
    /// The last record's position.
    pub seq: Seq,
    /// The last record's hash.
    pub hash: Digest,
}

impl AccessHead {
    /// The head of a chain without records.
    pub fn empty(server: ServerId) -> Self {
        Self {
            server,
            seq: 0,
            hash: Digest::ZERO,
        }
    }
}

/// Why bytes are not the next record of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenAccess {
    /// Not a record of the version that is known here.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The bytes are a record's, but not in canonical form.
    #[error("it is not in its canonical form")]
    NotCanonical,
    /// The bytes have another hash than the one that was stored.
    #[error("it does not have the hash that was stored with it")]
    WrongHash,
    /// The record does not follow the one in front of it.
    #[error("it does not follow the record in front of it")]
    DoesNotFollow,
    /// A later server wrote it.
    #[error("it has version {0}, which only a later release of the server can read")]
    NewerVersion(u32),
}

impl AccessRecord {
    /// Puts what happened behind `head`.
    pub fn append_to(head: &AccessHead, access: Access) -> Self {
        Self {
            v: VERSION,
            server: head.server,
            seq: head.seq + 1,
            access,
            prev_hash: head.hash,
        }
    }

    /// The one text of this record, which is stored, exported and hashed.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record has only strings and numbers")
    }

    /// Reads a record that stands alone, and checks that it is whole.
    pub fn verify(bytes: &[u8], hash: Digest) -> Result<Self, BrokenAccess> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        let unreadable = |error: serde_json::Error| BrokenAccess::Unreadable(error.to_string());
        if Digest::of(bytes) != hash {
            return Err(BrokenAccess::WrongHash);
        }
        let Versioned { v: version } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if version > VERSION {
            return Err(BrokenAccess::NewerVersion(version));
        }
        let record: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if record.canonical_bytes() != bytes {
            return Err(BrokenAccess::NotCanonical);
        }
        Ok(record)
    }

    /// Reads the next record of the chain that ends at `head`, and checks that it is whole and follows.
    pub fn verify_next(
        head: &AccessHead,
        bytes: &[u8],
        hash: Digest,
    ) -> Result<Self, BrokenAccess> {
        let record = Self::verify(bytes, hash)?;
        if record.server != head.server
            || record.seq != head.seq + 1
            || record.prev_hash != head.hash
        {
            return Err(BrokenAccess::DoesNotFollow);
        }
        Ok(record)
    }

    /// The head that this record makes, given the hash of its bytes.
    pub fn head(&self, hash: Digest) -> AccessHead {
        AccessHead {
            server: self.server,
            seq: self.seq,
            hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, AccessHead, AccessRecord, BrokenAccess};
    use crate::digest::Digest;
    use crate::entry::{ActorKind, EntryActor, Target};
    use crate::id::{OpId, ServerId};
    use crate::time::Timestamp;

    fn access() -> Access {
        Access {
            id: OpId::MIN,
            at: Timestamp::from_millis(5),
            until: Timestamp::from_millis(7),
            count: 3,
            actor: EntryActor {
                kind: ActorKind::Service,
                id: "ci".into(),
                token_id: None,
            },
            request: None,
            action: "secrets.read".into(),
            target: Target {
                key: Some("A".parse().unwrap()),
                ..Target::default()
            },
            status: 200,
            latency_ms: None,
        }
    }

    fn written(head: &AccessHead) -> (AccessRecord, Vec<u8>, Digest) {
        let record = AccessRecord::append_to(head, access());
        let bytes = record.canonical_bytes();
        let hash = Digest::of(&bytes);
        (record, bytes, hash)
    }

    #[test]
    fn the_canonical_form_is_this_text() {
        let (_, bytes, _) = written(&AccessHead::empty(ServerId::MIN));
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"{"v":1,"server":"000000000000000000000000","seq":1,"id":"000000000000000000000000","at":"1970-01-01T00:00:00.005Z","until":"1970-01-01T00:00:00.007Z","count":3,"actor":{"type":"service","id":"ci"},"action":"secrets.read","target":{"key":"A"},"status":200,"prev_hash":"0000000000000000000000000000000000000000000000000000000000000000"}"#);
    }

    #[test]
    fn records_that_were_written_follow_each_other() {
        let empty = AccessHead::empty(ServerId::MIN);
        let (first, bytes, hash) = written(&empty);
        assert_eq!(
            AccessRecord::verify_next(&empty, &bytes, hash),
            Ok(first.clone())
        );
        let (second, bytes, second_hash) = written(&first.head(hash));
        let head = first.head(hash);
        assert_eq!(
            AccessRecord::verify_next(&head, &bytes, second_hash),
            Ok(second)
        );
        for wrong in [
            empty,
            AccessHead {
                hash: Digest::ZERO,
                ..head
            },
            AccessHead {
                server: ServerId::from_bytes([1; 12]),
                ..head
            },
        ] {
            let refused = AccessRecord::verify_next(&wrong, &bytes, second_hash);
            assert_eq!(refused, Err(BrokenAccess::DoesNotFollow));
        }
    }

    #[test]
    fn anything_else_than_what_was_written_is_found() {
        let (_, bytes, hash) = written(&AccessHead::empty(ServerId::MIN));
        assert_eq!(
            AccessRecord::verify(&bytes[1..], hash),
            Err(BrokenAccess::WrongHash)
        );
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1,", "\"v\":1, "),
            ("\"count\":3", "\"more\":3"),
            ("\"count\":3", "\"count\":3,\"more\":3"),
            ("\"count\":3", "\"count\":3,\"count\":3"),
        ] {
            let bytes = text.replace(from, to).into_bytes();
            assert!(
                AccessRecord::verify(&bytes, Digest::of(&bytes)).is_err(),
                "{to}"
            );
        }
    }

    #[test]
    fn what_is_answered_with_400_and_above_did_not_succeed() {
        let with = |status| Access { status, ..access() }.succeeded();
        assert_eq!(
            [200, 304, 400, 401, 503].map(with),
            [true, true, false, false, false]
        );
    }
}
