//! The watch stream over HTTP.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::timeout;

use ssm_tests::ServerOptions;
use ssm_tests::caller::{Caller, own_server, owner};

/// Reads the events of a stream one by one.
struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    async fn open(caller: &Caller, query: &str) -> Self {
        let response = caller
            .request("GET", &format!("/api/watch{query}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/event-stream")
        );
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The next event with its data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block = self.buffer.drain(..end + 2).collect::<String>();
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name).map(str::trim))
                };
                if let Some(event) = field("event:") {
                    let data = field("data:")
                        .filter(|data| !data.is_empty())
                        .unwrap_or("null");
                    return Some((event.to_owned(), serde_json::from_str(data).unwrap()));
                }
                continue;
            }
            let chunk = timeout(Duration::from_mins(1), self.response.chunk())
                .await
                .expect("an event within a minute");
            self.buffer
                .push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    async fn expect(&mut self, name: &str) -> Value {
        let (event, data) = self.next().await.expect("the stream goes on");
        assert_eq!(event, name, "{data}");
        data
    }

    /// Everything up to `synced`, as (config, revision).
    async fn until_synced(&mut self) -> Vec<(String, u64)> {
        assert!(self.expect("hello").await["epoch"].is_string());
        let mut first = Vec::new();
        loop {
            match self.next().await.unwrap() {
                (event, data) if event == "revision" => {
                    first.push((
                        data["config"].as_str().unwrap().to_owned(),
                        data["revision"].as_u64().unwrap(),
                    ));
                }
                (event, _) => {
                    assert_eq!(event, "synced");
                    first.sort();
                    return first;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_stream_begins_with_every_revision_and_goes_on_with_each_change() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read", "secrets:export"]}))
        .await;
    let mut events = Events::open(&ci, "").await;
    let first = events.until_synced().await;
    assert_eq!(
        first
            .iter()
            .map(|(config, _)| config.as_str())
            .collect::<Vec<_>>(),
        ["base", "prod"]
    );

    // A change of what is inherited is a change of both.
    let put = owner
        .put(&shop.secret("base", "A"), json!({"value": "1"}))
        .await
        .ok();
    let mut changed = vec![];
    for _ in 0..2 {
        let event = events.expect("revision").await;
        assert_eq!(
            (&event["project"], &event["revision"]),
            (&json!(shop.slug), &put["revision"])
        );
        assert!(event.get("value").is_none());
        changed.push(event["config"].as_str().unwrap().to_owned());
    }
    changed.sort();
    assert_eq!(changed, ["base", "prod"]);

    owner.post(&shop.configs, json!({"slug": "dev"})).await.ok();
    assert_eq!(events.expect("revision").await["config"], "dev");
    owner.delete(&format!("{}/dev", shop.configs)).await.ok();
    let gone = events.expect("gone").await;
    assert_eq!(
        (&gone["config"], &gone["reason"]),
        (&json!("dev"), &json!("deleted"))
    );
}

#[tokio::test]
async fn a_config_that_is_renamed_is_gone_where_it_was() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read"]}))
        .await;
    let narrowed = format!("?config={}/prod", shop.slug);
    let (mut all, mut one) = (
        Events::open(&ci, "").await,
        Events::open(&ci, &narrowed).await,
    );
    all.until_synced().await;
    one.until_synced().await;
    let prod = format!("{}/prod", shop.configs);
    let renamed = owner.patch(&prod, json!({"slug": "live"})).await.ok();
    assert_eq!(all.expect("gone").await["config"], "prod");
    let there = all.expect("revision").await;
    assert_eq!(there["config"], "live");
    assert_eq!(there["revision"], renamed["config"]["revision"]);
    assert_eq!(one.expect("gone").await["config"], "prod");

    owner
        .post(&shop.configs, json!({"slug": "prod"}))
        .await
        .ok();
    assert_eq!(one.expect("revision").await["config"], "prod");
}

#[tokio::test]
async fn a_stream_can_be_narrowed_and_shows_nothing_else() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner.post(&shop.configs, json!({"slug": "dev"})).await.ok();
    let mut events = Events::open(
        &owner,
        &format!("?config={0}/base&config={0}/dev", shop.slug),
    )
    .await;
    let first = events.until_synced().await;
    assert_eq!(
        first
            .iter()
            .map(|(config, _)| config.as_str())
            .collect::<Vec<_>>(),
        ["base", "dev"]
    );
    owner
        .put(&shop.secret("prod", "A"), json!({"value": "1"}))
        .await
        .ok();
    owner
        .put(&shop.secret("dev", "A"), json!({"value": "1"}))
        .await
        .ok();
    assert_eq!(events.expect("revision").await["config"], "dev");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:export"]}))
        .await;
    let brief = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:export"], "ttl_seconds": 15}))
        .await;
    let (mut revoked, mut expired) = (Events::open(&ci, "").await, Events::open(&brief, "").await);
    revoked.until_synced().await;
    expired.until_synced().await;
    assert_eq!(ci.get("/api/auth/tokens/self").await.ok()["openStreams"], 1);
    owner
        .post("/api/auth/tokens/v2/revoke", json!({"token": ci.token()}))
        .await
        .ok();
    assert!(revoked.next().await.is_none());
    assert!(expired.next().await.is_none());
}

#[tokio::test]
async fn a_slow_reader_misses_no_last_revision() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let mut events = Events::open(&owner, &format!("?config={}/prod", shop.slug)).await;
    events.until_synced().await;
    let mut last = 0;
    for n in 0..200 {
        last = owner
            .put(&shop.secret("base", "A"), json!({"value": n.to_string()}))
            .await
            .ok()["revision"]
            .as_u64()
            .unwrap();
    }
    let mut previous = 0;
    while previous < last {
        let revision = events.expect("revision").await["revision"]
            .as_u64()
            .unwrap();
        assert!(revision > previous);
        previous = revision;
    }
    assert_eq!(previous, last);
}

/// Two events, in whatever order, by config.
async fn both(events: &mut Events, name: &str) -> Vec<(String, Value)> {
    let mut both = Vec::new();
    for _ in 0..2 {
        let data = events.expect(name).await;
        both.push((data["config"].as_str().unwrap().to_owned(), data));
    }
    both.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!((&*both[0].0, &*both[1].0), ("base", "prod"));
    both
}

#[tokio::test]
async fn a_person_is_told_what_a_role_lets_them_read_and_what_it_takes_away() {
    let owner = owner().await;
    let (shop, member) = (owner.shop().await, owner.member("viewer").await);
    let mut events = Events::open(&member.caller, "").await;
    assert_eq!(events.until_synced().await, []);
    let roles = format!("/api/workspace/projects/{}/members", shop.slug);
    let role = |kind: &str, id: &str, role: &str| json!({"subjectType": kind, "subjectId": id, "role": role});
    let named = member.username.as_str();
    owner.put(&roles, role("user", named, "viewer")).await.ok();
    for (config, data) in both(&mut events, "revision").await {
        let known = owner.get(&format!("{}/{config}", shop.configs)).await.ok();
        assert_eq!(data["revision"], known["config"]["revision"]);
    }
    // A role that still lets them read changes nothing for them.
    owner.put(&roles, role("user", named, "admin")).await.ok();
    owner.put(&roles, role("user", named, "none")).await.ok();
    for (_, data) in both(&mut events, "gone").await {
        assert_eq!(
            (&data["project"], &data["reason"]),
            (&json!(shop.slug), &json!("forbidden"))
        );
    }

    let group = json!({"slug": ssm_tests::caller::fresh("group")});
    let slug = group["slug"].as_str().unwrap();
    owner
        .post("/api/workspace/groups", group.clone())
        .await
        .ok();
    owner.put(&roles, role("group", slug, "viewer")).await.ok();
    let members = format!("/api/workspace/groups/{slug}/members");
    owner.put(&members, json!({"add": [named]})).await.ok();
    both(&mut events, "revision").await;
    owner
        .delete(&format!("/api/workspace/groups/{slug}"))
        .await
        .ok();
    both(&mut events, "gone").await;

    owner
        .patch(
            &format!("/api/workspace/members/{named}"),
            json!({"disabled": true}),
        )
        .await
        .ok();
    assert!(
        events.next().await.is_none(),
        "whoever is disabled is told nothing more"
    );
}

#[tokio::test]
async fn a_default_role_shows_what_there_is_and_what_comes() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let (_shop, member) = (owner.shop().await, owner.member("viewer").await);
    let mut events = Events::open(&member.caller, "").await;
    assert_eq!(events.until_synced().await, []);
    let default = |role: &str| json!({"defaultProjectRole": role});
    owner
        .patch("/api/workspace/settings", default("viewer"))
        .await
        .ok();
    both(&mut events, "revision").await;
    owner.shop().await;
    both(&mut events, "revision").await;
    owner
        .patch("/api/workspace/settings", default("none"))
        .await
        .ok();
    both(&mut events, "gone").await;
    both(&mut events, "gone").await;
}

#[tokio::test]
async fn a_machine_is_told_nothing_of_what_people_may_do() {
    let owner = owner().await;
    let (shop, member) = (owner.shop().await, owner.member("viewer").await);
    let ci = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read"]}))
        .await;
    let mut events = Events::open(&ci, "").await;
    assert_eq!(events.until_synced().await.len(), 2);
    let role = json!({"subjectType": "user", "subjectId": member.username, "role": "viewer"});
    let roles = format!("/api/workspace/projects/{}/members", shop.slug);
    owner.put(&roles, role).await.ok();
    owner
        .put(&shop.secret("prod", "A"), json!({"value": "1"}))
        .await
        .ok();
    assert_eq!(events.expect("revision").await["config"], "prod");
}

#[tokio::test]
async fn a_stream_needs_a_token() {
    let owner = owner().await;
    assert_eq!(
        owner.with("ssm_nonsense").get("/api/watch").await.status,
        401
    );
}
