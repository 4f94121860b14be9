//! Types that hold what must not be printed. Each has one function that reveals it.

use std::fmt;
use std::hash::{Hash, Hasher};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

macro_rules! secret_string {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Wraps `text`; the original's memory is taken over, not copied.
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// The plain text. Call it where the text leaves the process, and nowhere else.
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

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.reveal() == other.reveal()
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.reveal().hash(state);
            }
        }
    };
}

secret_string! {
    /// The value of a secret.
    SecretValue
}
secret_string! {
    /// An API or session token. `Eq` and `Hash` let a token be part of a key in memory.
    Token
}
secret_string! {
    /// A user's password.
    Password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_holds_the_text() {
        let shown = format!(
            "{:?} {:?} {:?}",
            SecretValue::new("canary"),
            Token::new("canary"),
            Password::new("canary")
        );
        assert_eq!(shown, "[redacted] [redacted] [redacted]");
    }
}
