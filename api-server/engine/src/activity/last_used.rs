//! When each token was last used, to the second.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use ssm_domain::id::TokenId;
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;

use super::{ActivityKind, ActivityRecord};

/// Parts with a lock of their own, so that cores do not wait for each other.
const SHARDS: usize = 16;
/// The most tokens of one part; then the half that was not used for longest is forgotten.
const MOST: usize = 4_096;
/// For how long a token's last use is worth knowing.
const KEPT: Duration = Duration::from_hours(400 * 24);

/// Seconds since 1970 in all bits but the last, which says whether they have not been stored yet.
type Used = AtomicU64;

#[derive(Default)]
pub(super) struct LastUsed {
    shards: [RwLock<HashMap<TokenId, Used>>; SHARDS],
    /// Whether there may be something to store.
    changed: AtomicBool,
    forgotten: Mutex<Vec<TokenId>>,
}

impl LastUsed {
    pub(super) fn touch(&self, id: TokenId, now: Timestamp) {
        let used = pack(now);
        let known = self
            .shard(id)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = known.get(&id) {
            // Of the uses within a second the first one is enough.
            if before.load(Ordering::Relaxed) | 1 < used {
                before.fetch_max(used, Ordering::Relaxed);
                self.changed.store(true, Ordering::Release);
            }
            return;
        }
        drop(known);
        self.learn(id, used);
        self.changed.store(true, Ordering::Release);
    }

    pub(super) fn get(&self, id: TokenId) -> Option<Timestamp> {
        let shard = self
            .shard(id)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        shard
            .get(&id)
            .map(|used| unpack(used.load(Ordering::Relaxed)))
    }

    /// Takes in a stored record. One that cannot be read, or is of a token that has dropped out of the state, will be
    /// deleted.
    pub(super) fn load(&self, record: ActivityRecord, state: &State) {
        let Ok(id) = record.id.parse() else {
            return;
        };
        let used = String::from_utf8(record.body)
            .ok()
            .and_then(|text| text.parse::<Timestamp>().ok());
        match used {
            Some(used) if state.token(id).is_some() => self.learn(id, pack(used) & !1),
            _ => self.forget([id]),
        }
    }

    /// What has changed since the last call.
    pub(super) fn take_changes(&self) -> Vec<ActivityRecord> {
        if !self.changed.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        let mut changes = Vec::new();
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            let changed = shard.iter().filter_map(|(id, used)| {
                let used = used.fetch_and(!1, Ordering::Relaxed);
                (used & 1 == 1).then(|| record(*id, Some(unpack(used))))
            });
            changes.extend(changed);
        }
        let mut forgotten = self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        changes.extend(
            std::mem::take(&mut *forgotten)
                .into_iter()
                .map(|id| record(id, None)),
        );
        changes
    }

    /// Changes that were taken and not stored.
    pub(super) fn put_back(&self, record: &ActivityRecord) {
        let Ok(id) = record.id.parse() else {
            return;
        };
        let shard = self
            .shard(id)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        match shard.get(&id) {
            Some(used) => {
                used.fetch_or(1, Ordering::Relaxed);
                self.changed.store(true, Ordering::Release);
            }
            None => self.forget([id]),
        }
    }

    fn learn(&self, id: TokenId, used: u64) {
        let mut shard = self
            .shard(id)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= MOST && !shard.contains_key(&id) {
            let mut times: Vec<u64> = shard.values_mut().map(|used| *used.get_mut()).collect();
            let (_, median, _) = times.select_nth_unstable(MOST / 2);
            let old = shard.extract_if(|_, used| *used.get_mut() <= *median);
            self.forget(old.take(MOST / 2).map(|(id, _)| id));
        }
        shard
            .entry(id)
            .or_default()
            .fetch_max(used, Ordering::Relaxed);
    }

    /// While nothing can be stored, these pile up. Beyond the bound they are left to expire in the store.
    fn forget(&self, ids: impl IntoIterator<Item = TokenId>) {
        let mut forgotten = self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            if forgotten.len() < MOST * SHARDS {
                forgotten.push(id);
            }
        }
        self.changed.store(true, Ordering::Release);
    }

    fn shard(&self, id: TokenId) -> &RwLock<HashMap<TokenId, Used>> {
        &self.shards[usize::from(id.as_bytes()[0]) % SHARDS]
    }
}

fn pack(time: Timestamp) -> u64 {
    (time.as_millis().unsigned_abs() / 1_000) << 1 | 1
}

fn unpack(used: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from((used >> 1).saturating_mul(1_000)).unwrap_or(i64::MAX))
}

/// A token's record; of one that is forgotten, a record that has expired.
fn record(id: TokenId, used: Option<Timestamp>) -> ActivityRecord {
    ActivityRecord {
        kind: ActivityKind::LastUsed,
        id: id.to_string(),
        body: used
            .map(|used| used.to_string().into_bytes())
            .unwrap_or_default(),
        expires_at: used.map_or(Timestamp::START, |used| used.plus(KEPT)),
    }
}

#[cfg(test)]
mod tests {
    use ssm_domain::id::TokenId;
    use ssm_domain::time::Timestamp;

    use super::{LastUsed, MOST, SHARDS};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn token(number: u32) -> TokenId {
        let mut bytes = [0; 12];
        bytes[0] = number.to_le_bytes()[0];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        TokenId::from_bytes(bytes)
    }

    #[test]
    fn the_latest_use_counts_to_the_second() {
        let used = LastUsed::default();
        assert_eq!(used.get(token(1)), None);
        for millis in [5_900, 7_999, 6_000] {
            used.touch(token(1), Timestamp::from_millis(millis));
        }
        assert_eq!(used.get(token(1)), Some(at(7)));
        assert_eq!(used.get(token(2)), None);
    }

    #[test]
    fn a_use_is_stored_once_unless_that_failed() {
        let used = LastUsed::default();
        used.touch(token(1), at(5));
        let changes = used.take_changes();
        assert_eq!(changes.len(), 1);
        used.touch(token(1), at(5));
        assert!(used.take_changes().is_empty());

        used.put_back(&changes[0]);
        assert_eq!(used.take_changes(), changes);
        used.touch(token(1), at(6));
        assert_eq!(used.take_changes().len(), 1);
    }

    #[test]
    fn of_more_tokens_than_there_is_room_for_the_oldest_are_forgotten() {
        let used = LastUsed::default();
        let tokens = u32::try_from(MOST * SHARDS).unwrap();
        for number in 0..=tokens {
            used.touch(token(number), at(i64::from(number)));
        }
        assert_eq!(used.get(token(tokens)), Some(at(i64::from(tokens))));
        assert_eq!(used.get(token(0)), None);
        let known = |number: &u32| used.get(token(*number)).is_some();
        assert!((0..=tokens).filter(known).count() < MOST * SHARDS);
        let forgotten = used.take_changes().into_iter();
        let forgotten = forgotten.filter(|record| record.expires_at == Timestamp::START);
        assert_eq!(
            forgotten.count(),
            (0..=tokens).filter(|number| !known(number)).count()
        );
    }
}
