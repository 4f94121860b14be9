use std::collections::HashMap;

use zeroize::Zeroizing;

use super::quotes::{Quoted, backtick_quoted, double_quoted, quoted, single_quoted};
use super::{MAX_ERRORS, MAX_KEY_BYTES, MAX_KEYS, MAX_VALUE_BYTES};

/// One `KEY=value`. It has no `Debug`, which would show the value.
pub struct Assignment {
    /// `^[A-Z0-9_]{1,253}$`, not starting with a digit.
    pub key: String,
    /// At most [`MAX_VALUE_BYTES`], without NUL. Wiped from memory when dropped.
    pub value: Zeroizing<String>,
    /// The line of the key, from 1.
    pub line: usize,
}

/// A broken line. It never holds a part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: ParseErrorKind,
}

/// What is wrong with a line, in words that follow its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// `KEY`, or the second line of a value without quotes.
    #[error("has no `=`; write KEY=value, and put a value of several lines in quotes")]
    BareKey,
    /// `A: 1`
    #[error("has `:` where `=` should be; write KEY=value")]
    Colon,
    /// `=value`
    #[error("has no key before `=`")]
    MissingKey,
    /// The key would be valid in upper case.
    #[error("has a key with lower-case letters; keys are upper case")]
    LowerCaseKey,
    /// Any other key that the grammar refuses.
    #[error(
        "has an invalid key; keys are 1 to 253 of A-Z, 0-9 and _, and do not start with a digit"
    )]
    InvalidKey,
    /// The same key again.
    #[error("sets the key that line {first} sets; keep one of them")]
    DuplicateKey {
        /// The line that set it first.
        first: usize,
    },
    /// Reported at the line that opened the quote.
    #[error("opens a quote that is not closed")]
    UnterminatedQuote,
    /// `"x"y`
    #[error("has text after the closing quote; only a comment may follow it")]
    TextAfterQuote,
    /// The value is longer than [`MAX_VALUE_BYTES`].
    #[error("has a value of more than 65536 bytes")]
    ValueTooLong,
    /// No environment variable can hold it.
    #[error("has a NUL character in its value")]
    Nul,
    /// The line has bytes that are not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// The file begins with the mark of UTF-16, which Windows tools write.
    #[error("begins a file in UTF-16; save it as UTF-8")]
    Utf16,
    /// There are more than [`MAX_KEYS`]; reading stopped here.
    #[error("is one key too many; a config holds at most 5000")]
    TooManyKeys,
    /// There are more than [`MAX_ERRORS`] broken lines; reading stopped here.
    #[error("and what follows was not read: too many lines before it are broken")]
    TooManyErrors,
}

/// Reads a `.env` file as the [module](super) says. Either every line was understood, or all broken lines are listed
/// in order and nothing else is given out. Time is linear in the length of `text`.
pub fn parse(text: &[u8]) -> Result<Vec<Assignment>, Vec<ParseError>> {
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return Err(vec![ParseError {
            line: 1,
            kind: ParseErrorKind::Utf16,
        }]);
    }
    let mut errors = match std::str::from_utf8(text) {
        Ok(text) => match Parser::new(text).run() {
            (assignments, errors) if errors.is_empty() => return Ok(assignments),
            (_, errors) => errors,
        },
        Err(_) => parse_not_utf8(text),
    };
    errors.sort_by_key(|error| error.line);
    Err(errors)
}

/// One wrong byte must not hide the other broken lines.
fn parse_not_utf8(bytes: &[u8]) -> Vec<ParseError> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    let mut damaged = Vec::new();
    let mut line = 1;
    for chunk in bytes.utf8_chunks() {
        line += line_ends(chunk.valid());
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            // One byte stands for up to three, so that the text never outgrows its allocation.
            text.push('?');
            if damaged.last() != Some(&line) && damaged.len() <= MAX_ERRORS {
                damaged.push(line);
            }
        }
    }
    let (_, mut errors) = Parser::new(&text).run();
    errors.retain(|error| damaged.binary_search(&error.line).is_err());
    errors.extend(damaged.into_iter().map(|line| ParseError {
        line,
        kind: ParseErrorKind::NotUtf8,
    }));
    errors
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
    assignments: Vec<Assignment>,
    errors: Vec<ParseError>,
    first_line: HashMap<&'a str, usize>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            line: 1,
            assignments: Vec::new(),
            errors: Vec::new(),
            first_line: HashMap::new(),
        }
    }

    fn run(mut self) -> (Vec<Assignment>, Vec<ParseError>) {
        while !self.rest.is_empty() {
            if self.errors.len() >= MAX_ERRORS {
                self.report(self.line, ParseErrorKind::TooManyErrors);
                break;
            }
            if self.first_line.len() > MAX_KEYS {
                break;
            }
            self.statement();
        }
        (self.assignments, self.errors)
    }

    fn statement(&mut self) {
        let line = self.line;
        let text = first_line(self.rest);
        let statement = text.trim();
        if statement.is_empty() || statement.starts_with('#') {
            return self.consume(text.len());
        }
        let (key, after) = match split_key(text) {
            Ok(split) => split,
            Err(kind) => {
                self.report(line, kind);
                return self.consume(text.len());
            }
        };
        // The value is read even if the key is wrong, or the lines of a quoted value would be taken for statements.
        let value = self.value(text.len() - after.len());
        let key_error = check_key(key).err();
        if let Some(kind) = key_error {
            self.report(line, kind);
        } else if let Some(&first) = self.first_line.get(key) {
            self.report(line, ParseErrorKind::DuplicateKey { first });
        } else {
            self.first_line.insert(key, line);
            if self.first_line.len() > MAX_KEYS {
                self.report(line, ParseErrorKind::TooManyKeys);
            } else if let Some(value) = value {
                self.assignments.push(Assignment {
                    key: key.to_owned(),
                    value,
                    line,
                });
            }
        }
    }

    /// Reads the value that begins `at` bytes into the rest, and the rest of its line. Errors are reported here.
    fn value(&mut self, at: usize) -> Option<Zeroizing<String>> {
        let line = self.line;
        let text = first_line(self.rest);
        let value = text[at..].trim_start();
        let begin = text.len() - value.len();
        let quoted = match value.chars().next() {
            Some('\'') => quoted(&self.rest[begin..], single_quoted),
            Some('"') => quoted(&self.rest[begin..], double_quoted),
            Some('`') => quoted(&self.rest[begin..], backtick_quoted),
            _ => {
                let value = Zeroizing::new(without_comment(&text[at..]).to_owned());
                self.consume(text.len());
                return self.checked(line, value);
            }
        };
        let Some(Quoted { value, length }) = quoted else {
            self.report(line, ParseErrorKind::UnterminatedQuote);
            self.consume(text.len());
            return None;
        };
        let end = begin + length;
        let after = first_line(&self.rest[end..]);
        let tail = after.trim_start();
        let last_line = line + line_ends(&self.rest[begin..end]);
        if tail.is_empty() || tail.starts_with('#') {
            self.line = last_line;
            self.consume(end + after.len());
            return self.checked(line, value);
        }
        let before = self.rest[..end]
            .rsplit(['\n', '\r'])
            .next()
            .unwrap_or_default();
        if last_line > line && split_key(before).is_ok_and(|(key, _)| check_key(key).is_ok()) {
            // The quote that closed it is one that opens the value of a later line.
            self.report(line, ParseErrorKind::UnterminatedQuote);
            self.consume(text.len());
        } else {
            self.report(last_line, ParseErrorKind::TextAfterQuote);
            self.line = last_line;
            self.consume(end + after.len());
        }
        None
    }

    fn checked(&mut self, line: usize, value: Zeroizing<String>) -> Option<Zeroizing<String>> {
        let kind = if value.len() > MAX_VALUE_BYTES {
            ParseErrorKind::ValueTooLong
        } else if value.contains('\0') {
            ParseErrorKind::Nul
        } else {
            return Some(value);
        };
        self.report(line, kind);
        None
    }

    fn report(&mut self, line: usize, kind: ParseErrorKind) {
        self.errors.push(ParseError { line, kind });
    }

    /// Goes on with the next line; the current one ends after `length` bytes.
    fn consume(&mut self, length: usize) {
        let rest = &self.rest[length..];
        self.rest = rest
            .strip_prefix("\r\n")
            .or_else(|| rest.strip_prefix(['\r', '\n']))
            .unwrap_or(rest);
        self.line += 1;
    }
}

/// What stands before the first line end.
fn first_line(text: &str) -> &str {
    let end = text.bytes().position(|b| b == b'\n' || b == b'\r');
    &text[..end.unwrap_or(text.len())]
}

/// LF, CRLF and lone CR each end a line.
fn line_ends(text: &str) -> usize {
    text.bytes().filter(|b| b"\n\r".contains(b)).count() - text.matches("\r\n").count()
}

/// The key of a line, not yet checked, and what follows its `=`.
fn split_key(line: &str) -> Result<(&str, &str), ParseErrorKind> {
    let statement = line.trim_start();
    let statement = match statement.strip_prefix("export") {
        Some(exported) if exported.starts_with(char::is_whitespace) => exported,
        _ => statement,
    };
    match statement.find(['=', ':']) {
        None => Err(ParseErrorKind::BareKey),
        Some(at) if statement[at..].starts_with(':') => Err(ParseErrorKind::Colon),
        Some(at) => match statement[..at].trim() {
            "" => Err(ParseErrorKind::MissingKey),
            key => Ok((key, &statement[at + 1..])),
        },
    }
}

fn check_key(key: &str) -> Result<(), ParseErrorKind> {
    let grammar = |accepts: fn(u8) -> bool| {
        key.len() <= MAX_KEY_BYTES
            && !key.starts_with(|c: char| c.is_ascii_digit())
            && key
                .bytes()
                .all(|b| accepts(b) || b.is_ascii_digit() || b == b'_')
    };
    if grammar(|b| b.is_ascii_uppercase()) {
        Ok(())
    } else if grammar(|b| b.is_ascii_alphabetic()) {
        Err(ParseErrorKind::LowerCaseKey)
    } else {
        Err(ParseErrorKind::InvalidKey)
    }
}

/// The value of `text`, which is what follows `=` on a line: up to a `#` that comes after white space, and trimmed.
fn without_comment(text: &str) -> &str {
    let mut before = '=';
    for (at, c) in text.char_indices() {
        if c == '#' && before.is_whitespace() {
            return text[..at].trim();
        }
        before = c;
    }
    text.trim()
}
