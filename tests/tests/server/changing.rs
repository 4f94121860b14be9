//! Configs that get another name or parent, copies of them, and values that go from one to another, over HTTP.

use serde_json::json;

use ssm_tests::caller::{Caller, owner};

#[tokio::test]
async fn a_renamed_config_keeps_its_secrets_its_history_and_its_tokens() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(&shop.secret("prod", "A"), json!({"value": "1"}))
        .await
        .ok();
    let scope = json!({"project": shop.slug, "config": "prod", "actions": ["secrets:read", "secrets:export"]});
    let ci = owner.service(scope).await;
    let renamed = owner
        .patch(
            &format!("{}/prod", shop.configs),
            json!({"slug": "live", "name": "Live"}),
        )
        .await;
    let config = &renamed.ok()["config"];
    assert_eq!(
        (&config["slug"], &config["name"]),
        (&json!("live"), &json!("Live"))
    );
    assert_eq!(config["parentSlug"], "base");
    let tag = format!(".{}\"", config["revision"]);
    assert!(renamed.header("etag").ends_with(&tag));

    owner
        .get(&shop.secrets("prod"))
        .await
        .refused(404, "config_not_found");
    assert_eq!(
        ci.get(&shop.secrets("live")).await.ok()["data"],
        json!({"A": "1"})
    );
    let versions = format!("{}/versions", shop.secret("live", "A"));
    assert_eq!(owner.get(&versions).await.ok()["versions"][0]["version"], 1);
    owner
        .patch(&format!("{}/live", shop.configs), json!({"slug": "base"}))
        .await
        .refused(400, "already_exists");
}

#[tokio::test]
async fn a_config_inherits_from_another_one_or_from_none_but_never_from_itself() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(&shop.secret("base", "A"), json!({"value": "base"}))
        .await
        .ok();
    owner
        .post(&shop.configs, json!({"slug": "other"}))
        .await
        .ok();
    owner
        .put(&shop.secret("other", "A"), json!({"value": "other"}))
        .await
        .ok();
    let (base, prod) = (
        format!("{}/base", shop.configs),
        format!("{}/prod", shop.configs),
    );
    let before = owner.get(&prod).await;

    owner
        .patch(&prod, json!({"inherits_from": "other"}))
        .await
        .ok();
    assert_eq!(
        owner.get(&shop.secrets("prod")).await.ok()["data"],
        json!({"A": "other"})
    );
    owner.patch(&prod, json!({"name": "Production"})).await.ok();
    let config = owner.get(&prod).await.ok();
    assert_eq!(
        config["config"]["inherits_from"], "other",
        "absent keeps it"
    );
    let none = owner
        .patch(&prod, json!({"inherits_from": null}))
        .await
        .ok();
    assert!(none["config"]["inherits_from"].is_null());
    assert_eq!(
        owner.get(&shop.secrets("prod")).await.ok()["data"],
        json!({})
    );

    owner
        .patch(&prod, json!({"inherits_from": "base"}))
        .await
        .ok();
    for (path, body, status, code) in [
        (
            &base,
            json!({"inherits_from": "prod"}),
            409,
            "inheritance_cycle",
        ),
        (
            &base,
            json!({"inherits_from": "base"}),
            409,
            "inheritance_cycle",
        ),
        (&base, json!({"inherits_from": "nope"}), 400, "invalid"),
        (&base, json!({"parent": "prod"}), 400, "unknown_fields"),
        (&base, json!({"slug": "No"}), 400, "invalid"),
    ] {
        owner.patch(path, body).await.refused(status, code);
    }
    let stale = owner
        .request("PATCH", &prod)
        .header("if-match", before.header("etag"));
    Caller::send(stale.json(&json!({"name": "Stale"})))
        .await
        .refused(412, "revision_moved");
}

#[tokio::test]
async fn a_project_is_called_otherwise() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let path = format!("/api/projects/{}", shop.slug);
    let body = json!({"name": "Web shop", "description": "Sells things"});
    let changed = owner.patch(&path, body).await.ok();
    assert_eq!(changed["project"]["description"], "Sells things");
    let changed = owner.patch(&path, json!({"description": null})).await.ok();
    assert_eq!(changed["project"]["name"], "Web shop");
    assert!(changed["project"]["description"].is_null());
    owner
        .patch(&path, json!({"slug": "other"}))
        .await
        .refused(400, "unknown_fields");
    owner
        .patch(&path, json!({"name": " "}))
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn a_clone_is_a_config_of_its_own() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(&shop.secret("base", "BASE"), json!({"value": "inherited"}))
        .await
        .ok();
    let body = json!({"value": "own", "note": "a note"});
    owner.put(&shop.secret("prod", "A"), body).await.ok();
    let clone = format!("{}/prod/clone", shop.configs);
    let made = owner.post(&clone, json!({"slug": "copy"})).await;
    assert_eq!(made.status, 201);
    let config = &made.json()["config"];
    assert_eq!(
        (&config["slug"], &config["name"]),
        (&json!("copy"), &json!("copy"))
    );
    assert_eq!(config["inherits_from"], "base");
    assert!(
        made.header("etag")
            .ends_with(&format!(".{}\"", config["revision"]))
    );

    owner
        .put(&shop.secret("prod", "A"), json!({"value": "later"}))
        .await
        .ok();
    let data = owner.get(&shop.secrets("copy")).await.ok();
    assert_eq!(data["data"], json!({"A": "own", "BASE": "inherited"}));
    owner
        .post(&clone, json!({"slug": "copy"}))
        .await
        .refused(400, "already_exists");
    owner
        .post(&clone, json!({"slug": "Copy"}))
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn values_are_promoted_in_one_change() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .post(&shop.configs, json!({"slug": "staging", "parent": "base"}))
        .await
        .ok();
    let set = json!({"set": {"A": "staged", "B": "same"}});
    owner.patch(&shop.secrets("staging"), set).await.ok();
    owner
        .put(&shop.secret("base", "BASE"), json!({"value": "inherited"}))
        .await
        .ok();
    let there = json!({"set": {"A": "old", "B": "same", "C": "kept"}});
    owner.patch(&shop.secrets("prod"), there).await.ok();

    let promote = format!("/api/projects/{}/promote", shop.slug);
    let all = json!({"from": "staging", "to": "prod", "dryRun": true});
    let tried = owner.post(&promote, all).await.ok();
    let changes: Vec<_> = tried["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["change"])
        .collect();
    assert_eq!(changes, ["changed", "same"]);
    assert_eq!(
        owner.get(&shop.secret("prod", "A")).await.ok()["value"],
        "old"
    );
    let done = owner
        .post(&promote, json!({"from": "staging", "to": "prod"}))
        .await
        .ok();
    assert!(done["revision"].as_u64() > tried["revision"].as_u64());
    let named = json!({"from": "staging", "to": "prod", "keys": ["BASE"]});
    let named = owner.post(&promote, named).await.ok();
    assert_eq!(named["keys"][0]["overridesInherited"], true);
    let data = owner
        .get(&format!("{}?include_parent=false", shop.secrets("prod")))
        .await
        .ok();
    let expected = json!({"A": "staged", "B": "same", "BASE": "inherited", "C": "kept"});
    assert_eq!(data["data"], expected);

    for (body, status, code) in [
        (
            json!({"from": "staging", "to": "nope"}),
            404,
            "config_not_found",
        ),
        (json!({"from": "staging", "to": "staging"}), 400, "invalid"),
        (
            json!({"from": "staging", "to": "prod", "keys": ["NOPE"]}),
            404,
            "secret_not_found",
        ),
        (
            json!({"from": "staging", "to": "prod", "keys": ["a"]}),
            400,
            "invalid",
        ),
        (
            json!({"from": "staging", "to": "prod", "all": true}),
            400,
            "unknown_fields",
        ),
    ] {
        owner.post(&promote, body).await.refused(status, code);
    }
}
