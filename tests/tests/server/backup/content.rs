//! All that the API gives of the data: every way to read it, of everything that there is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use ssm_tests::caller::Caller;
use ssm_tests::canary;

/// What tells of the server, of the clock or of who asks, and not of the data, or may be lost.
const NOT_OF_THE_DATA: [&str; 14] = [
    "/api/audit/checkpoint",
    "/api/audit/export",
    "/api/audit/verify",
    "/api/auth/tokens/",
    "/api/auth/tokens/self",
    "/api/auth/tokens/v2",
    "/api/docs",
    "/api/keys",
    "/api/me",
    "/api/onboarding/status",
    "/api/openapi.json",
    "/api/projects/{project}/configs/{config}/consumers",
    "/api/version",
    "/api/watch",
];

/// What is given on every path, and all changes, oldest first.
pub struct Content {
    given: BTreeMap<String, Value>,
    events: Vec<Value>,
}

impl Content {
    /// Reads everything that the document has a way to read.
    pub async fn read(owner: &Caller) -> Self {
        let document = owner.get("/api/openapi.json").await.ok();
        let mut reading = Reading {
            owner,
            given: BTreeMap::new(),
        };
        for (path, operations) in document["paths"].as_object().unwrap() {
            let of_the_data = path.starts_with("/api/")
                && operations.get("get").is_some()
                && path != "/api/audit/events"
                && !NOT_OF_THE_DATA.contains(&path.as_str());
            if of_the_data {
                reading.every(path).await;
            }
        }
        Self {
            given: reading.given,
            events: events(owner).await,
        }
    }

    /// Fails where something that was given before is not given now, or is another. Changes may have been added.
    #[track_caller]
    pub fn assert_is(&self, before: &Self) {
        let paths = |content: &Self| content.given.keys().cloned().collect::<Vec<_>>();
        assert_eq!(paths(self), paths(before));
        for (path, given) in &self.given {
            assert_eq!(given, &before.given[path], "{path}");
        }
        assert_eq!(self.events[..before.events.len()], before.events);
    }

    /// The changes that were added to those of before.
    pub fn added<'a>(&'a self, before: &Self) -> &'a [Value] {
        &self.events[before.events.len()..]
    }
}

struct Reading<'a> {
    owner: &'a Caller,
    given: BTreeMap<String, Value>,
}

impl Reading<'_> {
    /// Reads a path of the document for everything that its parameters can name.
    async fn every(&mut self, path: &str) {
        let mut paths = vec![path.to_owned()];
        while paths.iter().any(|path| path.contains('{')) {
            let mut named = Vec::new();
            for path in paths {
                named.extend(self.name_first(&path).await);
            }
            paths = named;
        }
        for path in paths {
            let paths = if path.ends_with("/diff") {
                vec![path + "?values=true&from=1"]
            } else if path.ends_with("/secrets") {
                vec![
                    format!("{path}?format=json"),
                    format!("{path}?include_parent=false&raw=true"),
                    path,
                ]
            } else if path.ends_with("/versions") || path.contains("/revisions/") {
                vec![path + "?values=true"]
            } else {
                vec![path]
            };
            for path in paths {
                let answer = self.owner.get(&path).await;
                // What is missing has an id of the request in its answer.
                let body = match answer.status.as_u16() {
                    200 => answer.json(),
                    status => status.into(),
                };
                self.given.insert(path, body);
            }
        }
    }

    /// The path once for each name that its first parameter can have.
    async fn name_first(&self, path: &str) -> Vec<String> {
        let Some((before, rest)) = path.split_once('{') else {
            return vec![path.to_owned()];
        };
        let (parameter, after) = rest.split_once('}').unwrap();
        let (list, at, name) = match parameter {
            "project" => ("/api/projects".to_owned(), "projects", "slug"),
            "config" => (before.trim_end_matches('/').to_owned(), "configs", "slug"),
            "revision" => (
                before.trim_end_matches('/').to_owned(),
                "revisions",
                "revision",
            ),
            "group" => ("/api/workspace/groups".to_owned(), "groups", "slug"),
            "username" => ("/api/workspace/members".to_owned(), "members", "username"),
            "key" => {
                let names = keys()
                    .into_iter()
                    .map(|key| format!("{before}{key}{after}"));
                return names.collect();
            }
            unknown => panic!("{path}: it is not known what {unknown} can be"),
        };
        let listed = self.owner.get(&list).await.ok();
        let listed = listed[at]
            .as_array()
            .unwrap_or_else(|| panic!("{list} has no {at}: {listed}"));
        let names = listed.iter().map(|one| match &one[name] {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        });
        names.map(|name| format!("{before}{name}{after}")).collect()
    }
}

/// Every change on record, oldest first.
async fn events(owner: &Caller) -> Vec<Value> {
    let mut events = Vec::new();
    for page in 1.. {
        let path = format!("/api/audit/events?limit=100&page={page}");
        let read = owner.get(&path).await.ok();
        events.extend_from_slice(read["events"].as_array().unwrap());
        if read["has_next"] == false {
            break;
        }
    }
    events.retain(|event| event["seq"].is_u64());
    events.reverse();
    events
}

/// The keys that are written somewhere.
fn keys() -> Vec<String> {
    let many = (0..10).map(|n| format!("KEY_{n}"));
    let others = ["VERSIONED", "LATE", "REFERRING"].map(str::to_owned);
    many.chain(others).collect()
}

/// Something of everything.
pub async fn fill(owner: &Caller) {
    owner
        .patch(
            "/api/workspace/settings",
            json!({"defaultProjectRole": "viewer", "tokensWithoutExpiry": false}),
        )
        .await
        .ok();
    for (username, role) in [("bob", "viewer"), ("carol", "admin"), ("dave", "viewer")] {
        let member =
            json!({"username": username, "password": canary::password(), "workspaceRole": role});
        owner.post("/api/workspace/members", member).await.ok();
    }
    owner.delete("/api/workspace/members/dave").await.ok();
    for group in ["team", "guests"] {
        let body = json!({"slug": group, "name": group});
        owner.post("/api/workspace/groups", body).await.ok();
    }
    let members = json!({"add": ["bob", "carol"]});
    owner
        .put("/api/workspace/groups/team/members", members)
        .await
        .ok();
    let mapping =
        json!({"provider": "manual", "externalGroupKey": "Developers", "groupSlug": "team"});
    owner
        .post("/api/workspace/group-mappings", mapping)
        .await
        .ok();
    for n in 0..3 {
        fill_project(owner, n).await;
    }
    let gone = owner.shop().await;
    let value = json!({"value": canary::value("gone")});
    owner.put(&gone.secret("base", "GONE"), value).await.ok();
    owner
        .delete(&format!("/api/projects/{0}?confirm={0}", gone.slug))
        .await
        .ok();
}

async fn fill_project(owner: &Caller, n: usize) {
    let shop = owner.shop().await;
    for version in 1..=3 {
        let value = json!({"value": canary::value(&format!("{n}-{version}"))});
        owner
            .put(&shop.secret("base", "VERSIONED"), value)
            .await
            .ok();
    }
    let many: Map<_, _> = (0..10)
        .map(|key| (format!("KEY_{key}"), canary::value(&key.to_string()).into()))
        .collect();
    owner
        .patch(&shop.secrets("prod"), json!({"set": many, "delete": []}))
        .await
        .ok();
    owner.delete(&shop.secret("prod", "KEY_7")).await.ok();
    let referring = json!({"value": "see ${VERSIONED}"});
    owner
        .put(&shop.secret("prod", "REFERRING"), referring)
        .await
        .ok();
    if n == 0 {
        // This one has values under two data keys.
        let rotate = json!({"project": shop.slug});
        owner.post("/api/keys/rotate-data", rotate).await.ok();
        let late = json!({"value": canary::value("late")});
        owner.put(&shop.secret("base", "LATE"), late).await.ok();
    }
    let members = format!("/api/workspace/projects/{}/members", shop.slug);
    for (kind, who, role) in [("group", "team", "viewer"), ("user", "bob", "collaborator")] {
        let role = json!({"subjectType": kind, "subjectId": who, "role": role});
        owner.put(&members, role).await.ok();
    }
}
