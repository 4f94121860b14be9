//! Rendered bodies of effective configs, up to a bound of bytes. A body remembers which other configs its references led
//! to, and is served to those only who may read all of them.

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

type CacheKey = (ConfigId, Seq, RenderKey);

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

#[derive(Clone)]
struct ByBytes;

impl Weighter<CacheKey, Rendered> for ByBytes {
    fn weight(&self, _: &CacheKey, rendered: &Rendered) -> u64 {
        let references = rendered.references.as_ref();
        (rendered.body.len() + references.map_or(0, |followed| followed.bytes())) as u64 + 128
    }
}

pub(crate) struct RenderCache(Cache<CacheKey, Rendered, ByBytes>);

impl Default for RenderCache {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED, MAX_BYTES, ByBytes))
    }
}

impl RenderCache {
    pub(crate) fn get(&self, key: &CacheKey) -> Option<Rendered> {
        self.0.get(key)
    }

    pub(crate) fn insert(&self, key: CacheKey, rendered: Rendered) {
        self.0.insert(key, rendered);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.0.clear();
    }

    /// Forgets everything about a config that is gone.
    pub(crate) fn forget(&self, config: ConfigId) {
        self.0.retain(|(id, _, _), _| *id != config);
    }
}

/// A body whose bytes are wiped when the last reader is done with it.
pub(crate) fn wiped_when_dropped(body: Vec<u8>) -> Bytes {
    Bytes::from_owner(Zeroizing::new(body))
}
