//! Where a request is from: the other end of the connection, or what a trusted proxy says about it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The most hops that are looked at, from the server on.
const MAX_HOPS: usize = 32;

/// The address at the other end of the connection.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// The address of whoever sent the request, as far as that can be known.
#[derive(Clone, Copy)]
pub(crate) struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Each proxy adds at the end whom it heard from. Read from there, the first address that is no trusted proxy's is the
    /// client's: what is in front of it, the client may have made up. What cannot be read is nobody's word.
    pub(super) fn of(Peer(peer): Peer, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: &IpAddr| trusted.iter().any(|block| block.contains(address));
        if !is_trusted(&peer) {
            return Self(peer);
        }
        let values = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let hops = values.flat_map(|value| value.to_str().unwrap_or("?").rsplit(','));
        let mut farthest = peer;
        for hop in hops.take(MAX_HOPS) {
            match parse(hop.trim()) {
                None => return Self(peer),
                Some(address) if is_trusted(&address) => farthest = address,
                Some(address) => return Self(address),
            }
        }
        Self(farthest)
    }
}

/// An address as proxies write it: some add a port, and then brackets around IPv6.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(hop).parse::<IpAddr>();
    let address = address.or_else(|_| hop.parse::<SocketAddr>().map(|both| both.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{ClientAddress, Peer};

    /// The client's address for a request that came from `peer` with these headers.
    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "::1/128"].map(|block| block.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        ClientAddress::of(Peer(peer.parse().unwrap()), &headers, &trusted)
            .0
            .to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_whom_it_heard_from() {
        for (peer, forwarded, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1",
                &["6.6.6.6", "198.51.100.7, 10.0.0.2"],
                "198.51.100.7",
            ),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["198.51.100.7:80"], "198.51.100.7"),
            ("10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(client(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_nobodys_word() {
        for forwarded in [
            "unknown",
            "6.6.6.6, ",
            "6.6.6.6, nonsense",
            "1.2.3.4.5",
            "_hidden",
            "",
        ] {
            assert_eq!(client("10.0.0.1", &[forwarded]), "10.0.0.1", "{forwarded}");
        }
    }
}
