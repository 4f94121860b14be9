//! What was, and the way back, over HTTP.

use serde_json::{Value, json};

use ssm_tests::caller::{Caller, Shop, owner};

async fn put(owner: &Caller, shop: &Shop, key: &str, value: &str) -> u64 {
    let put = owner
        .put(&shop.secret("base", key), json!({"value": value}))
        .await
        .ok();
    put["revision"].as_u64().unwrap()
}

async fn delete(owner: &Caller, shop: &Shop, key: &str) -> u64 {
    let path = shop.secret("base", key);
    owner.delete(&path).await.ok();
    let config = owner.get(&format!("{}/base", shop.configs)).await.ok();
    config["config"]["revision"].as_u64().unwrap()
}

fn at(shop: &Shop, what: &str) -> String {
    format!("{}/base/{what}", shop.configs)
}

/// A list's field, item by item.
fn each(list: &Value, field: &str) -> Vec<Value> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item[field].clone()).collect()
}

#[tokio::test]
async fn every_version_of_a_key_is_there_with_who_and_when() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let first = json!({"value": "one", "note": "a note", "icon_slug": "db"});
    owner.put(&shop.secret("base", "A"), first).await.ok();
    put(&owner, &shop, "B", "other").await;
    let deleted = delete(&owner, &shop, "A").await;
    let second = put(&owner, &shop, "A", "two").await;

    let path = format!("{}/versions", shop.secret("base", "A"));
    let told = owner.get(&path).await.ok();
    assert_eq!(told["key"], "A");
    let versions = &told["versions"];
    assert_eq!(each(versions, "version"), [json!(2), json!(null), json!(1)]);
    assert_eq!(
        each(versions, "deleted"),
        [json!(false), json!(true), json!(false)]
    );
    assert_eq!(
        each(versions, "revision")[..2],
        [json!(second), json!(deleted)]
    );
    let first = &versions[2];
    assert_eq!(
        (&first["note"], &first["iconSlug"]),
        (&json!("a note"), &json!("db"))
    );
    assert_eq!(first["by"], "owner");
    assert!(first["at"].as_str().unwrap().ends_with('Z'));
    assert!(
        first.get("value").is_none(),
        "values only when they are asked for"
    );

    let told = owner.get(&format!("{path}?values=true")).await.ok();
    let values = each(&told["versions"], "value");
    assert_eq!(values, [json!("two"), json!(null), json!("one")]);
    owner
        .get(&format!("{}/versions", shop.secret("base", "NEVER")))
        .await
        .refused(404, "secret_not_found");
}

#[tokio::test]
async fn pages_end_with_the_cursor_of_the_next() {
    let owner = owner().await;
    let shop = owner.shop().await;
    for n in 1..=7 {
        put(&owner, &shop, "A", &n.to_string()).await;
    }
    let path = format!("{}/versions?limit=3", shop.secret("base", "A"));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("{path}{cursor}")).await.ok();
        seen.extend(each(&page["versions"], "version"));
        match page.get("nextCursor") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, (1..=7).rev().map(|n| json!(n)).collect::<Vec<_>>());
    for bad in ["limit=0", "limit=x", "cursor=x", "values=maybe"] {
        let answer = owner
            .get(&format!("{}/versions?{bad}", shop.secret("base", "A")))
            .await;
        answer.refused(400, "invalid");
    }
}

#[tokio::test]
async fn revisions_tell_what_was_done_to_a_config_under_whatever_name() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let many = json!({"set": {"A": "1", "B": "2"}});
    owner.patch(&shop.secrets("base"), many).await.ok();
    let rename = json!({"slug": "root"});
    owner
        .patch(&at(&shop, "")[..at(&shop, "").len() - 1], rename)
        .await
        .ok();
    let path = format!("{}/root", shop.configs);
    let request = owner.request("DELETE", &shop.secret("root", "B"));
    Caller::send(request.header("x-request-id", "the-deletion"))
        .await
        .ok();

    let told = owner.get(&format!("{path}/revisions")).await.ok();
    let revisions = told["revisions"].as_array().unwrap();
    let actions: Vec<_> = revisions
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "secrets.delete",
            "configs.update",
            "secrets.write",
            "configs.write"
        ]
    );
    assert_eq!(revisions[0]["requestId"], "the-deletion");
    assert_eq!(revisions[0]["actor"], "owner");
    let changes = &revisions[2]["changes"];
    assert_eq!(each(changes, "kind"), ["secret_set", "secret_set"]);
    assert_eq!(each(changes, "key"), ["A", "B"]);
    assert_eq!(each(changes, "version"), [1, 1]);
    let now = owner.get(&path).await.ok();
    assert_eq!(revisions[0]["revision"], now["config"]["revision"]);
}

#[tokio::test]
async fn a_config_can_be_looked_at_as_it_was() {
    let owner = owner().await;
    let shop = owner.shop().await;
    put(&owner, &shop, "A", "one").await;
    let then = put(&owner, &shop, "B", "kept").await;
    put(&owner, &shop, "A", "two").await;
    let now = put(&owner, &shop, "C", "new").await;

    let path = at(&shop, &format!("revisions/{then}"));
    let told = owner.get(&path).await.ok();
    let secrets = told["secrets"].as_object().unwrap();
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["A", "B"]);
    assert!(secrets["A"].get("value").is_none());
    let told = owner.get(&format!("{path}?values=true")).await.ok();
    assert_eq!(told["secrets"]["A"]["value"], "one");
    assert_eq!(told["secrets"]["A"]["version"], 1);
    for beyond in ["0", &(now + 1).to_string(), "99999999999999999999", "x"] {
        let path = at(&shop, &format!("revisions/{beyond}"));
        owner.get(&path).await.refused(404, "revision_not_found");
    }
}

#[tokio::test]
async fn a_diff_has_the_versions_of_both_sides() {
    let owner = owner().await;
    let shop = owner.shop().await;
    put(&owner, &shop, "A", "one").await;
    put(&owner, &shop, "B", "kept").await;
    let from = put(&owner, &shop, "C", "gone").await;
    put(&owner, &shop, "A", "two").await;
    delete(&owner, &shop, "C").await;
    let to = put(&owner, &shop, "D", "new").await;

    let diff = owner
        .get(&at(&shop, &format!("diff?from={from}&values=true")))
        .await
        .ok();
    assert_eq!((&diff["from"], &diff["to"]), (&json!(from), &json!(to)));
    for (list, key, old, new) in [
        ("added", "D", None, Some(("new", 1))),
        ("removed", "C", Some(("gone", 1)), None),
        ("changed", "A", Some(("one", 1)), Some(("two", 2))),
    ] {
        let list = diff[list].as_array().unwrap();
        assert_eq!(list.len(), 1, "{diff}");
        assert_eq!(list[0]["key"], key);
        for (side, expected) in [("from", old), ("to", new)] {
            let told = list[0].get(side).map(|side| {
                let version = side["version"].as_u64().unwrap();
                (side["value"].as_str().unwrap(), version)
            });
            assert_eq!(told, expected, "{key} {side}");
        }
    }
    let back = owner
        .get(&at(&shop, &format!("diff?from={to}&to={from}")))
        .await
        .ok();
    assert_eq!(
        (&back["added"][0]["key"], &back["removed"][0]["key"]),
        (&json!("C"), &json!("D"))
    );
    owner.get(&at(&shop, "diff")).await.refused(400, "invalid");
    owner
        .get(&at(&shop, &format!("diff?from={}", to + 1)))
        .await
        .refused(404, "revision_not_found");
}

#[tokio::test]
async fn values_of_the_past_need_what_values_of_the_present_need() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let then = put(&owner, &shop, "A", "one").await;
    put(&owner, &shop, "A", "two").await;
    let scope = json!({"project": shop.slug, "actions": ["configs:read"]});
    let blind = owner.service(scope).await;
    for path in [
        "secrets/A/versions?".to_owned(),
        format!("revisions/{then}?"),
        format!("diff?from={then}&"),
    ] {
        blind.get(&at(&shop, &path)).await.ok();
        let values = blind.get(&at(&shop, &format!("{path}values=true"))).await;
        values.refused(403, "missing_scope");
    }
}

#[tokio::test]
async fn rolling_back_is_a_new_revision_that_is_like_an_old_one() {
    let owner = owner().await;
    let shop = owner.shop().await;
    put(&owner, &shop, "A", "one").await;
    let then = put(&owner, &shop, "B", "kept").await;
    put(&owner, &shop, "A", "two").await;
    delete(&owner, &shop, "B").await;
    let now = put(&owner, &shop, "C", "new").await;

    let tried = json!({"revision": then, "dryRun": true});
    let tried = owner.post(&at(&shop, "rollback"), tried).await.ok();
    assert_eq!(
        (&tried["dryRun"], &tried["revision"]),
        (&json!(true), &json!(now))
    );
    let done = owner
        .post(&at(&shop, "rollback"), json!({"revision": then}))
        .await;
    let told = done.ok();
    assert_eq!(told["keys"], tried["keys"]);
    assert_eq!(each(&told["keys"], "key"), ["A", "B", "C"]);
    assert_eq!(each(&told["keys"], "change"), ["changed", "new", "deleted"]);
    let after = told["revision"].as_u64().unwrap();
    assert!(after > now && done.header("etag").ends_with(&format!(".{after}\"")));
    let data = owner.get(&shop.secrets("base")).await.ok();
    assert_eq!(data["data"], json!({"A": "one", "B": "kept"}));

    let again = owner
        .post(&at(&shop, "rollback"), json!({"revision": then}))
        .await
        .ok();
    assert_eq!(again["revision"], after, "it is so already");
    for (body, status, code) in [
        (json!({"revision": u64::MAX}), 404, "revision_not_found"),
        (json!({"revision": "x"}), 400, "invalid"),
        (json!({"revision": 1, "force": true}), 400, "unknown_fields"),
    ] {
        owner
            .post(&at(&shop, "rollback"), body)
            .await
            .refused(status, code);
    }
    let request = owner.request("POST", &at(&shop, "rollback"));
    let request = request.header(
        "if-match",
        done.header("etag").replace(&format!(".{after}"), ".1"),
    );
    Caller::send(request.json(&json!({"revision": now})))
        .await
        .refused(412, "revision_moved");
}
