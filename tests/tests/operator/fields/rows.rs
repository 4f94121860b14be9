//! What is tried with each field of a resource.

use serde_json::{Value, json};

use super::NOBODY;

/// A field and what is tried with it besides.
pub struct Field {
    pub path: &'static str,
    /// What has to be there with it.
    pub with: Value,
    /// Values that the API server takes.
    pub good: Vec<Value>,
    /// Values that it refuses.
    pub bad: Vec<Value>,
}

fn field(
    path: &'static str,
    good: impl IntoIterator<Item = Value>,
    bad: impl IntoIterator<Item = Value>,
) -> Field {
    Field {
        path,
        with: json!({}),
        good: good.into_iter().collect(),
        bad: bad.into_iter().collect(),
    }
}

impl Field {
    fn with(mut self, with: Value) -> Self {
        self.with = with;
        self
    }
}

/// That many letters.
fn text(length: usize) -> String {
    "a".repeat(length)
}

/// That many entries, with keys of no more than a few letters.
fn map(entries: usize, value: &str) -> Value {
    (0..entries)
        .map(|n| (format!("k{n}"), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn list(entries: usize, value: &Value) -> Value {
    vec![value.clone(); entries].into()
}

/// One row for each field of the definition.
pub fn fields() -> Vec<Field> {
    [server_and_token(), sources(), target(), rest()]
        .into_iter()
        .flatten()
        .collect()
}

fn server_and_token() -> Vec<Field> {
    let url = json!({"server": {"url": NOBODY}});
    let ca = json!({"server": {"url": NOBODY, "caSecretRef": {"name": "ca", "key": "ca.crt"}}});
    let long_url = |length: usize| json!(format!("https://{}", text(length - 8)));
    vec![
        field(
            "/server",
            [json!({"url": NOBODY})],
            [json!({"caBundle": "AAAA"})],
        ),
        field(
            "/server/url",
            [json!(NOBODY), long_url(300)],
            [
                long_url(301),
                json!("file:///etc/passwd"),
                json!("https://a:b@example.com"),
                json!("https://example.com/path"),
            ],
        ),
        field(
            "/server/caBundle",
            [json!("AAAA"), json!("not=base64"), json!(text(131_072))],
            [json!(text(131_073)), json!("-----BEGIN")],
        )
        .with(url.clone()),
        field(
            "/server/caSecretRef",
            [json!({"name": "ca"})],
            [json!({"key": "ca.crt"})],
        )
        .with(url),
        field(
            "/server/caSecretRef/name",
            [json!("other"), json!(text(253))],
            [json!(text(254)), json!("../ca"), json!("other/ca")],
        )
        .with(ca.clone()),
        field(
            "/server/caSecretRef/key",
            [json!("other"), json!(text(253))],
            [json!(text(254)), json!("a/b")],
        )
        .with(ca),
        field("/auth", [json!({})], [json!({"tokenSecretRef": {}})]),
        field(
            "/auth/tokenSecretRef",
            [json!({"name": "nope"})],
            [json!({"key": "token"})],
        ),
        field(
            "/auth/tokenSecretRef/name",
            [json!("nope"), json!(text(253))],
            [
                json!(text(254)),
                json!("../token"),
                json!("other/token"),
                json!("web"),
            ],
        ),
        field(
            "/auth/tokenSecretRef/key",
            [json!("nope"), json!(text(253))],
            [json!(text(254)), json!("a/b")],
        ),
    ]
}

fn sources() -> Vec<Field> {
    let source = json!({"project": "web", "config": "prod"});
    vec![
        field(
            "/sources",
            [list(16, &source)],
            [list(17, &source), json!([null])],
        ),
        field(
            "/sources/0",
            [source],
            [json!({"project": "web"}), json!({"config": "prod"})],
        ),
        field(
            "/sources/0/project",
            [json!("nope"), json!(text(64))],
            [json!(text(65)), json!("WEB"), json!("a/b"), json!("..")],
        ),
        field(
            "/sources/0/config",
            [json!("base"), json!("nope"), json!(text(64))],
            [json!(text(65)), json!("PROD"), json!("a/b"), json!("..")],
        ),
        field(
            "/sources/0/keys",
            [json!({"prefix": "P_"})],
            [json!({"transform": "none"})],
        ),
        field(
            "/sources/0/keys/include",
            [
                json!(["A"]),
                json!(["NOPE"]),
                list(64, &json!("*a".repeat(126))),
            ],
            [list(65, &json!("A")), json!([text(254)]), json!(["a b"])],
        ),
        field(
            "/sources/0/keys/exclude",
            [json!(["A"]), json!(["*"]), list(64, &json!(text(253)))],
            [list(65, &json!("A")), json!([text(254)]), json!([""])],
        ),
        field(
            "/sources/0/keys/decode",
            [json!(["A"]), list(64, &json!(text(253)))],
            [list(65, &json!("A")), json!([text(254)]), json!([""])],
        ),
        field(
            "/sources/0/keys/rename",
            [json!({"A": "Z"}), json!({"A": "B"}), map(256, &text(253))],
            [
                map(257, "A"),
                json!({"A": ""}),
                json!({"A": text(254)}),
                json!({"A": "a b"}),
            ],
        ),
        field(
            "/sources/0/keys/transform",
            ["lower", "upper", "kebab", "camel"].map(|value| json!(value)),
            [json!("Lower"), json!("none")],
        ),
        field(
            "/sources/0/keys/prefix",
            [json!("P_"), json!(".."), json!(text(64))],
            [json!(text(65)), json!("a b")],
        ),
    ]
}

fn target() -> Vec<Field> {
    let template = json!({"target": {"template": {"data": {"A": "x"}}}});
    vec![
        field("/target", [json!({"name": "other"})], [json!({"type": ""})]),
        field(
            "/target/name",
            [json!("other"), json!(text(253))],
            [json!(text(254)), json!("Other"), json!("a/b"), json!("ssm-token")],
        ),
        field(
            "/target/type",
            [json!("example.com/x"), json!("kubernetes.io/tls"), json!(text(253))],
            [
                json!(text(254)),
                json!("kubernetes.io/service-account-token"),
                json!("bootstrap.kubernetes.io/token"),
            ],
        ),
        field(
            "/target/labels",
            [json!({"a": "b"}), map(64, &text(63))],
            [
                map(65, "a"),
                json!({"a": text(64)}),
                json!({"a": "b c"}),
                json!({"simplesecrets.io/a": "b"}),
                json!({"a/b/c": "d"}),
            ],
        ),
        field(
            "/target/annotations",
            [json!({"a": "b"}), map(60, &text(4096)), map(64, &text(4096))],
            [
                map(65, "a"),
                json!({"a": text(4097)}),
                json!({"simplesecrets.io/server": NOBODY}),
                json!({"a b": "c"}),
            ],
        ),
        field("/target/immutable", [json!(true), json!(false)], [json!("true")]),
        field(
            "/target/creationPolicy",
            ["Owner", "Orphan", "Merge"].map(|value| json!(value)),
            [json!("owner"), json!("None")],
        ),
        field(
            "/target/format",
            ["keys", "env", "json", "yaml"].map(|value| json!(value)),
            [json!("toml")],
        ),
        field(
            "/target/key",
            [json!("file"), json!(text(253))],
            [json!(text(254)), json!("a/b")],
        )
        .with(json!({"target": {"format": "json"}})),
        field("/target/template", [json!({"data": {"A": "{{ A }}"}})], [json!({"data": {}})]),
        field(
            "/target/template/data",
            [
                json!({"Z": "{{ A }}-{{ B }}"}),
                json!({"Z": "{{ NOPE }}"}),
                json!({"Z": "{% for"}),
                json!({"Z": "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}"}),
                map(64, &text(16_384)),
            ],
            [map(65, "a"), json!({"Z": text(16_385)}), json!({"a/b": "c"})],
        )
        .with(template),
    ]
}

fn rest() -> Vec<Field> {
    let worker = json!({"kind": "Deployment", "name": "web"});
    let workload = json!({ "restart": { "workloads": [worker] } });
    vec![
        field(
            "/onUpstreamMissing",
            [json!("Retain"), json!("Delete")],
            [json!("Keep")],
        ),
        field(
            "/maxRemovedPercent",
            [json!(0), json!(100)],
            [json!(-1), json!(101), json!("50")],
        ),
        field(
            "/refresh",
            [json!({"mode": "Poll", "interval": "10s"})],
            [json!({"mode": "None"})],
        ),
        field(
            "/refresh/mode",
            [json!("Poll"), json!("Push")],
            [json!("poll")],
        ),
        field(
            "/refresh/interval",
            [json!("10s"), json!("24h"), json!("1h1m1s1ms")],
            [
                json!("9s"),
                json!("25h"),
                json!("soon"),
                json!("99999999999h"),
                json!("1h1h1h1h1h1h1h1h1"),
            ],
        ),
        field(
            "/restart",
            [workload["restart"].clone()],
            [json!({"debounce": "11m"})],
        ),
        field(
            "/restart/debounce",
            [json!("0s"), json!("10m")],
            [json!("601s"), json!("-1s"), json!("soon")],
        ),
        field(
            "/restart/workloads",
            [list(16, &worker)],
            [list(17, &worker), json!(["web"])],
        ),
        field(
            "/restart/workloads/0",
            [worker],
            [json!({"kind": "Deployment"}), json!({"name": "a"})],
        )
        .with(workload.clone()),
        field(
            "/restart/workloads/0/kind",
            ["Deployment", "StatefulSet", "DaemonSet"].map(|value| json!(value)),
            [json!("Pod"), json!("deployment")],
        )
        .with(workload.clone()),
        field(
            "/restart/workloads/0/name",
            [json!("nope"), json!(text(253))],
            [json!(text(254)), json!("Web"), json!("a/b")],
        )
        .with(workload),
        field("/suspend", [json!(true), json!(false)], [json!("true")]),
    ]
}
