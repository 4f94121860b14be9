//! Plaintext that must not leak: no `Debug` that shows it, no `Serialize`, wiped from memory when dropped, and one
//! function that reveals it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

macro_rules! plaintext {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes `text` over without copying it.
            pub fn new(text: String) -> Self {
                Self(text.into())
            }

            /// The plaintext. The only way to it, so that every use can be found by this name.
            #[expect(clippy::disallowed_methods, reason = "the one function that reveals")]
            pub fn reveal(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[redacted]")
            }
        }
    )*};
}

plaintext! {
    /// The value of a secret: at most 64 KiB of UTF-8 without NUL.
    SecretValue,
    /// What somebody typed as a password.
    Password,
}

/// Why a text cannot be the value of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    /// Longer than [`SecretValue::MAX_BYTES`].
    #[error("must be at most 65536 bytes")]
    TooLong,
    /// Neither environment variables nor `.env` files can hold a NUL.
    #[error("must not contain a NUL character")]
    Nul,
}

impl SecretValue {
    /// The longest value, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Takes over what every stored value may be.
    pub fn parse(text: String) -> Result<Self, InvalidValue> {
        let value = Self::new(text);
        value.check().map(|()| value)
    }

    /// Checks what every stored value must be.
    pub fn check(&self) -> Result<(), InvalidValue> {
        if self.reveal().len() > Self::MAX_BYTES {
            Err(InvalidValue::TooLong)
        } else if self.reveal().contains('\0') {
            Err(InvalidValue::Nul)
        } else {
            Ok(())
        }
    }
}
