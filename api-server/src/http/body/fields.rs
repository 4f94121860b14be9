//! The kinds of fields that bodies have beside serde's own.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use ssm_domain::secret::{Password, SecretValue};
use ssm_domain::secrets::Edit;
use zeroize::Zeroizing;

use crate::http::errors::{ApiError, ApiResult};

/// Plaintext in a body: wiped when dropped, never shown.
pub(crate) struct Plaintext(Zeroizing<String>);

impl Plaintext {
    /// As the value of a secret.
    pub(crate) fn into_value(mut self, field: &str) -> ApiResult<SecretValue> {
        SecretValue::parse(std::mem::take(&mut self.0))
            .map_err(|why| ApiError::invalid(field, &why))
    }

    /// As a password.
    pub(crate) fn into_password(mut self) -> Password {
        Password::new(std::mem::take(&mut self.0))
    }

    /// As a token, or whatever else is only compared.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Plaintext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// An object's fields in order, with repeated ones kept, so that they can be refused.
#[derive(Default)]
pub(crate) struct Pairs(pub Vec<(String, Plaintext)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<Pairs, E> {
                Ok(Pairs::default())
            }
        }
        deserializer.deserialize_any(InOrder)
    }
}

/// A field that is absent, `null`, or has a value: for those where `null` means something.
#[derive(Default)]
pub(crate) enum Given<T> {
    /// Not in the body.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A value.
    Value(T),
}

impl Given<String> {
    /// As what is to be done with something that has a grammar of its own.
    pub(crate) fn parse<T: FromStr>(self) -> Result<Edit<T>, T::Err> {
        Ok(match self {
            Self::Absent => Edit::Keep,
            Self::Null => Edit::Clear,
            Self::Value(text) => Edit::Set(text.parse()?),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer)
            .map(|value| value.map_or(Self::Null, Self::Value))
            .map_err(D::Error::custom)
    }
}

/// A field with a grammar of its own.
pub(crate) fn required<T: FromStr<Err: Display>>(name: &str, text: &str) -> ApiResult<T> {
    text.parse().map_err(|why| ApiError::invalid(name, &why))
}

/// A field with a grammar of its own that may be absent.
pub(crate) fn optional<T: FromStr<Err: Display>>(
    name: &str,
    text: Option<&str>,
) -> ApiResult<Option<T>> {
    text.map(|text| required(name, text)).transpose()
}

/// A field with a grammar of its own that may be absent, in which case nothing changes, or empty.
pub(crate) fn edited<T: FromStr<Err: Display>>(
    name: &str,
    text: Option<&str>,
) -> ApiResult<Edit<T>> {
    match text {
        None => Ok(Edit::Keep),
        Some("") => Ok(Edit::Clear),
        Some(text) => required(name, text).map(Edit::Set),
    }
}
