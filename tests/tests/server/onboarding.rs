//! The first user, signing in, and what the system says about itself.

use serde_json::json;
use ssm_tests::{Server, ServerOptions, canary};

use ssm_tests::caller::{Caller, OWNER, bootstrap, own_server, owner};

#[tokio::test]
async fn a_fresh_server_is_not_initialized_until_its_first_user_is_made() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    let before = nobody.get("/api/onboarding/status").await.ok();
    assert_eq!(before["onboarding"]["isInitialized"], false);
    assert_eq!(before["onboarding"]["state"], "not_initialized");

    bootstrap(&server).await;
    let after = nobody.get("/api/onboarding/status").await.ok();
    assert_eq!(after["status"], "OK");
    assert_eq!(after["onboarding"]["isInitialized"], true);
    assert_eq!(after["onboarding"]["state"], "completed");
    assert_eq!(after["onboarding"]["initializedBy"], OWNER);
    assert!(
        after["onboarding"]["initializedAt"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
}

#[tokio::test]
async fn there_is_no_account_before_somebody_makes_one() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    for (username, password) in [
        ("admin", "admin"),
        ("root", ""),
        ("owner", "password"),
        ("ssm", "ssm"),
        ("", ""),
    ] {
        let request = nobody.request("GET", "/api/auth/tokens/");
        let answer = Caller::send(request.basic_auth(username, Some(password))).await;
        answer.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn the_first_user_is_made_once_only_even_in_a_race() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    let attempt = |name: &str| {
        let (nobody, body) = (
            nobody.clone(),
            json!({"username": name, "password": canary::password()}),
        );
        async move {
            nobody
                .post("/api/onboarding/bootstrap", body)
                .await
                .status
                .as_u16()
        }
    };
    let (a, b, c) = tokio::join!(attempt("ann"), attempt("bob"), attempt("eve"));
    let mut statuses = [a, b, c];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

#[tokio::test]
async fn the_bootstrap_answer_has_the_shape_that_clients_know() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let body = json!({"username": OWNER, "password": "Str0ng!Passw0rd"});
    let made = Caller::nobody(&server.url())
        .post("/api/onboarding/bootstrap", body)
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    assert_eq!(
        (&made["status"], &made["type"]),
        (&json!("OK"), &json!("personal"))
    );
    assert_eq!(made["onboarding"]["isInitialized"], true);
    assert!(made["token"].as_str().unwrap().starts_with("ssm_"));
    assert!(made["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn weak_passwords_and_bad_usernames_are_refused_by_field() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    for (username, password, field) in [
        (OWNER, "short", "password"),
        (OWNER, "password1234", "password"),
        (
            "administrator@example.com",
            "Administrator@example.com",
            "password",
        ),
        ("two words", "Str0ng!Passw0rd", "username"),
        ("", "Str0ng!Passw0rd", "username"),
    ] {
        let body = json!({"username": username, "password": password});
        let answer = nobody.post("/api/onboarding/bootstrap", body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(
            answer.json()["errors"][field].is_string(),
            "{}",
            answer.text
        );
    }
    assert_eq!(
        nobody.get("/api/onboarding/status").await.json()["onboarding"]["isInitialized"],
        false
    );
}

#[tokio::test]
async fn somebody_signs_in_with_basic_and_keeps_their_other_sessions() {
    let (server, owner) = own_server(ServerOptions::default()).await;
    let nobody = Caller::nobody(&server.url());
    let basic = |password: String| {
        nobody
            .request("GET", "/api/auth/tokens/")
            .basic_auth(OWNER, Some(password))
    };
    let signed_in = Caller::send(basic(canary::password())).await;
    assert_eq!(signed_in.json()["status"], "OK");
    let session = nobody.with(signed_in.json()["token"].as_str().unwrap());
    session.get("/api/me").await.ok();
    owner.get("/api/me").await.ok();

    let wrong = Caller::send(basic("wrong".into())).await;
    let unknown = Caller::send(
        nobody
            .request("GET", "/api/auth/tokens/")
            .basic_auth("nobody", Some(canary::password())),
    )
    .await;
    wrong.refused(401, unknown.json()["code"].as_str().unwrap());
    assert_eq!(wrong.json()["message"], unknown.json()["message"]);

    let form = format!("token={}", session.token());
    let out = nobody
        .request("DELETE", "/api/auth/tokens/")
        .basic_auth(OWNER, Some(canary::password()));
    Caller::send(
        out.header("content-type", "application/x-www-form-urlencoded")
            .body(form),
    )
    .await
    .ok();
    assert_eq!(session.get("/api/me").await.status, 401);
    owner.get("/api/me").await.ok();
}

#[tokio::test]
async fn me_tells_who_i_am_and_what_i_may_do() {
    let me = owner().await.get("/api/me").await.ok();
    assert_eq!(me["username"], OWNER);
    assert_eq!(me["workspaceRole"], "owner");
    assert!(
        me.get("email").is_some()
            && me.get("fullName").is_some()
            && me.get("workspaceSlug").is_some()
    );
    let actions = me["effectivePermissionsSummary"]["globalActions"]
        .as_array()
        .unwrap();
    for action in [
        "secrets:export",
        "tokens:manage",
        "workspace:mappings:manage",
    ] {
        assert!(actions.contains(&json!(action)), "{action}");
    }
    assert_eq!(me["effectivePermissionsSummary"]["projectScopeCount"], 0);
}

#[tokio::test]
async fn the_system_endpoints_answer_without_a_token() {
    let owner = owner().await;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/openapi.json",
        "/api/docs",
        "/api/version",
    ] {
        let answer = Caller::send(owner.request("GET", path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(!canary::is_in(answer.text.as_bytes()), "{path}");
    }
    assert_eq!(owner.get("/api/version").await.json()["status"], "OK");
    assert!(
        owner.get("/api/openapi.json").await.json()["openapi"]
            .as_str()
            .unwrap()
            .starts_with("3.1")
    );
    assert!(owner.get("/metrics").await.text.contains("ssm_"));
}
