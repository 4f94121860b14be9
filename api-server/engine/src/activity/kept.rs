//! Small things that are remembered by name until they expire, up to a bound: what was put longest ago goes first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ssm_domain::time::Timestamp;

use super::{ActivityKind, ActivityRecord};

/// What a name and the bookkeeping for it take beside the body.
const OVERHEAD: usize = 128;

/// Things of one kind.
pub struct Kept {
    kind: ActivityKind,
    most: usize,
    most_bytes: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    things: HashMap<Arc<str>, Thing>,
    by_age: BTreeMap<u64, Arc<str>>,
    next_age: u64,
    bytes: usize,
    /// Names of what is gone from here and not yet from the store.
    gone: HashSet<Arc<str>>,
}

struct Thing {
    body: Vec<u8>,
    expires_at: Timestamp,
    age: u64,
    /// Whether the store does not have it yet.
    changed: bool,
}

impl Kept {
    pub(crate) fn new(kind: ActivityKind, most: usize, most_bytes: usize) -> Self {
        Self {
            kind,
            most,
            most_bytes,
            inner: Mutex::default(),
        }
    }

    /// What is remembered under this name.
    pub fn get(&self, id: &str, now: Timestamp) -> Option<Vec<u8>> {
        self.lock().get(id, now).map(<[u8]>::to_vec)
    }

    /// Remembers `body` under this name until `expires_at`, in the place of what was there.
    pub fn put(&self, id: &str, body: Vec<u8>, expires_at: Timestamp) {
        self.insert(&mut self.lock(), id, body, expires_at, true);
    }

    /// Looks at what is remembered and remembers what `change` makes of it, with nobody in between.
    pub fn update(
        &self,
        id: &str,
        now: Timestamp,
        change: impl FnOnce(Option<&[u8]>) -> (Vec<u8>, Timestamp),
    ) {
        let mut inner = self.lock();
        let (body, expires_at) = change(inner.get(id, now));
        self.insert(&mut inner, id, body, expires_at, true);
    }

    /// Forgets what is remembered under this name.
    pub fn remove(&self, id: &str) {
        self.forget(&mut self.lock(), id);
    }

    /// Takes in a stored record.
    pub(super) fn load(&self, record: ActivityRecord, now: Timestamp) {
        if record.expires_at > now {
            self.insert(
                &mut self.lock(),
                &record.id,
                record.body,
                record.expires_at,
                false,
            );
        }
    }

    /// What has changed since the last call; what has expired is forgotten on the way.
    pub(super) fn take_changes(&self, now: Timestamp) -> Vec<ActivityRecord> {
        let mut inner = self.lock();
        let expired = inner
            .things
            .iter()
            .filter(|(_, thing)| thing.expires_at <= now);
        let expired: Vec<Arc<str>> = expired.map(|(id, _)| id.clone()).collect();
        for id in expired {
            self.forget(&mut inner, &id);
        }

        let gone = std::mem::take(&mut inner.gone).into_iter();
        let gone = gone.filter(|id| !inner.things.contains_key(id));
        let mut changes: Vec<_> = gone
            .map(|id| self.record(&id, Vec::new(), Timestamp::START))
            .collect();
        for (id, thing) in &mut inner.things {
            if std::mem::take(&mut thing.changed) {
                changes.push(self.record(id, thing.body.clone(), thing.expires_at));
            }
        }
        changes
    }

    /// Changes that were taken and not stored.
    pub(super) fn put_back(&self, record: &ActivityRecord) {
        let mut inner = self.lock();
        match inner.things.get_mut(&*record.id) {
            Some(thing) => thing.changed = true,
            None => self.note_gone(&mut inner, record.id.as_str().into()),
        }
    }

    fn insert(
        &self,
        inner: &mut Inner,
        id: &str,
        body: Vec<u8>,
        expires_at: Timestamp,
        changed: bool,
    ) {
        inner.take_out(id);
        let (id, age): (Arc<str>, _) = (id.into(), inner.next_age);
        inner.next_age += 1;
        inner.bytes += weight(&id, &body);
        inner.by_age.insert(age, id.clone());
        let thing = Thing {
            body,
            expires_at,
            age,
            changed,
        };
        inner.things.insert(id, thing);
        while inner.things.len() > self.most || inner.bytes > self.most_bytes {
            let Some((_, oldest)) = inner.by_age.first_key_value() else {
                break;
            };
            let oldest = oldest.clone();
            self.forget(inner, &oldest);
        }
    }

    fn forget(&self, inner: &mut Inner, id: &str) {
        if let Some(id) = inner.take_out(id) {
            self.note_gone(inner, id);
        }
    }

    /// While nothing can be stored, names pile up here. Beyond the bound they are left to expire in the store.
    fn note_gone(&self, inner: &mut Inner, id: Arc<str>) {
        if inner.gone.len() < self.most {
            inner.gone.insert(id);
        }
    }

    fn record(&self, id: &str, body: Vec<u8>, expires_at: Timestamp) -> ActivityRecord {
        ActivityRecord {
            kind: self.kind,
            id: id.to_owned(),
            body,
            expires_at,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn get(&self, id: &str, now: Timestamp) -> Option<&[u8]> {
        let thing = self.things.get(id).filter(|thing| thing.expires_at > now);
        thing.map(|thing| &*thing.body)
    }

    fn take_out(&mut self, id: &str) -> Option<Arc<str>> {
        let (id, thing) = self.things.remove_entry(id)?;
        self.by_age.remove(&thing.age);
        self.bytes -= weight(&id, &thing.body);
        Some(id)
    }
}

fn weight(id: &str, body: &[u8]) -> usize {
    id.len() + body.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use ssm_domain::time::Timestamp;

    use super::{ActivityKind, Kept, OVERHEAD};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn kept() -> Kept {
        Kept::new(ActivityKind::Throttle, 3, 10_000)
    }

    #[test]
    fn what_was_put_is_there_until_it_expires() {
        let kept = kept();
        kept.put("a", vec![1], at(10));
        assert_eq!(kept.get("a", at(9)), Some(vec![1]));
        assert_eq!(kept.get("a", at(10)), None);
        kept.remove("a");
        assert_eq!(kept.get("a", at(9)), None);
    }

    #[test]
    fn an_update_sees_what_is_there_and_nothing_that_has_expired() {
        let kept = kept();
        let add = |now, expires_at| {
            kept.update("a", now, |before| {
                (vec![before.map_or(0, |before| before[0]) + 1], expires_at)
            });
        };
        add(at(1), at(5));
        add(at(2), at(5));
        assert_eq!(kept.get("a", at(2)), Some(vec![2]));
        add(at(5), at(9));
        assert_eq!(kept.get("a", at(5)), Some(vec![1]));
    }

    #[test]
    fn beyond_its_bounds_the_oldest_goes_first() {
        let kept = kept();
        for id in ["a", "b", "c", "a", "d"] {
            kept.put(id, vec![0], at(10));
        }
        let there = ["a", "b", "c", "d"].map(|id| kept.get(id, at(0)).is_some());
        assert_eq!(there, [true, false, true, true]);

        kept.put("large", vec![0; 10_000 - OVERHEAD - 5], at(10));
        assert!(kept.get("large", at(0)).is_some() && kept.get("d", at(0)).is_none());
        kept.put("larger", vec![0; 10_001], at(10));
        assert!(kept.get("larger", at(0)).is_none());
    }

    #[test]
    fn every_change_is_taken_once_unless_storing_it_failed() {
        let kept = kept();
        kept.put("a", vec![1], at(10));
        kept.put("b", vec![1], at(10));
        assert_eq!(kept.take_changes(at(0)).len(), 2);
        assert!(kept.take_changes(at(0)).is_empty());

        kept.remove("a");
        let changes = kept.take_changes(at(0));
        assert_eq!(
            (changes.len(), changes[0].expires_at),
            (1, Timestamp::START)
        );
        kept.put_back(&changes[0]);
        assert_eq!(kept.take_changes(at(0)), changes);

        let expired = kept.take_changes(at(10));
        assert_eq!((expired.len(), expired[0].id.as_str()), (1, "b"));
    }
}
