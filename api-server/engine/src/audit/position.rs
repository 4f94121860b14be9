//! Where an event stands among all others, and the cursor that says where a page goes on.

use std::fmt;
use std::str::FromStr;

use ssm_domain::access_record::AccessPosition;
use ssm_domain::entry::Seq;
use ssm_domain::id::OpId;
use ssm_domain::time::Timestamp;

/// By time; in the same millisecond what was imported stands first, then what was read or refused, then what was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPosition {
    /// When it happened first.
    pub at: Timestamp,
    /// Which of that time.
    pub which: Which,
}

/// Tells events of the same time apart, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// What another system had on record.
    Imported(OpId),
    /// What was read or refused.
    Access(OpId),
    /// What was changed.
    Entry(Seq),
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the nextCursor of an answer")]
pub struct InvalidCursor;

impl From<AccessPosition> for EventPosition {
    fn from(AccessPosition { at, id }: AccessPosition) -> Self {
        let which = Which::Access(id);
        Self { at, which }
    }
}

impl EventPosition {
    /// The least position among accesses that is not below this one.
    pub(super) fn among_accesses(self) -> AccessPosition {
        match self.which {
            Which::Imported(_) => AccessPosition {
                at: self.at,
                id: OpId::MIN,
            },
            Which::Access(id) => AccessPosition { at: self.at, id },
            Which::Entry(_) => AccessPosition {
                at: after(self.at),
                id: OpId::MIN,
            },
        }
    }
}

/// The next millisecond.
pub(super) fn after(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis().saturating_add(1))
}

impl fmt::Display for EventPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.as_millis();
        match self.which {
            Which::Imported(id) => write!(f, "{at}-i{id}"),
            Which::Access(id) => write!(f, "{at}-a{id}"),
            Which::Entry(seq) => write!(f, "{at}-e{seq}"),
        }
    }
}

impl FromStr for EventPosition {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let parse = || {
            let (at, which) = text.split_once('-')?;
            let (kind, name) = which.split_at_checked(1)?;
            let which = match kind {
                "i" => Which::Imported(name.parse().ok()?),
                "a" => Which::Access(name.parse().ok()?),
                "e" => Which::Entry(name.parse().ok()?),
                _ => return None,
            };
            let at = Timestamp::from_millis(at.parse().ok()?);
            Some(Self { at, which })
        };
        // There is one text of each.
        let position = parse().filter(|position| position.to_string() == text);
        position.ok_or(InvalidCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::{EventPosition, Which};
    use ssm_domain::id::OpId;
    use ssm_domain::time::Timestamp;

    fn position(at: i64, which: Which) -> EventPosition {
        let at = Timestamp::from_millis(at);
        EventPosition { at, which }
    }

    #[test]
    fn a_position_is_read_back_and_nothing_else_is_one() {
        for position in [
            position(0, Which::Entry(1)),
            position(1_700_000_000_000, Which::Entry(u64::MAX)),
            position(5, Which::Access(OpId::from_bytes([0xab; 12]))),
            position(5, Which::Imported(OpId::from_bytes([0xab; 12]))),
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for bad in [
            "",
            "5",
            "5-",
            "5-e",
            "5-x1",
            "-5-e1",
            "5-e-1",
            "05-e1",
            "5-e01",
            "+5-e1",
            "5-e1 ",
            "5-a00",
            "5-i00",
            "5-ä",
            "7 OR 1=1",
            "99999999999999999999-e1",
            "5-e1-e2",
        ] {
            assert!(bad.parse::<EventPosition>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_order_is_by_time_and_then_by_what_it_is() {
        let sorted = [
            position(1, Which::Entry(9)),
            position(2, Which::Imported(OpId::from_bytes([1; 12]))),
            position(2, Which::Access(OpId::MIN)),
            position(2, Which::Access(OpId::from_bytes([1; 12]))),
            position(2, Which::Entry(1)),
            position(2, Which::Entry(2)),
            position(3, Which::Access(OpId::MIN)),
        ];
        assert!(sorted.is_sorted());
    }
}
