//! The lines of a backup.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use ssm_domain::command::{AuthRecord, AuthStore};
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Head, Seq};
use ssm_domain::id::{Epoch, ServerId};
use ssm_domain::seal::{Fingerprint, Sealed};
use ssm_domain::signing::{AccessSignature, HeadSignature};
use ssm_domain::time::Timestamp;

use crate::access::StoredAccess;
use crate::journal::StoredEntry;

/// The format that is written here.
pub(super) const FORMAT: u32 = 1;

/// What a backup is a backup of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// The form of the lines.
    pub format: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// The journal's lifetime.
    pub epoch: Epoch,
    /// The last entry that is in it.
    pub head: Head,
    /// Fingerprint of the root key, which the MAC in the last line is made with.
    pub root_key: Fingerprint,
    /// Fingerprints of all root keys that its data keys are wrapped with.
    pub wrapped_with: BTreeSet<Fingerprint>,
    /// Fingerprint of the token salt.
    pub token_salt: String,
}

/// How much is in a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Entries.
    pub entries: u64,
    /// Signatures of heads.
    pub signatures: u64,
    /// Sealed values.
    pub values: u64,
    /// Records of the auth store.
    pub records: u64,
    /// Access records.
    pub accesses: u64,
}

/// A line, which is an object of one field.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line<'a> {
    /// The first.
    Backup(Header),
    /// A record of the auth store.
    #[serde(borrow)]
    Record(RecordLine<'a>),
    /// A value.
    Value(ValueLine),
    /// An entry.
    #[serde(borrow)]
    Entry(EntryLine<'a>),
    /// A signature of the head that the entry in front of it makes.
    Signature(HeadSignature),
    /// An access record.
    #[serde(borrow)]
    Access(AccessLine<'a>),
    /// The last.
    End(End),
}

/// What a line between the first and the last says, taken out of it.
#[derive(PartialEq, Eq)]
pub(crate) enum Part {
    Record(AuthRecord),
    Value(Sealed),
    Entry(StoredEntry),
    Signature(HeadSignature),
    Access(StoredAccess),
}

/// The end of a backup.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    pub(crate) counts: Counts,
    /// The MAC of everything in front of this line, and of the counts.
    pub(crate) mac: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordLine<'a> {
    store: StoreName,
    id: String,
    /// The bytes, as they are.
    #[serde(borrow)]
    body: &'a RawValue,
}

/// A value's bytes in base64.
pub(crate) struct ValueLine(pub(crate) Sealed);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryLine<'a> {
    seq: Seq,
    hash: Digest,
    /// The canonical bytes, as they are.
    #[serde(borrow)]
    entry: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessLine<'a> {
    server: ServerId,
    seq: Seq,
    hash: Digest,
    /// The canonical bytes, as they are.
    #[serde(borrow)]
    record: &'a RawValue,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<AccessSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoreName {
    Credentials,
    Tokens,
    Keys,
}

impl<'a> Line<'a> {
    /// None where something is not JSON, and so nothing that was ever written.
    pub(crate) fn of(part: &'a Part) -> Option<Self> {
        Some(match part {
            Part::Record(record) => Self::Record(RecordLine {
                store: match record.store {
                    AuthStore::Credentials => StoreName::Credentials,
                    AuthStore::Tokens => StoreName::Tokens,
                    AuthStore::Keys => StoreName::Keys,
                },
                id: record.id.clone(),
                body: serde_json::from_slice(&record.body).ok()?,
            }),
            Part::Value(sealed) => Self::Value(ValueLine(sealed.clone())),
            Part::Entry(stored) => Self::Entry(EntryLine {
                seq: stored.seq,
                hash: stored.hash,
                entry: serde_json::from_slice(&stored.bytes).ok()?,
            }),
            Part::Signature(signature) => Self::Signature(*signature),
            Part::Access(stored) => Self::Access(AccessLine {
                server: stored.server,
                seq: stored.seq,
                hash: stored.hash,
                record: serde_json::from_slice(&stored.bytes).ok()?,
                signature: stored.signature,
            }),
        })
    }

    /// The line as it is written.
    pub(crate) fn to_text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("a line is made of strings and numbers");
        text.push(b'\n');
        text
    }

    /// What a line between the first and the last says.
    pub(crate) fn into_part(self) -> Option<Part> {
        Some(match self {
            Self::Backup(_) | Self::End(_) => return None,
            Self::Record(RecordLine { store, id, body }) => Part::Record(AuthRecord {
                store: match store {
                    StoreName::Credentials => AuthStore::Credentials,
                    StoreName::Tokens => AuthStore::Tokens,
                    StoreName::Keys => AuthStore::Keys,
                },
                id,
                body: body.get().as_bytes().to_vec(),
            }),
            Self::Value(ValueLine(sealed)) => Part::Value(sealed),
            Self::Entry(EntryLine { seq, hash, entry }) => Part::Entry(StoredEntry {
                seq,
                hash,
                bytes: entry.get().as_bytes().to_vec(),
            }),
            Self::Signature(signature) => Part::Signature(signature),
            Self::Access(line) => Part::Access(StoredAccess {
                server: line.server,
                seq: line.seq,
                hash: line.hash,
                bytes: line.record.get().as_bytes().to_vec(),
                signature: line.signature,
            }),
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(record) => write!(f, "the {} record {}", record.store.name(), record.id),
            Self::Value(sealed) => write!(f, "the value {}", Digest::of(sealed.as_bytes())),
            Self::Entry(stored) => write!(f, "entry {}", stored.seq),
            Self::Signature(made) => write!(f, "the signature of entry {}", made.seq),
            Self::Access(stored) => write!(f, "access record {}/{}", stored.server, stored.seq),
        }
    }
}

impl End {
    /// The last line as it is written. No other form of it is read, since the MAC does not take it in.
    pub(crate) fn to_text(self) -> Vec<u8> {
        Line::End(self).to_text()
    }
}

impl Counts {
    /// Counts one more.
    pub(crate) fn count(&mut self, part: &Part) {
        match part {
            Part::Record(_) => self.records += 1,
            Part::Value(_) => self.values += 1,
            Part::Entry(_) => self.entries += 1,
            Part::Signature(_) => self.signatures += 1,
            Part::Access(_) => self.accesses += 1,
        }
    }

    /// What the MAC takes in behind all other lines.
    pub(crate) fn to_text(self) -> Vec<u8> {
        serde_json::to_vec(&self).expect("counts are numbers")
    }
}

impl Serialize for ValueLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl<'de> Deserialize<'de> for ValueLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
        Ok(Self(Sealed::from_bytes(bytes)))
    }
}
