//! A config at one revision, packed into one allocation. What is kept of it is sealed, see [`crate::copies`].

use std::fmt;
use std::sync::Arc;

use postcard::experimental::serialized_size;
use secrecy::{ExposeSecret, SecretSlice};
use ssm_client::ConfigSecrets;

/// A config at one revision.
pub struct Snapshot {
    /// What the revision counts within.
    pub epoch: Arc<str>,
    /// Revision.
    pub revision: u64,
    /// How many references led nowhere.
    pub unresolved: usize,
    /// How many keys it has.
    len: usize,
    /// Keys and values, one after the other, each behind its length.
    packed: SecretSlice<u8>,
}

impl Snapshot {
    /// Packs what was read, which counts within `epoch`.
    pub fn pack(config: &ConfigSecrets, epoch: Arc<str>) -> Self {
        let pairs = || {
            config
                .secrets
                .iter()
                .map(|(key, value)| (key.as_str(), value.reveal()))
        };
        let size = pairs().map(|pair| serialized_size(&pair).expect("text has a size"));
        // One allocation of the right size: growing would leave copies behind.
        let mut packed = vec![0; size.sum()];
        let mut free = packed.as_mut_slice();
        for pair in pairs() {
            let used = postcard::to_slice(&pair, free).expect("measured").len();
            free = &mut std::mem::take(&mut free)[used..];
        }
        Self {
            epoch,
            revision: config.revision,
            unresolved: config.unresolved.len(),
            len: config.secrets.len(),
            packed: SecretSlice::from(packed),
        }
    }

    /// Puts together again what was sealed, `packed` once it is opened.
    pub(crate) fn of_packed(
        epoch: Arc<str>,
        revision: u64,
        unresolved: usize,
        len: usize,
        packed: Box<[u8]>,
    ) -> Self {
        Self {
            epoch,
            revision,
            unresolved,
            len,
            packed: SecretSlice::from(packed),
        }
    }

    /// Keys and values, to be sealed.
    #[expect(clippy::disallowed_methods, reason = "only to be sealed at once")]
    pub(crate) fn packed(&self) -> &[u8] {
        self.packed.expose_secret()
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keys in order with their values. This is where values are revealed, for writing them to a Secret.
    #[expect(clippy::disallowed_methods, reason = "the one function that reveals")]
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut packed = self.packed.expose_secret();
        (0..self.len).map(move |_| {
            let ((key, value), rest) =
                postcard::take_from_bytes::<(&str, &str)>(packed).expect("packed by ourselves");
            packed = rest;
            (key, value.as_bytes())
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
        etag: ssm_client::ETag::of(epoch, revision),
        unresolved: Vec::new(),
    };
    Snapshot::pack(&config, epoch.into())
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
