//! Where a server is.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::error::{Error, Result};

/// Scheme, host and port of a server, written as browsers write them: what decides where a token may go.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    text: String,
    https: bool,
    loopback: bool,
}

impl Origin {
    /// Parses `http(s)://host[:port]`, with or without a trailing slash. Default ports are dropped and the host is
    /// lower-cased, so equal origins are equal values. User information, path, query and fragment are refused.
    pub fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text.trim()).map_err(|_| Error::InvalidUrl("not a URL"))?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Error::InvalidUrl("the scheme must be http or https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::InvalidUrl("user information is not allowed"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::InvalidUrl("only scheme, host and port are allowed"));
        }
        let loopback = match url.host().ok_or(Error::InvalidUrl("a host is missing"))? {
            Host::Domain(name) => is_loopback_name(name),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => IpAddr::from(address).to_canonical().is_loopback(),
        };
        Ok(Self {
            text: url.origin().ascii_serialization(),
            https,
            loopback,
        })
    }

    /// `https://host:port`, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether what goes there is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether what goes there stays on the machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// RFC 6761 keeps these for the machine itself, and browsers ask nobody for them.
fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
            (" http://127.0.0.1:8080 ", Some("http://127.0.0.1:8080")),
            ("http://[::1]:8080/", Some("http://[::1]:8080")),
            ("https://user@ssm.example.com", None),
            ("https://user:pw@ssm.example.com", None),
            ("https://ssm.example.com/path", None),
            ("https://ssm.example.com/?q", None),
            ("https://ssm.example.com/#f", None),
            ("https://*.example.com", Some("https://*.example.com")),
            ("ftp://ssm.example.com", None),
            ("*", None),
            ("null", None),
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
    #[test]
    fn loopback_is_what_never_leaves_the_machine() {
        for (text, loopback) in [
            ("http://localhost", true),
            ("http://ssm.localhost:8080", true),
            ("http://127.8.8.8", true),
            ("http://[::1]", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost.example.com", false),
            ("http://192.168.1.5", false),
            ("http://0.0.0.0", false),
        ] {
            assert_eq!(
                Origin::parse(text).unwrap().is_loopback(),
                loopback,
                "{text}"
            );
        }
    }
}
