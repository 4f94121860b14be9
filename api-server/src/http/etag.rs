//! Conditional requests (RFC 9110, section 13): the `ETag` of a config is its epoch and revision. Where references are
//! resolved, what is read depends on the reader, too, and so does its `ETag`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use bytes::Bytes;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ssm_domain::secrets::ExpectedRevision;
use ssm_engine::{ConfigVersion, ReaderMark};

use super::errors::ApiError;

/// The conditions of a request.
pub(crate) struct Conditions {
    none_match: Option<HeaderValue>,
    r#match: Option<HeaderValue>,
}

/// The `ETag` of a config.
pub(crate) fn etag(version: ConfigVersion) -> HeaderValue {
    header(format!("\"{version}\""))
}

/// The `ETag` of a config as one reader sees it.
pub(crate) fn etag_for(version: ConfigVersion, reader: ReaderMark) -> HeaderValue {
    header(format!("\"{version}.{reader}\""))
}

fn header(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text))
        .expect("hexadecimal digits, dots and a number")
}

impl Conditions {
    /// Whether the client holds `etag` already.
    pub(crate) fn holds(&self, etag: &HeaderValue) -> bool {
        let Some(held) = &self.none_match else {
            return false;
        };
        let weak = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes();
        held == etag || tags(held).any(|tag| tag == b"*" || weak(tag))
    }

    /// The revision that a write rests on. `*` only asks that the config exists, which a write needs anyway. It does
    /// not matter for which reader the tag was.
    ///
    /// A tag of another server, or a weak one, can match nothing: 412, as a list of several would have to be, which no
    /// client of a config has a use for.
    pub(crate) fn expected(&self) -> Result<Option<ExpectedRevision>, ApiError> {
        let Some(value) = self.r#match.as_ref() else {
            return Ok(None);
        };
        if value.as_bytes().trim_ascii() == b"*" {
            return Ok(None);
        }
        let version = value
            .to_str()
            .ok()
            .and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"'))
            .and_then(|text| without_reader(text).parse::<ConfigVersion>().ok());
        version
            .map(|ConfigVersion { epoch, revision }| Some(ExpectedRevision { epoch, revision }))
            .ok_or_else(|| {
                let message = "If-Match is not an ETag that this server gave out";
                ApiError::new(
                    StatusCode::PRECONDITION_FAILED,
                    "precondition_failed",
                    message,
                )
            })
    }
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            none_match: joined(&parts.headers, IF_NONE_MATCH),
            r#match: joined(&parts.headers, IF_MATCH),
        })
    }
}

/// The first two of a tag's parts.
fn without_reader(tag: &str) -> &str {
    let mut dots = tag.match_indices('.').map(|(at, _)| at);
    dots.nth(1).map_or(tag, |at| &tag[..at])
}

/// A list may be spread over several lines of the same name.
fn joined(headers: &HeaderMap, name: HeaderName) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    let (first, second) = (lines.next()?, lines.next());
    if second.is_none() {
        return Some(first.clone());
    }
    let lines: Vec<&[u8]> = [first]
        .into_iter()
        .chain(second)
        .chain(lines)
        .map(HeaderValue::as_bytes)
        .collect();
    HeaderValue::from_bytes(&lines.join(&b","[..])).ok()
}

fn tags(list: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    list.as_bytes()
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use ssm_domain::id::Epoch;
    use ssm_engine::ConfigVersion;

    use super::{Conditions, etag};

    fn version(revision: u64) -> ConfigVersion {
        let epoch = Epoch::from_bytes([0xab; 12]);
        ConfigVersion { epoch, revision }
    }

    fn conditions(none_match: Option<&str>, r#match: Option<&str>) -> Conditions {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        Conditions {
            none_match: none_match.map(value),
            r#match: r#match.map(value),
        }
    }

    #[test]
    fn a_held_revision_is_found_in_a_list_and_in_its_weak_form() {
        let own = "\"abababababababababababab.7\"";
        assert_eq!(etag(version(7)), own);
        for (header, held) in [
            (own.to_owned(), true),
            (format!("W/{own}"), true),
            (format!("\"x\", {own}"), true),
            ("*".to_owned(), true),
            ("\"abababababababababababab.8\"".to_owned(), false),
            ("\"\"".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(
                conditions(Some(&header), None).holds(&etag(version(7))),
                held,
                "{header}"
            );
        }
        assert!(!conditions(None, None).holds(&etag(version(7))));
    }

    #[test]
    fn a_write_may_rest_on_a_revision_and_on_nothing_that_is_none() {
        for own in [
            "\"abababababababababababab.7\"",
            "\"abababababababababababab.7.0123456789abcdef\"",
        ] {
            let expected = conditions(None, Some(own)).expected().ok().flatten();
            assert_eq!(expected.map(|expected| expected.revision), Some(7));
        }
        assert!(
            conditions(None, None)
                .expected()
                .is_ok_and(|expected| expected.is_none())
        );
        assert!(
            conditions(None, Some("*"))
                .expected()
                .is_ok_and(|expected| expected.is_none())
        );
        for bad in [
            "",
            "x",
            "7",
            "\"7\"",
            "W/\"abababababababababababab.7\"",
            "\"a\", \"b\"",
        ] {
            assert!(conditions(None, Some(bad)).expected().is_err(), "{bad}");
        }
    }
}
