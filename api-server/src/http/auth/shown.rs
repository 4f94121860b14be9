//! What a request shows to prove who sends it.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Whether a request does not even try to show a token: only then a cookie counts.
pub(in crate::http) fn shows_no_token(headers: &HeaderMap) -> bool {
    !headers.contains_key(AUTHORIZATION) && !headers.contains_key(X_API_KEY)
}

/// The token that a request shows: as a bearer token, or else as an API key.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = single(headers, &AUTHORIZATION).and_then(|value| after_scheme(value, "bearer"));
    bearer.or_else(|| single(headers, &X_API_KEY)?.to_str().ok())
}

/// A header that is there once; which of two would count is nobody's to guess.
pub(in crate::http) fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// The credentials after the scheme, whose case does not matter.
pub(super) fn after_scheme<'a>(value: &'a HeaderValue, scheme: &str) -> Option<&'a str> {
    let (given, credentials) = value.to_str().ok()?.split_once(' ')?;
    given
        .eq_ignore_ascii_case(scheme)
        .then(|| credentials.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::token;

    fn shown(headers: &[(&str, &str)]) -> Option<String> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    value.parse::<HeaderValue>().unwrap(),
                )
            })
            .collect();
        token(&headers).map(str::to_owned)
    }

    #[test]
    fn a_token_comes_as_a_bearer_token_or_as_an_api_key() {
        for (headers, expected) in [
            (&[("authorization", "Bearer T")][..], Some("T")),
            (&[("authorization", "bEARER  T")], Some("T")),
            (&[("x-api-key", "T")], Some("T")),
            (
                &[("authorization", "Basic abc"), ("x-api-key", "T")],
                Some("T"),
            ),
            (
                &[("authorization", "Bearer T"), ("x-api-key", "U")],
                Some("T"),
            ),
            (&[("authorization", "Bearer ")], Some("")),
            (&[("authorization", "Bearer")], None),
            (&[("authorization", "T")], None),
            (&[("x-api-key", "T"), ("x-api-key", "U")], None),
            (&[], None),
        ] {
            assert_eq!(shown(headers).as_deref(), expected, "{headers:?}");
        }
    }
}
