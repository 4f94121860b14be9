//! What the three kinds of quotes hold.

use zeroize::Zeroizing;

pub(super) struct Quoted {
    pub(super) value: Zeroizing<String>,
    /// From the opening quote to the closing one, both included, in bytes.
    pub(super) length: usize,
}

/// Gives each character of the value to `push` and returns what follows the closing quote. The text begins after the
/// opening one.
pub(super) type Scan = for<'a> fn(&'a str, push: &mut dyn FnMut(char)) -> Option<&'a str>;

/// Reads `text`, which begins with a quote; `None` if it is not closed.
pub(super) fn quoted(text: &str, scan: Scan) -> Option<Quoted> {
    let body = &text[1..];
    let length = text.len() - scan(body, &mut |_| ())?.len();
    // The value is shorter than what spells it. Growing would leave copies of plaintext behind in freed memory.
    let mut value = Zeroizing::new(String::with_capacity(length));
    scan(body, &mut |c| value.push(c))?;
    Some(Quoted { value, length })
}

/// `\'` is an escape (Compose, Python), and so are the two ways in which `sh` spells `'`.
pub(super) fn single_quoted<'a>(mut text: &'a str, push: &mut dyn FnMut(char)) -> Option<&'a str> {
    loop {
        if let Some(after) = text.strip_prefix('\'') {
            let joined = [r"\''", r#""'"'"#]
                .iter()
                .find_map(|join| after.strip_prefix(join));
            let Some(joined) = joined else {
                return Some(after);
            };
            push('\'');
            text = joined;
        } else if let Some(after) = text.strip_prefix(r"\'") {
            push('\'');
            text = after;
        } else if let Some(after) = text.strip_prefix(r"\\") {
            // Taken together, so that the second does not escape a quote.
            push('\\');
            push('\\');
            text = after;
        } else {
            text = plain(text, push)?;
        }
    }
}

pub(super) fn double_quoted<'a>(mut text: &'a str, push: &mut dyn FnMut(char)) -> Option<&'a str> {
    loop {
        if let Some(after) = text.strip_prefix('"') {
            return Some(after);
        }
        let escaped = match text
            .strip_prefix('\\')
            .and_then(|after| after.chars().next())
        {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            same @ Some('"' | '\\' | '$' | '`') => same,
            _ => None,
        };
        text = match escaped {
            Some(c) => {
                push(c);
                &text[2..]
            }
            None => plain(text, push)?,
        };
    }
}

/// As Node's `dotenv` has it.
pub(super) fn backtick_quoted<'a>(
    mut text: &'a str,
    push: &mut dyn FnMut(char),
) -> Option<&'a str> {
    loop {
        if let Some(after) = text.strip_prefix('`') {
            return Some(after);
        }
        text = plain(text, push)?;
    }
}

/// One character that means itself; any line end is a line feed.
fn plain<'a>(text: &'a str, push: &mut dyn FnMut(char)) -> Option<&'a str> {
    let mut chars = text.chars();
    match chars.next()? {
        '\r' => {
            push('\n');
            Some(chars.as_str().strip_prefix('\n').unwrap_or(chars.as_str()))
        }
        c => {
            push(c);
            Some(chars.as_str())
        }
    }
}
