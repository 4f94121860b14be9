//! What no JSON body may do, tried at every operation that takes one: each case of the authorization tests, with a body
//! that is right but for one thing.

use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller, own_server};
use ssm_tests::{ServerOptions, canary};

use crate::authorization::case::{Body, Case, Scene};
use crate::authorization::cases;
use crate::authorization::world::World;

const JSON: &str = "application/json";

/// How deep something may be that nobody means.
const DEEP: usize = 100_000;
/// More keys than any object has that somebody means.
const KEYS: usize = 1_000_000;

/// A body, and the statuses that may answer it.
struct Hostile {
    what: String,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
    answers: &'static [u16],
}

const MALFORMED: &[u16] = &[400];
const TOO_LARGE: &[u16] = &[413];
const UNSUPPORTED: &[u16] = &[415];
const AS_JSON: &[(&str, &str)] = &[("content-type", JSON)];

fn hostile(what: impl Into<String>, body: impl Into<Vec<u8>>) -> Hostile {
    Hostile {
        what: what.into(),
        headers: AS_JSON,
        body: body.into(),
        answers: MALFORMED,
    }
}

/// Whatever the operation takes.
fn for_any() -> Vec<Hostile> {
    let secret = canary::value("hostile");
    let keys: Vec<String> = (0..KEYS).map(|n| format!("\"K{n}\":0")).collect();
    vec![
        hostile("lists in lists", "[".repeat(DEEP) + &"]".repeat(DEEP)),
        hostile(
            "objects in objects",
            "{\"a\":".repeat(DEEP) + "1" + &"}".repeat(DEEP),
        ),
        hostile("objects without an end", "{\"a\":".repeat(DEEP)),
        hostile("nothing", ""),
        hostile("no JSON", format!("{{'{secret}'}}")),
        hostile("half of it", format!("{{\"{secret}\": \"{secret}")),
        hostile("more behind it", format!("{{}} {secret}")),
        hostile("no object", format!("\"{secret}\"")),
        hostile("a list", format!("[\"{secret}\"]")),
        hostile("null", "null"),
        hostile("not a number", "NaN"),
        hostile("half a character", b"{\"a\":\"\xc3".to_vec()),
        hostile("UTF-16", b"\xff\xfe{\0}\0".to_vec()),
        Hostile {
            answers: TOO_LARGE,
            ..hostile("a million keys", format!("{{{}}}", keys.join(",")))
        },
        Hostile {
            answers: TOO_LARGE,
            ..hostile(
                "a long text",
                format!("{{\"a\":\"{}\"}}", "x".repeat(3 << 20)),
            )
        },
    ]
}

/// What is made from a body that is right.
fn from(right: &Value) -> Vec<Hostile> {
    let text = right.to_string();
    let mut all = vec![
        Hostile {
            headers: &[("content-type", "text/plain")],
            answers: UNSUPPORTED,
            ..hostile("JSON that says it is text", text.clone())
        },
        Hostile {
            headers: &[],
            answers: UNSUPPORTED,
            ..hostile("JSON that says nothing", text.clone())
        },
        Hostile {
            headers: &[("content-type", JSON), ("content-encoding", "gzip")],
            answers: UNSUPPORTED,
            ..hostile("JSON that says it is compressed", text.clone())
        },
    ];
    for (field, value) in right.as_object().expect("an object") {
        let with = |value: Value| {
            let mut body = right.clone();
            body[field] = value;
            body.to_string()
        };
        let secret = canary::value("type");
        for (what, wrong) in [
            ("an operator", json!({"$ne": secret})),
            ("lists in a list", json!([[secret]])),
            ("a large number", json!(1e300)),
        ] {
            all.push(hostile(format!("{field} is {what}"), with(wrong)));
        }
        let twice = format!("{{\"{field}\":{value},{}", &text[1..]);
        all.push(hostile(format!("{field} is there twice"), twice));
        // A password may have any character.
        if value.is_string() && !field.to_lowercase().contains("password") {
            let nul = with(json!(format!("{secret}\0")));
            // Where it names something, it names nothing.
            all.push(Hostile {
                answers: &[400, 404],
                ..hostile(format!("{field} has a NUL"), nul)
            });
        }
    }
    all
}

fn faults(case: &Case, hostile: &Hostile, answer: &Answer) -> Vec<String> {
    let (status, mut faults) = (answer.status.as_u16(), Vec::new());
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    if !hostile.answers.contains(&status) {
        let wanted = hostile.answers;
        faults.push(format!("{status} instead of {wanted:?}, {}", answer.text));
    }
    if !body["message"].is_string() || !body["code"].is_string() {
        faults.push(format!("an error without its body, {}", answer.text));
    }
    if canary::is_in(answer.text.as_bytes()) {
        faults.push(format!("it is repeated, {}", answer.text));
    }
    let about = |fault| format!("{}: {}: {fault}", case.operation, hostile.what);
    faults.into_iter().map(about).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_takes_json_that_nobody_means() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let (world, for_any) = (World::make(&owner).await, for_any());
    let mut all = Vec::new();
    for case in cases::all() {
        let Body::Json(right) = case.body else {
            continue;
        };
        // An operation that is done with says so, whatever it is sent.
        if case.answers >= 400 {
            continue;
        }
        let scene = Scene::set(&case, &world).await;
        let before = owner.get("/readyz").await.json()["journal"]["seq"].clone();
        for hostile in for_any.iter().chain(&from(&right(&scene))) {
            let mut request = owner.request(case.method(), &case.path(&scene, &[]));
            for (name, value) in hostile.headers {
                request = request.header(*name, *value);
            }
            let answer = Caller::send(request.body(hostile.body.clone())).await;
            all.extend(faults(&case, hostile, &answer));
        }
        let after = owner.get("/readyz").await.json()["journal"]["seq"].clone();
        if before != after {
            all.push(format!("{}: something was changed", case.operation));
        }
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}
