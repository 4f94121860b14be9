//! The record over HTTP.

use serde_json::{Value, json};
use ssm_tests::{ServerOptions, canary};

use ssm_tests::caller::{OWNER, own_server, owner};

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
