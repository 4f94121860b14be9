//! The values of a row: which of them are equal.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Serialize, Serializer};
use ssm_domain::compare::Cell;
use ssm_domain::id::ConfigId;
use ssm_domain::names::Key;
use ssm_domain::seal::KeyRing;
use ssm_domain::secret::SecretValue;

/// What opening a value costs beside its bytes, in bytes.
const OPENING: usize = 256;

/// A cell's value, if it has one.
pub(super) struct Shown(pub(super) Option<Rc<SecretValue>>);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0.as_deref();
        value.map(SecretValue::reveal).serialize(serializer)
    }
}

/// The values of a row that the caller may read, each opened once, whichever configs inherit it.
pub(super) struct Opened {
    by_source: BTreeMap<ConfigId, (Rc<SecretValue>, usize)>,
    /// What it cost, in bytes.
    pub(super) bytes: usize,
}

impl Opened {
    pub(super) fn of(
        key: &Key,
        cells: &[Cell<'_>],
        may_read: impl Fn(&Cell<'_>) -> bool,
        ring: &KeyRing,
    ) -> Self {
        let mut by_source = BTreeMap::new();
        let mut groups = BTreeMap::new();
        let mut bytes = 0;
        for cell in cells.iter().filter(|cell| may_read(cell)) {
            let Some(found) = &cell.effective else {
                continue;
            };
            if by_source.contains_key(&found.source.id) {
                continue;
            }
            // What does not open is like nothing else; that it is so, only those are told who ask for values.
            let Ok(value) = found.open(key, ring) else {
                continue;
            };
            let value = Rc::new(value);
            bytes += OPENING + value.reveal().len();
            let next = groups.len();
            let group = *groups.entry(Text(value.clone())).or_insert(next);
            by_source.insert(found.source.id, (value, group));
        }
        Self { by_source, bytes }
    }

    /// A cell's value, and the number that all equal ones have.
    pub(super) fn of_cell(&self, cell: &Cell<'_>) -> Option<&(Rc<SecretValue>, usize)> {
        self.by_source.get(&cell.effective.as_ref()?.source.id)
    }
}

/// A value, to be found among others.
struct Text(Rc<SecretValue>);

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.reveal().cmp(other.0.reveal())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Text {}
