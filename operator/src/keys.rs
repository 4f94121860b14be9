//! Which keys of a config are taken, and under which names. Pure.

use std::collections::BTreeMap;

use crate::crd::Keys;
use crate::problem::Problem;

/// The longest key that a Kubernetes Secret can have.
const MAX_KEY: usize = 253;

/// Chooses and renames. Two keys that end under the same name are a mistake in the resource, not something to decide here.
pub fn select<'a, V>(
    keys: &Keys,
    config: impl Iterator<Item = (&'a str, V)>,
) -> Result<BTreeMap<String, V>, Problem> {
    let mut origins: BTreeMap<String, &str> = BTreeMap::new();
    let mut selected = BTreeMap::new();
    for (key, value) in config {
        let included =
            keys.include.is_empty() || keys.include.iter().any(|pattern| matches(pattern, key));
        if !included || keys.exclude.iter().any(|pattern| matches(pattern, key)) {
            continue;
        }
        let name = keys.rename.get(key).map_or(key, String::as_str);
        if !is_valid(name) {
            return Err(Problem::InvalidKey { key: shown(name) });
        }
        if let Some(other) = origins.insert(name.to_owned(), key) {
            return Err(Problem::KeyCollision {
                first: shown(other),
                second: shown(key),
                name: shown(name),
            });
        }
        selected.insert(name.to_owned(), value);
    }
    Ok(selected)
}

/// Whether a Kubernetes Secret can have this key.
pub fn is_valid(key: &str) -> bool {
    (1..=MAX_KEY).contains(&key.len())
        && key != "."
        && !key.starts_with("..")
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// A key as it may stand in a message: short and without surprises.
fn shown(key: &str) -> String {
    key.chars()
        .take(64)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

/// Glob with `*` and `?`, over the whole key; linear in memory, quadratic at worst in time.
fn matches(pattern: &str, key: &str) -> bool {
    let (pattern, key) = (pattern.as_bytes(), key.as_bytes());
    let (mut p, mut k) = (0, 0);
    // Where the last asterisk was, and how much of the key it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while k < key.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, k));
                p += 1;
            }
            Some(&c) if c == b'?' || c == key[k] => {
                p += 1;
                k += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                k = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(include: &[&str], exclude: &[&str], rename: &[(&str, &str)]) -> Keys {
        Keys {
            include: include.iter().map(ToString::to_string).collect(),
            exclude: exclude.iter().map(ToString::to_string).collect(),
            rename: rename
                .iter()
                .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
                .collect(),
            ..Keys::default()
        }
    }

    fn names(keys: &Keys, config: &[&str]) -> Result<Vec<String>, Problem> {
        select(keys, config.iter().map(|key| (*key, ())))
            .map(|selected| selected.into_keys().collect())
    }

    #[test]
    fn globs_match_the_whole_key() {
        for (pattern, key, expected) in [
            ("*", "", true),
            ("*", "A", true),
            ("DB_*", "DB_URL", true),
            ("DB_*", "XDB_URL", false),
            ("*_TEST", "A_TEST", true),
            ("*_TEST", "A_TESTS", false),
            ("A*B*C", "AxxBxBxC", true),
            ("A*B*C", "AxxBxBx", false),
            ("A?C", "ABC", true),
            ("A?C", "AC", false),
            ("", "A", false),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn include_then_exclude_then_rename() {
        let keys = keys(
            &["DB_*", "X"],
            &["*_TEST"],
            &[("DB_URL", "DATABASE_URL"), ("ABSENT", "B")],
        );
        assert_eq!(
            names(&keys, &["DB_URL", "DB_A_TEST", "X", "OTHER"]),
            Ok(vec!["DATABASE_URL".into(), "X".into()])
        );
    }

    #[test]
    fn two_keys_under_one_name_are_refused() {
        let keys = keys(&[], &[], &[("A", "B")]);
        assert!(matches!(
            names(&keys, &["A", "B"]),
            Err(Problem::KeyCollision { .. })
        ));
    }

    #[test]
    fn keys_that_kubernetes_refuses_are_refused_here() {
        for key in ["", ".", "..", "..a", "A B", "A/B", "Ä", &"A".repeat(254)] {
            assert!(!is_valid(key), "{key}");
        }
        for key in [
            "A",
            ".a",
            "tls.crt",
            ".dockerconfigjson",
            "a-b_c.D",
            &"A".repeat(253),
        ] {
            assert!(is_valid(key), "{key}");
        }
    }

    proptest! {
        #[test]
        fn a_glob_agrees_with_its_plain_definition(pattern in "[ab*?]{0,8}", key in "[ab]{0,8}") {
            fn slow(pattern: &[u8], key: &[u8]) -> bool {
                match (pattern.split_first(), key.split_first()) {
                    (None, None) => true,
                    (Some((b'*', rest)), _) => slow(rest, key) || key.split_first().is_some_and(|(_, tail)| slow(pattern, tail)),
                    (Some((b'?', rest)), Some((_, tail))) => slow(rest, tail),
                    (Some((c, rest)), Some((k, tail))) => c == k && slow(rest, tail),
                    _ => false,
                }
            }
            prop_assert_eq!(matches(&pattern, &key), slow(pattern.as_bytes(), key.as_bytes()));
        }
    }
}
