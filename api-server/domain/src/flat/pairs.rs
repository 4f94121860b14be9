//! What JSON and YAML have in common: keys and values one after the other, and what can be wrong with them.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::{Pair, ParseError, Problem};
use crate::dotenv::MAX_ERRORS;
use crate::names::Key;
use crate::secret::SecretValue;
use crate::secrets::MAX_KEYS;

/// Why a file is not read to its end.
pub(super) struct Stop;

/// What was read so far.
#[derive(Default)]
pub(super) struct Pairs {
    found: Vec<Pair>,
    first_line: HashMap<Key, usize>,
    errors: Vec<ParseError>,
}

impl Pairs {
    /// Takes note of a key, and gives it back where a value may follow.
    pub(super) fn key(&mut self, line: usize, text: &str) -> Result<Option<Key>, Stop> {
        let Ok(key) = text.parse::<Key>() else {
            let problem = if text.to_ascii_uppercase().parse::<Key>().is_ok() {
                Problem::LowerCaseKey
            } else {
                Problem::InvalidKey
            };
            return self.report(line, problem).map(|()| None);
        };
        if let Some(&first) = self.first_line.get(&key) {
            let problem = Problem::DuplicateKey { key, first };
            return self.report(line, problem).map(|()| None);
        }
        if self.first_line.len() == MAX_KEYS {
            self.errors.push(ParseError {
                line,
                problem: Problem::TooManyKeys,
            });
            return Err(Stop);
        }
        self.first_line.insert(key.clone(), line);
        Ok(Some(key))
    }

    /// Takes the value of a key that [`Self::key`] gave back.
    pub(super) fn value(
        &mut self,
        line: usize,
        key: Key,
        mut text: Zeroizing<String>,
    ) -> Result<(), Stop> {
        match SecretValue::parse(std::mem::take(&mut text)) {
            Ok(value) => {
                self.found.push((key, value));
                Ok(())
            }
            Err(why) => self.report(line, Problem::InvalidValue { key, why }),
        }
    }

    /// Takes note of a broken place. Garbage must not make an answer larger than itself.
    pub(super) fn report(&mut self, line: usize, problem: Problem) -> Result<(), Stop> {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(ParseError { line, problem });
            return Ok(());
        }
        let problem = Problem::TooManyErrors;
        self.errors.push(ParseError { line, problem });
        Err(Stop)
    }

    /// All of it, or everything that is broken.
    pub(super) fn finish(mut self) -> Result<Vec<Pair>, Vec<ParseError>> {
        if self.errors.is_empty() {
            return Ok(self.found);
        }
        self.errors.sort_by_key(|error| error.line);
        Err(self.errors)
    }
}

/// The file as text, without its BOM.
pub(super) fn text(file: &[u8]) -> Result<&str, Vec<ParseError>> {
    let refuse = |line, problem| Err(vec![ParseError { line, problem }]);
    if file.starts_with(&[0xff, 0xfe]) || file.starts_with(&[0xfe, 0xff]) {
        return refuse(1, Problem::Utf16);
    }
    let Ok(text) = std::str::from_utf8(file) else {
        let good = file.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        return refuse(1 + line_ends(good), Problem::NotUtf8);
    };
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

pub(super) fn line_ends(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
