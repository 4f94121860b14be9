//! Filters besides the engine's own, for what people put into connection strings and configuration files.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands texts to filters like this, and only so refuses what is undefined"
)]

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, Error, ErrorKind};

use crate::keys::decode;

/// What [`b64decode`] says; the only words of a filter's own that reach a message.
pub const NOT_BASE64: &str = "b64decode was given what is not the base64 of a text";

/// Adds them.
pub fn add(engine: &mut Environment<'_>) {
    engine.add_filter("b64encode", b64encode);
    engine.add_filter("b64decode", b64decode);
    engine.add_filter("urlencode", urlencode);
}

fn b64encode(text: Cow<'_, str>) -> String {
    STANDARD.encode(&*text)
}

fn b64decode(text: Cow<'_, str>) -> Result<String, Error> {
    let refused = || Error::new(ErrorKind::InvalidOperation, NOT_BASE64);
    let bytes = decode(text.as_bytes()).ok_or_else(refused)?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    if text.contains('\0') {
        return Err(refused());
    }
    Ok(text)
}

/// Everything but letters, digits, `-`, `.`, `_` and `~` (RFC 3986, section 2.3), so that a password may stand anywhere in a URL. That
/// of Jinja leaves slashes.
fn urlencode(text: Cow<'_, str>) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes all");
        }
    }
    encoded
}
