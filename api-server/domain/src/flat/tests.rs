use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Pair, ParseError, parse_json, parse_yaml, write_yaml};
use crate::dotenv::MAX_ERRORS;
use crate::names::Key;
use crate::secret::SecretValue;
use crate::secrets::MAX_KEYS;

type Parsed = Result<Vec<Pair>, Vec<ParseError>>;

/// `KEY=value` for each pair, or what is told of each broken place.
fn told(parsed: Parsed) -> Vec<String> {
    match parsed {
        Ok(pairs) => pairs
            .iter()
            .map(|(key, value)| format!("{key}={}", value.reveal()))
            .collect(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn an_object_of_texts_is_read_in_order() {
    for (json, expected) in [
        ("{}", &[][..]),
        ("\u{feff} x", &["line 1 is not JSON (column 2)"]),
        ("\u{feff}{\"A\": \"1\"}", &["A=1"]),
        (
            r#"{"B": "", "A": "a\n\"\u00e4\ud83d\udd11"}"#,
            &["B=", "A=a\n\"ä🔑"],
        ),
        (r#"{"\u0041": "escaped"}"#, &["A=escaped"]),
    ] {
        assert_eq!(told(parse_json(json.as_bytes())), expected, "{json}");
    }
}

#[test]
fn json_that_is_no_flat_object_of_texts_is_refused_by_line_and_key() {
    let file = r#"{
  "PORT": 8080, "DEBUG": true,
  "NONE": null,
  "LIST": ["x"],
  "NESTED":
    {"A": "x"},
  "lower": "x",
  "NO-KEY": "x",
  "OK": "1",
  "OK": "1",
  "NUL": "a\u0000b",
  "HALF": "\ud83d"
}"#;
    assert_eq!(
        told(parse_json(file.as_bytes())),
        [
            "line 2 gives PORT a number without quotes; a value is text, in quotes",
            "line 2 gives DEBUG true or false without quotes; a value is text, in quotes",
            "line 3 gives NONE null; a value is text, in quotes",
            "line 4 gives LIST a list; a value is text, in quotes",
            "line 5 gives NESTED an object; a value is text, in quotes",
            "line 7 has a key with lower-case letters; keys are upper case",
            "line 8 has an invalid key; keys are 1 to 253 of A-Z, 0-9 and _, and do not start with a digit",
            "line 10 sets OK, which line 9 sets; keep one of them",
            "line 11 gives NUL a value that must not contain a NUL character",
            "line 12 gives HALF text that is not Unicode; a value is text, in quotes",
        ]
    );
    for (json, expected) in [
        ("", "line 1 is not JSON (column 1)"),
        ("\n{\"A\": \"1\",}", "line 2 is not JSON (column 11)"),
        ("{\"A\": \"1\"} x", "line 1 is not JSON (column 12)"),
        ("{\"A\": 'x'}", "line 1 is not JSON (column 7)"),
        (
            "[\"A\"]",
            "line 1 begins something else than one object of keys and texts",
        ),
        (
            "\n\"A\"",
            "line 2 begins something else than one object of keys and texts",
        ),
    ] {
        assert_eq!(told(parse_json(json.as_bytes())), [expected], "{json}");
    }
}

#[test]
fn a_mapping_of_scalars_is_text_as_it_is_written() {
    for (yaml, expected) in [
        ("", &[][..]),
        ("# only a comment\n", &[]),
        ("{}", &[]),
        ("\u{feff}A: x", &["A=x"]),
        ("%YAML 1.2\n---\nA: x\n...\n", &["A=x"]),
        ("A: 'it''s'\nB: \"a\\tb\\u00e4\"", &["A=it's", "B=a\tbä"]),
        (
            "A: |\n  one\n  two\nB: >-\n  one\n  two\n",
            &["A=one\ntwo\n", "B=one two"],
        ),
        (
            "{A: 1, \"B\": [x], }",
            &["line 1 gives B a list; a value is text, in quotes"],
        ),
        (
            "A: 1.10\nB: true\nC: no\nD: 2024-01-01\nE: 0x1F\nF: 1e3\nG: .inf\nH: 12:30:45",
            &[
                "A=1.10",
                "B=true",
                "C=no",
                "D=2024-01-01",
                "E=0x1F",
                "F=1e3",
                "G=.inf",
                "H=12:30:45",
            ],
        ),
        (
            "A: a#b\nB: a # b\nC: postgres://u:p@h/d?x=1",
            &["A=a#b", "B=a", "C=postgres://u:p@h/d?x=1"],
        ),
        ("A: '~'\nB: \"\"\nC: 'null'", &["A=~", "B=", "C=null"]),
        ("A: x\r\nB: y\r\n", &["A=x", "B=y"]),
        ("NO: x\nY: y", &["NO=x", "Y=y"]),
    ] {
        assert_eq!(told(parse_yaml(yaml.as_bytes())), expected, "{yaml}");
    }
}

#[test]
fn yaml_that_does_not_mean_the_same_to_everybody_is_refused_by_line_and_key() {
    let file = "\
A: &a x
B: *a
C: !!str x
D: ~
E:
F: null
G: {X: y}
H:
  - x
A: again
<<: x
lower: x
? [x]
: y
I: *unknown
J: !custom
  K: x
NUL: \"a\\0b\"
";
    let key = "keys are 1 to 253 of A-Z, 0-9 and _, and do not start with a digit";
    assert_eq!(
        told(parse_yaml(file.as_bytes())),
        [
            "line 1 has an anchor (&), which a file of secrets cannot have".to_owned(),
            "line 2 has an alias (*), which a file of secrets cannot have".into(),
            "line 3 has a tag (!), which a file of secrets cannot have".into(),
            "line 4 gives D nothing; a value is text, in quotes".into(),
            "line 5 gives E nothing; a value is text, in quotes".into(),
            "line 6 gives F nothing; a value is text, in quotes".into(),
            "line 7 gives G a mapping; a value is text, in quotes".into(),
            "line 8 gives H a list; a value is text, in quotes".into(),
            "line 10 sets A, which line 1 sets; keep one of them".into(),
            "line 11 has a merge key (<<), which a file of secrets cannot have".into(),
            "line 12 has a key with lower-case letters; keys are upper case".into(),
            format!("line 13 has an invalid key; {key}"),
            "line 15 has an alias (*), which a file of secrets cannot have".into(),
            "line 16 has a tag (!), which a file of secrets cannot have".into(),
            "line 18 gives NUL a value that must not contain a NUL character".into(),
        ]
    );
    let not_one = "begins something else than one object of keys and texts";
    for (yaml, expected) in [
        ("- x", format!("line 1 {not_one}")),
        ("# c\njust text", format!("line 2 {not_one}")),
        ("---\n", format!("line 1 {not_one}")),
        (
            "A: x\n---\nB: y",
            "line 2 has a second document, which a file of secrets cannot have".into(),
        ),
        (
            "&a {A: x}",
            "line 1 has an anchor (&), which a file of secrets cannot have".into(),
        ),
        (
            "!!map\nA: x",
            "line 1 has a tag (!), which a file of secrets cannot have".into(),
        ),
    ] {
        assert_eq!(told(parse_yaml(yaml.as_bytes())), [expected], "{yaml}");
    }
    for yaml in [
        "A: x\n\tB: y",
        "A: \"x",
        "A: x: y",
        "A: @x",
        "A: [x",
        "{A: x",
        "\"A\" x",
    ] {
        let told = told(parse_yaml(yaml.as_bytes()));
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("line 1 is not YAML (column "),
            "{told:?}"
        );
    }
}

#[test]
fn what_is_no_utf8_is_refused_by_line() {
    for parse in [parse_json, parse_yaml] {
        assert_eq!(told(parse(b"\n\n\"\xff\"")), ["line 3 is not UTF-8"]);
        let utf16 = "line 1 begins a file in UTF-16; save it as UTF-8";
        assert_eq!(told(parse(b"\xff\xfe{\0}\0")), [utf16]);
    }
}

#[test]
fn hostile_files_are_refused_without_much_work() {
    let bomb: String = (b'B'..=b'Z').fold("A: &A [x, x]\n".to_owned(), |mut bomb, letter| {
        let (this, before) = (char::from(letter), char::from(letter - 1));
        writeln!(bomb, "{this}: &{this} [*{before}, *{before}]").expect("a String takes it");
        bomb
    });
    assert_eq!(told(parse_yaml(bomb.as_bytes())).len(), 26);
    let deep = 100_000;
    for (file, is_json) in [
        ("[".repeat(deep), true),
        (
            format!("{{\"A\":{}{}}}", "[".repeat(deep), "]".repeat(deep)),
            true,
        ),
        (r#"{"A":"#.repeat(deep), true),
        ("[".repeat(deep), false),
        (format!("A: {}", "{".repeat(deep)), false),
        (
            format!("A: {}{}", "[".repeat(deep), "]".repeat(deep)),
            false,
        ),
        ("- ".repeat(deep), false),
        ("? ".repeat(deep), false),
        (
            (0..2_000).fold(String::new(), |text, depth| {
                text + &" ".repeat(depth) + "A:\n"
            }),
            false,
        ),
        (format!("A: {}", "&a ".repeat(deep)), false),
        ("!a ".repeat(deep), false),
        ("a ".repeat(deep), false),
        (format!("{}: x", "A".repeat(deep)), false),
        ("'".repeat(2 * deep + 1), false),
        ("#\n".repeat(deep) + "A: ~", false),
    ] {
        let parsed = if is_json {
            parse_json(file.as_bytes())
        } else {
            parse_yaml(file.as_bytes())
        };
        assert!(parsed.is_err(), "{}", &file[..20]);
    }
}

#[test]
fn a_file_lists_no_more_than_so_many_keys_and_errors() {
    let lines = |count: usize, value: &str| -> String {
        (0..count).fold(String::new(), |text, n| text + &format!("K{n}: {value}\n"))
    };
    assert_eq!(
        told(parse_yaml(lines(MAX_KEYS, "x").as_bytes())).len(),
        MAX_KEYS
    );
    let many = told(parse_yaml(lines(MAX_KEYS + 7, "x").as_bytes()));
    let line = MAX_KEYS + 1;
    assert_eq!(
        many,
        [format!(
            "line {line} is one key too many; a config holds at most 5000"
        )]
    );
    let broken = told(parse_yaml(lines(MAX_KEYS, "~").as_bytes()));
    assert_eq!(broken.len(), MAX_ERRORS + 1);
    assert!(broken[MAX_ERRORS].contains("was not read"));
}

#[test]
fn a_written_file_is_as_people_write_it() {
    let pairs = [
        ("A", "plain"),
        ("NO", "no"),
        ("QUOTED", "\"it's\" C:\\dir"),
        ("TEXT", "one\n\ttwo\r\n"),
        ("ODD", "\u{1}\u{7f}\u{85}\u{a0}\u{2028}\u{feff}ä🔑"),
    ]
    .map(|(key, value)| (key.parse::<Key>().unwrap(), value));
    let written = write_yaml(pairs.iter().map(|(key, value)| (key, *value)));
    assert_eq!(
        written,
        "A: \"plain\"\n\"NO\": \"no\"\nQUOTED: \"\\\"it's\\\" C:\\\\dir\"\nTEXT: \"one\\n\\ttwo\\r\\n\"\n\
         ODD: \"\\x01\\x7F\\x85\u{a0}\\u2028\\uFEFFä🔑\"\n"
    );
    assert_eq!(write_yaml([]), "{}\n");
}

/// Keys, among them those that are words to some reader.
fn any_key() -> impl Strategy<Value = Key> {
    let words = prop::sample::select(vec!["NO", "Y", "ON", "TRUE", "NULL", "OFF", "_", "E1"]);
    prop_oneof![
        words.prop_map(str::to_owned),
        "[A-Z_][A-Z0-9_]{0,20}".boxed()
    ]
    .prop_map(|key| key.parse().expect("it is a key"))
}

/// Values, among them those that are something else than text to some reader.
fn any_value() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "no",
        "~",
        "null",
        "1e3",
        "0o17",
        "1_000",
        "2024-01-01",
        "12:30:45",
        ".inf",
        "<<",
        "*a",
        "&a",
        "!!str x",
        "- x",
        "? x",
        ": ",
        " #",
        "---",
        "...",
        "%YAML",
        "|",
        ">",
        "{",
        "[",
        "\"",
        "'",
        "\\",
        "\n",
        "\r\n",
        "\t",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{fffe}",
        "\u{7f}",
        "\u{1b}",
        "\u{a0}",
        " ",
        "ä",
        "🔑",
        "@",
        "`",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(odd, 0..8).prop_map(|parts| parts.concat()),
    ]
    .prop_filter("no secret holds a NUL", |value| !value.contains('\0'))
}

fn pairs() -> impl Strategy<Value = BTreeMap<Key, String>> {
    prop::collection::btree_map(any_key(), any_value(), 0..8)
}

fn read_back(parsed: Parsed) -> BTreeMap<Key, String> {
    let pairs = parsed.expect("it is what was written");
    let text = |value: SecretValue| value.reveal().to_owned();
    pairs
        .into_iter()
        .map(|(key, value)| (key, text(value)))
        .collect()
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(pairs in pairs()) {
        let yaml = write_yaml(pairs.iter().map(|(key, value)| (key, value.as_str())));
        prop_assert_eq!(read_back(parse_yaml(yaml.as_bytes())), pairs.clone());
        // By somebody else, too, to whom texts are not all that there is.
        let others: BTreeMap<String, serde_yaml::Value> = serde_yaml::from_str(&yaml).unwrap();
        for (key, value) in &pairs {
            prop_assert_eq!(others.get(key.as_str()), Some(&serde_yaml::Value::from(value.as_str())));
        }
        let json = serde_json::to_string_pretty(&pairs).unwrap();
        prop_assert_eq!(read_back(parse_json(json.as_bytes())), pairs);
    }

    #[test]
    fn a_written_file_is_not_moved_while_it_grows(pairs in pairs()) {
        let yaml = write_yaml(pairs.iter().map(|(key, value)| (key, value.as_str())));
        prop_assert!(yaml.capacity() <= yaml.len() + 2 * pairs.len() + 3);
    }

    #[test]
    fn no_file_at_all_makes_it_panic_or_tell_a_value(
        file in "([A-Z]{1,2}|: |\\n|  |- |\"|'|\\{|\\}|\\[|\\]|,|&a |\\*a|!b |\\||>|#|<<|\\? |---|\\.\\.\\.|%|hunter2|~){0,24}"
    ) {
        for parsed in [parse_json(file.as_bytes()), parse_yaml(file.as_bytes())] {
            if let Err(errors) = parsed {
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.iter().all(|error| !error.to_string().contains("hunter2")));
            }
        }
    }

    #[test]
    fn no_bytes_at_all_make_it_panic(file in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (parse_json(&file), parse_yaml(&file));
    }
}
