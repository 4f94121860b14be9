//! Members: made, changed, disabled, and what becomes of what they hold.

use serde_json::{Value, json};
use ssm_tests::caller::{Caller, OWNER, fresh, own_server, owner};
use ssm_tests::{ServerOptions, canary};

const MEMBERS: &str = "/api/workspace/members";

fn path(username: &str) -> String {
    format!("{MEMBERS}/{username}")
}

async fn sign_in(caller: &Caller, username: &str) -> u16 {
    let request = caller.without_token().request("GET", "/api/auth/tokens/");
    let request = request.basic_auth(username, Some(canary::password()));
    Caller::send(request).await.status.as_u16()
}

#[tokio::test]
async fn a_member_is_made_listed_changed_and_signs_in() {
    let owner = owner().await;
    let name = fresh("Member");
    // What 1.4's clients send: null for what is absent, and fields that nobody knows.
    let body = json!({"username": name, "password": canary::password(), "email": "m@example.com",
        "fullName": null, "workspaceRole": null, "zzz": 1});
    let made = owner.post(MEMBERS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(made["status"], "OK");
    let member = &made["member"];
    assert!(member["createdAt"].as_str().unwrap().ends_with('Z'));
    let expected = json!({"username": name, "email": "m@example.com", "fullName": null,
        "workspaceRole": "viewer", "disabled": false, "createdAt": member["createdAt"]});
    assert_eq!(*member, expected);

    let listed = owner.get(MEMBERS).await.ok();
    let listed = listed["members"].as_array().unwrap().clone();
    assert!(listed.contains(member));
    assert!(listed.iter().any(|one| one["username"] == OWNER));

    let update = json!({"fullName": "Some Body", "email": "", "workspaceRole": "admin", "disabled": null, "zzz": 1});
    let changed = owner.patch(&path(&name.to_uppercase()), update).await.ok();
    let expected = json!({"username": name, "email": null, "fullName": "Some Body",
        "workspaceRole": "admin", "disabled": false, "createdAt": member["createdAt"]});
    assert_eq!(changed["member"], expected);
    let me = owner.sign_in(&name).await.get("/api/me").await.ok();
    assert_eq!(
        (&me["workspaceRole"], &me["fullName"]),
        (&json!("admin"), &json!("Some Body"))
    );
}

#[tokio::test]
async fn what_a_member_cannot_be_is_refused_by_field() {
    let owner = owner().await;
    let password = canary::password();
    let name = fresh("new");
    for (body, field) in [
        (
            json!({"username": "two words", "password": password}),
            "username",
        ),
        (json!({"username": name, "password": "short"}), "password"),
        (
            json!({"username": name, "password": "password1234"}),
            "password",
        ),
        (
            json!({"username": name, "password": {"$ne": ""}}),
            "password",
        ),
        (json!({"username": name}), "password"),
        (
            json!({"username": name, "password": password, "workspaceRole": "ADMIN"}),
            "workspaceRole",
        ),
        (
            json!({"username": name, "password": password, "workspaceRole": "admin "}),
            "workspaceRole",
        ),
        (
            json!({"username": name, "password": password, "workspaceRole": "none"}),
            "workspaceRole",
        ),
        (
            json!({"username": name, "password": password, "email": "nowhere"}),
            "email",
        ),
        (
            json!({"username": name, "password": password, "fullName": "a\u{1b}[31m"}),
            "fullName",
        ),
    ] {
        let refused = owner.post(MEMBERS, body).await;
        refused.refused(400, "invalid");
        assert!(
            refused.json()["errors"][field].is_string(),
            "{}",
            refused.text
        );
    }
    let again = json!({"username": OWNER.to_uppercase(), "password": password});
    owner
        .post(MEMBERS, again)
        .await
        .refused(400, "already_exists");
    for (path, body) in [
        (path("nobody"), json!({})),
        (path("two%20words"), json!({})),
    ] {
        owner
            .patch(&path, body)
            .await
            .refused(404, "user_not_found");
    }
    let update = json!({"disabled": "yes"});
    owner
        .patch(&path(OWNER), update)
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn only_owners_manage_members_and_everybody_sees_them() {
    let owner = owner().await;
    let victim = owner.member("viewer").await;
    for role in ["admin", "collaborator", "viewer"] {
        let member = owner.member(role).await.caller;
        member.get(MEMBERS).await.ok();
        let new = json!({"username": fresh("new"), "password": canary::password()});
        let update = json!({"workspaceRole": "owner"});
        for answer in [
            member.post(MEMBERS, new).await,
            member.patch(&path(&victim.username), update).await,
            member.delete(&path(&victim.username)).await,
        ] {
            answer.refused(403, "missing_scope");
            assert_eq!(
                answer.json()["message"],
                "Missing scope: workspace:members:manage"
            );
        }
    }
    assert_eq!(
        victim.caller.get("/api/me").await.ok()["workspaceRole"],
        "viewer"
    );
}

#[tokio::test]
async fn a_token_cannot_lift_anybody_above_itself() {
    let owner = owner().await;
    let (lifted, admin) = (owner.member("viewer").await, owner.member("admin").await);
    let actions = json!(["workspace:members:manage", "workspace:members:read"]);
    let machine = owner.service(json!({"actions": actions})).await;
    let lift = json!({"workspaceRole": "admin"});
    let refused = machine.patch(&path(&lifted.username), lift).await;
    refused.refused(403, "missing_scope");
    let demote = json!({"workspaceRole": "viewer"});
    let refused = machine.patch(&path(&admin.username), demote).await;
    refused.refused(403, "missing_scope");
    let new =
        json!({"username": fresh("new"), "password": canary::password(), "workspaceRole": "owner"});
    machine
        .post(MEMBERS, new)
        .await
        .refused(403, "missing_scope");
    let new = json!({"username": fresh("new"), "password": canary::password()});
    machine.post(MEMBERS, new).await.ok();
}

#[tokio::test]
async fn whoever_is_disabled_is_nobody_at_once_and_their_machines_go_on() {
    let owner = owner().await;
    let member = owner.member("admin").await;
    let personal = member
        .caller
        .post("/api/auth/tokens/v2/personal", json!({}))
        .await
        .ok();
    let personal = owner.with(personal["token"].as_str().unwrap());
    let machine = member
        .caller
        .service(json!({"actions": ["projects:read"]}))
        .await;
    let disabled = owner.delete(&path(&member.username)).await.ok();
    assert_eq!(disabled["member"]["disabled"], true);
    for dead in [&member.caller, &personal] {
        dead.get("/api/projects")
            .await
            .refused(401, "unauthenticated");
    }
    machine.get("/api/projects").await.ok();
    assert_eq!(sign_in(&owner, &member.username).await, 401);

    let enable = json!({"disabled": false});
    owner.patch(&path(&member.username), enable).await.ok();
    assert_eq!(sign_in(&owner, &member.username).await, 200);
    member
        .caller
        .get("/api/me")
        .await
        .refused(401, "unauthenticated");
}

#[tokio::test]
async fn the_last_owner_stays_even_when_two_disable_each_other_at_once() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    for body in [json!({"disabled": true}), json!({"workspaceRole": "admin"})] {
        owner
            .patch(&path(OWNER), body)
            .await
            .refused(409, "last_owner");
    }
    owner.delete(&path(OWNER)).await.refused(409, "last_owner");
    for round in 0..3 {
        let other = owner.member("owner").await;
        let (one, two) = (owner.clone(), other.caller.clone());
        let demote = json!({"workspaceRole": "viewer"});
        let other_path = path(&other.username);
        let owners_path = path(OWNER);
        let (first, second) = tokio::join!(
            one.patch(&other_path, demote.clone()),
            two.patch(&owners_path, demote.clone())
        );
        let done = [&first, &second]
            .iter()
            .filter(|answer| answer.status == 200)
            .count();
        assert_eq!(done, 1, "round {round}: {} {}", first.text, second.text);
        // Put it right for the next round.
        if second.status == 200 {
            let promote = json!({"workspaceRole": "owner"});
            two.patch(&owners_path, promote).await.ok();
            one.patch(&other_path, demote).await.ok();
        }
        let owners = owner.get(MEMBERS).await.ok();
        let is_owner = |one: &&Value| one["workspaceRole"] == "owner";
        assert_eq!(
            owners["members"]
                .as_array()
                .unwrap()
                .iter()
                .filter(is_owner)
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn changes_of_members_are_on_record_without_their_passwords() {
    let owner = owner().await;
    let member = owner.member("viewer").await;
    owner.delete(&path(&member.username)).await.ok();
    let events = owner.get("/api/audit/events?limit=100").await;
    assert!(!canary::is_in(events.text.as_bytes()));
    let events = events.ok();
    for (action, method) in [("members.create", "POST"), ("members.update", "DELETE")] {
        assert!(
            events["events"]
                .as_array()
                .unwrap()
                .iter()
                .any(|event| event["action"] == action && event["method"] == method),
            "{action}"
        );
    }
}
