//! Files that are one flat object of texts, in JSON and in YAML, without any I/O. Both are read strictly: a file of secrets
//! in which something would have to be guessed is refused whole, and every place is told. No error holds a part of the
//! file but keys that have passed their grammar.
//!
//! | in the file | JSON | YAML |
//! |---|---|---|
//! | text in quotes; a block with `\|` or `>` | the text | the text |
//! | a number, `true`, a date, `no` without quotes | an error: JSON knows it for what it is | the text as it is written: `1.10` stays `1.10`, and `no` stays `no` |
//! | `null`; in YAML also `~`, or nothing at all | an error | an error: write `""`, or quote it |
//! | an object or a list as a value | an error | an error |
//! | the same key twice | an error naming both lines | an error naming both lines |
//! | anchors, aliases, tags, `<<`, a second document | | an error |
//! | an empty file, comments only | an error | no keys |
//! | a BOM in front | skipped | skipped |
//!
//! YAML is read with its failsafe schema, in which every scalar is text, because the others disagree: `no`, `1e3` and
//! `2024-01-01` are text to one reader and something else to the next. For their sake [`write_yaml`] quotes every value.

mod json;
mod pairs;
mod yaml;

#[cfg(test)]
mod tests;

pub use json::parse as parse_json;
pub use yaml::{parse as parse_yaml, write as write_yaml};

use crate::names::Key;
use crate::secret::{InvalidValue, SecretValue};

/// A key of a file, with its value.
pub type Pair = (Key, SecretValue);

/// A broken place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {problem}")]
pub struct ParseError {
    /// The line that it is in, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a place, in words that follow the number of its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The line has bytes that are not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// The file begins with the mark of UTF-16, which Windows tools write.
    #[error("begins a file in UTF-16; save it as UTF-8")]
    Utf16,
    /// From here on it is not what it should be.
    #[error("is not {format} (column {column})")]
    Malformed {
        /// JSON or YAML.
        format: &'static str,
        /// From 1.
        column: usize,
    },
    /// The file is something else than one object.
    #[error("begins something else than one object of keys and texts")]
    NotAnObject,
    /// The key would be valid in upper case.
    #[error("has a key with lower-case letters; keys are upper case")]
    LowerCaseKey,
    /// Any other key that the grammar refuses. It is not repeated: people paste values where keys belong.
    #[error(
        "has an invalid key; keys are 1 to 253 of A-Z, 0-9 and _, and do not start with a digit"
    )]
    InvalidKey,
    /// The same key again.
    #[error("sets {key}, which line {first} sets; keep one of them")]
    DuplicateKey {
        /// The key.
        key: Key,
        /// The line that set it first.
        first: usize,
    },
    /// The value is no text.
    #[error("gives {key} {what}; a value is text, in quotes")]
    NotText {
        /// Whose value.
        key: Key,
        /// What it is instead.
        what: &'static str,
    },
    /// The value is text that no secret can hold.
    #[error("gives {key} a value that {why}")]
    InvalidValue {
        /// Whose value.
        key: Key,
        /// Why not.
        why: InvalidValue,
    },
    /// Something that YAML has and a file of secrets has no use for.
    #[error("has {0}, which a file of secrets cannot have")]
    Forbidden(&'static str),
    /// There are more than [`MAX_KEYS`](crate::secrets::MAX_KEYS); reading stopped here.
    #[error("is one key too many; a config holds at most 5000")]
    TooManyKeys,
    /// There are more than [`MAX_ERRORS`](crate::dotenv::MAX_ERRORS) broken places; reading stopped here.
    #[error("and what follows was not read: too much before it is broken")]
    TooManyErrors,
}
