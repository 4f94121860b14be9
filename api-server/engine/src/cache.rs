//! Rendered bodies of effective configs at their newest revision, up to a bound of bytes. A body remembers which other
//! configs its references led to, and is served to those only who may read all of them.

use std::sync::Arc;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use ssm_domain::entry::Seq;
use ssm_domain::id::ConfigId;
use zeroize::Zeroizing;

use crate::read::RenderKey;

/// The most bytes of bodies that are kept.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// About how many bodies that is, for sizing.
const EXPECTED: usize = 4_096;

type CacheKey = (ConfigId, RenderKey);

/// A rendered body.
#[derive(Clone)]
pub struct Rendered {
    /// The body.
    pub body: Bytes,
    /// Where references led in it; absent where there were none.
    pub references: Option<Arc<Followed>>,
}

/// Where the references of a body led.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// The other configs that values were taken from.
    pub hops: Vec<ConfigId>,
    /// The references that led nowhere, as they are written.
    pub unresolved: Vec<String>,
}

impl Followed {
    fn bytes(&self) -> usize {
        let unresolved = self.unresolved.iter().map(String::len);
        self.hops.len() * size_of::<ConfigId>() + unresolved.sum::<usize>()
    }
}

/// A body, and the revision that it is of.
type Kept = (Seq, Rendered);

#[derive(Clone)]
struct ByBytes;

impl Weighter<CacheKey, Kept> for ByBytes {
    fn weight(&self, _: &CacheKey, (_, rendered): &Kept) -> u64 {
        let references = rendered.references.as_ref();
        (rendered.body.len() + references.map_or(0, |followed| followed.bytes())) as u64 + 128
    }
}

pub(crate) struct RenderCache(Cache<CacheKey, Kept, ByBytes>);

impl Default for RenderCache {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED, MAX_BYTES, ByBytes))
    }
}

impl RenderCache {
    pub(crate) fn get(&self, key: &CacheKey, revision: Seq) -> Option<Rendered> {
        let (of, rendered) = self.0.get(key)?;
        (of == revision).then_some(rendered)
    }

    /// Keeps a body instead of the one of an earlier revision, which nobody will ask for any more.
    pub(crate) fn insert(&self, key: CacheKey, revision: Seq, rendered: Rendered) {
        // Whoever has looked at an earlier state until now keeps nothing.
        if self.0.peek(&key).is_none_or(|(of, _)| of <= revision) {
            self.0.insert(key, (revision, rendered));
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.0.clear();
    }

    /// Forgets everything about a config that is gone.
    pub(crate) fn forget(&self, config: ConfigId) {
        self.0.retain(|(id, _), _| *id != config);
    }
}

/// A body whose bytes are wiped when the last reader is done with it.
pub(crate) fn wiped_when_dropped(body: Vec<u8>) -> Bytes {
    Bytes::from_owner(Zeroizing::new(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_config_the_newest_body_alone_is_kept() {
        let cache = RenderCache::default();
        let config = ConfigId::from_bytes([1; 12]);
        let key = RenderKey {
            inherited: true,
            variant: 0,
        };
        let rendered = |text: &str| Rendered {
            body: wiped_when_dropped(text.as_bytes().to_vec()),
            references: None,
        };
        let body = |revision| {
            let rendered = cache.get(&(config, key), revision);
            rendered.map(|rendered| rendered.body)
        };
        cache.insert((config, key), 1, rendered("one"));
        cache.insert((config, key), 2, rendered("two"));
        assert_eq!(cache.0.len(), 1);
        assert_eq!((body(1), body(2)), (None, Some("two".into())));
        cache.insert((config, key), 1, rendered("one, by a slow reader"));
        assert_eq!((body(1), body(2)), (None, Some("two".into())));
    }
}
