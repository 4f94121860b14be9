use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::ParseErrorKind as Kind;
use super::{MAX_ERRORS, MAX_KEYS, MAX_VALUE_BYTES, NotPortable, ParseError, parse, write};

type Pair = (String, String);
type BrokenLine = (usize, Kind);

/// What a file is read as, in a form that can be compared.
fn read(file: impl AsRef<[u8]>) -> Result<Vec<Pair>, Vec<BrokenLine>> {
    match parse(file.as_ref()) {
        Ok(assignments) => Ok(assignments
            .into_iter()
            .map(|a| (a.key, a.value.to_string()))
            .collect()),
        Err(errors) => Err(errors
            .into_iter()
            .map(|error| (error.line, error.kind))
            .collect()),
    }
}

#[test]
fn what_the_module_documents_is_what_is_read() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("", &[]),
        ("\n\n# A=1\n  # B=2", &[]),
        ("A=1", &[("A", "1")]),
        ("A=\nB=''\nC=\"\"\n", &[("A", ""), ("B", ""), ("C", "")]),
        // Comments.
        ("A=b#c", &[("A", "b#c")]),
        ("A=#c", &[("A", "#c")]),
        ("A=b #c", &[("A", "b")]),
        ("A=b\t# c", &[("A", "b")]),
        ("A= # c\nB=2", &[("A", ""), ("B", "2")]),
        ("A=\"x\"#c\nB='y' # c", &[("A", "x"), ("B", "y")]),
        // Nothing is expanded or run.
        ("B=1\nA=$B", &[("B", "1"), ("A", "$B")]),
        ("A=${B:-x}\nC=\"${A}\"", &[("A", "${B:-x}"), ("C", "${A}")]),
        (
            "A=$(id)\nB=\"$(id)\"\nC='`id`'",
            &[("A", "$(id)"), ("B", "$(id)"), ("C", "`id`")],
        ),
        // Quotes that are not the first character, JSON.
        ("A=it's\nB=a\"b\"", &[("A", "it's"), ("B", "a\"b\"")]),
        ("A={\"a\": [\"b\", 1]}", &[("A", "{\"a\": [\"b\", 1]}")]),
        ("A='{\"a\": \"b\"}'", &[("A", "{\"a\": \"b\"}")]),
        (r#"A="{\"a\": \"\\n\"}""#, &[("A", r#"{"a": "\n"}"#)]),
        (r"A=C:\new\dir\", &[("A", r"C:\new\dir\")]),
        // Around the assignment.
        (
            "  A =v\nB= v \nC\t=\tv\t",
            &[("A", "v"), ("B", "v"), ("C", "v")],
        ),
        ("export A=1\nexport\tB='2'\n", &[("A", "1"), ("B", "2")]),
        ("export A=1 B=2", &[("A", "1 B=2")]),
        (
            "EXPORT=1\nEXPORT_A=2",
            &[("EXPORT", "1"), ("EXPORT_A", "2")],
        ),
        ("A=b=c\nB==", &[("A", "b=c"), ("B", "=")]),
        (
            "A=https://u:p@h/?q=1&r=2",
            &[("A", "https://u:p@h/?q=1&r=2")],
        ),
        ("\u{a0}A=\u{a0}b\u{a0}c\u{a0}", &[("A", "b\u{a0}c")]),
        ("A='\u{a0}b '", &[("A", "\u{a0}b ")]),
        // Line ends.
        (
            "A=1\r\nB='2'\r\n\r\nC=3 # c\r\n",
            &[("A", "1"), ("B", "2"), ("C", "3")],
        ),
        ("A=1\rB=2\r", &[("A", "1"), ("B", "2")]),
        ("A='1\r\n2\r3'", &[("A", "1\n2\n3")]),
        ("\u{feff}A=1", &[("A", "1")]),
        // Single quotes.
        (r"A='a\nb$c'", &[("A", r"a\nb$c")]),
        (r"A='a\'b'", &[("A", "a'b")]),
        (r"A='\\srv\share'", &[("A", r"\\srv\share")]),
        (r"A='a\\'", &[("A", r"a\\")]),
        (r"A='a'\''b'", &[("A", "a'b")]),
        (r#"A='a'"'"'b'"#, &[("A", "a'b")]),
        // Double quotes.
        (r#"A="a\nb\r\t""#, &[("A", "a\nb\r\t")]),
        (r#"A="\"\\\$\`""#, &[("A", "\"\\$`")]),
        (r#"A="\d\'\a\u00e9""#, &[("A", r"\d\'\a\u00e9")]),
        ("A=\"a\\\nb\"", &[("A", "a\\\nb")]),
        // Backticks.
        ("A=`it's \"so\" \\n`", &[("A", "it's \"so\" \\n")]),
        // Many lines.
        (
            "A=\"-----BEGIN KEY-----\nMII=\n\n# x\nB=1\n-----END KEY-----\n\"\nC=1",
            &[
                (
                    "A",
                    "-----BEGIN KEY-----\nMII=\n\n# x\nB=1\n-----END KEY-----\n",
                ),
                ("C", "1"),
            ],
        ),
    ];
    for (file, expected) in cases {
        let expected = expected
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(read(file), Ok(expected.collect()), "{file:?}");
    }
}

#[test]
fn the_example_file_is_read() {
    let shop = read(include_str!("../../../../examples/shop.env")).unwrap();
    assert_eq!(shop.len(), 23);
    let key = &shop.last().unwrap().1;
    assert!(key.starts_with("-----BEGIN ") && key.ends_with("-----\n"));
}

#[test]
fn every_broken_line_is_reported_with_its_number() {
    let long = "A".repeat(254);
    let cases: &[(&[u8], &[BrokenLine])] = &[
        (
            b"A=1\nKEY\nexport B\n",
            &[(2, Kind::BareKey), (3, Kind::BareKey)],
        ),
        (
            b"=\"v\"\n =1",
            &[(1, Kind::MissingKey), (2, Kind::MissingKey)],
        ),
        (b"A: 1\nB:2", &[(1, Kind::Colon), (2, Kind::Colon)]),
        (
            b"a=1\nDb_Url=2",
            &[(1, Kind::LowerCaseKey), (2, Kind::LowerCaseKey)],
        ),
        (
            b"1A=1\nA-B=2\nA B=3\n'A'=4\n\xc3\x84=5",
            &[1, 2, 3, 4, 5].map(|n| (n, Kind::InvalidKey)),
        ),
        (long.as_bytes(), &[(1, Kind::BareKey)]),
        (
            format!("{long}=").leak().as_bytes(),
            &[(1, Kind::InvalidKey)],
        ),
        (b"A=1\nB=2\nA=1", &[(3, Kind::DuplicateKey { first: 1 })]),
        (
            b"A=\"x\"y\nB='x' 'y'\nC='x';\nD=1",
            &[1, 2, 3].map(|n| (n, Kind::TextAfterQuote)),
        ),
        (b"A='1\n2'3\nB=1", &[(2, Kind::TextAfterQuote)]),
        (b"A=1\nB=\"2\nC=3\n", &[(2, Kind::UnterminatedQuote)]),
        (
            b"A='1\nB=`2\n",
            &[(1, Kind::UnterminatedQuote), (2, Kind::UnterminatedQuote)],
        ),
        // The quote of the next assignment closes it, which is not what was meant.
        (
            b"A=\"1\nB=\"2\"\nC=3\nD",
            &[(1, Kind::UnterminatedQuote), (4, Kind::BareKey)],
        ),
        (b"A='C:\\dir\\'\nB='2'\n", &[(1, Kind::UnterminatedQuote)]),
        // The lines of the value of a bad key are not taken for statements.
        (
            b"a='1\n2'\nB",
            &[(1, Kind::LowerCaseKey), (3, Kind::BareKey)],
        ),
        (b"A=1\0\nB='\0'\n# \0\n", &[(1, Kind::Nul), (2, Kind::Nul)]),
        (
            b"A=1\nB=\xff\nKEY\n# \xe4\n",
            &[(2, Kind::NotUtf8), (3, Kind::BareKey), (4, Kind::NotUtf8)],
        ),
        (b"\xff\xfeA\0=\x001\0", &[(1, Kind::Utf16)]),
        (
            b"A=1\r\nKEY\rKEY\nKEY",
            &[2, 3, 4].map(|n| (n, Kind::BareKey)),
        ),
    ];
    for (file, expected) in cases {
        assert_eq!(
            read(file),
            Err(expected.to_vec()),
            "{}",
            file.escape_ascii()
        );
    }
}

#[test]
fn limits_are_exact() {
    let value = "v".repeat(MAX_VALUE_BYTES);
    assert!(read(format!("A={value}")).is_ok());
    assert_eq!(
        read(format!("A={value}v")),
        Err(vec![(1, Kind::ValueTooLong)])
    );
    assert_eq!(
        read(format!("A='{value}v'\nB")),
        Err(vec![(1, Kind::ValueTooLong), (2, Kind::BareKey)])
    );

    let mut file = String::new();
    for n in 0..MAX_KEYS {
        writeln!(file, "K{n}=").unwrap();
    }
    assert_eq!(read(&file).map(|read| read.len()), Ok(MAX_KEYS));
    file.push_str("A=\nB=\n");
    assert_eq!(read(&file), Err(vec![(MAX_KEYS + 1, Kind::TooManyKeys)]));

    let errors = read("K\n".repeat(2 * MAX_ERRORS)).unwrap_err();
    assert_eq!(errors.len(), MAX_ERRORS + 1);
    assert_eq!(errors.last(), Some(&(MAX_ERRORS + 1, Kind::TooManyErrors)));
}

#[test]
fn a_line_of_ten_mebibytes_is_refused() {
    let line = "x".repeat(10 << 20);
    assert_eq!(
        read(format!("A={line}")),
        Err(vec![(1, Kind::ValueTooLong)])
    );
    assert_eq!(
        read(format!("A=\"{line}\"")),
        Err(vec![(1, Kind::ValueTooLong)])
    );
    assert_eq!(
        read(format!("A=\"{line}")),
        Err(vec![(1, Kind::UnterminatedQuote)])
    );
    assert_eq!(read(line), Err(vec![(1, Kind::BareKey)]));
}

#[test]
fn time_is_linear_in_length() {
    let fills = [
        "=",
        " #",
        "'",
        "\"",
        "\\",
        "\\'",
        "'\"'\"",
        "`",
        "\r",
        "\u{a0}",
        "A='\n",
        "A=\"\\\n",
        "A='\\''\n",
        "A=\"\nB='\n",
    ];
    for start in ["", "A=", "A='", "A=\""] {
        for fill in fills {
            let file = format!("{start}{}", fill.repeat((64 << 10) / fill.len()));
            // The fastest of some runs: anything may come in between.
            let runs = (0..3).map(|_| {
                let began = Instant::now();
                let _ = parse(file.as_bytes());
                began.elapsed()
            });
            let took = runs.min().unwrap();
            // Some milliseconds; it would be ten times the limit if each line were searched to the end of the file.
            assert!(
                took < Duration::from_secs(2),
                "{start:?} and many {fill:?} took {took:?}"
            );
        }
    }
}

#[test]
fn an_error_says_the_line_and_what_to_do() {
    let error = ParseError {
        line: 7,
        kind: Kind::DuplicateKey { first: 3 },
    };
    assert_eq!(
        error.to_string(),
        "line 7: sets the key that line 3 sets; keep one of them"
    );
}

#[test]
fn each_value_is_written_in_the_plainest_form_that_all_read() {
    for (value, written) in [
        ("", "A=\n"),
        (
            "postgres://u:p@h:5432/db?a=b",
            "A='postgres://u:p@h:5432/db?a=b'\n",
        ),
        ("aZ09_./:@%+,=-", "A=aZ09_./:@%+,=-\n"),
        ("two words", "A='two words'\n"),
        ("# no comment ", "A='# no comment '\n"),
        ("$B $(id) `id` \"x\" \\n", "A='$B $(id) `id` \"x\" \\n'\n"),
        ("it's", "A=\"it's\"\n"),
        ("it's\n!", "A=\"it's\n!\"\n"),
        ("a\nb\n", "A='a\nb\n'\n"),
        ("grün", "A='grün'\n"),
        ("~", "A='~'\n"),
    ] {
        assert_eq!(write([("A", value)]).as_deref(), Ok(written));
    }
    let refused = [
        "\0", "\r\n", "${B}", r"\\srv", r"C:\", "'\"", "'$", "'`", r"'\",
    ];
    for value in refused {
        let not_portable = NotPortable {
            key: "B".to_owned(),
        };
        assert_eq!(
            write([("A", ""), ("B", value)]),
            Err(not_portable),
            "{value:?}"
        );
    }
    for key in ["", "1A", "A B", "A;id", "A\nB", "Ä"] {
        assert!(write([(key, "")]).is_err(), "{key:?}");
    }
}

/// Text in which what readers treat specially is as frequent as everything else.
fn nasty() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "'", "\"", "`", "\\", "\\\\", "\\n", "$", "${", "}", "$(", ")", "#", " #", " ", "\n", "\r",
        "\t", "=", "\nB=", "export ", "\u{feff}", "\u{a0}", "\u{2028}", "\u{85}", "\u{7f}",
        "\u{1}", "\0", "!", "~", "a", "ä", "%", ":",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(special, 0..12).prop_map(|parts| parts.concat())
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(values in prop::collection::vec(nasty(), 0..6)) {
        let pairs: Vec<_> = values.iter().enumerate().map(|(n, value)| (format!("K{n}"), value.clone())).collect();
        match write(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))) {
            Ok(file) => prop_assert_eq!(read(file), Ok(pairs)),
            Err(NotPortable { key }) => {
                let refused = pairs.iter().find(|(k, _)| *k == key).map(|(_, value)| value.as_str());
                prop_assert!(refused.is_some_and(|value| value.contains(['\0', '\r', '\\', '\'', '$'])));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), text in nasty()) {
        let _ = parse(&bytes);
        for start in ["", "A=", "A='", "A=\"", "A=`"] {
            let file = format!("{start}{text}");
            let lines = file.split(['\n', '\r']).count();
            if let Err(errors) = parse(file.as_bytes()) {
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.iter().all(|error| (1..=lines).contains(&error.line)));
            }
        }
    }
}
