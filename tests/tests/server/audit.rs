//! The record over HTTP.

use serde_json::{Value, json};
use ssm_tests::{ServerOptions, canary};

use ssm_tests::caller::{Caller, OWNER, own_server, owner};

#[tokio::test]
async fn every_change_is_on_record_with_who_what_and_how() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = owner
        .put(
            &shop.secret("base", "A"),
            json!({"value": canary::value("audit")}),
        )
        .await;
    let answer = owner
        .get(&format!(
            "/api/audit/events?project={}&config=base&limit=1",
            shop.slug
        ))
        .await;
    assert!(!canary::is_in(answer.text.as_bytes()));
    let page = answer.ok();
    assert_eq!(
        (&page["page"], &page["limit"], &page["has_next"]),
        (&json!(1), &json!(1), &json!(true))
    );
    let event = &page["events"][0];
    assert_eq!(event["seq"], set.json()["revision"]);
    assert_eq!(
        (&event["action"], &event["actor_id"]),
        (&json!("secrets.write"), &json!(OWNER))
    );
    assert_eq!(
        (&event["project_slug"], &event["config_slug"], &event["key"]),
        (&json!(shop.slug), &json!("base"), &json!("A"))
    );
    assert_eq!(
        (&event["method"], &event["path"]),
        (&json!("PUT"), &json!(shop.secret("base", "A")))
    );
    assert_eq!(event["ip"], "127.0.0.1");
    assert!(event["requestId"].is_string());
    for field in [
        "ts",
        "actor_type",
        "token_id",
        "status_code",
        "user_agent",
        "latency_ms",
        "changes",
    ] {
        assert!(event.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn the_chain_verifies_for_those_who_may_see_all_of_it() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let verified = owner.get("/api/audit/verify").await.ok();
    assert_eq!(verified["ok"], true);
    assert!(verified["entries"].as_u64().unwrap() > 3);
    assert_eq!(verified["head"]["hash"].as_str().unwrap().len(), 64);
    assert!(verified["accessRecords"].is_u64());
    let some = owner.get("/api/audit/verify?to=2").await.ok();
    assert!(some["accessRecords"].is_null());

    let auditor = owner
        .service(json!({"project": shop.slug, "actions": ["audit:read"]}))
        .await;
    assert_eq!(auditor.get("/api/audit/verify").await.status, 403);
    assert_eq!(auditor.get("/api/audit/events").await.status, 403);
    auditor
        .get(&format!("/api/audit/events?project={}", shop.slug))
        .await
        .ok();
}

#[tokio::test]
async fn the_record_is_exported_line_by_line_with_signatures_and_without_values() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let value = json!({"value": canary::value("export")});
    let written = owner.put(&shop.secret("base", "A"), value).await.ok();
    let answer = owner.get("/api/audit/export?format=jsonl").await;
    assert_eq!(answer.header("content-type"), "application/jsonl");
    assert!(!canary::is_in(answer.text.as_bytes()));

    let lines: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let entries = lines.iter().filter(|line| line["entry"].is_object());
    for (seq, line) in (1..).zip(entries.clone()) {
        assert_eq!(
            (&line["seq"], &line["entry"]["seq"]),
            (&json!(seq), &json!(seq))
        );
    }
    let last = lines.last().unwrap();
    assert!(last["signature"]["seq"].as_u64() >= written["revision"].as_u64());
    assert_eq!(last["signature"]["seq"], json!(entries.count()));
    owner
        .get("/api/audit/export?format=csv")
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn what_was_read_is_exported_as_a_stream_of_its_own_without_values() {
    let options = ServerOptions::default().env("AUDIT_READS", "every");
    let (_server, owner) = own_server(options).await;
    let shop = owner.shop().await;
    let secret = shop.secret("base", "A");
    let value = json!({"value": canary::value("access")});
    owner.put(&secret, value).await.ok();
    for _ in 0..3 {
        assert!(canary::is_in(owner.get(&secret).await.text.as_bytes()));
    }
    let answer = owner.get("/api/audit/export?stream=access").await;
    assert_eq!(answer.header("content-type"), "application/jsonl");
    assert!(!canary::is_in(answer.text.as_bytes()));
    let lines: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (seq, line) in (1..).zip(&lines) {
        assert_eq!(line["access"]["seq"], json!(seq));
        assert_eq!(line["hash"].as_str().unwrap().len(), 64);
    }
    let of_it = lines
        .iter()
        .filter(|line| line["access"]["target"]["key"] == "A");
    assert_eq!(of_it.count(), 3);
    assert!(lines.last().unwrap()["signature"]["epoch"].is_string());

    let verified = owner.get("/api/audit/verify").await.ok();
    assert_eq!(verified["ok"], true, "{verified}");
    assert!(verified["accessRecords"].as_u64().unwrap() >= 3);
    owner
        .get("/api/audit/export?stream=reads")
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn a_checkpoint_says_what_the_journal_has_come_to() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let checkpoint = owner.get("/api/audit/checkpoint").await.ok();
    let verified = owner.get("/api/audit/verify").await.ok();
    assert_eq!(verified["ok"], true, "{verified}");
    for field in ["seq", "hash"] {
        assert_eq!(checkpoint[field], verified["head"][field]);
    }
    for (field, digits) in [("signature", 128), ("publicKey", 64), ("epoch", 24)] {
        assert_eq!(checkpoint[field].as_str().unwrap().len(), digits, "{field}");
    }
}

/// Events that a query finds, oldest first.
async fn events(owner: &Caller, query: &str) -> Vec<Value> {
    let path = format!("/api/audit/events?limit=100&{query}");
    let mut events = owner.get(&path).await.ok()["events"]
        .as_array()
        .unwrap()
        .clone();
    events.reverse();
    events
}

fn total(events: &[Value]) -> u64 {
    let counts = events.iter().map(|event| event["count"].as_u64().unwrap());
    counts.sum()
}

#[tokio::test]
async fn reads_and_refusals_are_among_the_changes_at_once_and_after_a_restart() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let shop = owner.shop().await;
    let secret = shop.secret("base", "A");
    let value = json!({"value": canary::value("seen")});
    owner.put(&secret, value).await.ok();
    let reader = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read"]}))
        .await;
    for _ in 0..3 {
        reader.get(&secret).await.ok();
        let refused = reader.put(&secret, json!({"value": "x"})).await;
        refused.refused(403, "missing_scope");
    }
    let nobody = owner.without_token();
    for username in [OWNER.to_owned(), canary::password()] {
        let request = nobody.request("GET", "/api/auth/tokens/");
        let request = request.basic_auth(username, Some(canary::password() + "?"));
        Caller::send(request).await.refused(401, "unauthenticated");
    }

    let queries = [
        "action=secrets.read&actor=ci",
        "action=access.denied&actor=ci",
        "action=auth.failed",
    ];
    let before = [
        events(&owner, queries[0]).await,
        events(&owner, queries[1]).await,
        events(&owner, queries[2]).await,
    ];
    // Nothing more of these happens, so a restart only moves them to where they stay.
    server.restart().await.unwrap();
    let owner = Caller::nobody(&server.url()).with(owner.token());
    for (query, before) in queries.into_iter().zip(&before) {
        assert_eq!(&events(&owner, query).await, before, "{query}");
    }
    let [reads, denied, failed] = &before;
    assert_eq!([total(reads), total(denied), total(failed)], [3, 3, 2]);
    for event in reads.iter().chain(denied) {
        assert_eq!(event["project_slug"], shop.slug.as_str());
        assert_eq!((&event["key"], &event["seq"]), (&json!("A"), &json!(null)));
        assert_eq!(event["actor_type"], "token");
    }
    let names: Vec<_> = failed.iter().map(|event| &event["actor_id"]).collect();
    assert_eq!(names, [OWNER, "unknown"]);
    let failures = events(&owner, "outcome=failure").await;
    assert_eq!(total(&failures), 5, "{failures:?}");
    let everything = owner.get("/api/audit/events?limit=100").await;
    assert!(!canary::is_in(everything.text.as_bytes()));

    server.stop().await.unwrap();
    let seen = canary::sightings(server.data_dir()).unwrap();
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn pages_by_cursor_are_all_of_the_list() {
    let owner = owner().await;
    let shop = owner.shop().await;
    for n in 0..3 {
        let secret = shop.secret("base", &format!("K{n}"));
        owner.put(&secret, json!({"value": "x"})).await.ok();
        owner.get(&secret).await.ok();
    }
    let query = format!("/api/audit/events?project={}", shop.slug);
    let all = owner.get(&format!("{query}&limit=100")).await.ok();
    assert_eq!(
        (&all["has_next"], all.get("nextCursor")),
        (&json!(false), None)
    );
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner
            .get(&format!("{query}&limit=2&cursor={cursor}"))
            .await
            .ok();
        paged.extend(page["events"].as_array().unwrap().clone());
        assert_eq!(page["has_next"], json!(page.get("nextCursor").is_some()));
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        next.clone_into(&mut cursor);
    }
    assert_eq!(json!(paged), all["events"]);
    assert!(paged.len() >= 9);
    for bad in [
        "cursor=7",
        "cursor=5-e1&page=2",
        "outcome=maybe",
        "until=today",
        "key=a%20b",
    ] {
        owner
            .get(&format!("{query}&{bad}"))
            .await
            .refused(400, "invalid");
    }
}
