//! Groups, and who is in them.

use serde_json::json;
use ssm_tests::caller::{fresh, owner};

const GROUPS: &str = "/api/workspace/groups";

fn path(slug: &str) -> String {
    format!("{GROUPS}/{slug}")
}

#[tokio::test]
async fn a_group_is_made_listed_called_otherwise_and_deleted() {
    let owner = owner().await;
    let slug = fresh("group");
    let body = json!({"slug": slug, "name": null, "description": "those", "zzz": 1});
    let made = owner.post(GROUPS, body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let group = &made["group"];
    let expected = json!({"id": group["id"], "slug": slug, "name": slug, "description": "those",
        "createdAt": group["createdAt"]});
    assert_eq!((&made["status"], group), (&json!("OK"), &expected));
    owner
        .post(GROUPS, body)
        .await
        .refused(400, "already_exists");
    let listed = owner.get(GROUPS).await.ok();
    assert!(listed["groups"].as_array().unwrap().contains(group));

    let update = json!({"name": "Those people", "description": "", "slug": null});
    let updated = owner.patch(&path(&slug), update).await.ok();
    assert_eq!(updated["group"]["name"], "Those people");
    assert_eq!(updated["group"]["description"], json!(null));
    let renamed = fresh("renamed");
    let update = json!({"slug": renamed});
    let updated = owner.patch(&path(&slug), update).await.ok();
    assert_eq!(
        (&updated["group"]["slug"], &updated["group"]["id"]),
        (&json!(renamed), &group["id"])
    );
    owner
        .get(&format!("{}/members", path(&slug)))
        .await
        .refused(404, "group_not_found");
    owner.delete(&path(&renamed)).await.ok();
    owner
        .delete(&path(&renamed))
        .await
        .refused(404, "group_not_found");
}

#[tokio::test]
async fn a_group_cannot_be_called_anything() {
    let owner = owner().await;
    for (body, field) in [
        (json!({"slug": "Upper"}), "slug"),
        (json!({"slug": "a/b"}), "slug"),
        (json!({"slug": ""}), "slug"),
        (json!({}), "slug"),
        (json!({"slug": "fine", "name": " "}), "name"),
        (
            json!({"slug": "fine", "description": "x".repeat(501)}),
            "description",
        ),
    ] {
        let refused = owner.post(GROUPS, body).await;
        refused.refused(400, "invalid");
        assert!(
            refused.json()["errors"][field].is_string(),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn members_come_and_go_by_name() {
    let owner = owner().await;
    let (ann, bob) = (owner.member("viewer").await, owner.member("viewer").await);
    let slug = fresh("group");
    owner.post(GROUPS, json!({"slug": slug})).await.ok();
    let members = format!("{}/members", path(&slug));
    let names = |answer: &serde_json::Value| {
        let names = answer["members"].as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let both = json!({"add": [ann.username, bob.username.to_uppercase()], "remove": null});
    let changed = owner.put(&members, both).await.ok();
    let mut expected = [ann.username.as_str(), &bob.username];
    expected.sort_unstable();
    assert_eq!(names(&changed), expected);
    assert_eq!(changed, owner.get(&members).await.ok());
    let changed = owner
        .put(&members, json!({"remove": [ann.username]}))
        .await
        .ok();
    assert_eq!(names(&changed), [bob.username.as_str()]);

    for (body, field) in [
        (json!({"add": ["nobody-at-all"]}), "add"),
        (json!({"add": ["two words"]}), "add"),
        (json!({"remove": ["nobody-at-all"]}), "remove"),
        (json!({"add": "bob"}), "add"),
    ] {
        let refused = owner.put(&members, body).await;
        refused.refused(400, "invalid");
        assert!(
            refused.json()["errors"][field].is_string(),
            "{}",
            refused.text
        );
    }
    assert_eq!(
        names(&owner.get(&members).await.ok()),
        [bob.username.as_str()]
    );
}

#[tokio::test]
async fn nobody_is_put_into_a_group_by_somebody_without_its_roles() {
    let owner = owner().await;
    let (shop, ann) = (owner.shop().await, owner.member("viewer").await);
    let slug = fresh("group");
    owner.post(GROUPS, json!({"slug": slug})).await.ok();
    let role = json!({"subjectType": "group", "subjectId": slug, "role": "viewer"});
    let roles = format!("/api/workspace/projects/{}/members", shop.slug);
    owner.put(&roles, role).await.ok();
    let machine = json!({"actions": ["workspace:groups:manage", "workspace:mappings:manage"]});
    let machine = owner.service(machine).await;
    let join = json!({"add": [ann.username]});
    let refused = machine.put(&format!("{}/members", path(&slug)), join).await;
    refused.refused(403, "missing_scope");
    assert_eq!(refused.json()["message"], "Missing scope: projects:read");
    let mapping =
        json!({"provider": "manual", "externalGroupKey": fresh("key"), "groupSlug": slug});
    machine
        .post("/api/workspace/group-mappings", mapping)
        .await
        .refused(403, "missing_scope");
}
