//! Where a server is.

use std::fmt;

use url::Url;

use crate::error::{Error, Result};

/// Scheme, host and port of a server: what decides where a token may go.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// Parses `http(s)://host[:port]`, with or without a trailing slash. Default ports are dropped and the host is
    /// lower-cased, so equal origins are equal values. User information, path, query and fragment are refused.
    pub fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text.trim()).map_err(|_| Error::InvalidUrl("not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::InvalidUrl("the scheme must be http or https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::InvalidUrl("user information is not allowed"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::InvalidUrl("only scheme, host and port are allowed"));
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// `https://host:port`, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for (text, expected) in [
            ("https://ssm.example.com", Some("https://ssm.example.com")),
            (
                "https://SSM.example.com:443/",
                Some("https://ssm.example.com"),
            ),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]:8080/", Some("http://[::1]:8080")),
            ("https://user@ssm.example.com", None),
            ("https://user:pw@ssm.example.com", None),
            ("https://ssm.example.com/path", None),
            ("https://ssm.example.com/?q", None),
            ("https://ssm.example.com/#f", None),
            ("ftp://ssm.example.com", None),
            ("ssm.example.com", None),
            ("", None),
        ] {
            assert_eq!(
                Origin::parse(text).ok().as_ref().map(Origin::as_str),
                expected,
                "{text}"
            );
        }
    }
}
