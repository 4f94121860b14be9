//! What somebody changes about themselves.

use serde_json::json;
use ssm_tests::caller::{Caller, Member, owner};
use ssm_tests::canary;

const NEW: &str = "an-other-Passw0rd!";

#[tokio::test]
async fn my_profile_changes_field_by_field() {
    let Member { caller, username } = owner().await.member("viewer").await;
    for (body, email, full_name) in [
        (
            json!({"email": "me@example.com"}),
            json!("me@example.com"),
            json!(null),
        ),
        (
            json!({"fullName": "Me", "email": null}),
            json!("me@example.com"),
            json!("Me"),
        ),
        (json!({"email": ""}), json!(null), json!("Me")),
        (json!({}), json!(null), json!("Me")),
    ] {
        let me = caller.patch("/api/me", body).await.ok();
        assert_eq!((&me["email"], &me["fullName"]), (&email, &full_name));
        assert_eq!(me, caller.get("/api/me").await.ok());
        assert_eq!(me["username"], username.as_str());
    }
    let unknown = caller
        .patch("/api/me", json!({"zzz": 1, "workspaceRole": "owner"}))
        .await;
    unknown.refused(400, "unknown_fields");
    assert_eq!(
        unknown.json()["message"],
        "Unknown fields: workspaceRole, zzz"
    );
    let invalid = caller.patch("/api/me", json!({"email": "nowhere"})).await;
    invalid.refused(400, "invalid");
}

#[tokio::test]
async fn a_machine_has_no_profile() {
    let owner = owner().await;
    let machine = owner.service(json!({"actions": ["users:manage"]})).await;
    for answer in [
        machine.get("/api/me").await,
        machine.patch("/api/me", json!({})).await,
        machine.post("/api/me/password", json!({})).await,
    ] {
        answer.refused(403, "not_a_user");
    }
}

#[tokio::test]
async fn a_new_password_ends_my_other_sessions_and_the_old_password() {
    let owner = owner().await;
    let Member { caller, username } = owner.member("viewer").await;
    let other = owner.sign_in(&username).await;
    let personal = caller.post("/api/auth/tokens/v2/personal", json!({})).await;
    let personal = owner.with(personal.ok()["token"].as_str().unwrap());
    let change = |current: &str, new: &str| {
        caller.post(
            "/api/me/password",
            json!({"currentPassword": current, "newPassword": new}),
        )
    };
    let old = canary::password();
    let wrong = change("not-the-Passw0rd", NEW).await;
    wrong.refused(400, "invalid");
    assert!(wrong.json()["errors"]["currentPassword"].is_string());
    let weak = change(&old, "short").await;
    weak.refused(400, "invalid");
    assert!(weak.json()["errors"]["newPassword"].is_string());
    other.get("/api/me").await.ok();

    change(&old, NEW).await.ok();
    caller.get("/api/me").await.ok();
    for dead in [&other, &personal] {
        dead.get("/api/me").await.refused(401, "unauthenticated");
    }
    let sign_in = async |password: &str| {
        let request = owner.without_token().request("GET", "/api/auth/tokens/");
        Caller::send(request.basic_auth(&username, Some(password)))
            .await
            .status
            .as_u16()
    };
    assert_eq!(sign_in(&old).await, 401);
    assert_eq!(sign_in(NEW).await, 200);
    change(&old, NEW).await.refused(400, "invalid");
}

#[tokio::test]
async fn a_password_change_takes_no_field_that_nobody_knows() {
    let Member { caller, .. } = owner().await.member("viewer").await;
    let body =
        json!({"currentPassword": canary::password(), "newPassword": NEW, "username": "owner"});
    caller
        .post("/api/me/password", body)
        .await
        .refused(400, "unknown_fields");
}
