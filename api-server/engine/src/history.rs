//! A config's history, read from the journal: the versions of a secret, the config's revisions, and its own secrets as
//! they were at one of them.
//!
//! Everything is read backwards from the state that the reader looks at, in chunks, and a request looks at a bounded
//! number of entries however long the history is.

use std::collections::BTreeMap;

use ssm_domain::digest::Digest;
use ssm_domain::effective::open;
use ssm_domain::entry::{Change, Entry, Seq};
use ssm_domain::history::LookingBack;
use ssm_domain::names::{Description, Key};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::seal::{Sealed, ValuePlace};
use ssm_domain::secret::SecretValue;
use ssm_domain::state::Secret;
use ssm_domain::time::Timestamp;

use crate::audit::parse;
use crate::error::ReadFailure;
use crate::read::ConfigReader;

/// How many entries are read at a time. One may be large: an import changes up to 5,000 keys.
const CHUNK: usize = 32;
/// The most bytes of entries that are looked at for one page, give or take a chunk.
const MOST_FOR_A_PAGE: usize = 16 << 20;
/// The same on the way back to a revision; more than 200,000 changes of single keys.
const MOST_FOR_A_REVISION: usize = 128 << 20;

/// One page, newest first.
#[derive(Debug)]
pub struct HistoryPage<T> {
    /// What is on it. It may be less than asked for although there is more.
    pub items: Vec<T>,
    /// Where the next page begins, if there may be one: with what is older than this entry.
    pub next: Option<Seq>,
}

/// What one entry did to one key.
#[derive(Debug)]
pub struct KeyVersion {
    /// The entry.
    pub revision: Seq,
    /// When.
    pub at: Timestamp,
    /// Who, by the name of that time.
    pub by: String,
    /// The value that it got; `None` where it was deleted.
    pub set: Option<SetVersion>,
}

/// A value that a key got.
#[derive(Debug)]
pub struct SetVersion {
    /// Counts the values of the key, from 1.
    pub version: u64,
    /// The icon that somebody chose.
    pub icon: Option<String>,
    /// A remark.
    pub note: Option<Description>,
    digest: Digest,
}

impl ConfigReader {
    /// What became of a key over time, from before `before` where it is given.
    pub async fn versions(
        &self,
        key: &Key,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<HistoryPage<KeyVersion>, ReadFailure> {
        if self.config().next_version(key) == 1 {
            return Err(Rejection::NotFound(Noun::Secret).into());
        }
        self.page(before, limit, |entry| {
            let changes = entry.changes.iter().rev();
            let mut changes = changes.filter(|change| change.config() == Some(self.config().id));
            changes.find_map(|change| KeyVersion::of(&entry, change, key))
        })
        .await
    }

    /// The entries that touched the config, from before `before` where it is given.
    pub async fn revisions(
        &self,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<HistoryPage<Entry>, ReadFailure> {
        self.page(before, limit, Some).await
    }

    /// The config's own secrets as they were at a revision. What they are is known for good, whatever comes.
    pub async fn past(&self, revision: Seq) -> Result<BTreeMap<Key, Secret>, ReadFailure> {
        let mut past = LookingBack::from_now(self.config(), revision)?;
        let mut back = Back::from_now(self);
        while !past.is_done() {
            let Some(chunk) = back.chunk().await? else {
                break;
            };
            for entry in &chunk {
                past.look_at(entry);
            }
            if back.looked_at > MOST_FOR_A_REVISION && !past.is_done() {
                let why = "Too many changes lie between this revision and now";
                return Err(Rejection::TooLarge(why).into());
            }
        }
        let journal = &self.shared.journal;
        let values = journal.values(&past.values()).await;
        Ok(past.finish(&values.map_err(ReadFailure::Unavailable)?)?)
    }

    /// Opens values that secrets of this config had. One that is lost is `None`.
    pub fn open_past(&self, key: &Key, secret: &Secret) -> Option<SecretValue> {
        open(&self.shared.keys, self.config(), key, secret).ok()
    }

    /// Opens the values of a key's versions, in their order. `None` stands for a deletion, and for a value that is lost.
    pub async fn open_versions(
        &self,
        key: &Key,
        versions: &[KeyVersion],
    ) -> Result<Vec<Option<SecretValue>>, ReadFailure> {
        let set = versions.iter().filter_map(|version| version.set.as_ref());
        let digests: Vec<Digest> = set.map(|set| set.digest).collect();
        let values = self.shared.journal.values(&digests).await;
        let values = values.map_err(ReadFailure::Unavailable)?;
        let open = |set: &SetVersion| {
            let place = ValuePlace {
                project: self.config().project_id,
                config: self.config().id,
                key,
                version: set.version,
            };
            let sealed: &Sealed = values.get(&set.digest)?;
            self.shared.keys.open(place, sealed).ok()
        };
        let opened = versions
            .iter()
            .map(|version| version.set.as_ref().and_then(open));
        Ok(opened.collect())
    }

    /// A page of what `pick` takes from entries. It ends early where too many entries have been looked at for it.
    async fn page<T>(
        &self,
        before: Option<Seq>,
        limit: usize,
        mut pick: impl FnMut(Entry) -> Option<T>,
    ) -> Result<HistoryPage<T>, ReadFailure> {
        let mut back = Back::from_now(self);
        back.before = back.before.min(before.unwrap_or(Seq::MAX));
        let (mut items, mut last) = (Vec::new(), None);
        while let Some(chunk) = back.chunk().await? {
            for entry in chunk {
                let seq = entry.seq;
                let Some(item) = pick(entry) else { continue };
                if items.len() == limit {
                    return Ok(HistoryPage { items, next: last });
                }
                items.push(item);
                last = Some(seq);
            }
            if back.looked_at > MOST_FOR_A_PAGE {
                let next = Some(back.before);
                return Ok(HistoryPage { items, next });
            }
        }
        Ok(HistoryPage { items, next: None })
    }
}

impl KeyVersion {
    /// What a change did to `key`, if it did anything.
    fn of(entry: &Entry, change: &Change, key: &Key) -> Option<Self> {
        let set = match change {
            Change::SecretSet {
                key: changed,
                version,
                value,
                icon,
                note,
                ..
            } if changed == key => Some(SetVersion {
                version: *version,
                icon: icon.clone(),
                note: note.clone(),
                digest: *value,
            }),
            Change::SecretDeleted { key: changed, .. } if changed == key => None,
            _ => return None,
        };
        Some(Self {
            revision: entry.seq,
            at: entry.at,
            by: entry.actor.id.clone(),
            set,
        })
    }
}

/// The way back through the entries that touched a config.
struct Back<'a> {
    reader: &'a ConfigReader,
    /// Entries from here on have been looked at.
    before: Seq,
    /// How many bytes those were.
    looked_at: usize,
    is_over: bool,
}

impl<'a> Back<'a> {
    /// From the state that the reader looks at, whatever has been written since.
    fn from_now(reader: &'a ConfigReader) -> Self {
        Self {
            reader,
            before: reader.state.head().seq + 1,
            looked_at: 0,
            is_over: false,
        }
    }

    /// The next older entries, newest first; `None` when there are no more.
    async fn chunk(&mut self) -> Result<Option<Vec<Entry>>, ReadFailure> {
        if self.is_over {
            return Ok(None);
        }
        let config = self.reader.config;
        let journal = &self.reader.shared.journal;
        let found = journal.history(config, Some(self.before), CHUNK).await;
        let found = found.map_err(ReadFailure::Unavailable)?;
        self.is_over = found.len() < CHUNK;
        if let Some(oldest) = found.last() {
            self.before = oldest.seq;
        }
        self.looked_at += found.iter().map(|stored| stored.bytes.len()).sum::<usize>();
        let entries = found.iter().map(parse).collect::<Result<_, _>>();
        entries.map(Some).map_err(ReadFailure::Unavailable)
    }
}
