//! Roles in projects, and what people see and do by them.

use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Member, Shop, fresh, owner};

fn members(shop: &Shop) -> String {
    format!("/api/workspace/projects/{}/members", shop.slug)
}

fn role(kind: &str, id: &str, role: &str) -> Value {
    json!({"subjectType": kind, "subjectId": id, "role": role})
}

/// Whether somebody reads, writes and deletes secrets of the project; a project that they do not see is absent.
async fn may(caller: &Caller, shop: &Shop) -> [u16; 3] {
    let secret = shop.secret("prod", "A");
    let read = caller.get(&shop.secrets("prod")).await;
    let write = caller.put(&secret, json!({"value": "1"})).await;
    let delete = caller.delete(&secret).await;
    [read, write, delete].map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn a_role_in_a_project_is_given_listed_and_taken_away() {
    let owner = owner().await;
    let (shop, ann) = (owner.shop().await, owner.member("viewer").await);
    let slug = fresh("group");
    owner
        .post("/api/workspace/groups", json!({"slug": slug}))
        .await
        .ok();
    let path = members(&shop);
    owner
        .put(&path, role("user", &ann.username, "viewer"))
        .await
        .ok();
    let given = owner.put(&path, role("group", &slug, "admin")).await.ok();
    let expected = json!({"status": "OK", "members": [
        {"subjectType": "group", "subjectId": slug, "role": "admin", "groupSlug": slug},
        {"subjectType": "user", "subjectId": ann.username, "role": "viewer", "groupSlug": null},
    ]});
    assert_eq!(given, expected);
    assert_eq!(owner.get(&path).await.ok(), expected);

    for (subject, status) in [
        (format!("user/{}", ann.username), 200),
        (format!("group/{slug}"), 200),
        (format!("group/{slug}"), 404),
        ("user/nobody".into(), 404),
        ("machine/ci".into(), 404),
        ("group/Not-A-Slug".into(), 404),
    ] {
        let answer = owner.delete(&format!("{path}/{subject}")).await;
        assert_eq!(answer.status, status, "{subject}");
    }
    assert_eq!(owner.get(&path).await.ok()["members"], json!([]));
}

#[tokio::test]
async fn what_is_no_role_or_nobody_is_refused() {
    let owner = owner().await;
    let (shop, ann) = (owner.shop().await, owner.member("viewer").await);
    let path = members(&shop);
    for (body, field) in [
        (role("user", &ann.username, "ADMIN"), "role"),
        (role("user", &ann.username, "admin "), "role"),
        (role("user", &ann.username, "owner"), "role"),
        (role("machine", "ci", "viewer"), "subjectType"),
        (role("user", "two words", "viewer"), "subjectId"),
        (
            json!({"subjectType": "user", "role": "viewer"}),
            "subjectId",
        ),
    ] {
        let refused = owner.put(&path, body).await;
        refused.refused(400, "invalid");
        assert!(
            refused.json()["errors"][field].is_string(),
            "{}",
            refused.text
        );
    }
    let nobody = owner.put(&path, role("user", "nobody", "viewer")).await;
    nobody.refused(404, "user_not_found");
    let no_group = owner.put(&path, role("group", "nothing", "viewer")).await;
    no_group.refused(404, "group_not_found");
}

#[tokio::test]
async fn people_see_and_do_in_a_project_what_their_role_allows_at_once() {
    let owner = owner().await;
    let (shop, other) = (owner.shop().await, owner.shop().await);
    let Member { caller, username } = owner.member("viewer").await;
    owner
        .put(&shop.secret("prod", "A"), json!({"value": "1"}))
        .await
        .ok();
    let path = members(&shop);
    assert_eq!(may(&caller, &shop).await, [404; 3]);
    for (given, expected) in [
        ("viewer", [200, 403, 403]),
        ("collaborator", [200, 200, 403]),
        ("admin", [200, 200, 200]),
        ("none", [404; 3]),
    ] {
        owner.put(&path, role("user", &username, given)).await.ok();
        assert_eq!(may(&caller, &shop).await, expected, "{given}");
        assert_eq!(may(&caller, &other).await, [404; 3], "{given}");
    }
    owner
        .put(&path, role("user", &username, "viewer"))
        .await
        .ok();
    let projects = caller.get("/api/projects").await.ok();
    let seen: Vec<_> = projects["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["slug"])
        .collect();
    assert_eq!(seen, [&json!(shop.slug)]);
    let me = caller.get("/api/me").await.ok();
    assert_eq!(me["effectivePermissionsSummary"]["projectScopeCount"], 1);
    let global = &me["effectivePermissionsSummary"]["globalActions"];
    assert_eq!(*global, json!(["workspace:members:read"]));
    // What they make for themselves is good in the project, too, and no longer than they are.
    let token = caller
        .post("/api/auth/tokens/v2/personal", json!({}))
        .await
        .ok();
    let personal = owner.with(token["token"].as_str().unwrap());
    personal.get(&shop.secrets("prod")).await.ok();
    owner.delete(&format!("{path}/user/{username}")).await.ok();
    personal
        .get(&shop.secrets("prod"))
        .await
        .refused(404, "project_not_found");
}

#[tokio::test]
async fn roles_of_groups_come_and_go_with_their_members() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let Member { caller, username } = owner.member("collaborator").await;
    let slug = fresh("group");
    owner
        .post("/api/workspace/groups", json!({"slug": slug}))
        .await
        .ok();
    owner
        .put(&members(&shop), role("group", &slug, "viewer"))
        .await
        .ok();
    caller
        .get(&shop.secrets("prod"))
        .await
        .refused(404, "project_not_found");
    let path = format!("/api/workspace/groups/{slug}/members");
    owner.put(&path, json!({"add": [username]})).await.ok();
    caller.get(&shop.secrets("prod")).await.ok();
    owner.put(&path, json!({"remove": [username]})).await.ok();
    caller
        .get(&shop.secrets("prod"))
        .await
        .refused(404, "project_not_found");
    owner.put(&path, json!({"add": [username]})).await.ok();
    owner
        .delete(&format!("/api/workspace/groups/{slug}"))
        .await
        .ok();
    caller
        .get(&shop.secrets("prod"))
        .await
        .refused(404, "project_not_found");
    assert_eq!(owner.get(&members(&shop)).await.ok()["members"], json!([]));
}

#[tokio::test]
async fn nobody_gives_more_than_they_may_do_in_the_project() {
    let owner = owner().await;
    let (shop, ann) = (owner.shop().await, owner.member("viewer").await);
    let actions = [
        "workspace:project-members:manage",
        "workspace:project-members:read",
        "projects:read",
        "configs:read",
        "secrets:read",
        "secrets:export",
        "audit:read",
    ];
    let machine = owner
        .service(json!({"project": shop.slug, "actions": actions}))
        .await;
    let path = members(&shop);
    machine
        .put(&path, role("user", &ann.username, "viewer"))
        .await
        .ok();
    let refused = machine
        .put(&path, role("user", &ann.username, "collaborator"))
        .await;
    refused.refused(403, "missing_scope");
    assert_eq!(refused.json()["message"], "Missing scope: configs:write");
    let other = owner.shop().await;
    machine
        .get(&members(&other))
        .await
        .refused(404, "project_not_found");
    ann.caller.get(&path).await.refused(403, "missing_scope");
}
