//! JSON (RFC 8259), as strict as the standard is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::pairs::{Pairs, Stop, line_ends, text};
use super::{Pair, ParseError, Problem};

/// Reads one object of texts. Either all of it was understood, or everything that is broken is listed in order and nothing
/// else is given out. Time is linear in the length of `file`, however deep it nests.
pub fn parse(file: &[u8]) -> Result<Vec<Pair>, Vec<ParseError>> {
    let text = text(file)?;
    let mut pairs = Pairs::default();
    match serde_json::from_str(text) {
        // Where it stopped is in the list.
        Ok(Members(members)) => drop(read(text, &members, &mut pairs)),
        Err(error) => {
            let (line, column) = (error.line().max(1), error.column().max(1));
            let problem = match error.classify() {
                Category::Data => Problem::NotAnObject,
                Category::Io | Category::Syntax | Category::Eof => Problem::Malformed {
                    format: "JSON",
                    column,
                },
            };
            return Err(vec![ParseError { line, problem }]);
        }
    }
    pairs.finish()
}

/// Keys and values as they stand in the file, so that their places are known.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

fn read(text: &str, members: &[(&RawValue, &RawValue)], pairs: &mut Pairs) -> Result<(), Stop> {
    let (mut line, mut at) = (1, 0);
    for (key, value) in members {
        let begin = key.get().as_ptr().addr() - text.as_ptr().addr();
        line += line_ends(&text[at..begin]);
        at = begin;
        // A lone surrogate is no text, and passes for a key that is none.
        let key = serde_json::from_str::<String>(key.get()).unwrap_or_default();
        let Some(key) = pairs.key(line, &key)? else {
            continue;
        };
        match (kind(value), serde_json::from_str::<String>(value.get())) {
            (None, Ok(text)) => pairs.value(line, key, Zeroizing::new(text))?,
            (None, Err(_)) => {
                let what = "text that is not Unicode";
                pairs.report(line, Problem::NotText { key, what })?;
            }
            (Some(what), _) => pairs.report(line, Problem::NotText { key, what })?,
        }
    }
    Ok(())
}

/// What a value is, unless it is text.
fn kind(value: &RawValue) -> Option<&'static str> {
    match value.get().as_bytes().first() {
        Some(b'"') => None,
        Some(b'{') => Some("an object"),
        Some(b'[') => Some("a list"),
        Some(b't' | b'f') => Some("true or false without quotes"),
        Some(b'n') => Some("null"),
        Some(_) | None => Some("a number without quotes"),
    }
}
