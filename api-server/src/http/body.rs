//! Request bodies. They are read by the handler, after it knows that the caller is allowed to send one, and are wiped
//! from memory afterwards. No error repeats anything of a body but the names of fields.

mod fields;
mod form;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use ssm_domain::rejection::Rejection;
use tokio::time::timeout;
use zeroize::Zeroizing;

pub(crate) use fields::{Given, Pairs, Plaintext, edited, optional, required};
pub(crate) use form::Form;

use super::errors::{ApiError, ApiResult};

/// The largest body, in bytes.
pub(crate) const MAX_BYTES: usize = 2 * 1024 * 1024;
/// How much of a body that is too large is read and thrown away, in bytes.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;
/// How deep objects and lists may stand in each other.
const MAX_DEPTH: usize = 32;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many unknown fields an error names, and how much of each.
const MAX_NAMED: usize = 10;
const MAX_NAME: usize = 64;

/// A body that has not been read yet.
pub(crate) struct Unread {
    headers: HeaderMap,
    body: Body,
}

impl<S: Sync> FromRequest<S> for Unread {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        Ok(Self {
            headers: parts.headers,
            body,
        })
    }
}

impl Unread {
    /// The body of a request that has been taken apart.
    pub(crate) fn of(parts: &Parts, body: Body) -> Self {
        let headers = parts.headers.clone();
        Self { headers, body }
    }

    /// The body as JSON. Fields that `T` does not have are passed over, as version 1.4 did.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> ApiResult<T> {
        self.parse_json().await.map(|(value, _)| value)
    }

    /// The body as JSON. Fields that `T` does not have are refused by name.
    pub(crate) async fn strict_json<T: DeserializeOwned>(self) -> ApiResult<T> {
        let (value, unknown) = self.parse_json().await?;
        if unknown.is_empty() {
            return Ok(value);
        }
        let message = format!("Unknown fields: {}", unknown.join(", "));
        Err(ApiError::malformed("unknown_fields", message))
    }

    /// The body as a form.
    pub(crate) async fn form(self) -> ApiResult<Form> {
        self.require_type("application/x-www-form-urlencoded", |essence| {
            essence == "application/x-www-form-urlencoded"
        })?;
        self.bytes().await.map(Form::of)
    }

    /// The body as it is, whatever its type: what uploads a file often says what it likes about it.
    pub(crate) async fn bytes(self) -> ApiResult<Zeroizing<Vec<u8>>> {
        if self
            .header(CONTENT_ENCODING)
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
        {
            return Err(unsupported("The body must not be compressed"));
        }
        match timeout(PATIENCE, collect(self.body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                "timeout",
                "The body took too long to arrive",
            )),
        }
    }

    async fn parse_json<T: DeserializeOwned>(self) -> ApiResult<(T, Vec<String>)> {
        self.require_type("application/json", |essence| {
            essence == "application/json" || essence.ends_with("+json")
        })?;
        parse_json(&self.bytes().await?)
    }

    fn require_type(&self, wanted: &str, accepts: impl Fn(&str) -> bool) -> ApiResult<()> {
        let essence = self
            .header(CONTENT_TYPE)
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        if accepts(&essence.trim().to_ascii_lowercase()) {
            Ok(())
        } else {
            Err(unsupported(format!(
                "The body's content type must be {wanted}"
            )))
        }
    }

    fn header(&self, name: http::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn unsupported(message: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        message,
    )
}

/// Reads a body into one allocation where its length is told, so that no copies of secrets are left behind.
async fn collect(mut body: Body) -> ApiResult<Zeroizing<Vec<u8>>> {
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if told > MAX_BYTES {
        return Err(too_large(body).await);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(told));
    while let Some(data) = data(&mut body).await? {
        if bytes.len() + data.len() > MAX_BYTES {
            return Err(too_large(body).await);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// The next piece of a body.
async fn data(body: &mut Body) -> ApiResult<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|_| ApiError::malformed("incomplete", "The body did not arrive whole"))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Refuses a body after having let some more of it go by: many a client reads no answer before it has sent everything,
/// and would see nothing but a broken connection.
async fn too_large(mut body: Body) -> ApiError {
    let mut left = MAX_DISCARDED;
    while let Ok(Some(data)) = data(&mut body).await
        && data.len() <= left
    {
        left -= data.len();
    }
    Rejection::TooLarge("The body is larger than 2 MiB").into()
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<(T, Vec<String>)> {
    if is_too_deep(bytes) {
        return Err(ApiError::malformed(
            "too_deep",
            "The body nests deeper than 32 levels",
        ));
    }
    // Every body is an object; serde would take a list for one, too, and its elements for the fields in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::invalid("body", "must be an object"));
    }
    let (mut unknown, mut track) = (Vec::new(), serde_path_to_error::Track::new());
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let parsed = serde_ignored::deserialize(tracked, |path| {
        if unknown.len() < MAX_NAMED {
            unknown.push(printable(&path.to_string()));
        }
    });
    let parsed = parsed.and_then(|value| json.end().map(|()| value));
    parsed
        .map(|value| (value, unknown))
        .map_err(|error| explain(&error, &track.path().to_string()))
}

/// Turns an error of serde's into one that repeats no value: its texts do.
fn explain(error: &serde_json::Error, path: &str) -> ApiError {
    if error.classify() != Category::Data {
        let message = format!(
            "The body is not JSON (line {}, column {})",
            error.line(),
            error.column()
        );
        return ApiError::malformed("malformed_json", message);
    }
    let text = error.to_string();
    let named = |start| {
        text.strip_prefix(start)?
            .split_once('`')
            .map(|(name, _)| printable(name))
    };
    let (field, why) = if let Some(name) = named("missing field `") {
        (name, "is missing".to_owned())
    } else if let Some(name) = named("duplicate field `") {
        (name, "must be given once only".to_owned())
    } else {
        (printable(path), format!("must be {}", expected(&text)))
    };
    let field = if field == "." {
        "body".to_owned()
    } else {
        field
    };
    let message = format!("Invalid {field}: {why}");
    ApiError::malformed("invalid", message).with_errors(BTreeMap::from([(field, why)]))
}

/// What serde expected: what follows the last `expected`, which is text of this program, not of the client.
fn expected(text: &str) -> &'static str {
    let wanted = text
        .rsplit_once("expected ")
        .map_or("", |(_, wanted)| wanted);
    [
        ("a string", "a string"),
        ("a boolean", "true or false"),
        ("a sequence", "a list"),
        ("u64", "a whole number, not negative"),
        ("a map", "an object"),
        ("struct", "an object"),
    ]
    .into_iter()
    .find_map(|(prefix, words)| wanted.starts_with(prefix).then_some(words))
    .unwrap_or("of another type")
}

/// A field's name as far as it can go into a message: the client chose it.
fn printable(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME)
        .collect()
}

/// Whether objects and lists stand deeper in each other than they may. Found before anything recurses.
fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Given, MAX_DEPTH, Pairs, Plaintext, is_too_deep, parse_json};

    #[derive(Deserialize)]
    struct Sample {
        slug: String,
        #[serde(default)]
        icon: Given<String>,
        ttl: Option<u64>,
        set: Option<Pairs>,
        value: Option<Plaintext>,
    }

    fn refusal(json: &str) -> String {
        let error = parse_json::<Sample>(json.as_bytes())
            .err()
            .expect("it is refused");
        format!("{error:?}")
    }

    #[test]
    fn null_is_absent_unless_it_means_something() {
        let parse = |json: &str| parse_json::<Sample>(json.as_bytes()).ok().unwrap().0;
        let sample = parse(r#"{"slug":"a","icon":null,"ttl":null,"set":null,"value":null}"#);
        assert!(
            sample.ttl.is_none() && sample.value.is_none() && matches!(sample.icon, Given::Null)
        );
        assert!(matches!(parse(r#"{"slug":"a"}"#).icon, Given::Absent));
        assert!(
            matches!(parse(r#"{"slug":"a","icon":"db"}"#).icon, Given::Value(icon) if icon == "db")
        );
        assert_eq!(
            parse(r#"{"slug":"a","set":{"A":"1","A":"2"}}"#)
                .set
                .unwrap()
                .0
                .len(),
            2
        );
        assert_eq!(parse(r#"{"slug":"a"}"#).slug, "a");
    }

    #[test]
    fn unknown_fields_are_named() {
        let (_, unknown) = parse_json::<Sample>(br#"{"slug":"a","zzz":1,"b\u001b[31m":[]}"#)
            .ok()
            .unwrap();
        assert_eq!(unknown, ["zzz", "b[31m"]);
    }

    #[test]
    fn an_error_says_what_was_expected_where_and_repeats_no_value() {
        for (json, field, why) in [
            (r#"{"slug":{"$ne":"CANARY"}}"#, "slug", "a string"),
            (
                r#"{"slug":"a","ttl":"CANARY, expected u64"}"#,
                "ttl",
                "a whole number, not negative",
            ),
            (
                r#"{"slug":"a","ttl":-1}"#,
                "ttl",
                "a whole number, not negative",
            ),
            (
                r#"{"slug":"a","set":{"A":["CANARY"]}}"#,
                "set.A",
                "a string",
            ),
            (r#"{"slug":"a","icon":7}"#, "icon", "a string"),
            (r#"{"slug":"CANARY","slug":"b"}"#, "slug", "once only"),
            ("{}", "slug", "is missing"),
            (r#"["CANARY"]"#, "body", "an object"),
            (r#""CANARY""#, "body", "an object"),
            (r#"{"slug":"CANARY"#, "", "not JSON"),
            (r#"{"slug":"CANARY"} x"#, "", "not JSON"),
            ("", "", "not JSON"),
        ] {
            let refusal = refusal(json);
            assert!(
                refusal.contains(field) && refusal.contains(why),
                "{json}: {refusal}"
            );
            assert!(!refusal.contains("CANARY"), "{refusal}");
        }
    }

    #[test]
    fn depth_is_bounded_before_anything_recurses() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(MAX_DEPTH).as_bytes()));
        assert!(is_too_deep(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(is_too_deep("[".repeat(100_000).as_bytes()));
        assert!(!is_too_deep(
            format!("[\"{}\\\"[\"]", "[{".repeat(100)).as_bytes()
        ));
        assert!(refusal(&format!(r#"{{"slug":"a","x":{}}}"#, nested(100))).contains("too_deep"));
    }
}
