//! What tells an object of Kubernetes from every other and from its own earlier self, in few bytes: several of them are kept for
//! each resource.

use std::fmt;

/// Unique id. Kubernetes makes UUIDs; anything else is kept as it stands.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uid(UidForm);

#[derive(Clone, PartialEq, Eq, Hash)]
enum UidForm {
    Uuid([u8; 16]),
    Other(Box<str>),
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        let digits: String = text.chars().filter(|digit| *digit != '-').collect();
        let uuid = u128::from_str_radix(&digits, 16)
            .map(|uuid| Self(UidForm::Uuid(uuid.to_be_bytes())))
            .ok();
        uuid.filter(|uuid| uuid.to_string() == text)
            .unwrap_or_else(|| Self(UidForm::Other(text.into())))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            UidForm::Uuid(bytes) => {
                let digits = format!("{:032x}", u128::from_be_bytes(*bytes));
                let (first, rest) = digits.split_at(8);
                write!(f, "{first}")?;
                for (from, to) in [(0, 4), (4, 8), (8, 12), (12, 24)] {
                    write!(f, "-{}", &rest[from..to])?;
                }
                Ok(())
            }
            UidForm::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Version of an object. Kubernetes makes numbers that grow; anything else is kept as it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Version(VersionForm);

#[derive(Clone, PartialEq, Eq)]
enum VersionForm {
    Number(u64),
    Other(Box<str>),
}

impl Version {
    /// Whether it is newer than another of the same object. Where one of them is no number, another version is taken for newer.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (VersionForm::Number(version), VersionForm::Number(other)) => version > other,
            _ => self != other,
        }
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        let number = text
            .parse()
            .map(|number| Self(VersionForm::Number(number)))
            .ok();
        number
            .filter(|number| number.to_string() == text)
            .unwrap_or_else(|| Self(VersionForm::Other(text.into())))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            VersionForm::Number(number) => write!(f, "{number}"),
            VersionForm::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_id_is_told_as_it_was_heard() {
        let uuid = "0a3f9a58-0f3c-4b79-9d2e-00c04fd430c8";
        let others = [
            "",
            "uid-1",
            "0A3F9A58-0f3c-4b79-9d2e-00c04fd430c8",
            "0a3f9a580f3c4b799d2e00c04fd430c8",
            "+a3f9a58-0f3c-4b79-9d2e-00c04fd430c8",
        ];
        for text in others {
            assert!(matches!(Uid::from(text).0, UidForm::Other(_)), "{text}");
            assert_eq!(Uid::from(text).to_string(), text);
        }
        assert!(matches!(Uid::from(uuid).0, UidForm::Uuid(_)));
        assert_eq!(Uid::from(uuid).to_string(), uuid);
    }

    #[test]
    fn a_version_is_told_as_it_was_heard_and_numbers_are_compared_as_numbers() {
        for text in ["", "1", "18446744073709551616", "007", "+7", "a"] {
            assert_eq!(Version::from(text).to_string(), text);
        }
        let is_newer = |one: &str, other: &str| Version::from(one).is_newer_than(&other.into());
        assert!(is_newer("10", "9") && !is_newer("9", "10") && !is_newer("9", "9"));
        assert!(is_newer("a", "b") && is_newer("b", "a") && !is_newer("a", "a"));
    }
}
