//! Projects and configs over HTTP.

use serde_json::json;

use ssm_tests::caller::{fresh, owner};

#[tokio::test]
async fn projects_and_configs_have_the_shape_that_clients_know() {
    let owner = owner().await;
    let slug = fresh("shape");
    let made = owner
        .post(
            "/api/projects",
            json!({"slug": slug, "name": "Web shop", "description": null}),
        )
        .await;
    assert_eq!(made.status, 201);
    let project = &made.json()["project"];
    assert_eq!(
        (&project["slug"], &project["name"]),
        (&json!(slug), &json!("Web shop"))
    );
    assert!(project["created_at"].as_str().unwrap().ends_with('Z'));

    let configs = format!("/api/projects/{slug}/configs");
    owner.post(&configs, json!({"slug": "base"})).await.ok();
    let made = owner
        .post(&configs, json!({"slug": "prod", "inherits_from": "base"}))
        .await;
    assert_eq!(made.status, 201);
    let config = &made.json()["config"];
    assert_eq!(
        (&config["parentSlug"], &config["inherits_from"]),
        (&json!("base"), &json!("base"))
    );
    let listed = owner.get(&configs).await.ok();
    let base = &listed["configs"][0];
    assert_eq!(base["slug"], "base");
    assert!(
        base["parentSlug"].is_null() && base["createdAt"].is_string() && base["revision"].is_u64()
    );
}

#[tokio::test]
async fn a_slug_that_is_taken_is_400_as_clients_expect() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .post("/api/projects", json!({"slug": shop.slug}))
        .await
        .refused(400, "already_exists");
    owner
        .post(&shop.configs, json!({"slug": "base"}))
        .await
        .refused(400, "already_exists");
}

#[tokio::test]
async fn a_config_that_others_inherit_from_cannot_be_deleted() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let base = format!("{}/base", shop.configs);
    assert_eq!(owner.delete(&base).await.status, 409);
    owner.delete(&format!("{}/prod", shop.configs)).await.ok();
    owner.delete(&base).await.ok();
    owner.get(&base).await.refused(404, "config_not_found");
}

#[tokio::test]
async fn deleting_a_project_needs_its_name_and_revokes_its_tokens() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:export"]}))
        .await;
    let project = format!("/api/projects/{}", shop.slug);
    for unconfirmed in [project.clone(), format!("{project}?confirm=other")] {
        assert_eq!(owner.delete(&unconfirmed).await.status, 400);
    }
    owner.get(&project).await.ok();
    owner
        .delete(&format!("{project}?confirm={}", shop.slug))
        .await
        .ok();
    owner.get(&project).await.refused(404, "project_not_found");
    assert_eq!(ci.get(&shop.secrets("prod")).await.status, 401);
}

#[tokio::test]
async fn a_recreated_slug_revives_neither_tokens_nor_secrets() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(&shop.secret("prod", "A"), json!({"value": "old"}))
        .await
        .ok();
    let scope = json!({"project": shop.slug, "config": "prod", "actions": ["secrets:export", "secrets:read"]});
    let ci = owner.service(scope).await;
    let prod = format!("{}/prod", shop.configs);
    owner.delete(&prod).await.ok();
    ci.get(&shop.secrets("prod"))
        .await
        .refused(404, "config_deleted");
    owner
        .get(&shop.secrets("prod"))
        .await
        .refused(404, "config_not_found");

    owner
        .post(&shop.configs, json!({"slug": "prod"}))
        .await
        .ok();
    assert_eq!(ci.get(&shop.secrets("prod")).await.status, 404);
    assert_eq!(
        owner.get(&shop.secrets("prod")).await.ok()["data"],
        json!({})
    );
}

#[tokio::test]
async fn each_config_tells_how_many_keys_it_has_and_who_changed_it_last() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = json!({"set": {"A": "1", "B": "2"}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let ci = json!({"project": shop.slug, "actions": ["secrets:write"]});
    let ci = owner.service(ci).await;
    let set = json!({"set": {"B": "3", "C": "4"}});
    ci.patch(&shop.secrets("prod"), set).await.ok();

    let listed = owner.get(&shop.configs).await.ok();
    let (base, prod) = (&listed["configs"][0], &listed["configs"][1]);
    for (config, keys, own, by) in [(base, 2, 2, "owner"), (prod, 3, 2, "ci")] {
        assert_eq!(
            (&config["keys"], &config["ownKeys"]),
            (&json!(keys), &json!(own))
        );
        assert_eq!(config["updatedBy"], by);
        assert!(config["updatedAt"].as_str() >= config["createdAt"].as_str());
        let path = format!("{}/{}", shop.configs, config["slug"].as_str().unwrap());
        assert_eq!(&owner.get(&path).await.ok()["config"], config);
    }

    let path = format!("{}/prod", shop.configs);
    let alone = owner
        .patch(&path, json!({"inherits_from": null}))
        .await
        .ok();
    let alone = &alone["config"];
    assert_eq!((&alone["keys"], &alone["ownKeys"]), (&json!(2), &json!(2)));
    assert_eq!(alone["updatedBy"], "owner");
    assert_eq!(&owner.get(&path).await.ok()["config"], alone);
    let copy = owner
        .post(&format!("{path}/clone"), json!({"slug": "copy"}))
        .await
        .ok();
    let below = owner
        .post(&shop.configs, json!({"slug": "below", "parent": "copy"}))
        .await
        .ok();
    for (made, own) in [(&copy["config"], 2), (&below["config"], 0)] {
        assert_eq!((&made["keys"], &made["ownKeys"]), (&json!(2), &json!(own)));
        let path = format!("{}/{}", shop.configs, made["slug"].as_str().unwrap());
        assert_eq!(&owner.get(&path).await.ok()["config"], made);
    }
}
