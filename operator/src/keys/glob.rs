//! Patterns for names of keys.

/// Glob with `*` and `?`, over the whole key; linear in memory, quadratic at worst in time.
pub fn matches(pattern: &str, key: &str) -> bool {
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
