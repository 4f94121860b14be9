//! What a reference looks like in a value's text.

use std::fmt;

use crate::names::{ConfigPath, Key, Slug};

/// The longest text of a broken reference that an error repeats.
const MAX_SHOWN: usize = 32;

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// Something that stands for another value.
    Placeholder(Placeholder<'a>),
}

/// A reference as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder<'a> {
    /// All of it, `${` and `}` included.
    pub text: &'a str,
    /// Where to look.
    pub place: Place,
    /// For what.
    pub key: Key,
}

/// Where a reference looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the config that is read.
    Here,
    /// In a config of the same project.
    InProject(Slug),
    /// In any config.
    Anywhere(ConfigPath),
}

impl<'a> Piece<'a> {
    /// The placeholder, if it is one.
    pub fn placeholder(&self) -> Option<&Placeholder<'a>> {
        match self {
            Self::Text(_) => None,
            Self::Placeholder(placeholder) => Some(placeholder),
        }
    }
}

/// A `${` that begins no reference. It is shown only where it cannot well be a part of a secret: values with `${` in them
/// are pasted by people who have never heard of references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    shown: Option<String>,
}

impl SyntaxError {
    fn of(text: &str) -> Self {
        let harmless = |b: u8| b.is_ascii_alphabetic() || b" ._".contains(&b);
        let inner = &text[2..text.len() - 1];
        let shows = text.len() <= MAX_SHOWN && inner.bytes().all(harmless);
        Self {
            shown: shows.then(|| text.to_owned()),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shown {
            Some(text) => write!(f, "Invalid reference syntax: {text}"),
            None => f.write_str(
                "Invalid reference syntax: write ${KEY}, ${config.KEY} or ${project.config.KEY}, or $${ for a literal ${",
            ),
        }
    }
}

/// Whether a text has anything in it that [`parse`] would not take for plain text.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains("${")
}

/// Whether a text has a literal `${` in it, which version 1.4 had no way to write.
pub(super) fn has_literal(text: &str) -> bool {
    text.contains("$${")
}

/// Takes a value's text apart. Time is linear in its length.
pub fn parse(text: &str) -> Result<Vec<Piece<'_>>, SyntaxError> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(found) = text[at..].find('$') {
        let dollar = at + found;
        let rest = &text[dollar..];
        if rest.starts_with("$${") {
            // The piece that begins with the second dollar holds the literal.
            pieces.push(Piece::Text(&text[begin..dollar]));
            (begin, at) = (dollar + 1, dollar + 3);
        } else if rest.starts_with("${") {
            let placeholder = placeholder(rest)?;
            pieces.push(Piece::Text(&text[begin..dollar]));
            at = dollar + placeholder.text.len();
            begin = at;
            pieces.push(Piece::Placeholder(placeholder));
        } else {
            at = dollar + 1;
        }
    }
    pieces.push(Piece::Text(&text[begin..]));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}

/// The reference that `text` begins with.
fn placeholder(text: &str) -> Result<Placeholder<'_>, SyntaxError> {
    let end = text.find('}').ok_or(SyntaxError { shown: None })?;
    let text = &text[..=end];
    let refused = || SyntaxError::of(text);
    let mut names = text[2..end].rsplitn(3, '.');
    let key = names.next().and_then(|key| key.parse().ok());
    let place = match (names.next(), names.next()) {
        (None, _) => Place::Here,
        (Some(config), None) => Place::InProject(config.parse().map_err(|_| refused())?),
        (Some(config), Some(project)) => {
            Place::Anywhere(ConfigPath::parse(project, config).map_err(|_| refused())?)
        }
    };
    Ok(Placeholder {
        text,
        place,
        key: key.ok_or_else(refused)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, Place, is_plain, parse};

    /// The pieces in a form that is easy to write down: placeholders between `<` and `>`.
    fn read(text: &str) -> String {
        match parse(text) {
            Err(error) => error.to_string(),
            Ok(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => (*text).to_owned(),
                    Piece::Placeholder(found) => match &found.place {
                        Place::Here => format!("<{}>", found.key),
                        Place::InProject(config) => format!("<{config}:{}>", found.key),
                        Place::Anywhere(path) => format!("<{path}:{}>", found.key),
                    },
                })
                .collect(),
        }
    }

    #[test]
    fn a_reference_names_a_key_a_config_and_a_project() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("$", "$"),
            ("$HOME $(id) {A} $}", "$HOME $(id) {A} $}"),
            ("${A}", "<A>"),
            ("a${A}b${B_2}c", "a<A>b<B_2>c"),
            ("${prod.A}", "<prod:A>"),
            ("${web-shop.prod.A}", "<web-shop/prod:A>"),
            ("$${A}", "${A}"),
            ("$$${A}", "$${A}"),
            ("$${", "${"),
            ("$${A}${A}", "${A}<A>"),
            ("${A}}", "<A>}"),
            ("ä${A}ö", "ä<A>ö"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_and_shown_only_where_it_is_a_slip() {
        for (text, shown) in [
            ("${a b}", Some("${a b}")),
            ("${}", Some("${}")),
            ("x ${ A } y", Some("${ A }")),
            ("${A.prod}", Some("${A.prod}")),
            ("${a.b.c.D}", Some("${a.b.c.D}")),
            ("${prod..A}", Some("${prod..A}")),
            ("${hunter2}", None),
            ("${A", None),
            ("${", None),
            ("${A\n}", None),
            ("${p@ss}", None),
            ("${correct horse battery staple and so on}", None),
            ("${${A}}", None),
            ("${ä}", None),
        ] {
            let message = parse(text).expect_err(text).to_string();
            match shown {
                Some(shown) => assert_eq!(message, format!("Invalid reference syntax: {shown}")),
                None => assert!(message.ends_with("$${ for a literal ${"), "{message}"),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(text in "(a|\\$|\\{|\\}|A|\\.|\\$\\{A\\}|\\$\\{p.A\\}|\\$\\$\\{){0,12}") {
            let Ok(pieces) = parse(&text) else { return Ok(()) };
            prop_assert!(!is_plain(&text) || pieces.iter().all(|piece| piece.placeholder().is_none()));
            // Every literal `${` was written with one dollar more.
            let written: String = pieces.iter().map(|piece| match piece {
                Piece::Placeholder(found) => found.text.to_owned(),
                Piece::Text(text) => text.replace("${", "$${"),
            }).collect();
            prop_assert_eq!(written, text);
        }

        #[test]
        fn a_literal_is_written_with_one_dollar_more(text in "[a${}A.]{0,20}") {
            let escaped = text.replace("${", "$${");
            prop_assert_eq!(read(&escaped), text);
        }

        #[test]
        fn no_text_at_all_makes_it_panic(text in "\\PC{0,40}|[${}.A]{0,30}") {
            let _ = parse(&text);
        }
    }
}
