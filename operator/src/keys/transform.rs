//! How names are written. Only ASCII letters have a case here; digits and whatever else is in a name stay as they are.
//!
//! | | `DB_URL` | `S3_BUCKET_2` | `__DB__URL_` | |
//! |---|---|---|---|---|
//! | lower | `db_url` | `s3_bucket_2` | `__db__url_` | letters only |
//! | upper | `DB_URL` | `S3_BUCKET_2` | `__DB__URL_` | letters only |
//! | kebab | `db-url` | `s3-bucket-2` | `--db--url-` | each underscore becomes a hyphen |
//! | camel | `dbUrl` | `s3Bucket2` | `__dbUrl` | words are what underscores part; the first is lower case, all others begin with upper case; underscores in front stay |
//!
//! The server's names are upper case, so that the first three lead no two of them to the same name. Camel may.

use crate::crd::Transform;

/// Writes a name.
pub fn transform(how: Transform, name: &str) -> String {
    match how {
        Transform::Lower => name.to_ascii_lowercase(),
        Transform::Upper => name.to_ascii_uppercase(),
        Transform::Kebab => name.to_ascii_lowercase().replace('_', "-"),
        Transform::Camel => camel(name),
    }
}

fn camel(name: &str) -> String {
    let words = name.trim_start_matches('_');
    let mut written = name[..name.len() - words.len()].to_owned();
    let mut begins_word = false;
    for c in words.chars() {
        match c {
            '_' => begins_word = true,
            c if std::mem::take(&mut begins_word) => written.push(c.to_ascii_uppercase()),
            c => written.push(c.to_ascii_lowercase()),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_written_as_documented() {
        use Transform::{Camel, Kebab, Lower, Upper};
        for (name, lower, upper, kebab, camel) in [
            ("DB_URL", "db_url", "DB_URL", "db-url", "dbUrl"),
            ("A", "a", "A", "a", "a"),
            (
                "S3_BUCKET_2",
                "s3_bucket_2",
                "S3_BUCKET_2",
                "s3-bucket-2",
                "s3Bucket2",
            ),
            (
                "A_2FA_KEY",
                "a_2fa_key",
                "A_2FA_KEY",
                "a-2fa-key",
                "a2faKey",
            ),
            ("2FA", "2fa", "2FA", "2fa", "2fa"),
            (
                "__DB__URL_",
                "__db__url_",
                "__DB__URL_",
                "--db--url-",
                "__dbUrl",
            ),
            ("___", "___", "___", "---", "___"),
            (
                "tls.Key-A",
                "tls.key-a",
                "TLS.KEY-A",
                "tls.key-a",
                "tls.key-a",
            ),
            ("Ä_É", "Ä_É", "Ä_É", "Ä-É", "ÄÉ"),
        ] {
            let written = [Lower, Upper, Kebab, Camel].map(|how| transform(how, name));
            assert_eq!(written, [lower, upper, kebab, camel], "{name}");
        }
    }

    proptest! {
        #[test]
        fn names_of_the_server_stay_apart_and_valid(one in "[A-Z0-9_]{1,9}", other in "[A-Z0-9_]{1,9}") {
            for how in [Transform::Lower, Transform::Upper, Transform::Kebab] {
                prop_assert_eq!(transform(how, &one) == transform(how, &other), one == other);
            }
            for how in [Transform::Lower, Transform::Upper, Transform::Kebab, Transform::Camel] {
                prop_assert!(crate::keys::is_valid(&transform(how, &one)));
            }
        }
    }
}
