//! Settings of the workspace, and that they hold.

use serde_json::json;
use ssm_tests::ServerOptions;
use ssm_tests::caller::own_server;

const SETTINGS: &str = "/api/workspace/settings";

#[tokio::test]
async fn settings_are_told_with_the_workspace_and_changed_one_by_one() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let settings = owner.get(SETTINGS).await.ok();
    let id = settings["workspace"]["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 24);
    let expected = json!({"status": "OK",
        "workspace": {"id": id, "slug": "default", "name": "Default Workspace"},
        "settings": {"defaultWorkspaceRole": "viewer", "defaultProjectRole": "none",
            "referencingEnabled": true, "tokensWithoutExpiry": true}});
    assert_eq!(settings, expected);
    let body =
        json!({"defaultWorkspaceRole": "collaborator", "defaultProjectRole": null, "zzz": 1});
    let changed = owner.patch(SETTINGS, body).await.ok();
    assert_eq!(changed["settings"]["defaultWorkspaceRole"], "collaborator");
    assert_eq!(changed["settings"]["defaultProjectRole"], "none");
    for (body, field) in [
        (
            json!({"defaultWorkspaceRole": "ADMIN"}),
            "defaultWorkspaceRole",
        ),
        (json!({"defaultProjectRole": "owner"}), "defaultProjectRole"),
        (json!({"referencingEnabled": "yes"}), "referencingEnabled"),
        (json!({"tokensWithoutExpiry": 1}), "tokensWithoutExpiry"),
    ] {
        let refused = owner.patch(SETTINGS, body).await;
        refused.refused(400, "invalid");
        assert!(
            refused.json()["errors"][field].is_string(),
            "{}",
            refused.text
        );
    }
    server.restart().await.unwrap();
    assert_eq!(owner.get(SETTINGS).await.ok(), changed);
}

#[tokio::test]
async fn default_roles_hold_for_new_members_and_in_every_project() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let shop = owner.shop().await;
    let member = owner.member("viewer").await.caller;
    member
        .get(&shop.secrets("prod"))
        .await
        .refused(404, "project_not_found");
    let body = json!({"defaultWorkspaceRole": "admin", "defaultProjectRole": "viewer"});
    owner.patch(SETTINGS, body).await.ok();
    member.get(&shop.secrets("prod")).await.ok();
    let later = owner.shop().await;
    member.get(&later.secrets("prod")).await.ok();
    let secret = later.secret("prod", "A");
    let write = member.put(&secret, json!({"value": "1"})).await;
    write.refused(403, "missing_scope");

    let new = json!({"username": "new", "password": ssm_tests::canary::password()});
    let new = owner.post("/api/workspace/members", new).await.ok();
    assert_eq!(new["member"]["workspaceRole"], "admin");
}

#[tokio::test]
async fn a_workspace_can_want_an_end_for_every_token() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let endless = json!({"service_name": "ci", "actions": ["projects:read"], "ttl_seconds": 0});
    let path = "/api/auth/tokens/v2/service";
    owner.post(path, endless.clone()).await.ok();
    owner
        .patch(SETTINGS, json!({"tokensWithoutExpiry": false}))
        .await
        .ok();
    let refused = owner.post(path, endless).await;
    refused.refused(400, "invalid");
    assert!(refused.json()["errors"]["ttl_seconds"].is_string());
}
