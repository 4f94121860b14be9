//! What is known for each of a few keys. Mostly there is one, and a table for each would be most of what is kept.

use std::collections::HashMap;

use crate::queue::Key;

/// Keys with something for each; with `()` a set of keys.
#[derive(Default)]
pub enum KeyMap<V> {
    /// None.
    #[default]
    Empty,
    /// One.
    One(Key, V),
    /// There were several at a time.
    Many(HashMap<Key, V>),
}

impl<V> KeyMap<V> {
    /// Puts something for a key, in the place of what was there.
    pub fn insert(&mut self, key: Key, value: V) {
        *self = match std::mem::take(self) {
            Self::Empty => Self::One(key, value),
            Self::One(only, _) if only == key => Self::One(key, value),
            Self::One(only, its) => Self::Many(HashMap::from([(only, its), (key, value)])),
            Self::Many(mut map) => {
                map.insert(key, value);
                Self::Many(map)
            }
        };
    }

    /// Takes a key away, if it is there.
    pub fn remove(&mut self, key: &Key) {
        match self {
            Self::One(only, _) if only == key => *self = Self::Empty,
            Self::Empty | Self::One(..) => {}
            Self::Many(map) => {
                map.remove(key);
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::One(..) => false,
            Self::Many(map) => map.is_empty(),
        }
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.iter().map(|(key, _)| key)
    }

    /// What there is for each, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    fn iter(&self) -> impl Iterator<Item = (&Key, &V)> {
        let (one, many) = match self {
            Self::Empty => (None, None),
            Self::One(key, value) => (Some((key, value)), None),
            Self::Many(map) => (None, Some(map)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(changes in prop::collection::vec((0..4u8, prop::option::of(any::<u8>())), 0..30)) {
            let (mut map, mut model) = (KeyMap::default(), BTreeMap::new());
            for (name, value) in changes {
                let key = Key::new("shop", &name.to_string());
                if let Some(value) = value {
                    map.insert(key.clone(), value);
                    model.insert(key, value);
                } else {
                    map.remove(&key);
                    model.remove(&key);
                }
                let found: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.clone(), *value)).collect();
                prop_assert_eq!(&found, &model);
                prop_assert_eq!(map.is_empty(), model.is_empty());
            }
        }
    }
}
