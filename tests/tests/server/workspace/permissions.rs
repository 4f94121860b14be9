//! What the server says that somebody may do, held against what it lets them do.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use ssm_tests::ServerOptions;
use ssm_tests::caller::{Caller, Member, Shop, fresh, own_server, owner};

/// What is tried in a project. Reading and revoking tokens depends on whose they are.
const IN_PROJECT: [&str; 12] = [
    "projects:read",
    "projects:write",
    "configs:read",
    "configs:write",
    "secrets:read",
    "secrets:write",
    "secrets:delete",
    "secrets:export",
    "tokens:write",
    "audit:read",
    "workspace:project-members:read",
    "workspace:project-members:manage",
];
const EVERYWHERE: [&str; 10] = [
    "users:manage",
    "audit:read",
    "workspace:settings:read",
    "workspace:settings:manage",
    "workspace:members:read",
    "workspace:members:manage",
    "workspace:groups:read",
    "workspace:groups:manage",
    "workspace:mappings:read",
    "workspace:mappings:manage",
];

/// Whether the server lets somebody do something in a project, told by trying it.
async fn does(caller: &Caller, shop: &Shop, action: &str) -> bool {
    let project = format!("/api/projects/{}", shop.slug);
    let config = format!("{}/base", shop.configs);
    let members = format!("/api/workspace/projects/{}/members", shop.slug);
    let answer = match action {
        "projects:read" => caller.get(&project).await,
        "projects:write" => caller.patch(&project, json!({"name": "Shop"})).await,
        "configs:read" => caller.get(&config).await,
        "configs:write" => caller.patch(&config, json!({"name": "Base"})).await,
        "secrets:read" => caller.get(&shop.secret("base", "A")).await,
        "secrets:write" => {
            caller
                .put(&shop.secret("base", "A"), json!({"value": "1"}))
                .await
        }
        "secrets:delete" => caller.delete(&shop.secret("base", "ABSENT")).await,
        "secrets:export" => caller.get(&shop.secrets("base")).await,
        "tokens:write" => {
            let scope =
                json!({"service_name": "ci", "project": shop.slug, "actions": ["audit:read"]});
            caller.post("/api/auth/tokens/v2/service", scope).await
        }
        "audit:read" => {
            let events = format!("/api/audit/events?project={}", shop.slug);
            caller.get(&events).await
        }
        "workspace:project-members:read" => caller.get(&members).await,
        "workspace:project-members:manage" => caller.put(&members, json!({})).await,
        other => panic!("say how {other} is tried"),
    };
    let body = answer.text.as_str();
    answer.status != 403 && !body.contains("project_not_found")
}

/// Whether the server lets somebody do something that is about no project.
async fn does_anywhere(caller: &Caller, action: &str) -> bool {
    let settings = "/api/workspace/settings";
    let groups = "/api/workspace/groups";
    let mappings = "/api/workspace/group-mappings";
    let answer = match action {
        "users:manage" => {
            caller
                .form("POST", "/api/auth/userpass/register", &[])
                .await
        }
        "audit:read" => caller.get("/api/audit/checkpoint").await,
        "workspace:settings:read" => caller.get(settings).await,
        "workspace:settings:manage" => caller.patch(settings, json!({})).await,
        "workspace:members:read" => caller.get("/api/workspace/members").await,
        "workspace:members:manage" => caller.post("/api/workspace/members", json!({})).await,
        "workspace:groups:read" => caller.get(groups).await,
        "workspace:groups:manage" => caller.post(groups, json!({})).await,
        "workspace:mappings:read" => caller.get(mappings).await,
        "workspace:mappings:manage" => caller.post(mappings, json!({})).await,
        other => panic!("say how {other} is tried"),
    };
    answer.status != 403
}

fn texts(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|text| text.as_str().unwrap()).collect()
}

fn in_project<'a>(permissions: &'a Value, project: &str) -> Option<&'a Value> {
    let projects = permissions["projects"].as_array().unwrap();
    projects.iter().find(|found| found["project"] == project)
}

/// Holds what is told against what is done, in one project and in none.
async fn is_true(who: &str, caller: &Caller, told: &Value, shop: &Shop) {
    let here = in_project(told, &shop.slug);
    let here = here.map(|here| texts(&here["actions"])).unwrap_or_default();
    for action in IN_PROJECT {
        let done = does(caller, shop, action).await;
        assert_eq!(
            done,
            here.contains(action) || texts(&told["globalActions"]).contains(action),
            "{who}: {action}"
        );
    }
    for action in EVERYWHERE {
        let done = does_anywhere(caller, action).await;
        let told = texts(&told["globalActions"]).contains(action);
        assert_eq!(done, told, "{who}: {action} everywhere");
    }
}

async fn give(owner: &Caller, project: &str, kind: &str, id: &str, role: &str) {
    let path = format!("/api/workspace/projects/{project}/members");
    let body = json!({"subjectType": kind, "subjectId": id, "role": role});
    owner.put(&path, body).await.ok();
}

async fn group_of(owner: &Caller, username: &str) -> String {
    let slug = fresh("group");
    owner
        .post("/api/workspace/groups", json!({"slug": slug}))
        .await
        .ok();
    let members = format!("/api/workspace/groups/{slug}/members");
    owner
        .put(&members, json!({"add": [username], "remove": []}))
        .await
        .ok();
    slug
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_of_each_role_is_what_the_server_lets_it_do() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    for workspace_role in ["owner", "admin", "collaborator", "viewer"] {
        for role in ["none", "viewer", "collaborator", "admin"] {
            for kind in ["default", "user", "group"] {
                let shop = owner.shop().await;
                owner
                    .put(&shop.secret("base", "A"), json!({"value": "1"}))
                    .await
                    .ok();
                let Member { username, caller } = owner.member(workspace_role).await;
                let default = if kind == "default" { role } else { "viewer" };
                let settings = json!({"defaultProjectRole": default});
                owner.patch("/api/workspace/settings", settings).await.ok();
                let group = match kind {
                    "user" => {
                        give(&owner, &shop.slug, "user", &username, role).await;
                        None
                    }
                    "group" => {
                        let group = group_of(&owner, &username).await;
                        give(&owner, &shop.slug, "group", &group, role).await;
                        Some(group)
                    }
                    _ => None,
                };
                let who = format!("a workspace {workspace_role} who is {role} by {kind}");
                let told = caller.get("/api/me/permissions").await.ok();
                assert_eq!(told["workspaceRole"], workspace_role);
                is_true(&who, &caller, &told, &shop).await;

                let path = format!("/api/workspace/members/{username}/permissions");
                let by_owner = owner.get(&path).await.ok();
                let to_owner = in_project(&by_owner, &shop.slug).expect("owners see every project");
                assert_eq!(by_owner["globalActions"], told["globalActions"], "{who}");
                if let Some(here) = in_project(&told, &shop.slug) {
                    assert_eq!(to_owner, here, "{who}");
                } else {
                    assert_eq!(to_owner["actions"], json!([]), "{who}");
                }
                assert_eq!(to_owner["role"], role, "{who}");
                let source = to_owner["sources"].as_array().unwrap().last().unwrap();
                assert_eq!(
                    (&source["kind"], &source["role"]),
                    (&json!(kind), &json!(role)),
                    "{who}"
                );
                assert_eq!(
                    source.get("group").and_then(Value::as_str),
                    group.as_deref(),
                    "{who}"
                );
                let of_workspace = to_owner["sources"][0]["kind"] == "workspace";
                assert_eq!(
                    of_workspace,
                    ["owner", "admin"].contains(&workspace_role),
                    "{who}"
                );

                let path = format!("/api/workspace/projects/{}/permissions", shop.slug);
                let everybody = owner.get(&path).await.ok();
                let everybody = everybody["members"].as_array().unwrap();
                let them = everybody
                    .iter()
                    .find(|one| one["username"] == username.as_str())
                    .unwrap();
                for field in ["role", "sources", "actions"] {
                    assert_eq!(them[field], to_owner[field], "{who}: {field}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_greatest_role_counts_and_each_one_is_named() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let Member { username, caller } = owner.member("viewer").await;
    let group = group_of(&owner, &username).await;
    give(&owner, &shop.slug, "user", &username, "viewer").await;
    give(&owner, &shop.slug, "group", &group, "collaborator").await;
    let told = caller.get("/api/me/permissions").await.ok();
    let here = in_project(&told, &shop.slug).unwrap();
    assert_eq!(here["role"], "collaborator");
    assert_eq!(
        here["sources"],
        json!([
            {"kind": "user", "role": "viewer"},
            {"kind": "group", "group": group, "role": "collaborator"},
        ])
    );
}

#[tokio::test]
async fn somebody_who_is_disabled_may_do_nothing() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let Member { username, .. } = owner.member("admin").await;
    owner
        .delete(&format!("/api/workspace/members/{username}"))
        .await
        .ok();
    let path = format!("/api/workspace/members/{username}/permissions");
    let told = owner.get(&path).await.ok();
    assert_eq!(told["disabled"], true);
    assert_eq!(told["globalActions"], json!([]));
    assert_eq!(in_project(&told, &shop.slug).unwrap()["actions"], json!([]));
}

#[tokio::test]
async fn the_roles_of_others_are_not_told_to_whoever_may_not_see_them() {
    let owner = owner().await;
    let (shop, hidden) = (owner.shop().await, owner.shop().await);
    let Member { username, .. } = owner.member("viewer").await;
    let group = group_of(&owner, &username).await;
    give(&owner, &shop.slug, "group", &group, "collaborator").await;
    give(&owner, &hidden.slug, "group", &group, "collaborator").await;
    let Member {
        username: asking,
        caller,
    } = owner.member("viewer").await;
    give(&owner, &shop.slug, "user", &asking, "viewer").await;

    let path = format!("/api/workspace/members/{username}/permissions");
    let answer = caller.get(&path).await;
    assert_eq!(answer.ok()["projects"], json!([]));
    assert!(!answer.text.contains(&group));
    let path = format!("/api/workspace/projects/{}/permissions", shop.slug);
    caller.get(&path).await.refused(403, "missing_scope");
    let path = format!("/api/workspace/projects/{}/permissions", hidden.slug);
    caller.get(&path).await.refused(404, "project_not_found");
}

#[tokio::test]
async fn with_a_token_that_allows_less_i_may_do_no_more_than_it_allows() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let other = owner.shop().await;
    let scope = json!({"actions": ["secrets:read", "configs:read"], "project": shop.slug});
    let made = owner.post("/api/auth/tokens/v2/personal", scope).await.ok();
    let narrow = owner.with(made["token"].as_str().unwrap());
    let told = narrow.get("/api/me/permissions").await.ok();
    assert_eq!(told["globalActions"], json!([]));
    assert_eq!(in_project(&told, &other.slug), None);
    let here = in_project(&told, &shop.slug).unwrap();
    assert_eq!(here["actions"], json!(["configs:read", "secrets:read"]));
}
