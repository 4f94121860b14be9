//! Blocks of addresses: from where a token is good.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::names::{Cidr, InvalidName};

/// The most blocks that a token has.
pub const MAX_CIDRS: usize = 64;

impl Cidr {
    /// Reads a block as people write it: a single address is the block of itself, and what follows the network's own bits
    /// does not count.
    pub fn read(text: &str) -> Result<Self, InvalidName> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let block = address.or_else(|_| text.parse::<IpNet>().map(|block| block.trunc()));
        match block {
            Ok(block) => canonical(block).to_string().parse(),
            // Refused by the same words as everything else that is none.
            Err(_) => text.parse(),
        }
    }

    fn block(&self) -> Option<IpNet> {
        self.as_str().parse().ok()
    }
}

/// Whether `text` is a block in the one form that is kept.
pub(crate) fn is_canonical(text: &str) -> bool {
    text.parse::<IpNet>()
        .is_ok_and(|block| canonical(block.trunc()).to_string() == text)
}

/// Blocks of IPv4 that are written as IPv6 are blocks of IPv4: so are the addresses that they are compared with.
fn canonical(block: IpNet) -> IpNet {
    let IpNet::V6(six) = block else {
        return block;
    };
    let mapped = six.addr().to_ipv4_mapped();
    let prefix = six.prefix_len().checked_sub(96);
    match mapped
        .zip(prefix)
        .map(|(address, prefix)| Ipv4Net::new(address, prefix))
    {
        Some(Ok(four)) => four.into(),
        Some(Err(_)) | None => block,
    }
}

/// Whether a token with these blocks is good at this address. Without any it is good everywhere, and with some nowhere that
/// is not known.
pub fn admit(blocks: &[Cidr], address: Option<IpAddr>) -> bool {
    let address = address.map(|address| address.to_canonical());
    blocks.is_empty()
        || address.is_some_and(|address| {
            let mut nets = blocks.iter().filter_map(Cidr::block);
            nets.any(|net| net.contains(&address))
        })
}

/// Whether a token with the `inner` blocks is good nowhere where one with the `outer` blocks is not.
pub(crate) fn within(inner: &[Cidr], outer: &[Cidr]) -> bool {
    let covered = |block: IpNet| {
        let mut outer = outer.iter().filter_map(Cidr::block);
        outer.any(|outer| outer.contains(&block))
    };
    outer.is_empty()
        || (!inner.is_empty() && inner.iter().all(|inner| inner.block().is_some_and(covered)))
}

#[cfg(test)]
mod tests {
    use super::{Cidr, admit, within};

    fn blocks(texts: &[&str]) -> Vec<Cidr> {
        texts.iter().map(|text| Cidr::read(text).unwrap()).collect()
    }

    #[test]
    fn a_block_has_one_form_however_it_is_written() {
        for (text, expected) in [
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("192.0.2.7", Some("192.0.2.7/32")),
            ("2001:DB8::/32", Some("2001:db8::/32")),
            ("::1", Some("::1/128")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("10.0.0.0/33", None),
            ("10.0.0/8", None),
            ("example.com", None),
            ("", None),
            (" 10.0.0.0/8", None),
        ] {
            let read = Cidr::read(text).ok();
            assert_eq!(read.as_ref().map(Cidr::as_str), expected, "{text}");
            if let Some(read) = read {
                assert_eq!(read.as_str().parse().ok(), Some(read));
            }
        }
        assert!("10.1.2.3/8".parse::<Cidr>().is_err());
    }

    #[test]
    fn a_token_is_good_in_its_blocks_only() {
        let office = blocks(&["10.0.0.0/8", "2001:db8::/32"]);
        for (address, expected) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:1::1", true),
            ("192.0.2.1", false),
            ("2001:db9::1", false),
        ] {
            assert_eq!(admit(&office, address.parse().ok()), expected, "{address}");
        }
        assert!(!admit(&office, None) && admit(&[], None));
    }

    #[test]
    fn blocks_are_within_others_where_nothing_is_added() {
        let (office, desk) = (blocks(&["10.0.0.0/8", "::1"]), blocks(&["10.1.0.0/16"]));
        assert!(within(&desk, &office) && within(&office, &office) && within(&office, &[]));
        assert!(!within(&office, &desk) && !within(&[], &desk));
        assert!(!within(&blocks(&["10.1.0.0/16", "192.0.2.1"]), &office));
    }
}
