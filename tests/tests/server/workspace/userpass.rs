//! Registering and deleting users by form, as version 1.4 had it.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::json;
use ssm_tests::caller::{Caller, OWNER, fresh, owner};
use ssm_tests::{Server, ServerOptions, canary};

const REGISTER: &str = "/api/auth/userpass/register";
const DELETE: &str = "/api/auth/userpass/delete";

#[tokio::test]
async fn the_first_one_to_register_is_the_owner_and_there_is_only_one_of_them() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    let password = canary::password();
    let attempts = (0..20).map(|n| {
        let (nobody, password) = (nobody.clone(), password.clone());
        async move {
            let name = format!("first-{n}");
            let form = [("username", name.as_str()), ("password", &password)];
            nobody.form("POST", REGISTER, &form).await.status.as_u16()
        }
    });
    let mut statuses = BTreeMap::new();
    for status in join_all(attempts).await {
        *statuses.entry(status).or_insert(0) += 1;
    }
    assert_eq!(statuses.remove(&200), Some(1));
    // Too late, or so late that a token is asked for.
    let late = statuses.remove(&409).unwrap_or(0) + statuses.remove(&401).unwrap_or(0);
    assert_eq!((late, statuses), (19, BTreeMap::new()));

    let first = nobody.get("/api/onboarding/status").await.ok();
    let first = first["onboarding"]["initializedBy"].as_str().unwrap();
    let owner = nobody.sign_in(first).await;
    assert_eq!(owner.get("/api/me").await.ok()["workspaceRole"], "owner");
    let members = owner.get("/api/workspace/members").await.ok();
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_first_one_to_register_shows_the_setup_token_where_there_is_one() {
    let options = ServerOptions::default().env("SSM_SETUP_TOKEN", "correct-horse-battery-staple");
    let server = Server::start(options).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    let password = canary::password();
    let form = [("username", OWNER), ("password", password.as_str())];
    nobody
        .form("POST", REGISTER, &form)
        .await
        .refused(403, "setup_token_required");
    let request = nobody.request("POST", REGISTER);
    let request = request
        .header("x-setup-token", "correct-horse-battery-staple")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("username={OWNER}&password={password}"));
    Caller::send(request).await.ok();
}

#[tokio::test]
async fn whoever_manages_users_registers_and_deletes_them() {
    let owner = owner().await;
    let (name, password) = (fresh("registered"), canary::password());
    let form = [("username", name.as_str()), ("password", &password)];
    let done = owner.form("POST", REGISTER, &form).await;
    assert_eq!(
        (done.status.as_u16(), done.json()),
        (200, json!({"status": "OK"}))
    );
    let member = owner.sign_in(&name).await;
    assert_eq!(member.get("/api/me").await.ok()["workspaceRole"], "viewer");

    owner
        .form("POST", REGISTER, &form)
        .await
        .refused(400, "already_exists");
    let nobody = owner.without_token();
    nobody
        .form("POST", REGISTER, &form)
        .await
        .refused(401, "unauthenticated");
    member
        .form("POST", REGISTER, &form)
        .await
        .refused(403, "missing_scope");
    for (form, field) in [
        (
            &[("username", "two words"), ("password", &*password)][..],
            "username",
        ),
        (&[("username", "one"), ("password", "short")], "password"),
        (&[("password", &*password)], "username"),
        (&[("username", "one")], "password"),
    ] {
        let refused = owner.form("POST", REGISTER, form).await;
        refused.refused(400, "invalid");
        assert!(
            refused.json()["errors"][field].is_string(),
            "{}",
            refused.text
        );
    }
    let json = json!({"username": "one", "password": password});
    owner
        .post(REGISTER, json)
        .await
        .refused(415, "unsupported_media_type");

    let form = [("username", name.as_str())];
    member
        .form("DELETE", DELETE, &form)
        .await
        .refused(403, "missing_scope");
    let done = owner.form("DELETE", DELETE, &form).await;
    assert_eq!(
        (done.status.as_u16(), done.json()),
        (200, json!({"status": "OK"}))
    );
    member.get("/api/me").await.refused(401, "unauthenticated");
    let absent = [("username", "nobody")];
    owner
        .form("DELETE", DELETE, &absent)
        .await
        .refused(404, "user_not_found");
}
