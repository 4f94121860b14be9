//! Which keys of a config are taken, under which names, and what their values stand for. Pure.

mod decode;
mod glob;
mod transform;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::crd::{Keys, Source};
use crate::problem::Problem;
pub use decode::decode;

/// The longest key that a Kubernetes Secret can have.
pub const MAX_KEY: usize = 253;

/// What is in a config, or taken of one or more: by name, and still the config's own bytes where they were not decoded.
pub type Selected<'a> = BTreeMap<String, Cow<'a, [u8]>>;

/// Chooses, decodes and renames, in the order that [`Keys`] says. Two keys that end under the same name are a mistake in the
/// resource, not something to decide here.
pub fn select<'a>(
    source: &Source,
    config: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<Selected<'a>, Problem> {
    let keys = &source.keys;
    let mut origins: BTreeMap<String, &str> = BTreeMap::new();
    let mut selected = Selected::new();
    for (key, value) in config {
        let included = keys.include.is_empty() || is_among(&keys.include, key);
        if !included || is_among(&keys.exclude, key) {
            continue;
        }
        let value = if is_among(&keys.decode, key) {
            let decoded = decode(value).ok_or_else(|| Problem::NotBase64 {
                config: source.path(),
                key: shown(key),
            })?;
            Cow::Owned(decoded)
        } else {
            Cow::Borrowed(value)
        };
        let name = name(keys, key);
        if !is_valid(&name) {
            return Err(Problem::InvalidKey { key: shown(&name) });
        }
        if let Some(other) = origins.insert(name.clone(), key) {
            return Err(Problem::KeyCollision {
                first: shown(other),
                second: shown(key),
                name: shown(&name),
            });
        }
        selected.insert(name, value);
    }
    Ok(selected)
}

fn is_among(patterns: &[String], key: &str) -> bool {
    patterns.iter().any(|pattern| glob::matches(pattern, key))
}

/// The name that a key gets, not yet checked.
fn name(keys: &Keys, key: &str) -> String {
    let name = match (keys.rename.get(key), keys.transform) {
        (Some(renamed), _) => Cow::Borrowed(renamed.as_str()),
        (None, Some(transform)) => Cow::Owned(transform::transform(transform, key)),
        (None, None) => Cow::Borrowed(key),
    };
    [&keys.prefix, &*name].concat()
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
pub fn shown(key: &str) -> String {
    key.chars()
        .take(64)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn source(keys: serde_json::Value) -> Source {
        let mut source = json!({ "project": "web", "config": "prod" });
        source["keys"] = keys;
        serde_json::from_value(source).expect("valid")
    }

    fn names(keys: serde_json::Value, config: &[&str]) -> Result<Vec<String>, Problem> {
        let config = config.iter().map(|key| (*key, &b"MQ"[..]));
        select(&source(keys), config).map(|selected| selected.into_keys().collect())
    }

    #[test]
    fn include_then_exclude_then_rename() {
        let keys = json!({ "include": ["DB_*", "X"], "exclude": ["*_TEST"], "rename": { "DB_URL": "DATABASE_URL", "ABSENT": "B" } });
        assert_eq!(
            names(keys, &["DB_URL", "DB_A_TEST", "X", "OTHER"]),
            Ok(vec!["DATABASE_URL".into(), "X".into()])
        );
    }

    #[test]
    fn each_step_takes_what_the_one_before_it_left() {
        for (keys, expected) in [
            (json!({ "transform": "lower" }), ["db_url", "tls_key"]),
            (json!({ "prefix": "app." }), ["app.DB_URL", "app.TLS_KEY"]),
            (
                json!({ "transform": "kebab", "prefix": "APP_" }),
                ["APP_db-url", "APP_tls-key"],
            ),
            // Patterns are about the server's names, whatever becomes of these.
            (
                json!({ "include": ["DB_*", "TLS_*"], "transform": "camel" }),
                ["dbUrl", "tlsKey"],
            ),
            // A renamed key is not transformed, and gets the prefix all the same.
            (
                json!({ "rename": { "TLS_KEY": "tls.KEY" }, "transform": "lower", "prefix": "x-" }),
                ["x-db_url", "x-tls.KEY"],
            ),
        ] {
            assert_eq!(
                names(keys.clone(), &["DB_URL", "TLS_KEY"]),
                Ok(expected.map(String::from).to_vec()),
                "{keys}"
            );
        }
    }

    #[test]
    fn only_named_keys_are_decoded_and_by_the_servers_names() {
        let keys = json!({ "decode": ["*_B64"], "rename": { "B_B64": "b" } });
        let config: [(&str, &[u8]); 3] = [("A", b"AAEC"), ("B_B64", b"AP8="), ("C_B64", b"")];
        let source = source(keys);
        let selected = select(&source, config.into_iter()).expect("base64");
        let expected: [(&str, &[u8]); 3] = [("A", b"AAEC"), ("C_B64", b""), ("b", b"\x00\xff")];
        let read: Vec<_> = selected
            .iter()
            .map(|(key, value)| (&**key, &**value))
            .collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_not_base64_is_refused_by_its_name_alone() {
        let source = source(json!({ "decode": ["A"], "rename": { "A": "B" } }));
        let config: [(&str, &[u8]); 1] = [("A", b"canary!")];
        let problem = select(&source, config.into_iter()).expect_err("not base64");
        assert_eq!(
            problem,
            Problem::NotBase64 {
                config: "web/prod".into(),
                key: "A".into()
            }
        );
        assert!(!problem.to_string().contains("canary"));
    }

    #[test]
    fn two_keys_under_one_name_are_refused() {
        for keys in [
            json!({ "rename": { "A_B": "AB" } }),
            json!({ "transform": "camel" }),
            json!({ "rename": { "A_B": "ab" }, "transform": "lower" }),
        ] {
            let refused = names(keys.clone(), &["AB", "A_B", "A__B"]);
            assert!(
                matches!(refused, Err(Problem::KeyCollision { .. })),
                "{keys}: {refused:?}"
            );
        }
        // Of the prefix alone comes none.
        assert!(names(json!({ "prefix": "A" }), &["A", "AA"]).is_ok());
    }

    #[test]
    fn a_name_is_checked_as_it_ends() {
        for keys in [
            json!({ "prefix": "..", "transform": "lower" }),
            json!({ "prefix": "x".repeat(64), "rename": { "A": "a".repeat(190) } }),
        ] {
            assert!(matches!(
                names(keys, &["A"]),
                Err(Problem::InvalidKey { .. })
            ));
        }
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
        fn every_key_that_is_chosen_is_there_once_or_all_are_refused(
            config in prop::collection::btree_map("[A-C_]{1,3}", "[A-D]{0,4}", 0..6),
            include in prop::collection::vec("[A-C_*?]{1,2}", 0..2),
            rename in prop::collection::btree_map("[A-C_]{1,3}", "[A-C_.]{1,3}", 0..3),
            transform in prop::sample::select(vec![None, Some("lower"), Some("upper"), Some("kebab"), Some("camel")]),
            prefix in "[a-c.]{0,2}",
        ) {
            let keys = json!({ "include": include, "rename": rename, "transform": transform, "prefix": prefix });
            let source = source(keys);
            let pairs = config.iter().map(|(key, value)| (key.as_str(), value.as_bytes()));
            let chosen: Vec<_> = config.iter().filter(|(key, _)| source.keys.include.is_empty() || is_among(&source.keys.include, key)).collect();
            let names: std::collections::BTreeSet<String> = chosen.iter().map(|(key, _)| name(&source.keys, key)).collect();
            match select(&source, pairs) {
                Ok(selected) => {
                    prop_assert_eq!(selected.len(), chosen.len());
                    prop_assert!(selected.keys().all(|name| name.starts_with(&prefix) && is_valid(name)));
                    for (key, value) in chosen {
                        prop_assert_eq!(&*selected[&name(&source.keys, key)], value.as_bytes());
                    }
                }
                Err(Problem::KeyCollision { .. }) => prop_assert!(names.len() < chosen.len()),
                Err(Problem::InvalidKey { .. }) => prop_assert!(names.iter().any(|name| !is_valid(name))),
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}
