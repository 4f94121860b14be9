//! Values that are base64.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::zeroize::Zeroizing;

/// The standard alphabet (RFC 4648, section 4), with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a value stands for, wherever white space is in it. `None` where it is not base64.
pub fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let compact = value.iter().filter(|byte| !byte.is_ascii_whitespace());
    let mut text = Zeroizing::new(Vec::with_capacity(value.len()));
    text.extend(compact.copied());
    BASE64.decode(&*text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_and_white_space_do_not_matter_and_all_else_does() {
        for (value, expected) in [
            ("", Some(&b""[..])),
            ("aGk=", Some(b"hi")),
            ("aGk", Some(b"hi")),
            (" a\tG\r\nk =\n", Some(b"hi")),
            ("+/+/", Some(b"\xfb\xff\xbf")),
            ("-_-_", None),
            ("aGk==", None),
            ("aG=k", None),
            ("a", None),
            ("aGl", None),
            ("aGk!", None),
            ("aGk\u{a0}", None),
            ("=", None),
        ] {
            assert_eq!(decode(value.as_bytes()).as_deref(), expected, "{value:?}");
        }
        assert_eq!(decode(b"\xff\xfe\x00\x00"), None);
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_out_however_it_is_broken_into_lines(
            bytes in any::<Vec<u8>>(), width in 1usize..80, padded in any::<bool>(),
        ) {
            let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
            let text = if padded { &*text } else { text.trim_end_matches('=') };
            let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
            prop_assert_eq!(decode(&lines.join(&b"\r\n"[..])), Some(bytes));
        }
    }
}
