//! The part of the language that a template may use. The engine's fuel counts instructions and bytes; it does not see how often a value
//! is within itself, so that `{% set x = [x, x] %}` forty times over costs nothing to make and the lifetime of a machine to print or
//! to compare. So there is no way to put a value into a list, map or tuple twice: whatever makes one of several values is left out,
//! and so is arithmetic that also joins lists. What is left are texts, numbers and flat lists, on whose size the fuel has its hand.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::failure;

/// The longest tag, in words and signs: the time that the engine takes to read one grows with its square.
const MAX_TAG: usize = 256;
/// Words before a parenthesis or bracket that do not make it a call's or a subscript's.
const KEYWORDS: [&str; 15] = [
    "and",
    "autoescape",
    "do",
    "elif",
    "else",
    "filter",
    "for",
    "if",
    "in",
    "is",
    "not",
    "or",
    "recursive",
    "set",
    "with",
];

const NO_LISTS: &str = "lists and tuples of more than constants are not part of the language here";

/// What a bracket that is open belongs to.
enum Bracket {
    /// Arguments.
    Call,
    /// A list that is written out, as far as it was read: whether there is more in it than constants, and more than one.
    List { varies: bool, has_comma: bool },
    /// A key, or an expression.
    Other,
}

/// How many words and signs the tags of a template have, or where and why it is refused.
pub fn check(text: &str, syntax: &SyntaxConfig) -> Result<usize, (Option<usize>, String)> {
    let (mut count, mut tag) = (0, Tag::default());
    for token in tokenize(text, false, syntax.clone()) {
        let (token, span) = token.map_err(|error| (error.line(), failure::of_syntax(&error)))?;
        if matches!(token, Token::TemplateData(_)) {
            continue;
        }
        count += 1;
        tag.take(&token)
            .map_err(|why| (Some(span.start_line.into()), why.to_owned()))?;
    }
    Ok(count)
}

#[derive(Default)]
struct Tag {
    length: usize,
    open: Vec<Bracket>,
    /// Whether what comes now may be a call's parenthesis or a subscript's bracket.
    after_value: bool,
    /// Between `for` and `in`.
    in_targets: bool,
}

impl Tag {
    fn take(&mut self, token: &Token<'_>) -> Result<(), &'static str> {
        if matches!(token, Token::VariableStart | Token::BlockStart) {
            *self = Self::default();
        }
        self.length += 1;
        if self.length > MAX_TAG {
            return Err("a tag is too long; set parts of it to names first");
        }
        let after_value = std::mem::take(&mut self.after_value);
        if let Some(Bracket::List { varies, has_comma }) = self.open.last_mut() {
            match token {
                Token::Str(_) | Token::String(_) | Token::Int(_) | Token::BracketClose => {}
                Token::Comma => *has_comma = true,
                _ => *varies = true,
            }
            if *varies && *has_comma {
                return Err(NO_LISTS);
            }
        }
        match token {
            Token::Ident(word) => {
                self.after_value = !KEYWORDS.contains(word);
                match *word {
                    "for" if self.length == 2 => self.in_targets = true,
                    "in" => self.in_targets = false,
                    _ => {}
                }
            }
            Token::Str(_) | Token::String(_) => self.after_value = true,
            Token::ParenOpen if after_value => self.open.push(Bracket::Call),
            Token::BracketOpen if !after_value => self.open.push(Bracket::List {
                varies: false,
                has_comma: false,
            }),
            Token::ParenOpen | Token::BracketOpen => self.open.push(Bracket::Other),
            Token::ParenClose | Token::BracketClose => {
                self.after_value = true;
                self.open.pop();
            }
            Token::Comma => match self.open.last() {
                Some(Bracket::Call | Bracket::List { .. }) => {}
                None if self.in_targets => {}
                _ => return Err(NO_LISTS),
            },
            Token::BraceOpen | Token::Colon => {
                return Err("maps and slices are not part of the language here");
            }
            Token::Plus | Token::Mul | Token::Pow => {
                return Err("`+`, `*` and `**` are not part of the language here; `~` joins texts");
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_one_value_of_several_is_no_part_of_the_language() {
        for refused in [
            "{{ [x, x] }}",
            "{{ ['a', x] }}",
            "{{ [x, 'a'] }}",
            "{{ [[1, 2], [3]] }}",
            "{{ (x, x) }}",
            "{{ x, x }}",
            "{{ y in (x, x) }}",
            "{{ y if (x, x) else z }}",
            "{{ f((x, x)) }}",
            "{{ f(a=[x, x]) }}",
            "{{ y[x, x] }}",
            "{{ y is eq [x, x] }}",
            "{% set y = x, x %}",
            "{% set y = [x, x] %}",
            "{% for y in x, x %}{% endfor %}",
            "{% for y in [x, x] %}{% endfor %}",
            "{% do (x, x) %}",
            "{{ {1: x} }}",
            "{{ {} }}",
            "{{ x[1:] }}",
            "{{ x + x }}",
            "{{ x * 2 }}",
            "{{ f(*x) }}",
            "{{ f(**x) }}",
        ] {
            let refused = check(refused, &SyntaxConfig::default()).map_err(|(_, why)| why);
            assert!(
                refused.as_ref().is_err_and(
                    |why| why.ends_with("of the language here") || why.ends_with("joins texts")
                ),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn what_people_need_is_part_of_it() {
        for (text, count) in [
            ("[a, b] {a: b} + * , no tag", 0),
            ("{# [x, x] #}{% raw %}{{ [x, x] }}{% endraw %}", 0),
            ("{{ x }}", 3),
            ("{{ f(x, x)|replace('a', 'b') ~ ', + [x, x]' }}", 17),
            (
                "{% for key, value in secrets|items %}{{ key }}{% endfor %}",
                16,
            ),
            ("{% if x in ['a', 'b', 1] %}{% endif %}", 15),
            ("{{ secrets['a'] ~ [x]|join(',') }}", 15),
            ("{% set y = x %}", 6),
        ] {
            assert_eq!(check(text, &SyntaxConfig::default()), Ok(count), "{text}");
        }
    }

    #[test]
    fn a_tag_has_a_greatest_length() {
        let tag = |words: usize| format!("{{{{ {} }}}}\n", "x ".repeat(words));
        let syntax = SyntaxConfig::default();
        assert_eq!(check(&tag(MAX_TAG - 2).repeat(3), &syntax), Ok(3 * MAX_TAG));
        assert!(
            check(&(tag(1) + &tag(MAX_TAG - 1)), &syntax).is_err_and(|(line, _)| line == Some(2))
        );
    }
}
