//! How long the token lasts. Pure.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

/// How long before its end a token's end is near.
const NOTICE: Duration = Duration::from_hours(7 * 24);

/// What is known of the token's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It has none, or not within a week.
    Far,
    /// Within a week, or it has passed.
    Near(Timestamp),
}

impl Expiry {
    /// Of a token that ends then; with it, how long until its end is near, where it is not yet.
    pub fn of(end: Option<Timestamp>, now: Timestamp) -> (Self, Option<Duration>) {
        let Some(end) = end else {
            return (Self::Far, None);
        };
        let left = Duration::try_from(end.duration_since(now)).unwrap_or_default();
        match left.checked_sub(NOTICE) {
            Some(wait) if !wait.is_zero() => (Self::Far, Some(wait)),
            _ => (Self::Near(end), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_near_from_a_week_before() {
        let now = Timestamp::from_second(1_000_000).expect("in range");
        let week: i64 = 7 * 24 * 3600;
        let after = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).expect("in range");
        for (end, expected) in [
            (None, (Expiry::Far, None)),
            (
                Some(after(week + 60)),
                (Expiry::Far, Some(Duration::from_mins(1))),
            ),
            (Some(after(week)), (Expiry::Near(after(week)), None)),
            (Some(after(1)), (Expiry::Near(after(1)), None)),
            (Some(after(-5)), (Expiry::Near(after(-5)), None)),
        ] {
            assert_eq!(Expiry::of(end, now), expected, "{end:?}");
        }
    }
}
