use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Caller, OWNER};

#[tokio::test]
async fn the_first_user_is_made_once() {
    let owner = Caller::owner().await;
    owner
        .json("POST", "/api/onboarding/bootstrap", OWNER)
        .await
        .refused(409, "already_initialized");
    let status = owner.get("/api/onboarding/status").await.json();
    assert_eq!(status["onboarding"]["state"], "completed");
    assert_eq!(owner.get("/api/me").await.json()["workspaceRole"], "owner");
}

#[tokio::test]
async fn signing_in_takes_the_right_password_and_gives_a_session_that_can_be_ended() {
    let owner = Caller::owner().await;
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let send = async |method: &str, pair: &str, body: String| {
        let request = http::Request::builder()
            .method(method)
            .uri("/api/auth/tokens/");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request
            .header("authorization", basic(pair))
            .body(axum::body::Body::from(body))
            .unwrap();
        tower::ServiceExt::oneshot(owner.router.clone(), request)
            .await
            .unwrap()
    };
    for wrong in ["owner:wrong", "nobody:Str0ng!Passw0rd", "owner"] {
        let refused = send("GET", wrong, String::new()).await;
        assert_eq!(refused.status(), 401);
        assert!(
            refused.headers()["www-authenticate"]
                .as_bytes()
                .starts_with(b"Basic")
        );
    }
    let pair = "OWNER:Str0ng!Passw0rd";
    let answer = send("GET", pair, String::new()).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body = axum::body::to_bytes(answer.into_body(), 4_096)
        .await
        .unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let session = owner.with(body["token"].as_str().unwrap());
    assert_eq!(
        session.get("/api/auth/tokens/self").await.is(200).json()["purpose"],
        "session"
    );
    assert_eq!(
        send("DELETE", pair, format!("token={}", session.token))
            .await
            .status(),
        200
    );
    session.get("/api/me").await.refused(401, "unauthenticated");
    owner.get("/api/me").await.is(200);
}

#[tokio::test]
async fn a_service_token_is_shown_what_it_is_for_and_is_gone_once_revoked() {
    let owner = Caller::owner().await.with_configs().await;
    let ci = owner
        .service(json!({"project": "web", "config": "prod", "actions": ["secrets:export"]}))
        .await;
    let (prod, base) = (
        "/api/projects/web/configs/prod/secrets",
        "/api/projects/web/configs/base/secrets",
    );
    ci.get(prod).await.is(200);
    ci.get(base).await.refused(404, "config_not_found");
    ci.get(&format!("{prod}?values=false"))
        .await
        .refused(403, "missing_scope");
    ci.get("/api/me").await.refused(403, "not_a_user");
    for list in ["/api/projects", "/api/auth/tokens/v2", "/api/audit/events"] {
        ci.get(list).await.refused(403, "missing_scope");
    }
    let own = ci.get("/api/auth/tokens/self").await.json();
    let body = json!({"token_id": own["token_id"], "token": null}).to_string();
    owner
        .json("POST", "/api/auth/tokens/v2/revoke", &body)
        .await
        .is(200);
    ci.get(prod).await.refused(401, "unauthenticated");
    let listed = async |query: &str| {
        owner
            .get(&format!("/api/auth/tokens/v2{query}"))
            .await
            .json()
            .to_string()
    };
    let id = own["token_id"].as_str().unwrap();
    assert!(!listed("").await.contains(id) && listed("?include_revoked=true").await.contains(id));
}

#[tokio::test]
async fn a_token_request_that_cannot_be_is_refused_by_field() {
    let owner = Caller::owner().await.with_configs().await;
    for (path, body, field) in [
        (
            "service",
            json!({"service_name": "a b", "actions": ["secrets:read"]}),
            "service_name",
        ),
        ("service", json!({"service_name": "ci"}), "actions"),
        (
            "service",
            json!({"service_name": "ci", "actions": []}),
            "actions",
        ),
        (
            "service",
            json!({"service_name": "ci", "actions": ["ADMIN"]}),
            "actions",
        ),
        (
            "service",
            json!({"service_name": "ci", "actions": ["secrets:read"], "ttl_seconds": -1}),
            "ttl_seconds",
        ),
        (
            "service",
            json!({"service_name": "ci", "actions": ["secrets:read"], "scopes": []}),
            "scopes",
        ),
        ("personal", json!({"ttl_seconds": 0}), "ttl_seconds"),
        ("personal", json!({"ttl_seconds": 86_401}), "ttl_seconds"),
        ("personal", json!({"config": "prod"}), "config"),
        ("revoke", json!({}), "token_id"),
    ] {
        let answer = owner
            .json(
                "POST",
                &format!("/api/auth/tokens/v2/{path}"),
                &body.to_string(),
            )
            .await;
        assert!(
            answer.refused(400, "invalid")["errors"][field].is_string(),
            "{}",
            answer.text
        );
    }
    let many = json!({"service_name": "ci", "scopes": [
        {"project": "web", "config": "base", "actions": ["secrets:read"]},
        {"project": "web", "config": "prod", "actions": ["tokens:manage"]},
    ]});
    owner
        .json("POST", "/api/auth/tokens/v2/service", &many.to_string())
        .await
        .is(201);
    owner
        .json("POST", "/api/auth/tokens/v2/personal", "{}")
        .await
        .is(201);
}

#[tokio::test]
async fn a_deleted_project_takes_its_tokens_with_it_and_stays_on_record() {
    let owner = Caller::owner().await.with_configs().await;
    let ci = owner
        .service(json!({"project": "web", "actions": ["configs:read"]}))
        .await;
    owner
        .delete("/api/projects/web")
        .await
        .refused(400, "invalid");
    owner
        .delete("/api/projects/web/configs/base")
        .await
        .refused(409, "has_children");
    owner.delete("/api/projects/web?confirm=web").await.is(200);
    ci.get("/api/projects/web/configs")
        .await
        .refused(401, "unauthenticated");
    owner
        .get("/api/projects/web")
        .await
        .refused(404, "project_not_found");
    let used = owner
        .get("/api/audit/events?project=web&action=auth.dead_token")
        .await
        .json();
    assert_eq!(used["events"][0]["status_code"], 401);
    let page = owner
        .get("/api/audit/events?project=web&action=projects.delete&limit=1")
        .await
        .json();
    let event = &page["events"][0];
    assert_eq!(
        (&event["action"], &event["actor_type"]),
        (&"projects.delete".into(), &"token".into())
    );
    assert_eq!(event["changes"][0], json!({"kind": "project_deleted"}));
    assert_eq!(owner.get("/api/audit/verify").await.json()["ok"], true);
    let most = owner.get("/api/audit/events?limit=101").await.json();
    assert_eq!(most["limit"], 100);
    owner
        .get("/api/audit/events?limit=0")
        .await
        .refused(400, "invalid");
}
