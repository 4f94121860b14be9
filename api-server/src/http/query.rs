//! The query's parameters, read by the handler once it knows that the caller may ask. Unknown ones are passed over, as
//! version 1.4 did. No error repeats a value.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::Uri;
use http::request::Parts;

use super::errors::ApiError;

const DEFAULT_LIMIT: u64 = 50;
/// The most of a list that one answer has, unless it says otherwise.
pub(crate) const MAX_LIMIT: u64 = 100;

/// The query.
pub(crate) struct Params(Uri);

/// A part of a list.
pub(crate) struct Page {
    /// How many at most.
    pub limit: usize,
    /// The `nextCursor` of the page before; the first page where there is none.
    pub cursor: Option<u64>,
}

impl Params {
    /// Every value of a parameter.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let pairs = self.0.query().unwrap_or_default().split('&');
        pairs
            .filter(move |pair| may_be(pair, name))
            .flat_map(|pair| form_urlencoded::parse(pair.as_bytes()))
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// A parameter that may be given once.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>, ApiError> {
        // What most requests ask about most parameters, and the answer is that there are none.
        let mut pairs = self.0.query().unwrap_or_default().split('&');
        if !pairs.any(|pair| may_be(pair, name)) {
            return Ok(None);
        }
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(ApiError::invalid(name, "must be given once only")),
            (value, _) => Ok(value),
        }
    }

    /// `true` or `false`, or in the other words that version 1.4 took.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(default);
        };
        let is_one_of = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is_one_of(["true", "1", "yes", "on"]) {
            Ok(true)
        } else if is_one_of(["false", "0", "no", "off"]) {
            Ok(false)
        } else {
            Err(ApiError::invalid(name, "must be true or false"))
        }
    }

    /// A whole number, of no more than 63 bits as the document says it.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let text = self.text(name)?;
        let number = text.map(|text| text.parse::<i64>().ok()?.try_into().ok());
        match number {
            None => Ok(None),
            Some(Some(number)) => Ok(Some(number)),
            Some(None) => Err(ApiError::invalid(
                name,
                "must be a whole number, not negative",
            )),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number_in(
        &self,
        name: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, ApiError> {
        let number = self.number(name)?;
        if number.is_none_or(|number| bounds.contains(&number)) {
            return Ok(number);
        }
        let why = format!("must be {} to {}", bounds.start(), bounds.end());
        Err(ApiError::invalid(name, &why))
    }

    /// Which page of a list with cursors: how many, and from where on.
    pub(crate) fn page(&self) -> Result<Page, ApiError> {
        Ok(Page {
            limit: self.limit()?,
            cursor: self.number("cursor")?,
        })
    }

    /// How many of a list with cursors.
    pub(crate) fn limit(&self) -> Result<usize, ApiError> {
        self.limit_up_to(MAX_LIMIT)
    }

    /// The same where other bounds hold.
    pub(crate) fn limit_up_to(&self, most: u64) -> Result<usize, ApiError> {
        let limit = self.number_in("limit", 1..=u64::MAX)?;
        let limit = limit.map_or(DEFAULT_LIMIT, |limit| limit.min(most));
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Anything with a grammar of its own; empty is absent.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, ApiError> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|why| ApiError::invalid(name, &why))
    }
}

/// Whether a pair may be of this parameter. A handler asks for many parameters and a query has few, so that those are told
/// apart before anything is decoded.
fn may_be(pair: &str, name: &str) -> bool {
    let known = pair.split_once('=').map_or(pair, |(known, _)| known);
    known == name || known.contains(['%', '+'])
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.clone()))
    }
}

#[cfg(test)]
mod tests {
    use ssm_domain::names::Slug;

    use super::Params;

    fn params(query: &'static str) -> Params {
        Params(format!("/?{query}").parse().unwrap())
    }

    #[test]
    fn a_flag_is_true_or_false_and_has_a_default() {
        assert!(params("").flag("a", true).unwrap());
        assert!(params("a=TRUE&b=0").flag("a", false).unwrap());
        assert!(!params("a=1&b=0").flag("b", true).unwrap());
        for bad in ["a=", "a=maybe", "a=true&a=false"] {
            assert!(params(bad).flag("a", true).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_names_the_parameter_and_not_its_value() {
        let error = params("project=CANARY")
            .parsed::<Slug>("project")
            .err()
            .unwrap();
        let text = format!("{error:?}");
        assert!(text.contains("project") && !text.contains("CANARY"));
        for bad in [
            "limit=-1",
            "limit=1.5",
            "limit=",
            "limit=9223372036854775808",
        ] {
            assert!(params(bad).number("limit").is_err(), "{bad}");
        }
        assert_eq!(params("limit=%31").number("limit").unwrap(), Some(1));
    }

    #[test]
    fn a_name_may_be_written_in_any_way() {
        let found = |query| params(query).text("since").unwrap().is_some();
        for query in ["since=1", "%73ince=1", "a&&=&since=1", "since"] {
            assert!(found(query), "{query}");
        }
        for query in ["", "sinc=1", "since+=1", "a=since", "Since=1"] {
            assert!(!found(query), "{query}");
        }
        assert!(params("since=1&%73ince=2").text("since").is_err());
    }
}
