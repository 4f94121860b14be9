//! What may be said of a template that failed. The engine's own words may quote values, so that they are not passed on: only its
//! kinds of errors, and names that the template itself has.

use minijinja::{Error, ErrorKind};

use super::filters::NOT_BASE64;
use super::keys::Miss;
use crate::desired::MAX_DATA;

/// Words of the engine that are the same whatever the values are.
const FIXED: [&str; 3] = [
    "recursion limit exceeded",
    "range has too many elements",
    NOT_BASE64,
];
/// How much of the engine's words about syntax are passed on.
const MAX_SYNTAX: usize = 160;

/// Of a template that cannot be read. No value was near it, so that the engine's words quote the template alone.
pub fn of_syntax(error: &Error) -> String {
    let words = error.detail().unwrap_or_default().chars();
    let words: String = words
        .take(MAX_SYNTAX)
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        })
        .collect();
    match &*words {
        "" => error.kind().to_string(),
        words => format!("{}: {words}", error.kind()),
    }
}

/// Of a template that cannot be carried out. `missed` begins with the last name that was asked for in vain.
pub fn of_run<'a>(error: &Error, text: &str, mut missed: impl Iterator<Item = &'a Miss>) -> String {
    let kind = error.kind();
    let detail = error.detail().unwrap_or_default();
    let rest = rest(text, error.line());
    let named = |name: Option<&str>| match name.filter(|name| has_word(&rest, name)) {
        Some(name) => format!("{kind} {name}"),
        None => kind.to_string(),
    };
    match kind {
        ErrorKind::UndefinedError => match missed.find(|miss| is_in(&rest, miss)) {
            Some(miss) => format!("{} is not among the keys", miss.name),
            None => kind.to_string(),
        },
        ErrorKind::UnknownFilter => named(between(detail, "filter ", " is unknown")),
        ErrorKind::UnknownTest => named(between(detail, "test ", " is unknown")),
        ErrorKind::UnknownFunction => named(detail.strip_suffix(" is unknown")),
        ErrorKind::UnknownMethod => named(detail.rsplit(' ').next()),
        ErrorKind::OutOfFuel => "it does too much; make it simpler".to_owned(),
        ErrorKind::WriteFailure => {
            format!("it makes more than {MAX_DATA} bytes together with those before it")
        }
        kind if FIXED.contains(&detail) => format!("{kind}: {detail}"),
        kind => kind.to_string(),
    }
}

/// The template from this line on: a tag may go over several.
fn rest(text: &str, line: Option<usize>) -> String {
    let skipped = line.unwrap_or(1).saturating_sub(1);
    text.lines().skip(skipped).collect::<Vec<_>>().join("\n")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

/// Whether a text has this name as a word of its own.
fn has_word(text: &str, name: &str) -> bool {
    !name.is_empty()
        && text
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == name)
}

fn is_in(text: &str, miss: &Miss) -> bool {
    let name = &miss.name;
    if miss.is_variable {
        return has_word(text, name);
    }
    [
        format!("'{name}'"),
        format!("\"{name}\""),
        format!("secrets.{name}"),
    ]
    .iter()
    .any(|written| text.contains(written))
}
