//! People of every role.

use futures::future::join_all;
use serde_json::json;
use ssm_tests::caller::{Caller, fresh};
use ssm_tests::canary;

use super::everybody::Somebody;
use super::grants::Grants;

const WORKSPACE_ROLES: [&str; 4] = ["owner", "admin", "collaborator", "viewer"];

/// Makes one of every role, signed in; and one who was, and has been disabled.
pub async fn invite(owner: &Caller) -> Vec<Somebody> {
    let mut people = join_all(WORKSPACE_ROLES.map(|role| member(owner, role))).await;
    let gone = member(owner, "owner").await;
    let (username, _) = gone.password.as_ref().expect("they have signed in");
    let path = format!("/api/workspace/members/{username}");
    owner.delete(&path).await.ok();
    people.push(gone.disabled());
    people
}

async fn member(owner: &Caller, role: &str) -> Somebody {
    let (username, password) = (fresh(role), canary::password());
    let body = json!({"username": username, "password": password, "workspaceRole": role});
    owner.post("/api/workspace/members", body).await.ok();
    let request = owner.without_token().request("GET", "/api/auth/tokens/");
    let session = Caller::send(request.basic_auth(&username, Some(&password)))
        .await
        .ok();
    let session = owner.with(session["token"].as_str().expect("a session"));
    let grants = Grants::of_roles(role, "none");
    Somebody::person(
        &format!("a workspace {role}"),
        &session,
        grants,
        (username, password),
    )
}
