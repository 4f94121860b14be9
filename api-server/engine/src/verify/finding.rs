//! What is not as it should be, by its name.

use std::fmt;

use ssm_domain::command::AuthStore;
use ssm_domain::entry::Seq;

use super::inspect::AccessPlace;

/// So much is told of one journal; whoever has more needs a backup and no list.
const MOST: usize = 100;

/// Something that a journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// All of it.
    Journal,
    /// An entry.
    Entry(Seq),
    /// A signature of the head that an entry makes.
    Signature(Seq),
    /// What an entry is found by.
    Index(Seq),
    /// A sealed value, by its digest in hexadecimal.
    Value(String),
    /// A record of the auth store, by its id.
    Record(AuthStore, String),
    /// A part of the auth store.
    Store(AuthStore),
    /// The snapshot of the state after an entry.
    Snapshot(Seq),
    /// The checkpoint of an entry, which is kept elsewhere.
    Checkpoint(Seq),
    /// A record of reads and refusals.
    Access(AccessPlace),
    /// The line of an export, counted from 1.
    Line(u64),
}

impl Named {
    /// What kind of thing it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Entry(_) => "entry",
            Self::Signature(_) => "signature",
            Self::Index(_) => "index",
            Self::Value(_) => "value",
            Self::Record(..) | Self::Store(_) => "record",
            Self::Snapshot(_) => "snapshot",
            Self::Checkpoint(_) => "checkpoint",
            Self::Access(_) => "access",
            Self::Line(_) => "line",
        }
    }

    /// The entry that it is, or belongs to.
    pub fn seq(&self) -> Option<Seq> {
        match self {
            Self::Entry(seq)
            | Self::Signature(seq)
            | Self::Index(seq)
            | Self::Snapshot(seq)
            | Self::Checkpoint(seq) => Some(*seq),
            Self::Journal
            | Self::Value(_)
            | Self::Record(..)
            | Self::Store(_)
            | Self::Access(_)
            | Self::Line(_) => None,
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal => f.write_str("the journal"),
            Self::Entry(seq) => write!(f, "entry {seq}"),
            Self::Signature(seq) => write!(f, "the signature of entry {seq}"),
            Self::Index(seq) => write!(f, "the index of entry {seq}"),
            Self::Value(digest) => write!(f, "the value {digest}"),
            Self::Record(store, id) => write!(f, "the {} record {id}", store.name()),
            Self::Store(store) => write!(f, "the {} records", store.name()),
            Self::Snapshot(seq) => write!(f, "the snapshot of entry {seq}"),
            Self::Checkpoint(seq) => write!(f, "the checkpoint of entry {seq}"),
            Self::Access(place) => place.fmt(f),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub named: Named,
    /// What is wrong with it. Goes on where the name ends: "entry 7" "is missing".
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.named, self.why)
    }
}

/// Findings, up to a bound.
#[derive(Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn add(&mut self, named: Named, why: impl Into<String>) {
        if !self.are_full() {
            let (why, name) = (why.into(), named.to_string());
            // Where the reason names the thing too, once is enough.
            let why = why.strip_prefix(&name).map_or(&*why, str::trim_start);
            let why = why.to_owned();
            self.found.push(Finding { named, why });
        }
    }

    /// Whether there is no room for another.
    pub(super) fn are_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// Adds what was found elsewhere.
    pub(super) fn append(&mut self, others: Self) {
        let room = MOST - self.found.len();
        self.found.extend(others.found.into_iter().take(room));
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}
