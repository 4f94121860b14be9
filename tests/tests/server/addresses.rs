//! Where requests are from: tokens that are good at some addresses only, whom the server believes about addresses, and
//! tokens that are replaced.

use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller, own_server, owner};
use ssm_tests::{ServerOptions, eventually};

/// Somebody with a token that is good at these addresses only.
async fn bound(owner: &Caller, cidrs: Value) -> Caller {
    owner
        .service(json!({"actions": ["audit:read"], "allowedCidrs": cidrs, "ttl_seconds": 600}))
        .await
}

/// An answer to somebody whom a proxy heard at `from`.
async fn get_from(caller: &Caller, from: &str) -> Answer {
    let request = caller.request("GET", "/api/auth/tokens/self");
    Caller::send(request.header("x-forwarded-for", from)).await
}

#[tokio::test]
async fn a_token_is_good_at_its_addresses_only_and_lists_say_which() {
    let owner = owner().await;
    let here = bound(&owner, json!(["127.0.0.1", "2001:db8::/32"])).await;
    let own = here.get("/api/auth/tokens/self").await.ok();
    assert_eq!(
        own["allowedCidrs"],
        json!(["127.0.0.1/32", "2001:db8::/32"])
    );
    let elsewhere = bound(&owner, json!(["10.0.0.0/8"])).await;
    elsewhere
        .get("/api/auth/tokens/self")
        .await
        .refused(403, "address_not_allowed");
    elsewhere
        .get("/api/watch")
        .await
        .refused(403, "address_not_allowed");
    // What a client says about itself is nobody's word.
    get_from(&elsewhere, "10.0.0.1")
        .await
        .refused(403, "address_not_allowed");
}

#[tokio::test]
async fn addresses_that_are_none_are_refused() {
    let owner = owner().await;
    let post = async |cidrs: Value| {
        let body = json!({"service_name": "ci", "actions": ["audit:read"], "allowedCidrs": cidrs});
        owner.post("/api/auth/tokens/v2/service", body).await
    };
    let many: Vec<_> = (0..65).map(|n| format!("10.0.0.{n}")).collect();
    for bad in [
        json!(["example.com"]),
        json!(["10.0.0.0/33"]),
        json!([""]),
        json!(many),
    ] {
        let refused = post(bad).await;
        assert!(refused.refused(400, "invalid").json()["errors"]["allowedCidrs"].is_string());
    }
    for bad in [json!("10.0.0.0/8"), json!([7]), json!({"$ne": ""})] {
        assert_eq!(post(bad).await.status, 400);
    }
    assert_eq!(post(json!(null)).await.status, 201);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_client_is_whom_the_proxy_heard_and_nobody_further_away() {
    let options = ServerOptions::default().env("TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8");
    let (_server, owner) = own_server(options).await;
    let office = bound(&owner, json!(["192.0.2.0/24"])).await;
    get_from(&office, "192.0.2.7").await.ok();
    get_from(&office, "6.6.6.6, 192.0.2.7, 10.0.0.1").await.ok();
    for spoofed in ["192.0.2.7, 6.6.6.6", "192.0.2.7, nonsense", "", "10.0.0.1"] {
        get_from(&office, spoofed)
            .await
            .refused(403, "address_not_allowed");
    }
    let request = owner
        .request("POST", "/api/projects")
        .json(&json!({"slug": "web"}));
    Caller::send(request.header("x-forwarded-for", "198.51.100.9"))
        .await
        .ok();
    let events = owner
        .get("/api/audit/events?action=projects.write")
        .await
        .ok();
    assert_eq!(events["events"][0]["ip"], "198.51.100.9", "{events}");
}

/// The id of somebody's token.
async fn id(caller: &Caller) -> String {
    let own = caller.get("/api/auth/tokens/self").await.ok();
    own["token_id"].as_str().unwrap().to_owned()
}

async fn rotate(by: &Caller, id: &str, body: Value) -> Answer {
    by.post(&format!("/api/auth/tokens/v2/{id}/rotate"), body)
        .await
}

#[tokio::test]
async fn a_rotated_token_is_replaced_by_one_that_is_good_for_the_same() {
    let owner = owner().await;
    let old = bound(&owner, json!(["127.0.0.1"])).await;
    let before = old.get("/api/auth/tokens/self").await.ok();
    let answer = rotate(&owner, &id(&old).await, json!({})).await;
    assert_eq!(answer.status, 201);
    let made = answer.json();
    assert_eq!(
        (&made["type"], &made["status"]),
        (&json!("service"), &json!("OK"))
    );
    let new = owner.with(made["token"].as_str().unwrap());
    let after = new.get("/api/auth/tokens/self").await.ok();
    for field in [
        "scopes",
        "allowedCidrs",
        "subject_service_name",
        "type",
        "purpose",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["expires_at"], made["expires_at"]);
    let dying = old.get("/api/auth/tokens/self").await.ok();
    assert!(dying["expires_at"].as_str() < before["expires_at"].as_str());
}

#[tokio::test]
async fn without_an_overlap_the_old_token_and_its_streams_end_at_once() {
    let owner = owner().await;
    let old = owner.service(json!({"actions": ["secrets:read"]})).await;
    let mut stream = old.request("GET", "/api/watch").send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let id = id(&old).await;
    rotate(&owner, &id, json!({"overlapSeconds": 0})).await.ok();
    old.get("/api/auth/tokens/self")
        .await
        .refused(401, "unauthenticated");
    let ended = async || {
        ensure!(stream.chunk().await?.is_none(), "there is more");
        Ok(())
    };
    eventually(Duration::from_secs(30), "the stream to end", ended)
        .await
        .unwrap();
    rotate(&owner, &id, json!({}))
        .await
        .refused(404, "token_not_found");
}

#[tokio::test]
async fn a_rotation_that_is_not_right_is_refused() {
    let owner = owner().await;
    let old = owner.service(json!({"actions": ["secrets:read"]})).await;
    let id = id(&old).await;
    rotate(&owner, &id, json!({"overlapSeconds": 86_401}))
        .await
        .refused(400, "invalid");
    rotate(&owner, &id, json!({"overlapSeconds": -1}))
        .await
        .refused(400, "invalid");
    rotate(&owner, &id, json!({"overlap": 1}))
        .await
        .refused(400, "unknown_fields");
    rotate(&owner, "000000000000000000000000", json!({}))
        .await
        .refused(404, "token_not_found");
    rotate(&owner, "nonsense", json!({}))
        .await
        .refused(404, "token_not_found");
    rotate(&old, &id, json!({}))
        .await
        .refused(403, "missing_scope");
    old.get("/api/auth/tokens/self").await.ok();
}
