//! Where browsers say that they are.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// Scheme, host and port, written as browsers write them, so that equal origins are equal texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    text: String,
    https: bool,
    loopback: bool,
}

/// The text is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be http:// or https://, a host and maybe a port, and nothing behind them, such as https://ssm.example.com"
)]
pub(crate) struct NotAnOrigin;

impl Origin {
    /// Parses `http(s)://host[:port]`, with or without a slash at the end.
    pub(crate) fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let url = Url::parse(text.trim()).map_err(|_| NotAnOrigin)?;
        let bare = url.username().is_empty() && url.password().is_none();
        let ends = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(NotAnOrigin),
        };
        if !bare || !ends {
            return Err(NotAnOrigin);
        }
        let loopback = match url.host().ok_or(NotAnOrigin)? {
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

    /// The origin as browsers write it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether what goes there is encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    /// Whether what goes there stays on the machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// RFC 6761 keeps these for the machine itself, and browsers ask nobody for them.
fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::Origin;

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
            ("ssm.example.com", None),
            ("*", None),
            ("null", None),
            ("", None),
        ] {
            let origin = Origin::parse(text);
            assert_eq!(origin.as_ref().ok().map(Origin::as_str), expected, "{text}");
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
