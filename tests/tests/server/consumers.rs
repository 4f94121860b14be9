//! Who has which revision: what consumers say, and who may know.

use std::slice::from_ref;
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop, bootstrap_as, own_server, owner};
use ssm_tests::{Place, Server, ServerOptions, eventually};

const PATIENCE: Duration = Duration::from_secs(30);

fn consumers(shop: &Shop, config: &str) -> String {
    format!("/api/projects/{}/configs/{config}/consumers", shop.slug)
}

/// Where a config is now.
async fn list(owner: &Caller, shop: &Shop, config: &str) -> Value {
    owner.get(&consumers(shop, config)).await.ok()
}

/// A machine's token that reads these configs of the shop.
async fn machine(owner: &Caller, shop: &Shop, configs: &[&str]) -> Caller {
    let scopes = configs.iter().map(
        |config| json!({"project": shop.slug, "config": config, "actions": ["secrets:export"]}),
    );
    let scopes: Vec<Value> = scopes.collect();
    owner.service(json!({ "scopes": scopes })).await
}

/// A source as a consumer has it.
fn source(shop: &Shop, config: &str, epoch: &Value, revision: &Value) -> Value {
    json!({"project": shop.slug, "config": config, "epoch": epoch, "revision": revision})
}

fn has(name: &str, sources: &[Value]) -> Value {
    json!({"namespace": "shop", "name": name, "sources": sources})
}

async fn report(caller: &Caller, cluster: &str, consumers: &[Value]) -> Value {
    let body = json!({"cluster": cluster, "consumers": consumers});
    caller.post("/api/sync-reports", body).await.ok()["recorded"].clone()
}

/// Cluster, name and state of each.
fn states(list: &Value) -> Vec<(String, String, bool)> {
    let consumers = list["consumers"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    consumers
        .map(|one| {
            (
                text(&one["cluster"]),
                text(&one["name"]),
                one["current"] == true,
            )
        })
        .collect()
}

fn state(cluster: &str, name: &str, current: bool) -> (String, String, bool) {
    (cluster.to_owned(), name.to_owned(), current)
}

#[tokio::test]
async fn who_has_a_config_is_told_in_order_and_whether_that_is_current() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(&shop.secret("base", "A"), json!({"value": "1"}))
        .await
        .ok();
    let ci = machine(&owner, &shop, &["prod", "base"]).await;
    let before = list(&owner, &shop, "prod").await;
    assert_eq!(
        (&before["total"], &before["consumers"]),
        (&json!(0), &json!([]))
    );
    let (epoch, old) = (&before["epoch"], &before["revision"]);
    let base = list(&owner, &shop, "base").await["revision"].clone();

    let prod = source(&shop, "prod", epoch, old);
    let both = [prod.clone(), source(&shop, "base", epoch, &base)];
    let said = [has("web", &both), has("api", from_ref(&prod))];
    assert_eq!(report(&ci, "us-1", &said).await, 3);
    assert_eq!(report(&ci, "eu-1", &[has("web", from_ref(&prod))]).await, 1);
    let now = list(&owner, &shop, "prod").await;
    let all = [
        state("eu-1", "web", true),
        state("us-1", "api", true),
        state("us-1", "web", true),
    ];
    assert_eq!(states(&now), all);
    assert_eq!((&now["total"], &now["current"]), (&json!(3), &json!(3)));
    let first = &now["consumers"][0];
    assert_eq!(
        (
            &first["namespace"],
            &first["revision"],
            &first["epoch"],
            &first["tokenEnded"]
        ),
        (&json!("shop"), old, epoch, &json!(false))
    );
    assert!(first["reportedAt"].is_string() && first["reportedBy"].is_string());

    // What it inherits has changed, so everybody is behind until they say otherwise.
    owner
        .put(&shop.secret("base", "A"), json!({"value": "2"}))
        .await
        .ok();
    let now = list(&owner, &shop, "prod").await;
    assert_eq!((&now["total"], &now["current"]), (&json!(3), &json!(0)));
    let new = source(&shop, "prod", epoch, &now["revision"]);
    report(&ci, "us-1", &[has("web", &[new])]).await;
    let now = list(&owner, &shop, "prod").await;
    assert_eq!(now["current"], 1);
    // It has one config only now.
    assert_eq!(list(&owner, &shop, "base").await["total"], 0);
    let behind = owner
        .get(&(consumers(&shop, "prod") + "?state=behind"))
        .await
        .ok();
    let left = [state("eu-1", "web", false), state("us-1", "api", false)];
    assert_eq!(
        (states(&behind), &behind["total"]),
        (left.to_vec(), &json!(3))
    );

    let gone = json!({"namespace": "shop", "name": "web", "gone": true, "sources": [prod]});
    assert_eq!(report(&ci, "us-1", &[gone]).await, 0);
    let left = list(&owner, &shop, "prod").await;
    assert_eq!(
        states(&left),
        [state("eu-1", "web", false), state("us-1", "api", false)]
    );
}

#[tokio::test]
async fn a_revision_of_another_epoch_is_behind_however_great_it_is() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = machine(&owner, &shop, &["prod"]).await;
    let other = json!("0123456789abcdef01234567");
    let restored = source(&shop, "prod", &other, &json!(9_000_000));
    report(&ci, "eu-1", &[has("web", &[restored])]).await;
    let now = list(&owner, &shop, "prod").await;
    assert_eq!(
        (&now["current"], &now["consumers"][0]["epoch"]),
        (&json!(0), &other)
    );
}

#[tokio::test]
async fn what_a_token_cannot_read_is_neither_taken_down_nor_told_apart_from_what_is_not_there() {
    let owner = owner().await;
    let (shop, vault) = (owner.shop().await, owner.shop().await);
    let ci = machine(&owner, &shop, &["prod"]).await;
    let epoch = list(&owner, &shop, "prod").await["epoch"].clone();
    let at = json!(1);
    let absent = json!({"project": shop.slug, "config": "nowhere", "epoch": epoch, "revision": 1});
    let sources = [
        source(&vault, "prod", &epoch, &at),
        source(&shop, "base", &epoch, &at),
        absent,
        source(&shop, "prod", &epoch, &at),
    ];
    assert_eq!(report(&ci, "eu-1", &[has("web", &sources)]).await, 1);
    for hidden in &sources[..3] {
        assert_eq!(report(&ci, "eu-2", &[has("x", from_ref(hidden))]).await, 0);
    }
    assert_eq!(list(&owner, &shop, "prod").await["total"], 1);
    assert_eq!(list(&owner, &shop, "base").await["total"], 0);
    assert_eq!(list(&owner, &vault, "prod").await["total"], 0);

    // Reading values is one thing, and knowing who has them is another.
    ci.get(&consumers(&shop, "prod"))
        .await
        .refused(403, "missing_scope");
    ci.get(&consumers(&vault, "prod"))
        .await
        .refused(404, "project_not_found");
    let names = json!({"project": shop.slug, "actions": ["configs:read"]});
    let reader = owner.service(names).await;
    assert_eq!(list(&reader, &shop, "prod").await["total"], 1);
    let body = json!({"cluster": "eu-1", "consumers": []});
    reader
        .post("/api/sync-reports", body)
        .await
        .refused(403, "missing_scope");
}

#[tokio::test]
async fn nobody_replaces_what_another_token_says_before_that_is_dead() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let (one, other) = (
        machine(&owner, &shop, &["prod"]).await,
        machine(&owner, &shop, &["prod"]).await,
    );
    let now = list(&owner, &shop, "prod").await;
    let (epoch, revision) = (&now["epoch"], &now["revision"]);
    report(
        &one,
        "eu-1",
        &[has("web", &[source(&shop, "prod", epoch, revision)])],
    )
    .await;
    let gone = json!({"namespace": "shop", "name": "web", "gone": true});
    report(&other, "eu-1", from_ref(&gone)).await;
    assert_eq!(list(&owner, &shop, "prod").await["current"], 1);
    let old = source(&shop, "prod", epoch, &json!(1));
    report(&other, "eu-1", &[has("web", from_ref(&old))]).await;
    assert_eq!(list(&owner, &shop, "prod").await["total"], 2);

    // A dead token's word stands until it is too old, and says that it is one's last.
    let mine = token_id(&one).await;
    owner
        .post("/api/auth/tokens/v2/revoke", json!({"token_id": mine}))
        .await
        .ok();
    let now = list(&owner, &shop, "prod").await;
    let ended: Vec<bool> = now["consumers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["tokenEnded"] == true)
        .collect();
    assert_eq!(
        (ended.iter().filter(|ended| **ended).count(), ended.len()),
        (1, 2)
    );
    report(&other, "eu-1", &[has("web", &[old])]).await;
    let now = list(&owner, &shop, "prod").await;
    assert_eq!(
        (&now["total"], &now["consumers"][0]["tokenEnded"]),
        (&json!(1), &json!(false))
    );
}

#[tokio::test]
async fn a_report_that_is_not_what_it_can_be_is_refused_by_field_and_changes_nothing() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = machine(&owner, &shop, &["prod"]).await;
    let epoch = list(&owner, &shop, "prod").await["epoch"].clone();
    let good = has("web", &[source(&shop, "prod", &epoch, &json!(1))]);
    let with = |field: &str, value: Value| {
        let mut bad = good.clone();
        bad[field] = value;
        json!({"cluster": "eu-1", "consumers": [good, bad]})
    };
    let with_source = |field: &str, value: Value| {
        let mut bad = good.clone();
        bad["sources"][0][field] = value;
        json!({"cluster": "eu-1", "consumers": [bad]})
    };
    for (body, field) in [
        (json!({"cluster": "", "consumers": [good]}), "cluster"),
        (
            json!({"cluster": "CANARY\n", "consumers": [good]}),
            "cluster",
        ),
        (
            json!({"cluster": "x".repeat(254), "consumers": [good]}),
            "cluster",
        ),
        (
            json!({"cluster": "\u{fc}".repeat(127), "consumers": [good]}),
            "cluster",
        ),
        (json!({"cluster": "eu-1"}), "consumers"),
        (json!({"cluster": "eu-1", "consumers": {}}), "consumers"),
        (
            json!({"cluster": "eu-1", "consumers": vec![good.clone(); 1_001]}),
            "consumers",
        ),
        (with("namespace", json!("CANARY")), "consumers[1].namespace"),
        (
            with("namespace", json!("a".repeat(64))),
            "consumers[1].namespace",
        ),
        (with("name", json!("canary/CANARY")), "consumers[1].name"),
        (with("name", json!(7)), "consumers[1].name"),
        (with("sources", Value::Null), "consumers[1].sources"),
        (with("gone", json!("CANARY")), "consumers[1].gone"),
        (
            with("sources", json!(vec![good["sources"][0].clone(); 17])),
            "consumers[1].sources",
        ),
        (
            with_source("project", json!("CANARY")),
            "consumers[0].sources[0].project",
        ),
        (
            with_source("config", json!("..")),
            "consumers[0].sources[0].config",
        ),
        (
            with_source("epoch", json!("CANARY")),
            "consumers[0].sources[0].epoch",
        ),
        (
            with_source("revision", json!(-1)),
            "consumers[0].sources[0].revision",
        ),
    ] {
        let answer = ci.post("/api/sync-reports", body).await;
        let refused = answer.refused(400, "invalid").json();
        assert!(refused["errors"][field].is_string(), "{field}: {refused}");
        assert!(!answer.text.contains("CANARY"), "{}", answer.text);
    }
    ci.post("/api/sync-reports", with("sorces", json!([])))
        .await
        .refused(400, "unknown_fields");
    assert_eq!(list(&owner, &shop, "prod").await["total"], 0);
    for query in ["state=all", "limit=0", "cursor=x", "cursor=0/a/b/c"] {
        let path = format!("{}?{query}", consumers(&shop, "prod"));
        owner.get(&path).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn many_consumers_are_read_page_by_page() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = machine(&owner, &shop, &["prod"]).await;
    let now = list(&owner, &shop, "prod").await;
    let held = source(&shop, "prod", &now["epoch"], &now["revision"]);
    let names: Vec<String> = (0..1_000)
        .map(|number| format!("web-{number:04}"))
        .collect();
    let said: Vec<Value> = names
        .iter()
        .map(|name| has(name, from_ref(&held)))
        .collect();
    assert_eq!(
        report(&ci, "arn:aws:eks:eu:1:cluster/one", &said).await,
        1_000
    );
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{}?limit=300{cursor}", consumers(&shop, "prod"));
        let page = owner.get(&path).await.ok();
        assert_eq!(page["total"], 1_000);
        found.extend(states(&page).into_iter().map(|(_, name, _)| name));
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={}", next.replace(':', "%3A"));
    }
    assert_eq!(found, names);
}

#[tokio::test]
async fn a_config_that_is_made_anew_has_no_consumers_of_the_one_before() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let ci = machine(&owner, &shop, &["prod"]).await;
    let now = list(&owner, &shop, "prod").await;
    let held = source(&shop, "prod", &now["epoch"], &now["revision"]);
    report(&ci, "eu-1", &[has("web", from_ref(&held))]).await;
    let config = format!("/api/projects/{}/configs/prod", shop.slug);
    owner.delete(&config).await.ok();
    owner
        .get(&consumers(&shop, "prod"))
        .await
        .refused(404, "config_not_found");
    assert_eq!(report(&ci, "eu-1", &[has("web", from_ref(&held))]).await, 0);
    let again = json!({"slug": "prod"});
    owner
        .post(&format!("/api/projects/{}/configs", shop.slug), again)
        .await;
    assert_eq!(list(&owner, &shop, "prod").await["total"], 0);
}

#[tokio::test]
async fn a_restart_forgets_nobody_and_a_report_is_on_no_record() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let shop = owner.shop().await;
    let ci = machine(&owner, &shop, &["prod"]).await;
    let now = list(&owner, &shop, "prod").await;
    let held = source(&shop, "prod", &now["epoch"], &now["revision"]);
    let head = async || owner.get("/api/audit/checkpoint").await.ok()["seq"].clone();
    let before = head().await;
    report(&ci, "eu-1", &[has("web", &[held])]).await;
    assert_eq!(head().await, before);
    let told = list(&owner, &shop, "prod").await;
    server.restart().await.unwrap();
    assert_eq!(list(&owner, &shop, "prod").await, told);
}

/// The same caller at another server.
fn at(server: &Server, caller: &Caller) -> Caller {
    Caller::nobody(&server.url()).with(caller.token())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_is_told_the_other_tells_too() {
    let place = Place::new().await.unwrap();
    let (one, other) = tokio::join!(place.server(), place.server());
    let (one, other) = (one.unwrap(), other.unwrap());
    let owner = bootstrap_as(&Caller::nobody(&one.url())).await;
    let there = at(&other, &owner);
    let shop = owner.shop().await;
    let ci = machine(&owner, &shop, &["prod"]).await;
    let now = list(&owner, &shop, "prod").await;
    let (epoch, revision) = (now["epoch"].clone(), now["revision"].clone());
    let agree = async |total: u64, current: u64| {
        eventually(PATIENCE, "both tell the same", async || {
            for caller in [&owner, &there] {
                let now = list(caller, &shop, "prod").await;
                ensure!(
                    (now["total"] == total) && (now["current"] == current),
                    "{now}"
                );
            }
            Ok(())
        })
        .await
        .unwrap();
    };
    let old = source(&shop, "prod", &epoch, &json!(1));
    report(&ci, "eu-1", &[has("web", &[old])]).await;
    agree(1, 0).await;
    // Whichever server is told, what was said last holds.
    let held = source(&shop, "prod", &epoch, &revision);
    report(&at(&other, &ci), "eu-1", &[has("web", &[held])]).await;
    agree(1, 1).await;
    let gone = json!({"namespace": "shop", "name": "web", "gone": true});
    report(&ci, "eu-1", &[gone]).await;
    agree(0, 0).await;
}

/// The id of the token that calls.
async fn token_id(caller: &Caller) -> String {
    let own = caller.get("/api/auth/tokens/self").await.ok();
    own["token_id"].as_str().unwrap().to_owned()
}
