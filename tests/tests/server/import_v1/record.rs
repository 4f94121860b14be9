//! A record that takes several entries to import, in the list beside what was done since, and in copies of the instance.

use std::collections::HashSet;

use mongodb::bson::DateTime;
use serde_json::{Value, json};
use ssm_tests::caller::Caller;
use ssm_tests::{Scratch, Server};

use super::{DATA, Old, Place, record_of};

/// More than three entries.
const EVENTS: i64 = 650;
/// How many of them are of each second, in the very same millisecond.
const AT_ONCE: i64 = 3;

/// Events that happened before, while and after they are imported, as far as the clocks go.
struct Events {
    middle: i64,
}

impl Events {
    fn new() -> Self {
        let middle = DateTime::now().timestamp_millis();
        Self { middle }
    }

    fn at(&self, number: i64) -> i64 {
        let seconds = number / AT_ONCE - EVENTS / AT_ONCE / 2;
        self.middle + seconds * 1_000
    }

    fn time(&self, number: i64) -> String {
        let at = DateTime::from_millis(self.at(number));
        at.try_to_rfc3339_string().unwrap()
    }

    fn document(&self, number: i64) -> Value {
        let int = |value: i64| json!({"$numberInt": value.to_string()});
        json!({
            // Of the same time, the later has the lesser one.
            "_id": {"$oid": format!("{:024x}", 0xabcd_0000 - number)},
            "ts": {"$date": {"$numberLong": self.at(number).to_string()}},
            "actor_type": "userpass",
            "actor_id": actor(number),
            "action": "secrets.read",
            "project_slug": "web-shop",
            "config_slug": "prod",
            "key": key(number),
            "method": "GET",
            "path": path(number),
            "status_code": int(status(number)),
            "latency_ms": int(1),
        })
    }

    async fn database(&self) -> Old {
        Old::but(|written| {
            let events = written[DATA]["audit_events"].as_array_mut().unwrap();
            // In an order that is none.
            events.extend((0..EVENTS).map(|number| self.document(number * 7 % EVENTS)));
        })
        .await
    }

    /// The paths of those that are asked for, newest first.
    fn paths(&self, is_meant: impl Fn(i64) -> bool) -> Vec<String> {
        let mut meant: Vec<_> = (0..EVENTS).filter(|number| is_meant(*number)).collect();
        meant.sort_by_key(|number| (self.at(*number), -number));
        meant.into_iter().rev().map(path).collect()
    }
}

fn path(number: i64) -> String {
    format!("/api/of-before/{number}")
}

fn actor(number: i64) -> &'static str {
    ["admin", "erin"][usize::from(number % 4 == 1)]
}

fn key(number: i64) -> &'static str {
    ["DATABASE_URL", "REDIS_URL", "LOG_LEVEL"][usize::try_from(number % 3).unwrap()]
}

fn status(number: i64) -> i64 {
    if number % 5 == 2 { 403 } else { 200 }
}

/// The paths of these events, those that were imported beside the ones of 1.4.1 itself.
fn paths(events: &[Value]) -> Vec<&str> {
    let paths = events.iter().filter_map(|event| event["path"].as_str());
    paths
        .filter(|path| path.starts_with("/api/of-before/"))
        .collect()
}

/// Asserts that the list is in the order of time, and has each thing once.
fn is_in_order(events: &[Value]) {
    let times: Vec<_> = events.iter().map(|event| time(&event["ts"])).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    let seqs: Vec<_> = events
        .iter()
        .filter_map(|event| event["seq"].as_u64())
        .collect();
    assert!(seqs.is_sorted_by(|newer, older| newer == &(older + 1)));
    assert_eq!(seqs.last(), Some(&1));
    let imported = paths(events);
    let different: HashSet<_> = imported.iter().collect();
    assert_eq!(different.len(), imported.len());
}

fn time(text: &Value) -> DateTime {
    DateTime::parse_rfc3339_str(text.as_str().unwrap()).unwrap()
}

/// Everything of a query, by the number of the page.
async fn numbered(caller: &Caller, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for number in 1.. {
        let page = format!("/api/audit/events?limit=37&page={number}&{query}");
        let page = caller.get(&page).await.ok();
        found.extend(page["events"].as_array().unwrap().clone());
        if page["has_next"] == false {
            break;
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_entries_of_events_are_listed_by_time_among_what_was_done_and_read_since() {
    for place in [Place::embedded(), Place::mongodb().await] {
        let events = Events::new();
        events
            .database()
            .await
            .import(&place)
            .end()
            .await
            .unwrap()
            .ok();
        place.let_in("admin").await;
        let server = Server::start(place.server()).await.unwrap();
        let admin = Caller::nobody(&server.url()).sign_in("admin").await;
        let secrets = "/api/projects/web-shop/configs/prod/secrets";
        for key in ["A", "B", "C"] {
            let secret = format!("{secrets}/{key}");
            admin.put(&secret, json!({"value": key})).await.ok();
            admin.get(&secret).await.ok();
            admin.get(&format!("{secrets}/NOT_{key}")).await;
        }

        let by_cursor = record_of(&admin, "limit=37").await;
        is_in_order(&by_cursor);
        assert_eq!(paths(&by_cursor), events.paths(|_| true));
        let reads = by_cursor.iter();
        let reads = reads.filter(|event| event["action"] == "secrets.read");
        assert!(reads.filter(|event| event["imported"] == false).count() >= 3);
        // What is on record up to a time moves no pages.
        let until = DateTime::now().try_to_rfc3339_string().unwrap();
        let until = format!("until={until}");
        let up_to = record_of(&admin, &format!("limit=37&{until}")).await;
        assert_eq!(numbered(&admin, &until).await, up_to);
        filters(&events, &admin).await;
    }
}

async fn filters(events: &Events, admin: &Caller) {
    let (early, late) = (150, 460);
    let [since, until] = [early, late].map(|number| events.time(number));
    let is_late_enough = |number| events.at(number) >= events.at(early);
    let is_early_enough = |number| events.at(number) <= events.at(late);
    let is_between = |number| is_late_enough(number) && is_early_enough(number);
    for (query, expected) in [
        (format!("since={since}"), events.paths(is_late_enough)),
        (format!("until={until}"), events.paths(is_early_enough)),
        (
            format!("since={since}&until={until}"),
            events.paths(is_between),
        ),
        (
            format!("since={until}&until={until}"),
            events.paths(|number| events.at(number) == events.at(late)),
        ),
        (
            "actor=erin".to_owned(),
            events.paths(|number| actor(number) == "erin"),
        ),
        ("actor=nobody".to_owned(), Vec::new()),
        (
            "key=REDIS_URL".to_owned(),
            events.paths(|number| key(number) == "REDIS_URL"),
        ),
        (
            "outcome=failure".to_owned(),
            events.paths(|number| status(number) == 403),
        ),
        (
            format!("outcome=success&actor=admin&key=LOG_LEVEL&since={since}&until={until}"),
            events.paths(|number| {
                let (actor, key) = (actor(number), key(number));
                is_between(number) && (status(number), actor, key) == (200, "admin", "LOG_LEVEL")
            }),
        ),
    ] {
        let found = record_of(admin, &format!("limit=50&{query}")).await;
        assert_eq!(paths(&found), expected, "{query}");
    }
}

/// What was imported, as it is listed by a server on the place.
async fn listed(place: &Place) -> Vec<Value> {
    let mut server = Server::start(place.server()).await.unwrap();
    let admin = Caller::nobody(&server.url()).sign_in("admin").await;
    assert_eq!(admin.get("/api/audit/verify").await.ok()["ok"], true);
    let mut events = record_of(&admin, "limit=100").await;
    events.retain(|event| event["imported"] == true);
    server.stop().await.unwrap();
    events
}

async fn is_verified(place: &Place) {
    let verified = place.command(["audit", "verify"]).end().await.unwrap().ok();
    assert!(
        verified.ends_with("all is as it was written\n"),
        "{verified}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_found_again_after_a_backup_and_a_restore_and_after_a_migration() {
    let old = Events::new().database().await;
    let place = Place::embedded_with_keys();
    old.import(&place).end().await.unwrap().ok();
    place.let_in("admin").await;
    let before = listed(&place).await;
    let written = old.of(DATA, "audit_events").len();
    assert_eq!(before.len(), written);

    let scratch = Scratch::new("backup").unwrap();
    let file = scratch.path().join("imported.jsonl");
    let file = file.to_str().unwrap();
    place.command(["backup", file]).end().await.unwrap().ok();
    for restored in [Place::embedded_with_keys(), Place::mongodb().await] {
        restored
            .command(["restore", file])
            .end()
            .await
            .unwrap()
            .ok();
        is_verified(&restored).await;
        assert!(listed(&restored).await == before);
        is_verified(&restored).await;
    }

    let migrated = Place::mongodb().await;
    let Place::Embedded(dir) = &place else {
        unreachable!("it is embedded")
    };
    let from = dir.path().join("data");
    let words = [
        "migrate",
        "--from",
        from.to_str().unwrap(),
        "--to",
        "mongodb",
    ];
    migrated.command(words).end().await.unwrap().ok();
    is_verified(&migrated).await;
    assert!(listed(&migrated).await == before);
}
