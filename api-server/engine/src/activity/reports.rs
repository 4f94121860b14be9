//! Who has which revision, as consumers said it last, each with the token that it reads with. Forgotten after a day.
//!
//! Nobody vouches for it but whoever holds the token: what one token says never takes the place of what another one that
//! lives has said. A consumer that is gone is kept as one that has nothing, so that other servers learn of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ssm_domain::id::{ConfigId, TokenId};
use ssm_domain::names::{ClusterName, NamespaceName, ObjectName};
use ssm_domain::time::Timestamp;

use super::{ActivityKind, ActivityRecord};
use crate::read::ConfigVersion;

/// For how long it counts that somebody said to have a revision.
pub(super) const KEPT: Duration = Duration::from_hours(24);
/// What a name and the bookkeeping for it take beside the text, and what a source takes.
const OVERHEAD: usize = 400;
const OVERHEAD_OF_SOURCE: usize = 96;

/// Who says to have something: a resource of a cluster, and the token that it reads with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId {
    /// The cluster.
    pub cluster: ClusterName,
    /// The namespace.
    pub namespace: NamespaceName,
    /// The resource.
    pub name: ObjectName,
    /// The token.
    pub token: TokenId,
}

/// The text does not name a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the nextCursor of a page before")]
pub struct InvalidConsumer;

impl fmt::Display for ConsumerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cluster,
            namespace,
            name,
            token,
        } = self;
        // Of these, only the cluster's name may have slashes.
        write!(f, "{token}/{namespace}/{name}/{cluster}")
    }
}

impl FromStr for ConsumerId {
    type Err = InvalidConsumer;

    fn from_str(text: &str) -> Result<Self, InvalidConsumer> {
        let mut parts = text.splitn(4, '/');
        let mut next = || parts.next().ok_or(InvalidConsumer);
        Ok(Self {
            token: next()?.parse().map_err(|_| InvalidConsumer)?,
            namespace: next()?.parse().map_err(|_| InvalidConsumer)?,
            name: next()?.parse().map_err(|_| InvalidConsumer)?,
            cluster: next()?.parse().map_err(|_| InvalidConsumer)?,
        })
    }
}

/// What a consumer has. Everything else that it said before does not hold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub consumer: ConsumerId,
    /// At which version it has which config; none where it is gone.
    pub sources: Vec<(ConfigId, ConfigVersion)>,
}

/// Somebody who has a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Who.
    pub id: Arc<ConsumerId>,
    /// At which version.
    pub version: ConfigVersion,
    /// When that was said.
    pub reported_at: Timestamp,
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    consumers: usize,
    of_a_token: usize,
    bytes: usize,
    bytes_of_a_token: usize,
}

impl Bounds {
    /// Enough for a cluster of ten thousand resources of three sources that share one token, and more of fewer.
    const USUAL: Self = Self {
        consumers: 50_000,
        of_a_token: 20_000,
        bytes: 32 << 20,
        bytes_of_a_token: 8 << 20,
    };
}

/// What consumers said. Beyond the bounds, what was said longest ago with the token that takes the most goes first.
pub struct Reports {
    bounds: Bounds,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    reports: BTreeMap<Arc<ConsumerId>, Report>,
    by_config: HashMap<ConfigId, BTreeSet<Arc<ConsumerId>>>,
    by_age: BTreeMap<Age, Arc<ConsumerId>>,
    by_token: HashMap<TokenId, OfToken>,
    /// The same tokens by how much they take.
    by_weight: BTreeSet<(usize, TokenId)>,
    counted: u64,
    bytes: usize,
    /// Whose reports the store does not have yet as they are here, or still has although they are gone from here.
    changed: HashSet<Arc<ConsumerId>>,
}

/// When something was said, and a number that tells apart what was said at the same time.
type Age = (Timestamp, u64);

/// What was said with a token.
#[derive(Default)]
struct OfToken {
    ages: BTreeSet<Age>,
    bytes: usize,
}

struct Report {
    sources: Box<[(ConfigId, ConfigVersion)]>,
    age: Age,
}

impl Default for Reports {
    fn default() -> Self {
        Self::bounded(Bounds::USUAL)
    }
}

impl Reports {
    fn bounded(bounds: Bounds) -> Self {
        let inner = Mutex::default();
        Self { bounds, inner }
    }

    /// Remembers what consumers say now. What was said of the same ones with a token that is dead does not hold any more.
    pub fn tell(
        &self,
        told: impl IntoIterator<Item = Told>,
        now: Timestamp,
        is_dead: impl Fn(TokenId) -> bool,
    ) {
        let mut inner = self.lock();
        for Told { consumer, sources } in told {
            let dead: Vec<_> = inner
                .of_any_token(&consumer)
                .filter(|id| id.token != consumer.token && inner.has_any(id) && is_dead(id.token))
                .collect();
            for id in dead {
                self.insert(&mut inner, id, Box::default(), now, true);
            }
            self.insert(&mut inner, consumer.into(), sources.into(), now, true);
        }
    }

    /// Who has a config, in order.
    pub fn of(&self, config: ConfigId, now: Timestamp) -> Vec<Consumer> {
        let inner = self.lock();
        let ids = inner.by_config.get(&config).into_iter().flatten();
        let consumers = ids.filter_map(|id| {
            let report = inner.reports.get(id).filter(|report| report.holds(now))?;
            let (_, version) = report.sources.iter().find(|(of, _)| *of == config)?;
            Some(Consumer {
                id: id.clone(),
                version: *version,
                reported_at: report.age.0,
            })
        });
        consumers.collect()
    }

    /// Takes in a stored record, unless something later is known. One that cannot be read is passed over.
    pub(super) fn load(&self, record: &ActivityRecord, now: Timestamp) {
        let Some((id, at, sources)) = parse(record) else {
            return;
        };
        let mut inner = self.lock();
        let known = inner.reports.get(&id).map(|report| report.age.0);
        if at.plus(KEPT) > now && known.is_none_or(|known| known < at) {
            self.insert(&mut inner, id.into(), sources, at, false);
        }
    }

    /// Whether there is anything to store.
    pub(super) fn have_changed(&self) -> bool {
        !self.lock().changed.is_empty()
    }

    /// What has changed since the last call; what has expired is forgotten on the way.
    pub(super) fn take_changes(&self, now: Timestamp) -> Vec<ActivityRecord> {
        let mut inner = self.lock();
        while let Some((age, id)) = inner.by_age.first_key_value()
            && age.0.plus(KEPT) <= now
        {
            // The store forgets it by itself.
            let id = id.clone();
            inner.take_out(&id);
            inner.changed.remove(&id);
        }
        let changed = std::mem::take(&mut inner.changed).into_iter();
        let records = changed.map(|id| record(&id, inner.reports.get(&id), now));
        records.collect()
    }

    /// Changes that were taken and not stored.
    pub(super) fn put_back(&self, record: &ActivityRecord) {
        if let Ok(id) = record.id.parse::<ConsumerId>() {
            self.note_changed(&mut self.lock(), id.into());
        }
    }

    fn insert(
        &self,
        inner: &mut Inner,
        id: Arc<ConsumerId>,
        sources: Box<[(ConfigId, ConfigVersion)]>,
        at: Timestamp,
        is_new: bool,
    ) {
        let sources = first_of_each(sources);
        inner.take_out(&id);
        if is_new {
            self.note_changed(inner, id.clone());
        } else {
            inner.changed.remove(&id);
        }
        let token = id.token;
        inner.put(id, sources, at);
        let bounds = self.bounds;
        while let Some(of_token) = inner.by_token.get(&token)
            && (of_token.ages.len() > bounds.of_a_token || of_token.bytes > bounds.bytes_of_a_token)
        {
            self.forget_oldest_of(inner, token);
        }
        while (inner.reports.len() > bounds.consumers || inner.bytes > bounds.bytes)
            && let Some((_, heaviest)) = inner.by_weight.last().copied()
        {
            self.forget_oldest_of(inner, heaviest);
        }
    }

    fn forget_oldest_of(&self, inner: &mut Inner, token: TokenId) {
        let of_token = inner.by_token.get(&token);
        if let Some(oldest) = of_token.and_then(|of_token| of_token.ages.first().copied()) {
            self.forget(inner, oldest);
        }
    }

    fn forget(&self, inner: &mut Inner, age: Age) {
        if let Some(id) = inner.by_age.get(&age).cloned() {
            inner.take_out(&id);
            self.note_changed(inner, id);
        }
    }

    /// While nothing can be stored, names of what is gone pile up here. Beyond the bound they are left to expire in the store.
    fn note_changed(&self, inner: &mut Inner, id: Arc<ConsumerId>) {
        if inner.changed.len() < 2 * self.bounds.consumers {
            inner.changed.insert(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    fn holds(&self, now: Timestamp) -> bool {
        self.age.0.plus(KEPT) > now
    }
}

impl Inner {
    /// What was said of a consumer with whatever token.
    fn of_any_token(&self, id: &ConsumerId) -> impl Iterator<Item = Arc<ConsumerId>> {
        let first = ConsumerId {
            token: TokenId::MIN,
            ..id.clone()
        };
        let same = |other: &ConsumerId| {
            (&other.name, &other.namespace, &other.cluster)
                == (&id.name, &id.namespace, &id.cluster)
        };
        self.reports
            .range(first..)
            .map(|(id, _)| id)
            .take_while(move |other| same(other))
            .cloned()
    }

    /// Whether a consumer has anything.
    fn has_any(&self, id: &ConsumerId) -> bool {
        self.reports
            .get(id)
            .is_some_and(|report| !report.sources.is_empty())
    }

    fn put(
        &mut self,
        id: Arc<ConsumerId>,
        sources: Box<[(ConfigId, ConfigVersion)]>,
        at: Timestamp,
    ) {
        let age = (at, self.counted);
        self.counted += 1;
        let bytes = weight(&id, &sources);
        self.bytes += bytes;
        for (config, _) in &sources {
            self.by_config
                .entry(*config)
                .or_default()
                .insert(id.clone());
        }
        self.by_age.insert(age, id.clone());
        let of_token = self.by_token.entry(id.token).or_default();
        of_token.ages.insert(age);
        self.by_weight.remove(&(of_token.bytes, id.token));
        of_token.bytes += bytes;
        self.by_weight.insert((of_token.bytes, id.token));
        self.reports.insert(id, Report { sources, age });
    }

    fn take_out(&mut self, id: &ConsumerId) {
        let Some(Report { sources, age }) = self.reports.remove(id) else {
            return;
        };
        let bytes = weight(id, &sources);
        self.bytes -= bytes;
        for (config, _) in &sources {
            if let Some(consumers) = self.by_config.get_mut(config) {
                consumers.remove(id);
                if consumers.is_empty() {
                    self.by_config.remove(config);
                }
            }
        }
        self.by_age.remove(&age);
        if let Some(of_token) = self.by_token.get_mut(&id.token) {
            of_token.ages.remove(&age);
            self.by_weight.remove(&(of_token.bytes, id.token));
            of_token.bytes -= bytes;
            if of_token.ages.is_empty() {
                self.by_token.remove(&id.token);
            } else {
                self.by_weight.insert((of_token.bytes, id.token));
            }
        }
    }
}

/// Of several sources with the same config, the first.
fn first_of_each(sources: Box<[(ConfigId, ConfigVersion)]>) -> Box<[(ConfigId, ConfigVersion)]> {
    let mut seen = HashSet::new();
    let sources = sources.into_iter();
    sources.filter(|(config, _)| seen.insert(*config)).collect()
}

fn weight(id: &ConsumerId, sources: &[(ConfigId, ConfigVersion)]) -> usize {
    let names = [id.cluster.as_str(), id.namespace.as_str(), id.name.as_str()];
    let names: usize = names.iter().map(|name| name.len()).sum();
    names + sources.len() * OVERHEAD_OF_SOURCE + OVERHEAD
}

/// A consumer's record; of one that is forgotten, a record that has expired. How long it is kept is counted from when it is
/// stored, so that others find what was stored late.
fn record(id: &ConsumerId, report: Option<&Report>, now: Timestamp) -> ActivityRecord {
    let body = report.map(|report| {
        let sources = report.sources.iter();
        let sources = sources.map(|(config, version)| format!(" {config}:{version}"));
        report.age.0.to_string() + &sources.collect::<String>()
    });
    ActivityRecord {
        kind: ActivityKind::Report,
        id: id.to_string(),
        expires_at: match report {
            Some(_) => now.plus(KEPT),
            None => Timestamp::START,
        },
        body: body.unwrap_or_default().into_bytes(),
    }
}

type Parsed = (ConsumerId, Timestamp, Box<[(ConfigId, ConfigVersion)]>);

fn parse(record: &ActivityRecord) -> Option<Parsed> {
    let mut words = std::str::from_utf8(&record.body).ok()?.split(' ');
    let at = words.next()?.parse().ok()?;
    let sources = words.map(|word| {
        let (config, version) = word.split_once(':')?;
        Some((config.parse().ok()?, version.parse().ok()?))
    });
    Some((record.id.parse().ok()?, at, sources.collect::<Option<_>>()?))
}

#[cfg(test)]
#[path = "reports_tests.rs"]
mod tests;
