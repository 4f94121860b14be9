use ssm_domain::id::{ConfigId, Epoch, TokenId};
use ssm_domain::time::Timestamp;

use super::{Bounds, ConsumerId, Reports, Told};
use crate::read::ConfigVersion;

const DAY: i64 = 24 * 3_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn config(number: u8) -> ConfigId {
    ConfigId::from_bytes([number; 12])
}

fn token(number: u8) -> TokenId {
    TokenId::from_bytes([number; 12])
}

fn consumer(name: &str, of: u8) -> ConsumerId {
    ConsumerId {
        cluster: "eu/1".parse().unwrap(),
        namespace: "shop".parse().unwrap(),
        name: name.parse().unwrap(),
        token: token(of),
    }
}

fn version(revision: u64) -> ConfigVersion {
    let epoch = Epoch::from_bytes([9; 12]);
    ConfigVersion { epoch, revision }
}

fn told(name: &str, of: u8, sources: &[(u8, u64)]) -> Told {
    let sources = sources.iter();
    Told {
        consumer: consumer(name, of),
        sources: sources
            .map(|(number, revision)| (config(*number), version(*revision)))
            .collect(),
    }
}

/// Says so, with all tokens alive.
fn tell(reports: &Reports, told: Told, seconds: i64) {
    reports.tell([told], at(seconds), |_| false);
}

/// Names, tokens and revisions.
fn of(reports: &Reports, number: u8, seconds: i64) -> Vec<(String, TokenId, u64)> {
    let consumers = reports.of(config(number), at(seconds)).into_iter();
    consumers
        .map(|one| (one.id.name.to_string(), one.id.token, one.version.revision))
        .collect()
}

fn line(name: &str, of: u8, revision: u64) -> (String, TokenId, u64) {
    (name.to_owned(), token(of), revision)
}

#[test]
fn what_is_said_last_holds_for_a_day() {
    let reports = Reports::default();
    tell(&reports, told("web", 1, &[(1, 5), (2, 7)]), 0);
    tell(&reports, told("api", 1, &[(1, 4)]), 10);
    assert_eq!(of(&reports, 1, 10), [line("api", 1, 4), line("web", 1, 5)]);
    assert_eq!(of(&reports, 2, 10), [line("web", 1, 7)]);

    tell(&reports, told("web", 1, &[(1, 6)]), 20);
    assert_eq!(of(&reports, 1, 20), [line("api", 1, 4), line("web", 1, 6)]);
    assert_eq!(of(&reports, 2, 20), []);
    assert_eq!(of(&reports, 1, 10 + DAY), [line("web", 1, 6)]);
    assert_eq!(of(&reports, 1, 20 + DAY), []);

    tell(&reports, told("web", 1, &[]), 30);
    assert_eq!(of(&reports, 1, 30), [line("api", 1, 4)]);
}

#[test]
fn what_one_token_says_takes_the_place_of_what_another_one_said_only_once_that_is_dead() {
    let reports = Reports::default();
    tell(&reports, told("web", 1, &[(1, 5)]), 0);
    tell(&reports, told("web", 2, &[(1, 6)]), 1);
    tell(&reports, told("webs", 1, &[(1, 3)]), 1);
    let both = [line("web", 1, 5), line("web", 2, 6), line("webs", 1, 3)];
    assert_eq!(of(&reports, 1, 1), both);
    reports.tell([told("web", 2, &[(1, 7)])], at(2), |id| id == token(1));
    assert_eq!(of(&reports, 1, 2), [line("web", 2, 7), line("webs", 1, 3)]);
    reports.tell([told("web", 2, &[])], at(3), |_| false);
    assert_eq!(of(&reports, 1, 3), [line("webs", 1, 3)]);
}

#[test]
fn beyond_the_bounds_the_oldest_goes_first_and_of_each_token_its_own() {
    let reports = Reports::bounded(Bounds {
        consumers: 4,
        of_a_token: 2,
        bytes: 1 << 20,
        bytes_of_a_token: 1 << 20,
    });
    for (second, (name, of)) in [("a", 1), ("b", 2), ("c", 1), ("a", 1), ("d", 1)]
        .into_iter()
        .enumerate()
    {
        tell(
            &reports,
            told(name, of, &[(1, 1)]),
            i64::try_from(second).unwrap(),
        );
    }
    let left = [line("a", 1, 1), line("b", 2, 1), line("d", 1, 1)];
    assert_eq!(of(&reports, 1, 9), left);
    for of in [3, 4] {
        tell(&reports, told("e", of, &[(1, 1)]), 9);
    }
    // The first token takes the most.
    let left = [
        line("b", 2, 1),
        line("d", 1, 1),
        line("e", 3, 1),
        line("e", 4, 1),
    ];
    assert_eq!(of(&reports, 1, 9), left);

    let small = Reports::bounded(Bounds {
        bytes: 2_500,
        bytes_of_a_token: 1_100,
        ..Bounds::USUAL
    });
    for name in ["a", "b", "c"] {
        tell(&small, told(name, 1, &[(1, 1)]), 0);
    }
    assert_eq!(of(&small, 1, 0), [line("b", 1, 1), line("c", 1, 1)]);
    tell(&small, told("d", 2, &[(1, 1)]), 1);
    for of in [3, 4] {
        tell(&small, told("e", of, &[(1, 1)]), 2);
    }
    let left = [
        line("c", 1, 1),
        line("d", 2, 1),
        line("e", 3, 1),
        line("e", 4, 1),
    ];
    assert_eq!(of(&small, 1, 2), left);
}

#[test]
fn a_config_counts_once_however_often_it_is_named() {
    let reports = Reports::default();
    tell(&reports, told("web", 1, &[(1, 5)]), 0);
    let once = reports.lock().bytes;
    tell(&reports, told("web", 1, &[(1, 5), (1, 6), (1, 7)]), 1);
    assert_eq!(of(&reports, 1, 1), [line("web", 1, 5)]);
    assert_eq!(reports.lock().bytes, once);
}

#[test]
fn dead_tokens_are_overruled_once_and_forgotten_after_a_day() {
    let reports = Reports::default();
    for of in [1, 2, 3] {
        tell(&reports, told("web", of, &[(1, 5)]), 0);
    }
    let tell_again = |seconds| {
        let told = told("web", 4, &[(1, 6)]);
        reports.tell([told], at(seconds), |id| id != token(4));
        reports.take_changes(at(seconds)).len()
    };
    assert_eq!(tell_again(10), 4);
    assert_eq!(tell_again(20), 1);
    assert_eq!(tell_again(10 + DAY), 1);
    assert_eq!(reports.lock().reports.len(), 1);
}

#[test]
fn every_change_is_taken_once_unless_storing_it_failed() {
    let reports = Reports::default();
    tell(&reports, told("web", 1, &[(1, 5)]), 0);
    let changes = reports.take_changes(at(1));
    assert_eq!(changes.len(), 1);
    assert!(reports.take_changes(at(1)).is_empty());
    reports.put_back(&changes[0]);
    assert!(reports.have_changed());
    assert_eq!(reports.take_changes(at(1)), changes);
    assert!(reports.take_changes(at(DAY)).is_empty());
    assert_eq!(of(&reports, 1, 0), []);
}

#[test]
fn what_was_stored_is_read_by_others_unless_they_know_something_later() {
    let (here, there) = (Reports::default(), Reports::default());
    tell(&here, told("web", 1, &[(1, 5), (2, 8)]), 10);
    tell(&here, told("api", 1, &[(1, 5)]), 10);
    tell(&there, told("web", 1, &[(1, 4)]), 9);
    tell(&there, told("api", 1, &[(1, 6)]), 11);
    for record in here.take_changes(at(12)) {
        there.load(&record, at(12));
    }
    assert_eq!(of(&there, 1, 12), [line("api", 1, 6), line("web", 1, 5)]);
    assert_eq!(of(&there, 2, 12), [line("web", 1, 8)]);
    let left: Vec<_> = there.take_changes(at(12)).into_iter().collect();
    assert_eq!(left.len(), 1, "what was overtaken is not stored: {left:?}");

    tell(&here, told("web", 1, &[]), 20);
    for record in here.take_changes(at(20)) {
        there.load(&record, at(20));
    }
    assert_eq!(of(&there, 1, 20), [line("api", 1, 6)]);
}

#[test]
fn a_record_that_makes_no_sense_is_passed_over() {
    let reports = Reports::default();
    tell(&reports, told("web", 1, &[(1, 5)]), 0);
    let record = reports.take_changes(at(0)).remove(0);
    let fresh = Reports::default();
    for (id, body) in [
        ("", record.body.clone()),
        ("x/shop/web/eu", record.body.clone()),
        (&record.id, Vec::new()),
        (&record.id, vec![0xff]),
        (&record.id, b"1970-01-01T00:00:00Z x:y".to_vec()),
    ] {
        let record = super::ActivityRecord {
            id: id.to_owned(),
            body,
            ..record.clone()
        };
        fresh.load(&record, at(1));
    }
    assert_eq!(of(&fresh, 1, 1), []);
    fresh.load(&record, at(1));
    assert_eq!(of(&fresh, 1, 1), [line("web", 1, 5)]);
}
