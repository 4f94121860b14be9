//! The configs of a project side by side.

use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop, owner};
use ssm_tests::canary;

fn compared(shop: &Shop, key: &str) -> String {
    format!("/api/projects/{}/compare/secrets/{key}", shop.slug)
}

fn grid(shop: &Shop) -> String {
    format!("/api/projects/{}/compare", shop.slug)
}

/// `base`, `prod` and `staging`, which inherit it, and `dev`, which does not.
async fn shop(owner: &Caller) -> Shop {
    let shop = owner.shop().await;
    let body = json!({"slug": "staging", "parent": "base"});
    owner.post(&shop.configs, body).await.ok();
    owner.post(&shop.configs, json!({"slug": "dev"})).await.ok();
    let set = json!({"set": {"URL": canary::value("base"), "HOST": "h"}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let set = json!({"set": {"URL": canary::value("prod"), "ONLY": "${HOST}!"}});
    owner.patch(&shop.secrets("prod"), set).await.ok();
    shop
}

/// The comparison's part about one config.
fn of<'a>(comparison: &'a Value, config: &str) -> &'a Value {
    let configs = comparison["configs"].as_array().unwrap();
    let found = configs.iter().find(|found| found["configSlug"] == config);
    found.unwrap_or_else(|| panic!("{config} is not in {comparison}"))
}

#[tokio::test]
async fn a_key_is_compared_as_version_1_4_did() {
    let owner = owner().await;
    let shop = shop(&owner).await;
    let comparison = owner.get(&compared(&shop, "URL")).await.ok();
    let slugs: Vec<&Value> = comparison["configs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| &found["configSlug"])
        .collect();
    assert_eq!(slugs, ["base", "dev", "prod", "staging"]);
    assert_eq!(
        (
            &comparison["status"],
            &comparison["project"],
            &comparison["key"]
        ),
        (&json!("OK"), &json!(shop.slug), &json!("URL"))
    );
    let (base, prod) = (canary::value("base"), canary::value("prod"));
    for (config, effective, direct) in [
        (
            "prod",
            json!({"value": prod, "source": "prod", "isInherited": false}),
            json!({"exists": true, "value": prod}),
        ),
        (
            "staging",
            json!({"value": base, "source": "base", "isInherited": true}),
            json!({"exists": false, "value": null}),
        ),
        (
            "dev",
            json!({"value": null, "source": null, "isInherited": false}),
            json!({"exists": false, "value": null}),
        ),
    ] {
        let found = of(&comparison, config);
        assert_eq!(
            (&found["effective"], &found["direct"]),
            (&effective, &direct)
        );
    }
    assert_eq!(of(&comparison, "prod")["meta"]["overrides"], "base");
    assert_eq!(of(&comparison, "prod")["hasIssues"], false);
    assert_eq!(of(&comparison, "dev")["meta"], Value::Null);
    let missing = json!([{"code": "missing_effective_value", "severity": "warning", "message": "There is no value"}]);
    assert_eq!(
        (
            &of(&comparison, "dev")["issues"],
            &of(&comparison, "dev")["hasIssues"]
        ),
        (&missing, &json!(true))
    );
    assert_eq!(
        comparison["summary"],
        json!({"uniqueEffectiveValues": 2, "missingCount": 1, "conflict": true})
    );
    assert_eq!(
        comparison["issuesSummary"],
        json!({"totalIssues": 1, "affectedConfigs": 1, "byCode": {"missing_effective_value": 1}})
    );

    let path = format!(
        "{}?include_empty=false&include_meta=false&limit_configs=3",
        compared(&shop, "URL")
    );
    let fewer = owner.get(&path).await.ok();
    assert_eq!(fewer["configs"].as_array().unwrap().len(), 2);
    assert_eq!(of(&fewer, "prod")["meta"], Value::Null);
    assert_eq!(fewer["summary"]["missingCount"], 1);
    let path = format!("{}?include_parent=false", compared(&shop, "URL"));
    let own = owner.get(&path).await.ok();
    assert_eq!(own["summary"]["missingCount"], 2);
    for refused in ["limit_configs=0", "raw=maybe", "placeholder_max_depth=0"] {
        let path = format!("{}?{refused}", compared(&shop, "URL"));
        owner.get(&path).await.refused(400, "invalid");
    }
    let nothing = owner.get(&compared(&shop, "NOWHERE")).await.ok();
    assert_eq!(nothing["summary"]["missingCount"], 4);
}

#[tokio::test]
async fn what_is_wrong_with_a_reference_is_told_where_it_is_and_hides_nothing_else() {
    let owner = owner().await;
    let (shop, other) = (shop(&owner).await, owner.shop().await);
    let secret = json!({"value": canary::value("other")});
    owner.put(&other.secret("base", "S"), secret).await.ok();
    let reference = format!("${{{}.base.S}}", other.slug);
    for (config, set) in [
        ("base", json!({"GONE": "x", "A": "plain", "B": "x"})),
        ("dev", json!({"X": reference})),
        ("base", json!({"X": "<${GONE}>"})),
        ("prod", json!({"B": "${A}", "X": "${B}"})),
        ("base", json!({"A": "${B}"})),
    ] {
        owner
            .patch(&shop.secrets(config), json!({"set": set}))
            .await
            .ok();
    }
    owner.delete(&shop.secret("base", "GONE")).await.ok();

    let comparison = owner.get(&compared(&shop, "X")).await.ok();
    assert_eq!(
        of(&comparison, "dev")["effective"]["value"],
        canary::value("other")
    );
    assert_eq!(of(&comparison, "dev")["direct"]["value"], json!(reference));
    let cycle = &of(&comparison, "prod");
    assert_eq!(
        (&cycle["effective"]["value"], &cycle["issues"][0]["code"]),
        (&Value::Null, &json!("broken_reference_cycle_or_depth"))
    );
    let nowhere = of(&comparison, "staging");
    assert_eq!(
        (&nowhere["effective"]["value"], &nowhere["issues"][0]),
        (
            &json!("<>"),
            &json!({"code": "broken_reference_unresolved", "severity": "error", "message": "Unresolved reference: ${GONE}"})
        )
    );
    assert_eq!(
        comparison["issuesSummary"]["byCode"],
        json!({"broken_reference_cycle_or_depth": 1, "broken_reference_unresolved": 2})
    );

    // To whoever may not read what is referred to, it is a reference to nothing.
    let narrow = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read"]}))
        .await;
    let answer = narrow.get(&compared(&shop, "X")).await;
    assert!(!canary::is_in(answer.text.as_bytes()), "{}", answer.text);
    let forbidden = of(&answer.ok(), "dev").clone();
    assert_eq!(forbidden["effective"]["value"], Value::Null);
    let message = forbidden["issues"][0]["message"].as_str().unwrap();
    assert!(message.contains(&reference), "{message}");
    let raw = narrow
        .get(&format!("{}?raw=true", compared(&shop, "X")))
        .await
        .ok();
    assert_eq!(of(&raw, "dev")["effective"]["value"], json!(reference));
    assert_eq!(raw["issuesSummary"]["totalIssues"], 0);
}

#[tokio::test]
async fn configs_that_the_caller_may_not_read_do_not_show() {
    let owner = owner().await;
    let shop = shop(&owner).await;
    let narrow = owner
        .service(json!({"scopes": [
            {"project": shop.slug, "config": "staging", "actions": ["secrets:read", "configs:read"]},
            {"project": shop.slug, "config": "dev", "actions": ["configs:read"]},
        ]}))
        .await;
    let comparison = narrow.get(&compared(&shop, "URL")).await.ok();
    assert_eq!(comparison["configs"].as_array().unwrap().len(), 1);
    assert_eq!(comparison["summary"]["missingCount"], 0);
    let found = narrow.get(&grid(&shop)).await;
    assert!(
        !found.text.contains("prod") && !found.text.contains("ONLY"),
        "{}",
        found.text
    );
    assert_eq!(found.ok()["configs"], json!(["dev", "staging"]));
    let values = narrow
        .get(&format!("{}?values=true", grid(&shop)))
        .await
        .ok();
    assert_eq!(values["configs"], json!(["staging"]));
    let stranger = owner.service(json!({"actions": ["audit:read"]})).await;
    for path in [grid(&shop), compared(&shop, "URL")] {
        stranger.get(&path).await.refused(403, "missing_scope");
    }
}

#[tokio::test]
async fn the_grid_tells_how_each_config_comes_by_each_key_and_no_value_unless_asked() {
    let owner = owner().await;
    let shop = shop(&owner).await;
    owner.delete(&shop.secret("base", "HOST")).await.ok();
    let answer = owner.get(&grid(&shop)).await;
    assert!(!canary::is_in(answer.text.as_bytes()));
    let found = answer.ok();
    let cell = |state: &str,
                broken: bool,
                source: Option<&str>,
                overrides: Option<&str>,
                group: Option<u64>| {
        json!({"state": state, "broken": broken, "source": source, "overrides": overrides, "group": group})
    };
    let missing = cell("missing", false, None, None, None);
    let expected = [
        (
            "ONLY",
            [
                missing.clone(),
                missing.clone(),
                cell("own", true, Some("prod"), None, Some(0)),
                missing.clone(),
            ],
        ),
        (
            "URL",
            [
                cell("own", false, Some("base"), None, Some(0)),
                missing,
                cell("overridden", false, Some("prod"), Some("base"), Some(1)),
                cell("inherited", false, Some("base"), None, Some(0)),
            ],
        ),
    ];
    let rows = expected.map(|(key, cells)| {
        let configs = ["base", "dev", "prod", "staging"].into_iter();
        let cells: Vec<Value> = configs
            .zip(cells)
            .map(|(config, mut cell)| {
                cell["config"] = config.into();
                cell
            })
            .collect();
        json!({"key": key, "cells": cells})
    });
    assert_eq!(found["keys"], json!(rows));
    assert!(found.get("nextCursor").is_none());

    let values = owner
        .get(&format!("{}?values=true", grid(&shop)))
        .await
        .ok();
    let cells = &values["keys"][1]["cells"];
    assert_eq!(cells[0]["value"], json!(canary::value("base")));
    assert_eq!(cells[1]["value"], Value::Null);
}

#[tokio::test]
async fn the_grid_comes_in_pages_that_together_are_all_of_it() {
    let owner = owner().await;
    let shop = owner.shop().await;
    for (config, from) in [("base", 0), ("prod", 4)] {
        let keys = (from..from + 8).map(|n| (format!("K{n}"), json!("x")));
        let set: serde_json::Map<String, Value> = keys.collect();
        owner
            .patch(&shop.secrets(config), json!({"set": set}))
            .await
            .ok();
    }
    let whole = owner.get(&grid(&shop)).await.ok();
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner
            .get(&format!("{}?limit=5{cursor}", grid(&shop)))
            .await
            .ok();
        rows.extend(page["keys"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(rows), whole["keys"]);
    assert_eq!(rows.len(), 12);
    for refused in ["cursor=a", "limit=0", "values=maybe"] {
        owner
            .get(&format!("{}?{refused}", grid(&shop)))
            .await
            .refused(400, "invalid");
    }
}

/// The groups of a key's cells.
fn groups<'a>(grid: &'a Value, key: &str) -> Vec<&'a Value> {
    let rows = grid["keys"].as_array().unwrap();
    let row = rows.iter().find(|row| row["key"] == key).unwrap();
    let cells = row["cells"].as_array().unwrap().iter();
    cells.map(|cell| &cell["group"]).collect()
}

#[tokio::test]
async fn equal_values_of_a_row_are_told_by_their_group_and_only_to_whoever_may_read_them() {
    let owner = owner().await;
    let shop = shop(&owner).await;
    let url = json!({"value": canary::value("prod")});
    owner.put(&shop.secret("dev", "URL"), url).await.ok();
    let answer = owner.get(&grid(&shop)).await;
    assert!(!canary::is_in(answer.text.as_bytes()));
    let found = answer.ok();
    assert_eq!(groups(&found, "URL"), [0, 1, 1, 0]);
    let with_values = owner
        .get(&format!("{}?values=true", grid(&shop)))
        .await
        .ok();
    assert_eq!(groups(&with_values, "URL"), [0, 1, 1, 0]);

    let seeing = json!({"project": shop.slug, "actions": ["configs:read"]});
    let reading =
        |config: &str| json!({"project": shop.slug, "config": config, "actions": ["secrets:read"]});
    let scopes = json!({"scopes": [&seeing, reading("prod"), reading("staging")]});
    let partly = owner.service(scopes).await;
    let found = partly.get(&grid(&shop)).await.ok();
    assert_eq!(
        groups(&found, "URL"),
        [&json!(null), &json!(null), &json!(0), &json!(1)]
    );
    let blind = owner.service(json!({"scopes": [seeing]})).await;
    let found = blind.get(&grid(&shop)).await.ok();
    assert_eq!(groups(&found, "URL"), [&json!(null); 4]);
}

#[tokio::test]
async fn a_page_of_the_grid_has_up_to_a_thousand_keys_or_a_hundred_with_values() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let keys = (0..1_001).map(|n| (format!("K{n}"), json!("x")));
    let set: serde_json::Map<String, Value> = keys.collect();
    owner
        .patch(&shop.secrets("base"), json!({"set": set}))
        .await
        .ok();
    for (query, expected) in [
        ("limit=5000", 1_000),
        ("limit=5000&values=true", 100),
        ("", 50),
    ] {
        let page = owner.get(&format!("{}?{query}", grid(&shop))).await.ok();
        assert_eq!(page["keys"].as_array().unwrap().len(), expected, "{query}");
        assert!(page["nextCursor"].is_string());
    }
}
