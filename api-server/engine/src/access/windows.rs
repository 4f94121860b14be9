//! Makes one record of events that repeat within a minute. Pure: the time is passed in.

use std::collections::HashMap;

use ssm_domain::access_record::Access;
use ssm_domain::time::Timestamp;

use super::event::{Event, various};

const MINUTE: i64 = 60_000;

/// The events of the present minute, each with how often it happened.
pub(super) struct Windows {
    minute: i64,
    open: HashMap<Event, Access>,
    /// What earlier minutes came to.
    closed: Vec<Access>,
    /// The most events that are told apart in one minute. The rest are counted together, by action and status.
    most: usize,
}

impl Windows {
    pub(super) fn new(most: usize) -> Self {
        Self {
            minute: 0,
            open: HashMap::new(),
            closed: Vec::new(),
            most,
        }
    }

    /// Counts an event; `first` makes the record of one that has not happened in this minute.
    pub(super) fn count(
        &mut self,
        event: Event,
        now: Timestamp,
        first: impl FnOnce(&Event) -> Access,
    ) {
        self.turn_to(now);
        if let Some(access) = self.open.get_mut(&event) {
            repeat(access, now);
            return;
        }
        if self.open.len() < self.most {
            let access = first(&event);
            self.open.insert(event, access);
            return;
        }
        let lumped = event.lumped();
        if let Some(access) = self.open.get_mut(&lumped) {
            repeat(access, now);
        } else {
            let access = Access {
                actor: various(),
                request: None,
                latency_ms: None,
                ..first(&lumped)
            };
            self.open.insert(lumped, access);
        }
    }

    /// Everything, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Access> {
        self.closed.iter().chain(self.open.values())
    }

    /// What the minutes before `now` came to.
    pub(super) fn take_closed(&mut self, now: Timestamp) -> Vec<Access> {
        self.turn_to(now);
        std::mem::take(&mut self.closed)
    }

    /// Everything, the present minute included.
    pub(super) fn take_all(&mut self) -> Vec<Access> {
        self.close();
        std::mem::take(&mut self.closed)
    }

    fn turn_to(&mut self, now: Timestamp) {
        let minute = now.as_millis() / MINUTE;
        if minute != self.minute {
            self.close();
            self.minute = minute;
        }
    }

    fn close(&mut self) {
        let first = self.closed.len();
        self.closed
            .extend(self.open.drain().map(|(_, access)| access));
        self.closed[first..].sort_by_key(Access::position);
    }
}

fn repeat(access: &mut Access, now: Timestamp) {
    access.count += 1;
    access.until = access.until.max(now);
}

#[cfg(test)]
mod tests {
    use ssm_domain::access_record::Access;
    use ssm_domain::caller::Actor;
    use ssm_domain::entry::Target;
    use ssm_domain::id::TokenId;
    use ssm_domain::state::State;
    use ssm_domain::time::Timestamp;

    use super::{Event, Windows};

    fn read(token: u8, key: &str) -> Event {
        Event {
            actor: Actor::Token(TokenId::from_bytes([token; 12])),
            action: "secrets.read",
            target: Target {
                key: Some(key.parse().unwrap()),
                ..Target::default()
            },
            method: "GET".into(),
            status: 200,
            address: None,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn count(windows: &mut Windows, event: Event, now: i64) {
        let state = State::default();
        windows.count(event, at(now), |event| {
            event.access(&state, at(now), None, None)
        });
    }

    fn counts(accesses: &[Access]) -> Vec<(u64, Timestamp, Timestamp)> {
        let count = |access: &Access| (access.count, access.at, access.until);
        accesses.iter().map(count).collect()
    }

    #[test]
    fn repeats_within_a_minute_are_one_record_with_a_count() {
        let mut windows = Windows::new(10);
        for now in [61, 62, 119] {
            count(&mut windows, read(1, "A"), now);
        }
        assert!(windows.take_closed(at(119)).is_empty());
        let closed = windows.take_closed(at(120));
        assert_eq!(counts(&closed), [(3, at(61), at(119))]);
        assert!(windows.take_closed(at(500)).is_empty());
    }

    #[test]
    fn the_next_minute_has_a_record_of_its_own() {
        let mut windows = Windows::new(10);
        for now in [59, 60, 61, 180] {
            count(&mut windows, read(1, "A"), now);
        }
        let closed = counts(&windows.take_closed(at(180)));
        assert_eq!(closed, [(1, at(59), at(59)), (2, at(60), at(61))]);
        assert_eq!(counts(&windows.take_all()), [(1, at(180), at(180))]);
    }

    #[test]
    fn whatever_differs_is_told_apart() {
        let mut windows = Windows::new(100);
        let event = read(1, "A");
        let others = [
            read(2, "A"),
            read(1, "B"),
            Event {
                action: "secrets.export",
                ..event.clone()
            },
            Event {
                status: 403,
                ..event.clone()
            },
            Event {
                method: "PUT".into(),
                ..event.clone()
            },
            Event {
                address: Some([127, 0, 0, 1].into()),
                ..event.clone()
            },
        ];
        let different = others.len() + 1;
        for event in others.into_iter().chain([event]) {
            count(&mut windows, event.clone(), 1);
            count(&mut windows, event, 2);
        }
        let all = windows.take_all();
        assert_eq!(all.len(), different);
        assert!(all.iter().all(|access| access.count == 2));
    }

    #[test]
    fn events_beyond_the_bound_are_counted_together() {
        let mut windows = Windows::new(2);
        for token in 1..=5 {
            count(&mut windows, read(token, "A"), 1);
            count(&mut windows, read(token, "A"), 2);
        }
        let all = windows.take_all();
        let mut sums: Vec<(u64, &str)> = all
            .iter()
            .map(|access| (access.count, access.actor.id.as_str()))
            .collect();
        sums.sort_unstable();
        assert_eq!(sums, [(2, "unknown"), (2, "unknown"), (6, "various")]);
    }

    #[test]
    fn a_clock_that_jumps_back_loses_nothing() {
        let mut windows = Windows::new(10);
        count(&mut windows, read(1, "A"), 61);
        count(&mut windows, read(1, "A"), 1);
        count(&mut windows, read(1, "A"), 61);
        assert_eq!(
            windows
                .take_all()
                .iter()
                .map(|access| access.count)
                .sum::<u64>(),
            3
        );
    }
}
