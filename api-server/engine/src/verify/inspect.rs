//! What verifying reads and serving does not.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use ssm_domain::access_record::Access;
use ssm_domain::entry::Seq;
use ssm_domain::id::ServerId;

use crate::access::StoredAccess;
use crate::journal::ReadError;

/// By what an entry is found, as it is stored. Texts may be anything that somebody put there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indexed {
    /// The slug of the target's project.
    pub project: Option<String>,
    /// The slug of the target's config.
    pub config: Option<String>,
    /// The ids of the configs that it touched, in hexadecimal.
    pub touched: BTreeSet<String>,
}

/// Where an access record stands, whatever it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPlace {
    /// The name of the chain, in hexadecimal.
    pub chain: String,
    /// The position in it.
    pub seq: i64,
}

impl AccessPlace {
    /// The place that a chain and a position in it make.
    pub fn new(server: ServerId, seq: Seq) -> Self {
        Self {
            chain: server.to_string(),
            seq: i64::try_from(seq).unwrap_or(i64::MAX),
        }
    }

    /// The place behind it.
    pub(super) fn next(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            seq: self.seq.saturating_add(1),
        }
    }
}

impl fmt::Display for AccessPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "access record {} of the chain {}", self.seq, self.chain)
    }
}

/// By what access records are found, in the order of [`FoundBy`].
pub const FOUND_BY: [&str; 9] = [
    "at", "until", "id", "project", "config", "key", "actor", "action", "status",
];

/// By what an access record is found, each as a text: times in milliseconds since 1970, the id in hexadecimal.
pub type FoundBy = [Option<String>; FOUND_BY.len()];

/// By what such a record is found.
pub fn found_by(access: &Access) -> FoundBy {
    let target = &access.target;
    [
        Some(access.at.as_millis().to_string()),
        Some(access.until.as_millis().to_string()),
        Some(access.id.to_string()),
        target.project.as_ref().map(ToString::to_string),
        target.config.as_ref().map(ToString::to_string),
        target.key.as_ref().map(ToString::to_string),
        Some(access.actor.id.clone()),
        Some(access.action.clone()),
        Some(access.status.to_string()),
    ]
}

/// An access record with all that is stored beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedAccess {
    /// Where it stands.
    pub place: AccessPlace,
    /// The record, or why what is there can be none. Goes on where its name ends: "has half a signature".
    pub stored: Result<StoredAccess, &'static str>,
    /// By what it is found.
    pub found_by: FoundBy,
}

/// A journal that shows what it is made of. What it shows is never damaged; at worst it is odd.
#[async_trait]
pub trait Inspect {
    /// By what the entries from `first` to `last` are found, in their order. What names an entry that is not there is
    /// shown too.
    async fn indexed(&self, first: Seq, last: Seq) -> Result<Vec<(Seq, Indexed)>, ReadError>;

    /// How many values are stored.
    async fn count_values(&self) -> Result<u64, ReadError>;

    /// At most `limit` names of stored values, in hexadecimal, in order, from behind `after` where it is given.
    async fn value_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, ReadError>;

    /// At most `limit` access records of all chains with what lies beside them, one chain after the other and each in
    /// order, from behind `after` where it is given. All of one answer were there at one time.
    async fn inspect_access(
        &self,
        after: Option<&AccessPlace>,
        limit: usize,
    ) -> Result<Vec<InspectedAccess>, ReadError>;
}
