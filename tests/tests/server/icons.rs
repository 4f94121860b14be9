//! Icons: chosen, or suggested by keys.

use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop, owner};

/// The icon of a key and where it is from, as a config is read.
async fn icon(owner: &Caller, shop: &Shop, config: &str, key: &str) -> (Value, Value) {
    let meta = owner.get(&shop.secrets(config)).await.ok()["meta"][key].clone();
    (meta["iconSlug"].clone(), meta["iconSource"].clone())
}

#[tokio::test]
async fn a_key_suggests_an_icon_until_somebody_chooses_one_and_after_it_is_reset() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = json!({"set": {"POSTGRES_PASSWORD": "x", "LOG_LEVEL": "x"}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let auto = (json!("postgresql"), json!("auto"));
    assert_eq!(icon(&owner, &shop, "prod", "POSTGRES_PASSWORD").await, auto);
    let none = (Value::Null, json!("auto"));
    assert_eq!(icon(&owner, &shop, "prod", "LOG_LEVEL").await, none);

    let secret = shop.secret("base", "POSTGRES_PASSWORD");
    for (body, expected) in [
        (
            json!({"value": "x", "icon_slug": "elephant"}),
            ("elephant", "manual"),
        ),
        (json!({"value": "y"}), ("elephant", "manual")),
        (
            json!({"value": "y", "icon_slug": null}),
            ("postgresql", "auto"),
        ),
    ] {
        owner.put(&secret, body).await.ok();
        let (slug, source) = icon(&owner, &shop, "prod", "POSTGRES_PASSWORD").await;
        assert_eq!((slug, source), (json!(expected.0), json!(expected.1)));
    }
}

#[tokio::test]
async fn recomputing_icons_counts_and_changes_nothing() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = json!({"set": {"REDIS_URL": "x", "OTHER": "x"}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let chosen = json!({"value": "y", "icon_slug": "bolt"});
    owner
        .put(&shop.secret("prod", "REDIS_URL"), chosen)
        .await
        .ok();
    let before = owner.get(&shop.secrets("prod")).await;

    let recompute = format!("/api/projects/{}/secrets/icons/recompute", shop.slug);
    let bare = owner.request("POST", &recompute);
    let with_body = owner.request("POST", &recompute);
    let with_body = with_body.json(&json!({"force": true, "dry_run": null}));
    for request in [bare, with_body] {
        let counted = Caller::send(request).await.ok();
        let summary = json!({"configsScanned": 2, "keysScanned": 2, "keysUpdated": 0,
            "secretsUpdated": 0, "keysSkippedManual": 1});
        assert_eq!(counted, json!({"status": "OK", "summary": summary}));
    }
    let after = owner.get(&shop.secrets("prod")).await;
    assert_eq!(
        (after.header("etag"), &after.text),
        (before.header("etag"), &before.text)
    );
}
