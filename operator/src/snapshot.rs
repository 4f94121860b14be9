//! A config at one revision, packed into one allocation. What is kept of it is sealed, see [`crate::copies`].

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice};
use ssm_client::{ConfigSecrets, ETag};

/// A config at one revision.
pub struct Snapshot {
    /// What the revision counts within.
    pub epoch: Box<str>,
    /// Revision.
    pub revision: u64,
    /// For conditional reads.
    pub etag: ETag,
    /// How many references led nowhere.
    pub unresolved: usize,
    /// Keys and values, one after the other.
    packed: SecretSlice<u8>,
    /// For each key, where it ends and where its value ends.
    pub(crate) ends: Arc<[(u32, u32)]>,
}

impl Snapshot {
    /// Packs what was read. `None` where it is larger than 4 GiB, which the client's own bound rules out.
    pub fn pack(config: &ConfigSecrets) -> Option<Self> {
        let size = config
            .secrets
            .iter()
            .map(|(key, value)| key.len() + value.reveal().len())
            .sum();
        // One allocation of the right size: growing would leave copies behind.
        let mut packed = Vec::with_capacity(size);
        let mut ends = Vec::with_capacity(config.secrets.len());
        for (key, value) in &config.secrets {
            packed.extend_from_slice(key.as_bytes());
            let key_end = u32::try_from(packed.len()).ok()?;
            packed.extend_from_slice(value.reveal().as_bytes());
            ends.push((key_end, u32::try_from(packed.len()).ok()?));
        }
        Some(Self {
            epoch: config.epoch.as_str().into(),
            revision: config.revision,
            etag: config.etag.clone(),
            unresolved: config.unresolved.len(),
            packed: SecretSlice::from(packed),
            ends: ends.into(),
        })
    }

    /// Puts together again what [`Self::packed`] and `ends` were.
    pub(crate) fn of_parts(
        epoch: Box<str>,
        revision: u64,
        etag: ETag,
        unresolved: usize,
        packed: Box<[u8]>,
        ends: Arc<[(u32, u32)]>,
    ) -> Self {
        Self {
            epoch,
            revision,
            etag,
            unresolved,
            packed: SecretSlice::from(packed),
            ends,
        }
    }

    /// Keys and values, to be sealed.
    #[expect(clippy::disallowed_methods, reason = "only to be sealed at once")]
    pub(crate) fn packed(&self) -> &[u8] {
        self.packed.expose_secret()
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Keys in order with their values. This is where values are revealed, for writing them to a Secret.
    #[expect(clippy::disallowed_methods, reason = "the one function that reveals")]
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let packed = self.packed.expose_secret();
        let mut start = 0;
        self.ends.iter().map(move |&(key_end, value_end)| {
            let (key_end, value_end) = (key_end as usize, value_end as usize);
            let key = std::str::from_utf8(&packed[start..key_end]).expect("packed from a str");
            let value = &packed[key_end..value_end];
            start = value_end;
            (key, value)
        })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("epoch", &self.epoch)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) fn of(epoch: &str, revision: u64, secrets: &[(&str, &str)]) -> Snapshot {
    let config = ConfigSecrets {
        secrets: secrets
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).into()))
            .collect(),
        revision,
        epoch: epoch.to_owned(),
        etag: ETag::of(epoch, revision),
        unresolved: Vec::new(),
    };
    Snapshot::pack(&config).expect("small")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_out(map in prop::collection::btree_map("[A-Z]{0,5}", ".{0,9}", 0..6)) {
            let pairs: Vec<(&str, &str)> = map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let snapshot = of("e", 1, &pairs);
            let back: Vec<(&str, &[u8])> = snapshot.iter().collect();
            let there: Vec<(&str, &[u8])> = pairs.iter().map(|(key, value)| (*key, value.as_bytes())).collect();
            prop_assert_eq!(back, there);
        }
    }

    #[test]
    fn debug_output_holds_no_value() {
        assert!(!format!("{:?}", of("e", 1, &[("K", "canary")])).contains("canary"));
    }
}
