//! The names that people choose. Each type has one door, its parser, and nothing behind it checks a name again.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::cidr::is_canonical;

/// A name that its grammar refuses. The text says the grammar and never repeats the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(&'static str);

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $accepts:expr, $why:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) { Ok(Self(text.into())) } else { Err(InvalidName($why)) }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

names! {
    /// The short name of a project or config: `^[a-z0-9_-]{1,64}$`.
    Slug: |text| made_of(text, 64, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b)),
        "must be 1 to 64 of a-z, 0-9, _ and -";
    /// The name of a secret: `^[A-Z0-9_]{1,253}$`. Only what came from version 1.4 may start with a digit.
    Key: |text| made_of(text, 253, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'),
        "must be 1 to 253 of A-Z, 0-9 and _";
    /// What a person signs in with: `^[A-Za-z0-9_.@-]{1,64}$`, unique without regard to case.
    Username: |text| made_of(text, 64, |b| b.is_ascii_alphanumeric() || b"_.@-".contains(&b)),
        "must be 1 to 64 of A-Z, a-z, 0-9, _, ., @ and -";
    /// What a service token is called: the grammar of a username.
    ServiceName: |text| made_of(text, 64, |b| b.is_ascii_alphanumeric() || b"_.@-".contains(&b)),
        "must be 1 to 64 of A-Z, a-z, 0-9, _, ., @ and -";
    /// A name for people to read: 1 to 100 characters, no control characters, not blank.
    DisplayName: |text| is_line(text, 100) && !text.trim().is_empty(),
        "must be 1 to 100 characters on one line";
    /// An address to write to: 3 to 254 characters without white space, with one `@` inside.
    Email: |text| is_line(text, 254) && is_address(text),
        "must be an e-mail address of at most 254 characters";
    /// What an identity provider calls a group: 1 to 256 characters, no control characters, not blank.
    ExternalKey: |text| is_line(text, 256) && !text.trim().is_empty(),
        "must be 1 to 256 characters on one line";
    /// A block of addresses in CIDR notation, such as `10.0.0.0/8`, in the form that has nothing but the network's bits.
    Cidr: is_canonical,
        "must be an address, or a block of addresses such as 10.0.0.0/8";
    /// A remark for people to read: up to 500 characters, no control characters but line ends and tabs.
    Description: |text| is_prose(text, 500),
        "must be at most 500 characters of plain text";
    /// What a Kubernetes cluster is called by whoever runs it: 1 to 253 bytes, no control characters, not blank.
    ClusterName: |text| text.len() <= 253 && is_line(text, 253) && !text.trim().is_empty(),
        "must be 1 to 253 bytes on one line";
    /// A namespace of Kubernetes: a label of RFC 1123.
    NamespaceName: is_label,
        "must be 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends";
    /// An object of Kubernetes: a subdomain of RFC 1123.
    ObjectName: |text| text.len() <= 253 && text.split('.').all(|part| is_label_of(part, 253)),
        "must be 1 to 253 of a-z, 0-9, - and ., with a letter or digit at both ends of each part";
}

impl Username {
    /// The form in which usernames are compared: two that differ only by case are one.
    pub fn folded(&self) -> Arc<str> {
        self.0.to_ascii_lowercase().into()
    }
}

impl Key {
    /// Whether it is of a form that no new key may have, since no shell takes it for a variable.
    pub fn starts_with_digit(&self) -> bool {
        self.0.starts_with(|c: char| c.is_ascii_digit())
    }
}

impl DisplayName {
    /// The name that a thing has when nobody gave it one: its slug.
    pub fn of(slug: &Slug) -> Self {
        Self(slug.0.clone())
    }
}

fn made_of(text: &str, longest: usize, accepts: fn(u8) -> bool) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(accepts)
}

fn is_label(text: &str) -> bool {
    is_label_of(text, 63)
}

fn is_label_of(text: &str, longest: usize) -> bool {
    made_of(text, longest, |b| {
        b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
    }) && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_line(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.chars().any(char::is_control)
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(to, at)| !to.is_empty() && !at.is_empty() && !at.contains('@'))
        && !text.contains(char::is_whitespace)
}

fn is_prose(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// The place of a config: its project's slug and its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConfigPath {
    /// The project's slug.
    pub project: Slug,
    /// The config's slug within it.
    pub config: Slug,
}

impl ConfigPath {
    /// Parses both slugs.
    pub fn parse(project: &str, config: &str) -> Result<Self, InvalidName> {
        Ok(Self {
            project: project.parse()?,
            config: config.parse()?,
        })
    }
}

impl fmt::Display for ConfigPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.config)
    }
}

#[cfg(test)]
mod tests {
    use super::{DisplayName, Key, NamespaceName, ObjectName, Slug, Username};

    #[test]
    fn a_slug_is_lower_case_and_bounded() {
        for good in ["a", "web-shop", "9_x", &"a".repeat(64)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "Web",
            "a/b",
            "..",
            "a%2f",
            "a b",
            "ä",
            "a\n",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_upper_case_and_says_whether_it_starts_with_a_digit() {
        for (good, digit) in [
            ("A", false),
            ("_", false),
            ("DB_URL_2", false),
            ("2FA", true),
            (&"A".repeat(253), false),
        ] {
            let key: Key = good.parse().unwrap();
            assert_eq!(key.starts_with_digit(), digit, "{good}");
        }
        for bad in ["", "a", "A-B", "A.B", "A=B", "É", "A\0", &"A".repeat(254)] {
            assert!(bad.parse::<Key>().is_err(), "{bad}");
        }
    }

    #[test]
    fn usernames_that_differ_only_by_case_are_one() {
        let (a, b): (Username, Username) = ("Alice".parse().unwrap(), "aLICE".parse().unwrap());
        assert_eq!(a.folded(), b.folded());
    }

    #[test]
    fn namespaces_and_objects_are_called_as_kubernetes_lets_them() {
        for good in ["a", "kube-system", "9-x", &"a".repeat(63)] {
            assert!(good.parse::<NamespaceName>().is_ok(), "{good}");
            assert!(good.parse::<ObjectName>().is_ok(), "{good}");
        }
        for good in ["web.prod", &"a".repeat(253)] {
            assert!(good.parse::<NamespaceName>().is_err(), "{good}");
            assert!(good.parse::<ObjectName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a_b",
            "a/b",
            "a..b",
            ".a",
            "a.-b",
            "é",
            &"a".repeat(254),
        ] {
            assert!(bad.parse::<NamespaceName>().is_err(), "{bad}");
            assert!(bad.parse::<ObjectName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_display_name_is_one_line_of_text() {
        assert!("Web shop".parse::<DisplayName>().is_ok());
        for bad in ["", "  ", "a\nb", "a\u{1b}[31m", &"x".repeat(101)] {
            assert!(bad.parse::<DisplayName>().is_err());
        }
    }
}
