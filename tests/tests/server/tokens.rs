//! Tokens over HTTP: made, shown once, listed, limited, revoked.

use serde_json::json;

use ssm_tests::ServerOptions;
use ssm_tests::caller::{own_server, owner};

#[tokio::test]
async fn a_service_token_reads_what_it_is_for_and_nothing_else() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let scope = json!({"project": shop.slug, "config": "prod", "actions": ["secrets:read", "secrets:export"]});
    let ci = owner.service(scope).await;
    ci.get(&shop.secrets("prod")).await.ok();
    ci.get(&shop.secrets("base"))
        .await
        .refused(404, "config_not_found");
    ci.get("/api/projects/no-such-project/configs/prod/secrets")
        .await
        .refused(404, "project_not_found");
    let put = ci
        .put(&shop.secret("prod", "A"), json!({"value": "1"}))
        .await;
    assert_eq!(put.status, 403);
    assert_eq!(put.json()["message"], "Missing scope: secrets:write");
    let other = owner.shop().await;
    let (unseen, absent) = (
        ci.get(&other.secrets("prod")).await,
        ci.get("/api/projects/nope/configs/prod/secrets").await,
    );
    assert_eq!(unseen.json()["message"], absent.json()["message"]);
    assert_eq!(ci.get("/api/me").await.status, 403);
}

#[tokio::test]
async fn lists_show_what_single_reads_would() {
    let owner = owner().await;
    let (shop, _other) = (owner.shop().await, owner.shop().await);
    let project = owner
        .service(json!({"project": shop.slug, "actions": ["projects:read"]}))
        .await;
    let projects = project.get("/api/projects").await.ok();
    let slugs = |list: &serde_json::Value| {
        list.as_array()
            .unwrap()
            .iter()
            .map(|item| item["slug"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(slugs(&projects["projects"]), [shop.slug.as_str()]);
    let config = owner
        .service(json!({"project": shop.slug, "config": "prod", "actions": ["configs:read"]}))
        .await;
    let configs = config.get(&shop.configs).await.ok();
    assert_eq!(slugs(&configs["configs"]), ["prod"]);
}

#[tokio::test]
async fn both_headers_carry_a_token_and_anything_else_is_401() {
    let owner = owner().await;
    let plain = |name: &str, value: &str| {
        let nobody = owner.with("");
        reqwest::Client::new()
            .get(
                nobody
                    .request("GET", "/api/me")
                    .build()
                    .unwrap()
                    .url()
                    .clone(),
            )
            .header(name, value)
    };
    let status = async |name: &str, value: String| {
        plain(name, &value).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("x-api-key", owner.token().to_owned()).await, 200);
    assert_eq!(
        status("authorization", format!("bearer {}", owner.token())).await,
        200
    );
    for (name, value) in [
        ("authorization", String::new()),
        ("authorization", "Bearer".to_owned()),
        ("authorization", "Bearer  ".to_owned()),
        ("authorization", format!("Basic {}", owner.token())),
        ("authorization", "Bearer ssm_nonsense".to_owned()),
        ("x-api-key", String::new()),
        ("x-other", owner.token().to_owned()),
    ] {
        assert_eq!(status(name, value.clone()).await, 401, "{name}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_nobodys_at_once() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:export"]}))
        .await;
    let own = ci.get("/api/auth/tokens/self").await.ok();
    assert!(!own.to_string().contains(ci.token()));
    let token_id = own["token_id"]
        .as_str()
        .or(own["tokenId"].as_str())
        .unwrap()
        .to_owned();
    owner
        .post("/api/auth/tokens/v2/revoke", json!({"token_id": token_id}))
        .await
        .ok();
    assert_eq!(ci.get(&shop.secrets("prod")).await.status, 401);

    let listed = async |query: &str| {
        let tokens = owner.get(&format!("/api/auth/tokens/v2{query}")).await.ok();
        tokens["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .any(|token| token["token_id"] == *token_id)
    };
    assert!(!listed("").await);
    assert!(listed("?include_revoked=true").await);
}

#[tokio::test]
async fn a_token_is_revoked_by_itself_as_well_as_by_its_id() {
    let owner = owner().await;
    let ci = owner.service(json!({"actions": ["projects:read"]})).await;
    owner
        .post(
            "/api/auth/tokens/v2/revoke",
            json!({"token": ci.token(), "token_id": null}),
        )
        .await
        .ok();
    assert_eq!(ci.get("/api/projects").await.status, 401);
    owner
        .post(
            "/api/auth/tokens/v2/revoke",
            json!({"token_id": "000000000000000000000000"}),
        )
        .await
        .refused(404, "token_not_found");
}

#[tokio::test]
async fn a_short_lived_token_expires() {
    let owner = owner().await;
    let ci = owner
        .service(json!({"actions": ["projects:read"], "ttl_seconds": 1}))
        .await;
    ssm_tests::eventually(
        std::time::Duration::from_secs(30),
        "the token expires",
        async || {
            anyhow::ensure!(ci.get("/api/projects").await.status == 401);
            Ok(())
        },
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn nobody_makes_a_token_with_more_than_they_have() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let limited = owner
        .service(json!({"project": shop.slug, "actions": ["tokens:write", "tokens:read", "secrets:read"]}))
        .await;
    for wider in [
        json!({"project": shop.slug, "actions": ["secrets:write"]}),
        json!({"actions": ["secrets:read"]}),
        json!({"project": shop.slug, "actions": ["tokens:manage"]}),
    ] {
        let mut body = wider;
        body["service_name"] = "more".into();
        assert_eq!(
            limited
                .post("/api/auth/tokens/v2/service", body.clone())
                .await
                .status,
            403,
            "{body}"
        );
    }
    let same = json!({"service_name": "same", "project": shop.slug, "config": "prod", "actions": ["secrets:read"]});
    limited.post("/api/auth/tokens/v2/service", same).await.ok();
}

#[tokio::test]
async fn the_token_answers_have_the_shape_that_clients_know() {
    let owner = owner().await;
    let body = json!({"service_name": "shape", "project": null, "config": null, "actions": ["tokens:manage"]});
    let made = owner.post("/api/auth/tokens/v2/service", body).await;
    assert_eq!(
        (made.status.as_u16(), made.header("cache-control")),
        (201, "no-store")
    );
    let made = made.json();
    assert_eq!(
        (&made["status"], &made["type"]),
        (&json!("OK"), &json!("service"))
    );
    assert!(made["token_id"].is_string() && made["expires_at"].is_string());

    let personal = owner
        .post("/api/auth/tokens/v2/personal", json!({}))
        .await
        .ok();
    assert_eq!(personal["type"], "personal");
    owner
        .with(personal["token"].as_str().unwrap())
        .get("/api/me")
        .await
        .ok();

    let tokens = owner.get("/api/auth/tokens/v2").await.ok();
    let token = tokens["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .find(|token| token["token_id"] == made["token_id"])
        .unwrap();
    for field in [
        "token_id",
        "type",
        "purpose",
        "subject_user",
        "subject_service_name",
        "scopes",
        "expires_at",
        "last_used_at",
        "revoked_at",
        "created_at",
        "created_by",
    ] {
        assert!(token.get(field).is_some(), "{field}");
    }
    assert_eq!(token["subject_service_name"], "shape");
    assert_eq!(token["created_by"], ssm_tests::caller::OWNER);
}

#[tokio::test]
async fn the_last_use_of_a_token_shows_and_is_still_known_after_a_restart() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let ci = owner.service(json!({"actions": ["projects:read"]})).await;
    let last_used = async || {
        let tokens = owner.get("/api/auth/tokens/v2").await.ok()["tokens"].clone();
        let tokens = tokens.as_array().unwrap().iter();
        let found = tokens.filter(|token| token["type"] == "service");
        found
            .map(|token| token["last_used_at"].clone())
            .next()
            .unwrap()
    };
    assert_eq!(last_used().await, json!(null));
    ci.get("/api/projects").await.ok();
    let used = last_used().await;
    assert!(
        used.as_str().is_some_and(|used| used.contains(".000Z")),
        "{used}"
    );

    server.restart().await.unwrap();
    assert_eq!(last_used().await, used);
}
