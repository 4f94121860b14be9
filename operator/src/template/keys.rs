//! What a template sees: each key as a variable, and `secrets` as a map of all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

/// How many misses are kept, for the message.
const MAX_MISSES: usize = 16;

/// A name that was asked for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The name.
    pub name: String,
    /// Whether the template's text has it as a variable. In `secrets[…]` it may also come of a value.
    pub is_variable: bool,
}

/// `secrets`.
pub struct Keys {
    values: BTreeMap<String, Value>,
    missed: Mutex<Vec<Miss>>,
}

impl Keys {
    pub fn new(texts: &BTreeMap<&str, &str>) -> Self {
        let values = texts.iter();
        Self {
            values: values
                .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
                .collect(),
            missed: Mutex::default(),
        }
    }

    /// The last names that were asked for in vain, the very last at the end.
    pub fn missed(&self) -> Vec<Miss> {
        self.missed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn get(&self, name: &str, is_variable: bool) -> Option<Value> {
        let found = self.values.get(name).cloned();
        if found.is_none() && name.len() <= crate::keys::MAX_KEY {
            let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
            if missed.len() == MAX_MISSES {
                missed.remove(0);
            }
            missed.push(Miss {
                name: name.to_owned(),
                is_variable,
            });
        }
        found
    }
}

impl Object for Keys {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get(key.as_str()?, false)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values.keys().map(Value::from).collect())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// All that a template can name besides the engine's functions.
#[derive(Debug)]
pub struct Root(pub Arc<Keys>);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "secrets" => Some(Value::from_dyn_object(Arc::clone(&self.0))),
            name => self.0.get(name, true),
        }
    }
}
