//! `.env` files that Docker Compose, `dotenv` for Node, `python-dotenv` and `sh` read to the same bytes.
//!
//! The form is that of the server's own export, and the same values have none. It is written here once more because the
//! operator knows nothing of the server's insides; a test holds the two to the same bytes, and the four readers to both.

use std::collections::BTreeMap;

use crate::keys::shown;
use crate::problem::Problem;

/// One `KEY=value` a line. Refuses the first key that `sh` could not assign to, and the first value without a form common to
/// all readers:
/// - with NUL, or CR: Node turns it into a line feed;
/// - with `${`: `python-dotenv` expands it in any kind of quotes;
/// - with `\\`, or `\` at the end: Python unescapes it in single quotes, Node does not in double quotes;
/// - with `'` together with `"`, `$`, `` ` `` or `\`: only double quotes can hold it, and only `sh` and Compose agree on how to
///   escape these there.
pub fn write(texts: &BTreeMap<&str, &str>) -> Result<String, Problem> {
    let mut file = String::new();
    for (key, value) in texts {
        if !is_shell_name(key) {
            return Err(Problem::NotVariable { key: shown(key) });
        }
        let quote = quote_for(value).ok_or_else(|| Problem::NotPortable { key: shown(key) })?;
        file.extend([key, "=", quote, value, quote, "\n"]);
    }
    Ok(file)
}

/// What to put on both sides of a value: nothing or a quote. `None` if it has no common form.
fn quote_for(value: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+,=-".contains(&byte);
    if value.bytes().all(is_plain) {
        Some("")
    } else if value.contains(['\0', '\r']) || value.contains("${") {
        None
    } else if value.contains('\'') {
        (!value.contains(['"', '$', '`', '\\'])).then_some("\"")
    } else {
        (!value.contains(r"\\") && !value.ends_with('\\')).then_some("'")
    }
}

fn is_shell_name(key: &str) -> bool {
    !key.starts_with(|c: char| c.is_ascii_digit())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_written_in_the_plainest_form_that_all_read() {
        for (value, written) in [
            ("", "A=\n"),
            ("postgres://h:5432/db?a=b", "A='postgres://h:5432/db?a=b'\n"),
            ("aZ09_./:@%+,=-", "A=aZ09_./:@%+,=-\n"),
            ("# no comment ", "A='# no comment '\n"),
            ("$B $(id) `id` \"x\" \\n", "A='$B $(id) `id` \"x\" \\n'\n"),
            ("it's\n!", "A=\"it's\n!\"\n"),
            ("a\nb\n", "A='a\nb\n'\n"),
            ("grün", "A='grün'\n"),
        ] {
            assert_eq!(write(&[("A", value)].into()).as_deref(), Ok(written));
        }
    }

    #[test]
    fn what_has_no_common_form_is_refused_by_its_key_alone() {
        for value in [
            "\0", "\r\n", "${B}", r"\\srv", r"C:\", "'\"", "'$", "'`", r"'\",
        ] {
            assert_eq!(
                write(&[("A", ""), ("B", value)].into()),
                Err(Problem::NotPortable { key: "B".into() }),
                "{value:?}"
            );
        }
        for key in ["1A", "a.b", "a-b", ".env"] {
            assert_eq!(
                write(&[(key, "")].into()),
                Err(Problem::NotVariable { key: key.into() })
            );
        }
        assert!(write(&[("_a1", "")].into()).is_ok());
    }
}
