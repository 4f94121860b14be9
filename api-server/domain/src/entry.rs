//! The journal's entry: its canonical bytes, its hash, and the chain that hashes make.
//!
//! Every change to the system is one entry, and the entry is its own audit record. The canonical bytes of an entry are
//! its JSON with the fields in the order given here, no white space, and absent fields left out; there are no floating
//! point numbers and no maps, so there is exactly one such text. The hash is SHA-256 over these bytes, and each entry
//! holds the hash of the one before.

mod touched;

use serde::{Deserialize, Serialize};

pub use crate::change::{Change, Purpose, Subject};
use crate::digest::Digest;
use crate::id::{OpId, TokenId};
use crate::names::{Key, Slug, Username};
use crate::time::Timestamp;

/// The position of an entry in the journal: gapless from 1. Zero is before the first.
pub type Seq = u64;

/// The version of the canonical form that is written here.
const VERSION: u32 = 1;

/// One change of the system, whole by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    v: u32,
    /// The position in the journal.
    pub seq: Seq,
    /// Makes the bytes of every attempt unique.
    pub op_id: OpId,
    /// When it was decided; never before the entry in front of it.
    pub at: Timestamp,
    /// Who did it.
    pub actor: EntryActor,
    /// How it was asked for; absent for what the server does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What was done, such as `secrets.write`.
    pub action: String,
    /// What it was done to, by the names of that time.
    pub target: Target,
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// The hash of the entry in front of it; zeroes for the first.
    pub prev_hash: Digest,
}

/// Who an entry says did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryActor {
    /// What kind of actor.
    #[serde(rename = "type")]
    pub kind: ActorKind,
    /// The username or the service token's name; `server` for the server itself.
    pub id: String,
    /// The token that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
}

impl EntryActor {
    /// The server itself.
    pub fn server() -> Self {
        Self {
            kind: ActorKind::System,
            id: "server".to_owned(),
            token_id: None,
        }
    }

    /// Nobody who was proved, and nobody who was named.
    pub fn nobody() -> Self {
        Self {
            kind: ActorKind::Anonymous,
            id: "unknown".to_owned(),
            token_id: None,
        }
    }
}

/// What kind of actor did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person.
    User,
    /// A machine with a service token.
    Service,
    /// The server itself.
    System,
    /// Nobody who was proved.
    Anonymous,
}

impl ActorKind {
    /// The kind as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }
}

/// How a change was asked for over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The request id, which logs carry too.
    pub id: String,
    /// The method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The address of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The caller's `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// What makes a retry of the same request known as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// An `Idempotency-Key` as the journal knows it: whose and for what it is goes into the digest of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    /// Digest of actor, method, path and the key that the client chose.
    pub key: Digest,
    /// Keyed digest of the body: a retry has the same, and nothing about the body can be guessed from it.
    pub body: Digest,
}

/// What an entry is about, by the names of its time; names that do not apply are absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The project's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Slug>,
    /// The config's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Slug>,
    /// The secret's key, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Username>,
    /// The token's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// The group's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Slug>,
}

/// The end of the journal that a new entry is put behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last entry's position.
    pub seq: Seq,
    /// The last entry's hash.
    pub hash: Digest,
    /// The last entry's time.
    pub at: Timestamp,
}

impl Head {
    /// The head of an empty journal.
    pub const EMPTY: Self = Self {
        seq: 0,
        hash: Digest::ZERO,
        at: Timestamp::START,
    };
}

/// Why bytes are not the journal's next entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// Not an entry of the version that is known here.
    #[error("entry {seq} cannot be read: {why}")]
    Unreadable {
        /// Where it stands.
        seq: Seq,
        /// What the parser says; parsers of entries see no secret.
        why: String,
    },
    /// The bytes are an entry's, but not in canonical form.
    #[error("entry {0} is not in its canonical form")]
    NotCanonical(Seq),
    /// The bytes have another hash than the one that was stored.
    #[error("entry {0} does not have the hash that was stored with it")]
    WrongHash(Seq),
    /// The entry does not follow the one in front of it.
    #[error("entry {0} does not follow the entry in front of it")]
    DoesNotFollow(Seq),
    /// A later server wrote it.
    #[error("entry {seq} has version {version}, which only a later release of the server can read")]
    NewerVersion {
        /// Where it stands.
        seq: Seq,
        /// Its version.
        version: u32,
    },
}

impl BrokenChain {
    /// The position of the entry that is not as it should be.
    pub fn seq(&self) -> Seq {
        match self {
            Self::Unreadable { seq, .. }
            | Self::NewerVersion { seq, .. }
            | Self::NotCanonical(seq)
            | Self::WrongHash(seq)
            | Self::DoesNotFollow(seq) => *seq,
        }
    }
}

/// Everything about a new entry but its place in the chain.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Makes the bytes unique.
    pub op_id: OpId,
    /// The clock's time.
    pub now: Timestamp,
    /// Who did it.
    pub actor: EntryActor,
    /// How it was asked for.
    pub request: Option<Request>,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub target: Target,
    /// What changes.
    pub changes: Vec<Change>,
}

impl Entry {
    /// Puts a new entry behind `head`. Its time is the later of now and the head's.
    pub fn append_to(head: &Head, new: NewEntry) -> Self {
        Self {
            v: VERSION,
            seq: head.seq + 1,
            op_id: new.op_id,
            at: new.now.max(head.at),
            actor: new.actor,
            request: new.request,
            action: new.action,
            target: new.target,
            changes: new.changes,
            prev_hash: head.hash,
        }
    }

    /// The one text of this entry, which is stored, exported and hashed.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an entry has only strings, numbers and lists")
    }

    /// Reads what stands at `head.seq + 1` and checks that it is whole and follows `head`.
    pub fn verify_next(head: &Head, bytes: &[u8], hash: Digest) -> Result<Self, BrokenChain> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        let seq = head.seq + 1;
        let unreadable = |error: serde_json::Error| BrokenChain::Unreadable {
            seq,
            why: error.to_string(),
        };
        if Digest::of(bytes) != hash {
            return Err(BrokenChain::WrongHash(seq));
        }
        let Versioned { v: version } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if version > VERSION {
            return Err(BrokenChain::NewerVersion { seq, version });
        }
        let entry: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if entry.canonical_bytes() != bytes {
            return Err(BrokenChain::NotCanonical(seq));
        }
        if entry.seq != seq || entry.prev_hash != head.hash || entry.at < head.at {
            return Err(BrokenChain::DoesNotFollow(seq));
        }
        Ok(entry)
    }

    /// The head that this entry makes, given the hash of its bytes.
    pub fn head(&self, hash: Digest) -> Head {
        Head {
            seq: self.seq,
            hash,
            at: self.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ActorKind, BrokenChain, Change, Entry, EntryActor, Head, NewEntry, Target};
    use crate::digest::Digest;
    use crate::id::{ConfigId, OpId};
    use crate::time::Timestamp;

    fn entry(head: &Head, now: i64) -> (Entry, Vec<u8>, Digest) {
        let entry = Entry::append_to(
            head,
            NewEntry {
                op_id: OpId::MIN,
                now: Timestamp::from_millis(now),
                actor: EntryActor {
                    kind: ActorKind::System,
                    id: "server".into(),
                    token_id: None,
                },
                request: None,
                action: "secrets.delete".into(),
                target: Target {
                    key: Some("A".parse().unwrap()),
                    ..Target::default()
                },
                changes: vec![Change::SecretDeleted {
                    config_id: ConfigId::MIN,
                    key: "A".parse().unwrap(),
                }],
            },
        );
        let bytes = entry.canonical_bytes();
        let hash = Digest::of(&bytes);
        (entry, bytes, hash)
    }

    #[test]
    fn the_canonical_form_is_this_text() {
        let (_, bytes, hash) = entry(&Head::EMPTY, 5);
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"{"v":1,"seq":1,"op_id":"000000000000000000000000","at":"1970-01-01T00:00:00.005Z","actor":{"type":"system","id":"server"},"action":"secrets.delete","target":{"key":"A"},"changes":[{"kind":"secret_deleted","config_id":"000000000000000000000000","key":"A"}],"prev_hash":"0000000000000000000000000000000000000000000000000000000000000000"}"#);
        insta::assert_snapshot!(hash.to_string(), @"009af8eefc36f5573c5ccc2225f331be2a44fda4424057d995a0c908a487c8b2");
    }

    #[test]
    fn an_entry_that_was_written_is_read_back() {
        let (first, bytes, hash) = entry(&Head::EMPTY, 5);
        assert_eq!(Entry::verify_next(&Head::EMPTY, &bytes, hash), Ok(first));
    }

    #[test]
    fn time_never_goes_backwards_along_the_chain() {
        let (first, _, hash) = entry(&Head::EMPTY, 500);
        let (second, bytes, second_hash) = entry(&first.head(hash), 20);
        assert_eq!(second.at, first.at);
        assert!(Entry::verify_next(&first.head(hash), &bytes, second_hash).is_ok());
    }

    #[test]
    fn every_way_to_break_the_chain_is_named() {
        let (first, bytes, hash) = entry(&Head::EMPTY, 5);
        let head = first.head(hash);
        let (_, second, second_hash) = entry(&head, 6);
        let spaced = String::from_utf8(second.clone())
            .unwrap()
            .replace(",\"seq\"", ", \"seq\"")
            .into_bytes();
        let newer = String::from_utf8(second.clone())
            .unwrap()
            .replace("\"v\":1", "\"v\":2")
            .into_bytes();
        let verify = |bytes: &[u8], hash| Entry::verify_next(&head, bytes, hash).unwrap_err();

        assert_eq!(verify(&bytes, hash), BrokenChain::DoesNotFollow(2));
        assert_eq!(verify(&second, hash), BrokenChain::WrongHash(2));
        assert_eq!(
            verify(&spaced, Digest::of(&spaced)),
            BrokenChain::NotCanonical(2)
        );
        assert_eq!(
            verify(&newer, Digest::of(&newer)),
            BrokenChain::NewerVersion { seq: 2, version: 2 }
        );
        assert!(matches!(
            verify(b"{}", Digest::of(b"{}")),
            BrokenChain::Unreadable { seq: 2, .. }
        ));
        let forged = Head {
            hash: second_hash,
            ..head
        };
        assert_eq!(
            Entry::verify_next(&forged, &second, second_hash),
            Err(BrokenChain::DoesNotFollow(2))
        );
    }
}
