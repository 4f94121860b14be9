/// The value of a key has no form that all four readers take for the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value of {key} cannot be written so that every reader of .env files gets the same bytes"
)]
pub struct NotPortable {
    /// The key. The value is not repeated.
    pub key: String,
}

/// Writes one `KEY=value` after the other, in the order given, each ended by a line feed.
///
/// Refuses the first value (or key that `sh` could not assign to) without a common form. These are the values that hold
/// - NUL, or CR: Node turns it into a line feed;
/// - `${`: `python-dotenv` expands it in any kind of quotes;
/// - `\\`, or `\` at the end: Python unescapes it in single quotes, Node does not in double quotes;
/// - `'` together with `"`, `$`, `` ` `` or `\`: only double quotes can hold it, and only `sh` and Compose agree on how
///   to escape these there.
pub fn write<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<String, NotPortable> {
    let pairs: Vec<_> = pairs.into_iter().collect();
    // Growing would leave copies of plaintext behind in freed memory.
    let enough = pairs
        .iter()
        .map(|(key, value)| key.len() + value.len() + r#"="""#.len() + 1)
        .sum();
    let mut text = String::with_capacity(enough);
    for (key, value) in pairs {
        let Some(quote) = quote_for(value).filter(|_| is_shell_name(key)) else {
            return Err(NotPortable {
                key: key.to_owned(),
            });
        };
        text.extend([key, "=", quote, value, quote, "\n"]);
    }
    Ok(text)
}

/// What to put on both sides of a value: nothing or a quote. `None` if it has no common form.
fn quote_for(value: &str) -> Option<&'static str> {
    if value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_./:@%+,=-".contains(&b))
    {
        Some("")
    } else if value.contains(['\0', '\r']) || value.contains("${") {
        None
    } else if value.contains('\'') {
        (!value.contains(['"', '$', '`', '\\'])).then_some("\"")
    } else {
        (!value.contains(r"\\") && !value.ends_with('\\')).then_some("'")
    }
}

/// Keys that came from an older version may begin with a digit; anything worse would be an injection.
fn is_shell_name(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
