use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::desired::MAX_DATA;

const KEYS: [(&str, &str); 5] = [
    ("DB_USER", "app"),
    ("DB_PASSWORD", "p@ss/w:rd & 'x'"),
    ("PEM", "-----BEGIN\nabc\n"),
    ("tls.crt", "crt"),
    ("B64", "aGk="),
];

fn template(data: &[(&str, &str)]) -> crd::Template {
    let data = data.iter();
    crd::Template {
        data: data
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect(),
    }
}

fn selected<'a>(keys: &[(&'a str, &'a str)]) -> Selected<'a> {
    let keys = keys.iter();
    keys.map(|(key, value)| ((*key).to_owned(), Cow::Borrowed(value.as_bytes())))
        .collect()
}

fn rendered(text: &str) -> Result<String, Problem> {
    let mut data = render(&template(&[("file", text)]), &selected(&KEYS))?;
    Ok(String::from_utf8(data.remove("file").expect("rendered").0).expect("text"))
}

/// The line and the words of the failure.
fn failure(text: &str) -> (Option<usize>, String) {
    match rendered(text) {
        Err(Problem::Template { key, line, why }) if key == "file" => (line, why),
        other => panic!("{text:.60}: {other:?}"),
    }
}

#[test]
fn what_people_write_is_rendered_to_the_last_byte() {
    for (text, expected) in [
        ("", ""),
        ("plain {text}\r\n\n", "plain {text}\r\n\n"),
        ("{{ DB_USER }}\n", "app\n"),
        ("{{ secrets['tls.crt'] }}{{ secrets.DB_USER }}", "crtapp"),
        (
            "postgres://{{ DB_USER }}:{{ DB_PASSWORD|urlencode }}@db/app",
            "postgres://app:p%40ss%2Fw%3Ard%20%26%20%27x%27@db/app",
        ),
        (
            r#"{"auth":"{{ (DB_USER ~ ":" ~ B64)|b64encode }}","user":{{ DB_USER|tojson }}}"#,
            r#"{"auth":"YXBwOmFHaz0=","user":"app"}"#,
        ),
        ("{{ B64|b64decode }}", "hi"),
        (
            "key: |\n  {{ PEM|indent(2) }}\n",
            "key: |\n  -----BEGIN\n  abc\n",
        ),
        (
            "{% for key, value in secrets|items %}{{ key }}={{ value|length }}\n{% endfor %}",
            "B64=4\nDB_PASSWORD=15\nDB_USER=3\nPEM=15\ntls.crt=3\n",
        ),
        ("{{ DB_PORT|default('5432') }}", "5432"),
        ("{% if DB_PORT is defined %}a{% else %}b{% endif %}", "b"),
        ("{% set x %}{{ DB_USER }}!{% endset %}{{ x }}", "app!"),
        ("{{ '<' }}{{ DB_PASSWORD }}", "<p@ss/w:rd & 'x'"),
        ("{# nothing #}{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ] {
        assert_eq!(rendered(text), Ok(expected.to_owned()), "{text}");
    }
}

#[test]
fn json_is_read_back_to_the_same_value() {
    let text = rendered("{{ DB_PASSWORD|tojson }}").expect("rendered");
    assert_eq!(
        serde_json::from_str::<String>(&text).expect("JSON"),
        KEYS[1].1
    );
    assert_eq!(
        serde_yaml::from_str::<String>(&text).expect("YAML"),
        KEYS[1].1
    );
}

#[test]
fn a_failure_is_told_by_line_kind_and_the_templates_own_words() {
    for (text, line, why) in [
        ("a\n{{ DB_HSOT }}", Some(2), "DB_HSOT is not among the keys"),
        ("{{ DB_USER ~ A_B }}", Some(1), "A_B is not among the keys"),
        (
            "\n{{ secrets['tls.key'] }}",
            Some(2),
            "tls.key is not among the keys",
        ),
        (
            "{{ secrets.NOPE|b64encode }}",
            Some(1),
            "NOPE is not among the keys",
        ),
        ("{{ DB_USER.nope }}", Some(1), "undefined value"),
        (
            "{{ x|default('') }}\n{{ DB_USER.a.b }}",
            Some(2),
            "undefined value",
        ),
        (
            "{{ range }}{{ loop }}",
            Some(1),
            "loop is not among the keys",
        ),
        ("{{ DB_USER|sh }}", Some(1), "unknown filter sh"),
        ("{{ DB_USER is odd_one }}", Some(1), "unknown test odd_one"),
        ("{{ env('HOME') }}", Some(1), "unknown function env"),
        ("{{ DB_USER.strip() }}", Some(1), "unknown method strip"),
        (
            "{{ DB_USER|b64decode }}",
            Some(1),
            "invalid operation: b64decode was given what is not the base64 of a text",
        ),
        ("{{ DB_USER - 1 }}", Some(1), "invalid operation"),
        ("{% if %}", Some(1), "syntax error: unexpected end of block"),
        (
            "{{ DB_USER",
            Some(1),
            "syntax error: unexpected end of input, expected end of variable block",
        ),
        (
            "\n{% endfor %}",
            Some(2),
            "syntax error: unknown statement endfor",
        ),
    ] {
        assert_eq!(failure(text), (line, why.to_owned()), "{text}");
    }
}

#[test]
fn one_template_that_fails_leaves_no_data_at_all() {
    let two = template(&[("a", "{{ DB_USER }}"), ("b", "{{ NOPE }}")]);
    let problem = render(&two, &selected(&KEYS)).expect_err("b fails");
    assert_eq!(
        problem.to_string(),
        "spec.target.template.data[b] line 1: NOPE is not among the keys; the Secret is kept as it is"
    );
}

#[test]
fn what_is_no_text_is_refused_by_its_key() {
    for value in [&b"\xff"[..], b"a\0"] {
        let keys = Selected::from([("A".to_owned(), Cow::Borrowed(value))]);
        assert_eq!(
            render(&template(&[("file", "no key")]), &keys),
            Err(Problem::NotText { key: "A".into() })
        );
    }
    // Base64 of what is not UTF-8, and of NUL.
    for text in ["{{ '/w=='|b64decode }}", "{{ 'AA=='|b64decode }}"] {
        assert!(failure(text).1.contains("not the base64 of a text"));
    }
}

#[test]
fn nothing_outside_can_be_reached() {
    for text in [
        "{% include '/etc/passwd' %}",
        "{% import 'x' as x %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ env.HOME }}",
        "{{ environ['HOME'] }}",
        "{{ getenv('HOME') }}",
        "{{ self.__init__.__globals__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ now() }}",
        "{{ random() }}",
        "{{ [1, 2]|random }}",
        "{{ debug() }}",
        "{{ DB_USER|pprint }}",
        "{{ namespace() }}",
        "{{ open('/etc/passwd').read() }}",
        "{{ DB_USER|attr('__class__') }}",
    ] {
        let (line, _) = failure(text);
        assert_eq!(line, Some(1), "{text}");
    }
}

/// A template of the greatest length that repeats something.
fn long(before: &str, part: &str, after: &str) -> String {
    let times = (crd::MAX_TEMPLATE - before.len() - after.len()) / part.len();
    [before, &part.repeat(times), after].concat()
}

#[test]
fn time_memory_and_output_have_an_end() {
    let doubled = [
        "{% set a = 'xxxxxxxxxxxxxxxx' %}",
        &"{% set a = a ~ a %}".repeat(40),
    ]
    .concat();
    for (text, words) in [
        (
            "{% for i in range(1000000000) %}x{% endfor %}",
            "range has too many elements",
        ),
        (
            "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
            "it does too much",
        ),
        ("{{ '%999999999d'|format(1) }}", "it does too much"),
        (
            "{{ range(99999)|join(''|indent(10000, true, true)) }}",
            "it does too much",
        ),
        (&doubled, "it does too much"),
        (
            "{% for i in range(90000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}",
            "it makes more than 1048576 bytes",
        ),
        (
            "{{ 'x'|indent(1048576, true) }}",
            "it makes more than 1048576 bytes",
        ),
        (
            "{% for a in [[1]] recursive %}{{ loop([a]) }}{% endfor %}",
            "recursion limit exceeded",
        ),
    ] {
        let (_, why) = failure(text);
        assert!(why.contains(words), "{text:.60}: {why}");
    }
    assert_eq!(
        rendered("{{ 'x'|indent(1048575, true) }}").map(|text| text.len()),
        Ok(MAX_DATA)
    );
    let too_long = "x".repeat(crd::MAX_TEMPLATE + 1);
    assert_eq!(failure(&too_long), (None, "it is too long".to_owned()));
}

#[test]
fn all_templates_of_a_secret_share_what_they_may_cost() {
    let half = "{{ 'x'|indent(524287, true) }}";
    let keys = selected(&KEYS);
    assert!(render(&template(&[("a", half), ("b", half)]), &keys).is_ok());
    let refused = render(&template(&[("a", half), ("b", half), ("c", "x")]), &keys);
    assert!(
        matches!(&refused, Err(Problem::Template { key, .. }) if key == "c"),
        "{refused:?}"
    );
    let busy = "{% for i in range(60000) %}{% endfor %}";
    assert!(render(&template(&[("a", busy)]), &keys).is_ok());
    let many: Vec<(String, &str)> = (0..40).map(|n| (n.to_string(), busy)).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(key, text)| (&**key, *text)).collect();
    let Err(Problem::Template { why, .. }) = render(&template(&many), &keys) else {
        panic!("it went on");
    };
    assert!(why.contains("it does too much"), "{why}");
}

/// Some nest as deeply as the text is long, and would end the process on a stack of the usual size; others would take the engine
/// minutes to read, or for ever to carry out.
#[test]
fn the_worst_templates_end_soon() {
    let parts = [
        ("{{ 1", "+1", " }}"),
        ("{{ 1", "~1", " }}"),
        ("{{ ", "-", "1 }}"),
        ("{{ ", "not ", "1 }}"),
        ("{{ 1", " and DB_USER", " }}"),
        ("{{ 1", " if 1", " }}"),
        ("{{ 1", " if 0 else 1", " }}"),
        ("{{ 1", "<1", " }}"),
        ("{{ 1", " is string", " }}"),
        ("{{ DB_USER", "|d", " }}"),
        ("{{ DB_USER", ".a", " }}"),
        ("{{ DB_USER", "[0]", " }}"),
        ("{{ range", "()", " }}"),
        ("{{ ", "[", "1"),
        ("{{ ", "(", "1"),
        ("{% if 1 %}", "{%elif 0%}", "{% endif %}"),
        ("", "{%if 1%}", ""),
        ("", "{%for x in [1]%}", ""),
        ("{% set x = [] %}", "{%set x=[x]%}", "{{ x }}"),
        ("{% set x = [] %}", "{%set x=[x]%}", "{{ x|tojson }}"),
        (
            "{% set x = [] %}",
            "{%set x=[x]%}",
            "{{ x == [x] }}{{ x|sort|unique|length }}",
        ),
        ("{% set x = [1] %}", "{%set x=[x,x]%}", "{{ x }}"),
        ("{% set x = [1] %}", "{%set x=x+x%}", "{{ x }}"),
        ("{% set x = [1] %}", "{%set x=x*2%}", "{{ x }}"),
        (
            "{% set x = range(90000) %}",
            "{%set x=x|reverse%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = range(90000) %}",
            "{%set x=x|list%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = range(90000) %}",
            "{%set x=x|select%}",
            "{{ x|list|length }}",
        ),
        (
            "{% set x = range(90000) %}",
            "{%set x=x|reject%}",
            "{{ x|list|length }}",
        ),
        (
            "{% set x = DB_PASSWORD %}",
            "{%set x=x|e%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = DB_PASSWORD %}",
            "{%set x=x|tojson%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = DB_PASSWORD %}",
            "{%set x=x|urlencode%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = DB_PASSWORD %}",
            "{%set x=x|b64encode%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = DB_PASSWORD %}",
            "{%set x=x|replace('',x)%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = DB_PASSWORD %}",
            "{%set x=x|list|join(x)%}",
            "{{ x|length }}",
        ),
        (
            "{% set x = DB_PASSWORD %}",
            "{%set x='%s%s'|format(x,x)%}",
            "{{ x|length }}",
        ),
    ];
    for (before, part, after) in parts {
        // Whether it is rendered or refused does not matter: the process goes on.
        match rendered(&long(before, part, after)) {
            Ok(_) | Err(Problem::Template { .. }) => {}
            Err(other) => panic!("{part}: {other}"),
        }
    }
}

const CANARY: &str = "c4n4ry";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Words of the language in any order, over keys whose names and values are known.
    #[test]
    fn no_failure_holds_a_value_and_all_come_out_the_same_twice(
        words in prop::collection::vec(prop::sample::select(vec![
            "A", "B", "secrets", "secrets[A]", "secrets.A", "[A]", "['a', 'b']", "range(A)", "A()", "A.A", "A[A]", "loop",
            "|", "~", "-", "/", "//", "%", "==", "<", "in", "not in", "is", "and", "or", "if", "else", "(", ")", ",", "=",
            "int", "float", "bool", "list", "items", "join", "join(A)", "select(A)", "selectattr(A)", "sort(attribute=A)", "format(A)",
            "replace(A, B)", "indent(A)", "round(A)", "tojson(indent=A)", "default(A)", "unique(attribute=A)",
            "b64decode", "b64encode", "urlencode", "attr(A)", "sort(attribute=A)", "dictsort(by=A)", "string", "test", "filter", "A is filter", "1", "'x'",
            "}}{{", "%}{%", "}}{% if", "%}{{", "{% endif %}", "}}{% for x in", "{% endfor %}", "}}{% set x =", "}}\n{{",
        ]), 1..9),
    ) {
        let text = format!("{{{{ {} }}}}", words.join(" "));
        let keys = selected(&[("A", CANARY), ("B", "%c4n4rys")]);
        let template = template(&[("file", &text)]);
        let first = render(&template, &keys);
        if let Err(problem) = &first {
            prop_assert!(!problem.to_string().contains(CANARY), "{}", problem);
            prop_assert!(!format!("{problem:?}").contains(CANARY), "{:?}", problem);
        }
        prop_assert_eq!(first, render(&template, &keys));
    }

    #[test]
    fn any_text_is_rendered_or_refused(text in "[ -~\n]{0,60}", tagged in "[{}%# a-cA-C0-9|.'()\\[\\]~+-]{0,40}") {
        let template = template(&[("a", &text), ("b", &tagged)]);
        match render(&template, &selected(&KEYS)) {
            Ok(data) => prop_assert_eq!(data.len(), 2),
            Err(Problem::Template { .. }) => {}
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

/// What the engine brings is what was looked at: a release that brings more has to be looked at, too.
#[test]
fn the_language_has_these_words_and_no_others() {
    assert_eq!(
        format!("{:?}", engine()),
        concat!(
            r#"Environment { globals: {"range": function}, "#,
            r#"tests: ["!=", "<", "<=", "==", ">", ">=", "boolean", "defined", "divisibleby", "endingwith", "eq", "equalto", "escaped", "#,
            r#""even", "false", "filter", "float", "ge", "greaterthan", "gt", "in", "int", "integer", "iterable", "le", "lessthan", "#,
            r#""lower", "lt", "mapping", "ne", "none", "number", "odd", "safe", "sameas", "sequence", "startingwith", "string", "test", "#,
            r#""true", "undefined", "upper"], "#,
            r#"filters: ["abs", "attr", "b64decode", "b64encode", "bool", "capitalize", "count", "d", "default", "#,
            r#""dictsort", "e", "escape", "first", "float", "format", "indent", "int", "items", "join", "last", "length", "#,
            r#""lines", "list", "lower", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "#,
            r#""selectattr", "sort", "split", "string", "title", "tojson", "trim", "unique", "upper", "urlencode"], "#,
            r#"templates: [] }"#,
        )
    );
}
