//! YAML 1.2: the part of it that means the same to everybody.

use std::borrow::Cow;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};
use zeroize::Zeroizing;

use super::pairs::{Pairs, Stop, text};
use super::{Pair, ParseError, Problem};
use crate::names::Key;

/// Keys that some reader takes for a truth value or for nothing unless they are quoted.
const WORDS: [&str; 9] = ["FALSE", "N", "NO", "NULL", "OFF", "ON", "TRUE", "Y", "YES"];

/// Writes one mapping, `KEY: "value"` a line in the order given. Every reader of YAML 1.1 or 1.2 takes every value for the
/// same text.
pub fn write<'a>(pairs: impl IntoIterator<Item = (&'a Key, &'a str), IntoIter: Clone>) -> String {
    let pairs = pairs.into_iter();
    // Growing would leave copies of plaintext behind in freed memory.
    let quotes = r#""": """#.len() + 1;
    let lengths = pairs.clone().map(|(key, value)| {
        key.as_str().len() + value.chars().map(escaped_length).sum::<usize>() + quotes
    });
    let mut yaml = String::with_capacity(lengths.sum::<usize>().max(3));
    for (key, value) in pairs {
        let quote = if WORDS.contains(&key.as_str()) {
            "\""
        } else {
            ""
        };
        yaml.extend([quote, key.as_str(), quote, ": \""]);
        value.chars().for_each(|c| escape(c, &mut yaml));
        yaml.push_str("\"\n");
    }
    if yaml.is_empty() {
        yaml.push_str("{}\n");
    }
    yaml
}

/// A character within double quotes (YAML 1.2, section 5.7).
fn escape(c: char, yaml: &mut String) {
    match c {
        '"' | '\\' => yaml.extend(['\\', c]),
        '\n' => yaml.push_str("\\n"),
        '\r' => yaml.push_str("\\r"),
        '\t' => yaml.push_str("\\t"),
        c if is_shown(c) => yaml.push(c),
        c => yaml.push_str(&hexadecimal(c)),
    }
}

fn escaped_length(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if is_shown(c) => c.len_utf8(),
        c => hexadecimal(c).len(),
    }
}

fn hexadecimal(c: char) -> String {
    let code = u32::from(c);
    if code <= 0xff {
        format!("\\x{code:02X}")
    } else {
        format!("\\u{code:04X}")
    }
}

/// What stands for itself: what YAML calls printable, without what ends a line to some reader, and without the BOM.
fn is_shown(c: char) -> bool {
    let ends_a_line = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    !c.is_control() && !ends_a_line && !matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Reads one mapping of texts. Either all of it was understood, or everything that is broken is listed in order and nothing
/// else is given out. Nothing recurses, nothing is expanded, and nesting is bounded.
pub fn parse(file: &[u8]) -> Result<Vec<Pair>, Vec<ParseError>> {
    let text = text(file)?;
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        pairs: Pairs::default(),
    };
    // Where it stopped is in the list.
    drop(reader.stream());
    reader.pairs.finish()
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    pairs: Pairs,
}

/// Something that stands in the place of a key or a value.
enum Node<'a> {
    Scalar(Cow<'a, str>, ScalarStyle),
    /// It was passed over whole.
    Collection(&'static str),
    /// It was reported.
    Refused,
}

impl<'a> Reader<'a> {
    fn stream(&mut self) -> Result<(), Stop> {
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let problem = Problem::Forbidden("a second document");
                        self.pairs.report(line(&span), problem)?;
                        return Err(Stop);
                    }
                    self.root()?;
                }
                _ => {}
            }
        }
    }

    /// The one mapping.
    fn root(&mut self) -> Result<(), Stop> {
        let (event, span) = self.next()?;
        let is_mapping = matches!(event, Event::MappingStart(..));
        if !self.refuse_properties(&event, &span)? || !is_mapping {
            if !is_mapping {
                self.pairs.report(line(&span), Problem::NotAnObject)?;
            }
            return Err(Stop);
        }
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(());
            }
            let key = self.key(event, &span)?;
            let (event, value_span) = self.next()?;
            let value = self.node(event, &value_span)?;
            if let Some(key) = key {
                self.value(line(&span), key, value)?;
            }
        }
    }

    fn key(&mut self, event: Event<'a>, span: &Span) -> Result<Option<Key>, Stop> {
        let line = line(span);
        match self.node(event, span)? {
            Node::Scalar(text, ScalarStyle::Plain) if text == "<<" => {
                let problem = Problem::Forbidden("a merge key (<<)");
                self.pairs.report(line, problem).map(|()| None)
            }
            Node::Scalar(text, _) => self.pairs.key(line, &text),
            Node::Collection(_) => {
                let problem = Problem::InvalidKey;
                self.pairs.report(line, problem).map(|()| None)
            }
            Node::Refused => Ok(None),
        }
    }

    fn value(&mut self, line: usize, key: Key, value: Node<'_>) -> Result<(), Stop> {
        let what = match value {
            Node::Scalar(text, ScalarStyle::Plain) if is_null(&text) => "nothing",
            Node::Scalar(text, _) => {
                let text = Zeroizing::new(text.into_owned());
                return self.pairs.value(line, key, text);
            }
            Node::Collection(what) => what,
            Node::Refused => return Ok(()),
        };
        self.pairs.report(line, Problem::NotText { key, what })
    }

    fn node(&mut self, event: Event<'a>, span: &Span) -> Result<Node<'a>, Stop> {
        let is_plain = self.refuse_properties(&event, span)?;
        let node = match event {
            Event::Scalar(text, style, ..) => Node::Scalar(text, style),
            Event::MappingStart(..) => self.pass_over("a mapping")?,
            Event::SequenceStart(..) => self.pass_over("a list")?,
            _ => Node::Refused,
        };
        Ok(if is_plain { node } else { Node::Refused })
    }

    /// Reports what a node must not have beside its text, and tells whether it had nothing of that.
    fn refuse_properties(&mut self, event: &Event<'_>, span: &Span) -> Result<bool, Stop> {
        let forbidden = if event.is_alias() || matches!(event, Event::UnresolvedAlias(_)) {
            "an alias (*)"
        } else if event.anchor_id().is_some() {
            "an anchor (&)"
        } else if event.tag().is_some() {
            "a tag (!)"
        } else {
            return Ok(true);
        };
        let at = span.tag_start.as_ref().unwrap_or(&span.start);
        let problem = Problem::Forbidden(forbidden);
        self.pairs.report(at.line(), problem).map(|()| false)
    }

    /// Goes on behind a collection whose beginning was read.
    fn pass_over(&mut self, what: &'static str) -> Result<Node<'a>, Stop> {
        let mut open = 1;
        while open > 0 {
            match self.next()?.0 {
                Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
                Event::MappingEnd | Event::SequenceEnd => open -= 1,
                _ => {}
            }
        }
        Ok(Node::Collection(what))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                self.pairs
                    .report(error.marker().line(), malformed(&error))?;
                Err(Stop)
            }
            None => Err(Stop),
        }
    }
}

fn malformed(error: &ScanError) -> Problem {
    Problem::Malformed {
        format: "YAML",
        column: error.marker().col() + 1,
    }
}

fn line(span: &Span) -> usize {
    span.start.line()
}

/// What every schema of YAML but the one used here takes for nothing.
fn is_null(plain: &str) -> bool {
    matches!(plain, "" | "~" | "null" | "Null" | "NULL")
}
