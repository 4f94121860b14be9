//! `.env` files from end to end: what the server exports is read to the same bytes by the programs that people read
//! such files with, and by the server itself.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop, owner};
use ssm_tests::{Foreign, Scratch};

/// How many values go into one file, and how many files there are.
const VALUES: usize = 1_500;
const FILES: usize = 4;
/// How many values without a form are tried, each by itself.
const REFUSED: usize = 60;

/// Text in which what the readers treat specially is as frequent as everything else.
fn nasty() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "'",
        "''",
        "\"",
        "`",
        "\\",
        "\\\\",
        "\\n",
        "\\'",
        "\\\"",
        "\\$",
        "$",
        "$A",
        "$$",
        "$(id)",
        "`id`",
        "${K1}",
        "#",
        " #",
        " # x",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "\t",
        "=",
        "\nK1=x",
        "\nexport K2",
        "export ",
        ";",
        "&&",
        "|",
        "<",
        ">",
        "*",
        "?",
        "[",
        "{",
        "}",
        "(",
        ")",
        "!",
        "!!",
        "~",
        "~root",
        "%",
        ":",
        "\u{feff}",
        "\u{a0}",
        "\u{85}",
        "\u{2028}",
        "\u{3000}",
        "\u{7f}",
        "\u{1}",
        "\u{1b}[31m",
        "a",
        "B",
        "9",
        "ä",
        "e\u{301}",
        "🔑",
    ]);
    prop_oneof![
        1 => any::<String>(),
        4 => prop::collection::vec(special, 0..10).prop_map(|parts| parts.concat()),
        1 => "[ -~\n]{0,60}",
    ]
}

/// Whether there is a form that all readers agree on, as the documentation of the export says.
fn has_a_form(value: &str) -> bool {
    let in_single_quotes = !value.contains("\\\\") && !value.ends_with('\\');
    let in_double_quotes = !value.contains(['"', '$', '`', '\\']);
    let holds = if value.contains('\'') {
        in_double_quotes
    } else {
        in_single_quotes
    };
    holds && !value.contains(['\0', '\r']) && !value.contains("${")
}

/// That many values of which `wanted` is true.
pub fn sample(runner: &mut TestRunner, wanted: impl Fn(&str) -> bool, count: usize) -> Vec<String> {
    let values = nasty();
    let mut draw = || values.new_tree(runner).expect("it draws").current();
    std::iter::repeat_with(&mut draw)
        .filter(|value| wanted(value))
        .take(count)
        .collect()
}

async fn export(owner: &Caller, shop: &Shop) -> ssm_tests::caller::Answer {
    owner
        .get(&format!("{}?format=env", shop.secrets("base")))
        .await
}

#[tokio::test]
async fn what_is_exported_is_read_to_the_same_bytes_by_everybody() {
    let (foreign, scratch, owner) = (
        Foreign::find().unwrap(),
        Scratch::new("dotenv").unwrap(),
        owner().await,
    );
    let mut runner = TestRunner::default();
    for round in 0..FILES {
        let values = sample(&mut runner, has_a_form, VALUES);
        let values = values.into_iter().enumerate();
        let mut expected: BTreeMap<_, _> =
            values.map(|(n, value)| (format!("K{n}"), value)).collect();
        expected.insert("LONG".to_owned(), "x y\n".repeat(16 * 1024));
        let shop = owner.shop().await;
        owner
            .patch(&shop.secrets("base"), json!({"set": expected}))
            .await
            .ok();

        let exported = export(&owner, &shop).await;
        exported.ok();
        let file = scratch.path().join(format!("{round}.env"));
        std::fs::write(&file, &exported.text).unwrap();
        for (reader, read) in foreign.read_env(&file).unwrap() {
            assert_eq!(difference(&expected, &read), None, "{reader}");
        }

        let import = format!("{}/import?dryRun=true", shop.secrets("base"));
        let again = owner
            .raw("POST", &import, "text/plain", exported.text)
            .await
            .ok();
        let keys = again["keys"].as_array().unwrap();
        assert_eq!(keys.len(), expected.len());
        let changed: Vec<&Value> = keys.iter().filter(|key| key["change"] != "same").collect();
        assert!(changed.is_empty(), "{changed:?}");
    }
}

/// The first key whose value is another one, and both values.
pub fn difference(
    expected: &BTreeMap<String, String>,
    read: &BTreeMap<String, String>,
) -> Option<(String, Option<String>, Option<String>)> {
    let mut keys = expected.keys().chain(read.keys());
    let key = keys.find(|key| expected.get(*key) != read.get(*key))?;
    Some((
        key.clone(),
        expected.get(key).cloned(),
        read.get(key).cloned(),
    ))
}

#[tokio::test]
async fn a_value_without_a_common_form_is_refused_by_its_key() {
    let owner = owner().await;
    let shop = owner.shop().await;
    // `${` would be a reference on saving, and no value holds a NUL.
    let storable =
        |value: &str| !has_a_form(value) && !value.contains('\0') && !value.contains("${");
    for value in sample(&mut TestRunner::default(), storable, REFUSED) {
        let set = json!({"set": {"AAA": "plain", "ODD": value}});
        owner.patch(&shop.secrets("base"), set).await.ok();
        let refused = export(&owner, &shop).await;
        refused.refused(400, "env_not_portable");
        assert!(
            refused.json()["message"].as_str().unwrap().contains("ODD"),
            "{value:?}"
        );
    }
}

#[test]
fn the_lock_file_of_the_readers_names_no_host() {
    let lock = include_str!("../../tools/foreign/package-lock.json");
    assert!(
        !lock.contains("\"resolved\""),
        "renew it with `npm install --omit-lockfile-registry-resolved`"
    );
}
