use std::time::Duration;

use tokio::time::Instant;

use super::{GATHER, MAX_RESOURCES, Outbox, Print};
use crate::queue::Key;

const PAUSE: Duration = Duration::from_secs(1);
const REPEAT: Duration = Duration::from_hours(6);

fn key(name: &str) -> Key {
    Key::new("shop", name)
}

/// Takes everything, and lets the upstream know it as `print`.
fn deliver(outbox: &mut Outbox, print: Option<Print>, now: Instant) -> Vec<String> {
    let taken = outbox.take(now);
    let names = taken.iter().map(|key| key.name.to_string()).collect();
    let told = taken.into_iter().map(|key| (key, print)).collect();
    outbox.delivered(told, true, now, PAUSE, || REPEAT);
    names
}

#[test]
fn news_is_told_once_and_said_again_hours_later() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    assert_eq!(outbox.next_at(), None);
    assert!(outbox.has(&key("web"), 1, start));
    assert!(outbox.has(&key("web"), 1, start));
    assert_eq!(outbox.next_at(), Some(start + GATHER));
    assert_eq!(deliver(&mut outbox, Some(1), start + GATHER), ["web"]);
    assert!(!outbox.has(&key("web"), 1, start + PAUSE));

    let again = start + GATHER + REPEAT;
    assert_eq!(outbox.next_at(), Some(again));
    assert_eq!(deliver(&mut outbox, Some(1), again), ["web"]);
    assert_eq!(outbox.next_at(), Some(again + REPEAT));
    assert!(outbox.has(&key("web"), 2, again));
}

#[test]
fn there_is_one_request_at_a_time_and_a_pause_after_each() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    for number in 0..=MAX_RESOURCES {
        outbox.has(&key(&number.to_string()), 1, start);
    }
    let taken = outbox.take(start);
    assert_eq!(taken.len(), MAX_RESOURCES);
    assert_eq!(outbox.next_at(), None);
    let told = taken.into_iter().map(|key| (key, Some(1))).collect();
    outbox.delivered(told, true, start, PAUSE, || REPEAT);
    assert_eq!(outbox.next_at(), Some(start + PAUSE));
    assert_eq!(outbox.take(start + PAUSE).len(), 1);
}

#[test]
fn what_changes_while_a_request_is_under_way_is_told_with_the_next() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    let taken = outbox.take(start);
    outbox.has(&key("web"), 2, start);
    let told = taken.into_iter().map(|key| (key, Some(1))).collect();
    outbox.delivered(told, true, start, PAUSE, || REPEAT);
    assert_eq!(outbox.told(&key("web")), Some(1));
    assert_eq!(deliver(&mut outbox, Some(2), start + PAUSE), ["web"]);
    assert_eq!(outbox.told(&key("web")), Some(2));
}

#[test]
fn who_is_gone_is_told_and_forgotten() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.gone(&key("web"), start);
    assert!(outbox.is_done());
    outbox.has(&key("web"), 1, start);
    deliver(&mut outbox, Some(1), start);
    outbox.gone(&key("web"), start);
    assert!(!outbox.is_done() && outbox.has_now(&key("web")).is_none());
    assert_eq!(deliver(&mut outbox, None, start + PAUSE), ["web"]);
    assert!(outbox.is_done() && outbox.next_at().is_none());
}

#[test]
fn what_could_not_be_told_is_told_later_as_it_is_then() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    outbox.has(&key("api"), 1, start);
    outbox.take(start);
    let later = start + Duration::from_mins(1);
    outbox.failed(later);
    assert_eq!((outbox.failures(), outbox.next_at()), (1, Some(later)));
    outbox.has(&key("web"), 2, start);
    outbox.gone(&key("api"), start);
    assert_eq!(outbox.next_at(), Some(later));
    let mut names = deliver(&mut outbox, Some(2), later);
    names.sort();
    assert_eq!(
        (names.as_slice(), outbox.failures()),
        (&["api".to_owned(), "web".to_owned()][..], 0)
    );
    assert!(outbox.next_at().is_some_and(|at| at > later + PAUSE));
}

#[test]
fn an_upstream_that_does_not_want_to_know_is_not_told_of_nobody() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    outbox.take(start);
    outbox.refused(start + REPEAT);
    assert_eq!(outbox.next_at(), Some(start + REPEAT));
    outbox.gone(&key("web"), start);
    outbox.take(start + REPEAT);
    outbox.refused(start + REPEAT);
    assert!(outbox.is_done());
}

#[test]
fn after_a_request_that_never_ended_everything_is_told_again() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    deliver(&mut outbox, Some(1), start);
    outbox.has(&key("api"), 1, start);
    outbox.has(&key("job"), 1, start);
    outbox.gone(&key("job"), start);
    outbox.take(start + PAUSE);
    assert_eq!(outbox.next_at(), None);
    outbox.resume();
    assert_eq!(outbox.next_at(), Some(start + PAUSE));
    let mut names = deliver(&mut outbox, Some(1), start + PAUSE);
    names.sort();
    assert_eq!(names, ["api", "job", "web"]);
    assert!(!outbox.has(&key("web"), 1, start + PAUSE));
    assert_eq!(outbox.next_at(), Some(start + PAUSE + REPEAT));
}

#[test]
fn who_is_forgotten_is_told_nothing_of_even_where_a_request_is_under_way() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    deliver(&mut outbox, Some(1), start);
    outbox.forget(&key("web"));
    assert!(outbox.is_done());
    outbox.has(&key("web"), 1, start);
    outbox.take(start + PAUSE);
    outbox.forget(&key("web"));
    outbox.failed(start + PAUSE);
    assert!(outbox.is_done() && outbox.next_at().is_none());
}

#[test]
fn what_did_not_come_through_in_full_is_told_again_ever_more_seldom() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    let mut now = start;
    for wait in [5, 10, 20, 40] {
        let taken = outbox.take(now).into_iter();
        let told = taken.map(|key| (key, Some(1))).collect();
        outbox.delivered(told, false, now, PAUSE, || REPEAT);
        let again = now + Duration::from_secs(wait);
        assert_eq!(outbox.next_at(), Some(again));
        assert!(!outbox.has(&key("web"), 1, now));
        now = again;
    }
    deliver(&mut outbox, Some(1), now);
    assert_eq!(outbox.next_at(), Some(now + REPEAT));
}

#[test]
fn what_is_not_to_be_seen_yet_is_looked_for_later() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    for resource in outbox.take(start) {
        outbox.look_later(&resource, start);
    }
    outbox.idle();
    let later = start + Duration::from_secs(5);
    assert_eq!(outbox.next_at(), Some(later));
    assert_eq!(deliver(&mut outbox, Some(1), later), ["web"]);
}

#[test]
fn an_upstream_that_refused_is_not_told_who_is_gone() {
    let start = Instant::now();
    let mut outbox = Outbox::new(start);
    outbox.has(&key("web"), 1, start);
    outbox.has(&key("api"), 1, start);
    outbox.take(start);
    outbox.gone(&key("api"), start);
    outbox.refused(start + REPEAT);
    assert_eq!(deliver(&mut outbox, Some(1), start + REPEAT), ["web"]);
}
