//! The shapes that a Secret's data can have: a key each, or one key that holds a whole file. Pure.

mod dotenv;
mod yaml;

use std::collections::BTreeMap;

use k8s_openapi::ByteString;

use crate::crd::{Format, Target};
use crate::keys::{Selected, shown};
use crate::problem::Problem;

/// The data of a Secret that no template makes.
pub fn write(
    target: &Target,
    selected: Selected<'_>,
) -> Result<BTreeMap<String, ByteString>, Problem> {
    let (name, file) = match target.format {
        Format::Keys => {
            let keys = selected.into_iter();
            return Ok(keys
                .map(|(key, value)| (key, ByteString(value.into_owned())))
                .collect());
        }
        Format::Env => (".env", dotenv::write(&texts(&selected)?)?),
        Format::Json => ("secrets.json", json(&texts(&selected)?)),
        Format::Yaml => ("secrets.yaml", yaml::write(&texts(&selected)?)),
    };
    let key = target.key.clone().unwrap_or_else(|| name.to_owned());
    Ok([(key, ByteString(file.into_bytes()))].into())
}

/// The values as text, which decoding does not always leave.
pub fn texts<'a>(selected: &'a Selected<'_>) -> Result<BTreeMap<&'a str, &'a str>, Problem> {
    let text = |(key, value): (&'a String, &'a _)| match std::str::from_utf8(value) {
        Ok(value) => Ok((key.as_str(), value)),
        Err(_) => Err(Problem::NotText { key: shown(key) }),
    };
    selected
        .iter()
        .map(|(key, value)| text((key, &**value)))
        .collect()
}

fn json(texts: &BTreeMap<&str, &str>) -> String {
    serde_json::to_string(texts).expect("a map of texts has a JSON form")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    type Map = BTreeMap<String, String>;

    fn target(spec: serde_json::Value) -> Target {
        serde_json::from_value(spec).expect("valid")
    }

    fn selected(pairs: &Map) -> Selected<'_> {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| (key.clone(), value.as_bytes().into()))
            .collect()
    }

    fn map(pairs: &[(&str, &str)]) -> Map {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// The one key and its text.
    fn file(spec: serde_json::Value, pairs: &Map) -> Result<(String, String), Problem> {
        let mut data = write(&target(spec), selected(pairs))?;
        assert_eq!(data.len(), 1);
        let (key, ByteString(text)) = data.pop_first().expect("one");
        Ok((key, String::from_utf8(text).expect("text")))
    }

    #[test]
    fn a_format_makes_one_key_with_a_name_of_its_own() {
        let pairs = map(&[("A", "1"), ("NO", "it's\n\"x\"")]);
        for (spec, key, text) in [
            (json!({ "format": "env" }), ".env", None),
            (
                json!({ "format": "json" }),
                "secrets.json",
                Some("{\"A\":\"1\",\"NO\":\"it's\\n\\\"x\\\"\"}"),
            ),
            (
                json!({ "format": "yaml" }),
                "secrets.yaml",
                Some("\"A\": \"1\"\n\"NO\": \"it's\\n\\\"x\\\"\"\n"),
            ),
            (
                json!({ "format": "json", "key": "app.json" }),
                "app.json",
                None,
            ),
        ] {
            let pairs = if spec["format"] == "env" {
                &map(&[("A", "1")])
            } else {
                &pairs
            };
            let (made, written) = file(spec, pairs).expect("writable");
            assert_eq!(made, key);
            assert!(text.is_none_or(|text| text == written), "{written}");
        }
    }

    #[test]
    fn a_file_without_keys_is_an_empty_one_of_its_kind() {
        for (format, text) in [("env", ""), ("json", "{}"), ("yaml", "{}\n")] {
            let (_, written) = file(json!({ "format": format }), &map(&[])).expect("writable");
            assert_eq!(written, text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_keys_only() {
        let binary = || Selected::from([("A".to_owned(), b"can\xffary"[..].into())]);
        for format in ["env", "json", "yaml"] {
            let refused = write(&target(json!({ "format": format })), binary());
            assert_eq!(refused, Err(Problem::NotText { key: "A".into() }));
        }
        let data = write(&target(json!({})), binary()).expect("any bytes");
        assert_eq!(data["A"].0, b"can\xffary");
    }

    proptest! {
        #[test]
        fn json_and_yaml_are_read_to_the_same_texts(
            pairs in prop::collection::btree_map("[-._a-zA-Z0-9]{1,6}", any::<String>(), 0..6),
        ) {
            let (_, written) = file(json!({ "format": "json" }), &pairs).expect("writable");
            prop_assert_eq!(&serde_json::from_str::<Map>(&written).expect("JSON"), &pairs);
            let (_, written) = file(json!({ "format": "yaml" }), &pairs).expect("writable");
            prop_assert_eq!(&serde_yaml::from_str::<Map>(&written).expect("YAML"), &pairs);
        }
    }
}
