//! JSON and YAML from end to end: what the server exports is read to the same texts by others and by itself.

use std::collections::BTreeMap;

use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop, owner};
use ssm_tests::{Foreign, Scratch, canary};

use crate::dotenv::{difference, sample};

/// How many values go into one config, and how many configs there are.
const VALUES: usize = 1_500;
const CONFIGS: usize = 3;
/// Keys that are something else to some reader of YAML.
const WORDS: [&str; 9] = ["FALSE", "N", "NO", "NULL", "OFF", "ON", "TRUE", "Y", "YES"];
/// Values that are something else than text to some reader of YAML.
const TYPED: [&str; 12] = [
    "no",
    "true",
    "~",
    "null",
    "1e3",
    "0o17",
    "1_000",
    "2024-01-01",
    "12:30:45",
    ".inf",
    "<<",
    "",
];

async fn import(owner: &Caller, shop: &Shop, format: &str, file: impl Into<String>) -> Vec<Value> {
    let path = format!(
        "{}/import?dryRun=true&format={format}",
        shop.secrets("base")
    );
    let tried = owner
        .raw("POST", &path, "text/plain", file.into())
        .await
        .ok();
    tried["keys"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_is_exported_is_read_to_the_same_texts_by_everybody_and_imported_as_the_same() {
    let (foreign, scratch) = (Foreign::find().unwrap(), Scratch::new("yaml").unwrap());
    let owner = owner().await;
    // `${` would be a reference on saving, and no value holds a NUL.
    let storable = |value: &str| !value.contains('\0') && !value.contains("${");
    let mut runner = TestRunner::default();
    for round in 0..CONFIGS {
        let values = sample(&mut runner, storable, VALUES).into_iter();
        let numbered = |(n, value)| (format!("K{n}"), value);
        let mut expected: BTreeMap<_, _> = values.enumerate().map(numbered).collect();
        let words = WORDS.iter().zip(TYPED.iter().cycle());
        expected.extend(words.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let typed = TYPED.iter().enumerate();
        expected.extend(typed.map(|(n, value)| (format!("T{n}"), (*value).to_owned())));
        expected.insert("LONG".to_owned(), "x y\n".repeat(16 * 1024));
        let shop = owner.shop().await;
        let set = json!({"set": expected});
        owner.patch(&shop.secrets("base"), set).await.ok();

        let path = format!("{}?format=yaml", shop.secrets("prod"));
        let exported = owner.get(&path).await;
        exported.ok();
        assert_eq!(exported.header("content-type"), "application/yaml");
        let file = scratch.path().join(format!("{round}.yaml"));
        std::fs::write(&file, &exported.text).unwrap();
        for (reader, read) in foreign.read_yaml(&file).unwrap() {
            assert_eq!(difference(&expected, &read), None, "{reader}");
        }

        let data = owner.get(&shop.secrets("prod")).await.ok()["data"].to_string();
        for (format, file) in [("yaml", exported.text), ("json", data)] {
            let keys = import(&owner, &shop, format, file).await;
            assert_eq!(keys.len(), expected.len());
            let changed: Vec<&Value> = keys.iter().filter(|key| key["change"] != "same").collect();
            assert!(changed.is_empty(), "{format}: {changed:?}");
        }
    }
}

#[tokio::test]
async fn a_file_is_imported_in_one_revision_and_an_empty_config_is_a_file_too() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let empty = format!("{}?format=yaml", shop.secrets("base"));
    assert_eq!(owner.get(&empty).await.text, "{}\n");
    let yaml = "# who listens where\nPORT: 8080\nPEM: |\n  one\n  two\nOFF: no\n";
    for (format, file) in [
        ("yaml", yaml),
        ("json", r#"{"PORT":"8081","NEW":"x"}"#),
        ("json", "{}"),
        ("yaml", ""),
    ] {
        let path = format!("{}/import?format={format}", shop.secrets("base"));
        owner.raw("POST", &path, "text/plain", file).await.ok();
    }
    let data = owner.get(&shop.secrets("base")).await.ok()["data"].clone();
    assert_eq!(
        data,
        json!({"PORT": "8081", "PEM": "one\ntwo\n", "OFF": "no", "NEW": "x"})
    );
    for refused in ["?format=yaml&values=false", "?format=toml"] {
        let path = format!("{}{refused}", shop.secrets("base"));
        owner.get(&path).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn what_was_read_as_a_value_is_told_only_to_whoever_tries_a_file_and_asks() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let value = canary::value("tried");
    let import = |query: &str| format!("{}/import{query}", shop.secrets("base"));
    let file = format!("A='{value}' # of the shop\nB=\nA2=\"one\ntwo\"\n");
    let post = async |query: &str| {
        let path = import(query);
        owner.raw("POST", &path, "text/plain", file.clone()).await
    };

    let tried = post("?dryRun=true&values=true").await;
    assert_eq!(tried.header("cache-control"), "no-store");
    let change = |key: &str, value: &str| json!({"key": key, "change": "new", "overridesInherited": false, "value": value});
    let keys = json!([
        change("A", &value),
        change("B", ""),
        change("A2", "one\ntwo")
    ]);
    assert_eq!(tried.ok()["keys"], keys);
    assert_eq!(
        owner.get(&shop.secrets("base")).await.ok()["data"],
        json!({})
    );

    post("?values=true").await.refused(400, "invalid");
    for quiet in ["?dryRun=true", "?dryRun=true&values=false", ""] {
        let answer = post(quiet).await;
        answer.ok();
        assert!(!answer.text.contains(&value), "{quiet}");
    }
}

#[tokio::test]
async fn a_broken_file_is_refused_whole_by_line_and_key_and_never_by_value() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let value = canary::value("flat");
    let text = "a value is text, in quotes";
    for (format, file, errors) in [
        (
            "json",
            format!("{{\"A\": \"{value}\",\n\"B\": [\"{value}\"], \"C\": 1,\n\"A\": \"{value}\"}}"),
            json!({
                "line 2": format!("gives B a list; {text}; gives C a number without quotes; {text}"),
                "line 3": "sets A, which line 1 sets; keep one of them",
            }),
        ),
        (
            "json",
            format!("{{\"A\": \"{value}\",\n\"B\": \"{value}"),
            json!({"line 2": format!("is not JSON (column {})", value.len() + 6)}),
        ),
        (
            "yaml",
            format!("A: &x {value}\nB: *x\nC:\n  - {value}\nD: ~\n{value}: x\n"),
            json!({
                "line 1": "has an anchor (&), which a file of secrets cannot have",
                "line 2": "has an alias (*), which a file of secrets cannot have",
                "line 3": format!("gives C a list; {text}"),
                "line 5": format!("gives D nothing; {text}"),
                "line 6": "has an invalid key; keys are 1 to 253 of A-Z, 0-9 and _, and do not start with a digit",
            }),
        ),
        (
            "yaml",
            format!("A: {value}\n---\nA: {value}\n"),
            json!({"line 2": "has a second document, which a file of secrets cannot have"}),
        ),
    ] {
        let path = format!("{}/import?format={format}", shop.secrets("base"));
        let refused = owner.raw("POST", &path, "text/plain", file).await;
        refused.refused(400, &format!("invalid_{format}_file"));
        assert_eq!(refused.json()["errors"], errors);
    }
    let data = owner.get(&shop.secrets("base")).await.ok()["data"].clone();
    assert_eq!(data, json!({}));
}

#[tokio::test]
async fn hostile_files_are_refused() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let deep = 100_000;
    for (format, file) in [
        ("json", "[".repeat(deep)),
        ("json", r#"{"A":"#.repeat(deep)),
        ("yaml", "[".repeat(deep)),
        ("yaml", format!("A: {}", "{".repeat(deep))),
        ("yaml", "- ".repeat(deep)),
        (
            "yaml",
            "A: &a [x]\nB: &b [*a, *a]\nC: &c [*b, *b]\n".to_owned(),
        ),
        ("yaml", "? ".repeat(deep)),
    ] {
        let path = format!("{}/import?format={format}", shop.secrets("base"));
        let refused = owner.raw("POST", &path, "text/plain", file).await;
        refused.refused(400, &format!("invalid_{format}_file"));
    }
}
