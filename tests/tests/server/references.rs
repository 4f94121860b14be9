//! References over HTTP: each is read with the reader's own rights, whoever read before them.

use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller, Shop, own_server, owner};
use ssm_tests::{ServerOptions, canary};

/// A shop whose `prod` has `DSN`, which refers to `PASSWORD` in the `base` of another one.
struct Scene {
    shop: Shop,
    vault: Shop,
    reference: String,
    /// May read both.
    rich: Caller,
    /// May read the first only.
    poor: Caller,
}

impl Scene {
    async fn set(owner: &Caller) -> Self {
        let (shop, vault) = (owner.shop().await, owner.shop().await);
        let reference = format!("${{{}.base.PASSWORD}}", vault.slug);
        let password = json!({"value": canary::value("password")});
        owner
            .put(&vault.secret("base", "PASSWORD"), password)
            .await
            .ok();
        let set = json!({"set": {"DSN": format!("db://{reference}@h"), "PLAIN": "p"}});
        owner.patch(&shop.secrets("prod"), set).await.ok();
        let actions = ["secrets:read", "secrets:export"];
        let scope = |shop: &Shop| json!({"project": shop.slug, "actions": actions});
        let rich = owner
            .service(json!({"scopes": [scope(&shop), scope(&vault)]}))
            .await;
        let poor = owner.service(json!({"scopes": [scope(&shop)]})).await;
        Self {
            shop,
            vault,
            reference,
            rich,
            poor,
        }
    }

    /// Everything of `prod`, resolved.
    fn resolved(&self, format: &str) -> String {
        format!(
            "{}?resolve_references=true&format={format}",
            self.shop.secrets("prod")
        )
    }
}

async fn get_unless(caller: &Caller, path: &str, etag: &str) -> Answer {
    Caller::send(caller.request("GET", path).header("if-none-match", etag)).await
}

/// Asserts that the reference, and nothing behind it, is named in a refusal.
#[track_caller]
fn forbids(answer: &Answer, reference: &str) {
    answer.refused(403, "reference_forbidden");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(reference), "{message}");
    assert_eq!(answer.header("etag"), "");
}

#[tokio::test]
async fn what_somebody_with_more_rights_has_read_stays_closed_to_others_in_either_order() {
    let owner = owner().await;
    for format in ["json", "env", "yaml"] {
        for poor_first in [true, false] {
            let scene = Scene::set(&owner).await;
            let path = scene.resolved(format);
            if poor_first {
                forbids(&scene.poor.get(&path).await, &scene.reference);
            }
            for _ in 0..2 {
                let read = scene.rich.get(&path).await;
                read.ok();
                assert!(read.text.contains(&canary::value("password")));
                forbids(&scene.poor.get(&path).await, &scene.reference);
                // Nor does knowing its name help.
                let held = get_unless(&scene.poor, &path, read.header("etag")).await;
                forbids(&held, &scene.reference);
            }
            // As it is written, it is theirs to read.
            let raw = scene.poor.get(&scene.shop.secrets("prod")).await.ok();
            assert_eq!(raw["data"]["DSN"], format!("db://{}@h", scene.reference));
        }
    }
}

#[tokio::test]
async fn one_value_is_as_closed_as_all_of_them() {
    let owner = owner().await;
    let scene = Scene::set(&owner).await;
    let path = |key| format!("{}?resolve_references=true", scene.shop.secret("prod", key));
    let read = scene.rich.get(&path("DSN")).await;
    assert_eq!(
        read.ok()["value"],
        format!("db://{}@h", canary::value("password"))
    );
    forbids(&scene.poor.get(&path("DSN")).await, &scene.reference);
    let held = get_unless(&scene.poor, &path("DSN"), read.header("etag")).await;
    forbids(&held, &scene.reference);
    assert_eq!(scene.poor.get(&path("PLAIN")).await.ok()["value"], "p");
}

#[tokio::test]
async fn a_resolved_export_is_known_by_a_name_that_is_the_readers_own() {
    let owner = owner().await;
    let scene = Scene::set(&owner).await;
    let path = scene.resolved("json");
    let etag = scene.rich.get(&path).await.header("etag").to_owned();
    let unchanged = get_unless(&scene.rich, &path, &etag).await;
    assert_eq!((unchanged.status.as_u16(), &*unchanged.text), (304, ""));
    assert_eq!(unchanged.header("etag"), etag);
    assert_ne!(owner.get(&path).await.header("etag"), etag);
    assert_eq!(get_unless(&owner, &path, &etag).await.status, 200);

    let changed = json!({"value": canary::value("changed")});
    owner
        .put(&scene.vault.secret("base", "PASSWORD"), changed)
        .await
        .ok();
    let anew = get_unless(&scene.rich, &path, &etag).await;
    assert_ne!(anew.header("etag"), etag);
    assert_eq!(
        anew.ok()["data"]["DSN"],
        format!("db://{}@h", canary::value("changed"))
    );
}

#[tokio::test]
async fn a_refusal_names_the_reference_and_no_value() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let value = canary::value("behind");
    let set = json!({"set": {"A": value, "B": "x"}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let way = |keys: &[&str]| {
        let nodes = keys.iter().map(|key| format!("{}.{key}", shop.slug));
        nodes.collect::<Vec<_>>().join(" -> ")
    };
    for (text, code, says) in [
        (
            format!("{value}${{NOPE}}"),
            "unresolved_reference",
            "Unresolved reference: ${NOPE}".to_owned(),
        ),
        (
            format!("{value}${{dev.A}}"),
            "unresolved_reference",
            "Unresolved reference: ${dev.A}".into(),
        ),
        (
            format!("{value}${{a b}}"),
            "invalid_reference",
            "Invalid reference syntax: ${a b}".into(),
        ),
        (
            format!("${{{value}}}"),
            "invalid_reference",
            "Invalid reference syntax: write".into(),
        ),
        (
            format!("{value}${{base.A}}"),
            "reference_cycle",
            format!(
                "Secret reference cycle detected: {}",
                way(&["base.A", "base.A"])
            ),
        ),
    ] {
        let refused = owner
            .put(&shop.secret("base", "A"), json!({"value": text}))
            .await;
        refused.refused(400, code);
        let message = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&says), "{message}");
    }

    // Made through a config that inherits, a circle is found by who reads it.
    let set = |key: &str, text: &str| json!({"set": {key: text}});
    owner
        .patch(&shop.secrets("prod"), set("B", "${A}"))
        .await
        .ok();
    owner
        .patch(&shop.secrets("base"), set("A", &format!("{value}${{B}}")))
        .await
        .ok();
    let path = format!("{}?resolve_references=true", shop.secrets("prod"));
    let refused = owner.get(&path).await;
    refused.refused(400, "reference_cycle");
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains(&way(&["prod.A", "prod.B", "prod.A"])),
        "{message}"
    );
}

#[tokio::test]
async fn what_leads_nowhere_is_empty_and_listed() {
    let owner = owner().await;
    let scene = Scene::set(&owner).await;
    owner
        .delete(&scene.vault.secret("base", "PASSWORD"))
        .await
        .ok();
    let read = scene.rich.get(&scene.resolved("json")).await;
    assert_eq!(read.header("x-ssm-unresolved"), scene.reference);
    let read = read.ok();
    assert_eq!(
        (&read["data"]["DSN"], &read["unresolved"]),
        (&json!("db://@h"), &json!([scene.reference]))
    );
    // The same from the cache, and of one value.
    for path in [
        scene.resolved("json"),
        scene.resolved("yaml"),
        format!(
            "{}?resolve_references=true",
            scene.shop.secret("prod", "DSN")
        ),
    ] {
        let again = scene.rich.get(&path).await;
        again.ok();
        assert_eq!(again.header("x-ssm-unresolved"), scene.reference);
    }
    let plain = scene.rich.get(&scene.shop.secrets("prod")).await;
    assert_eq!(
        (
            plain.header("x-ssm-unresolved"),
            plain.ok().get("unresolved")
        ),
        ("", None)
    );
}

#[tokio::test]
async fn switching_references_off_and_on_shows_at_once() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let scene = Scene::set(&owner).await;
    let path = scene.resolved("json");
    let (written, resolved) = (
        format!("db://{}@h", scene.reference),
        format!("db://{}@h", canary::value("password")),
    );
    let mut etag = String::new();
    for (enabled, expected) in [(true, &resolved), (false, &written), (true, &resolved)] {
        let body = json!({"referencingEnabled": enabled});
        owner.patch("/api/workspace/settings", body).await.ok();
        let read = get_unless(&scene.rich, &path, &etag).await;
        assert_eq!(read.status, 200, "referencingEnabled: {enabled}");
        etag = read.header("etag").to_owned();
        assert_eq!(read.ok()["data"]["DSN"], json!(expected));
        let one = format!(
            "{}?resolve_references=true",
            scene.shop.secret("prod", "DSN")
        );
        assert_eq!(scene.rich.get(&one).await.ok()["value"], json!(expected));
        // What is only written there is nobody's secret.
        let poor = scene.poor.get(&path).await;
        assert_eq!(poor.status, if enabled { 403 } else { 200 });
    }
}

#[tokio::test]
async fn a_slug_that_is_taken_again_does_not_revive_references() {
    let owner = owner().await;
    let scene = Scene::set(&owner).await;
    let project = format!("/api/projects/{}", scene.vault.slug);
    owner
        .delete(&format!("{project}?confirm={}", scene.vault.slug))
        .await
        .ok();
    owner
        .post("/api/projects", json!({"slug": scene.vault.slug}))
        .await
        .ok();
    owner
        .post(&scene.vault.configs, json!({"slug": "base"}))
        .await
        .ok();
    let other = json!({"value": canary::value("of somebody else")});
    owner
        .put(&scene.vault.secret("base", "PASSWORD"), other)
        .await
        .ok();

    let read = owner.get(&scene.resolved("json")).await.ok();
    assert_eq!(
        (&read["data"]["DSN"], &read["unresolved"]),
        (&json!("db://@h"), &json!([scene.reference]))
    );
    // Saved again, it means what is there now.
    let again = json!({"value": scene.reference});
    owner
        .put(&scene.shop.secret("prod", "DSN"), again)
        .await
        .ok();
    let read = owner.get(&scene.resolved("json")).await.ok();
    assert_eq!(read["data"]["DSN"], canary::value("of somebody else"));
    assert_eq!(read["unresolved"], Value::Array(Vec::new()));
}

/// The metadata of `prod` without any value.
async fn meta(caller: &Caller, shop: &Shop) -> Value {
    let path = format!("{}?values=false", shop.secrets("prod"));
    let answer = caller.get(&path).await;
    assert!(!canary::is_in(answer.text.as_bytes()));
    answer.ok()["meta"].clone()
}

#[tokio::test]
async fn without_values_it_is_told_what_each_refers_to_and_whether_that_is_there() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = json!({"set": {"HOST": canary::value("host"), "PORT": "5432"}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let url = "db://${HOST}:${base.PORT}/${HOST}?a=$${HOST}";
    let set = json!({"set": {"URL": url, "DSN": "${URL}", "PLAIN": "p", "PRICE": "$${HOST}"}});
    owner.patch(&shop.secrets("prod"), set).await.ok();
    let told = meta(&owner, &shop).await;
    assert_eq!(told["URL"]["references"], json!(["HOST", "base.PORT"]));
    assert_eq!(told["DSN"]["references"], json!(["URL"]));
    for key in ["PLAIN", "PRICE", "HOST", "PORT"] {
        assert_eq!(told[key].get("references"), None, "{key}");
    }
    for key in ["URL", "DSN", "PLAIN"] {
        assert_eq!(told[key].get("problem"), None, "{key}");
    }

    owner.delete(&shop.secret("base", "PORT")).await.ok();
    let told = meta(&owner, &shop).await;
    for key in ["URL", "DSN"] {
        assert_eq!(told[key]["problem"], "broken_reference_unresolved", "{key}");
    }
    let with_values = owner.get(&shop.secrets("prod")).await.ok();
    assert_eq!(with_values["meta"]["URL"].get("references"), None);
}

#[tokio::test]
async fn what_is_told_without_values_follows_the_setting_at_once() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = json!({"set": {"HOST": "h", "URL": "db://${HOST}"}});
    owner.patch(&shop.secrets("prod"), set).await.ok();
    let path = format!("{}?values=false", shop.secrets("prod"));
    let mut tags = Vec::new();
    for enabled in [true, false, true] {
        let body = json!({"referencingEnabled": enabled});
        owner.patch("/api/workspace/settings", body).await.ok();
        let told = meta(&owner, &shop).await;
        assert_eq!(told["URL"].get("references").is_some(), enabled);
        tags.push(owner.get(&path).await.header("etag").to_owned());
    }
    assert_ne!(tags[0], tags[1]);
    assert_ne!(tags[1], tags[2]);
}

#[tokio::test]
async fn references_that_lead_in_a_circle_are_told_without_values() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = json!({"set": {"A": "${B}", "B": "plain"}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let detached = format!("{}/prod", shop.configs);
    owner
        .patch(&detached, json!({"inherits_from": null}))
        .await
        .ok();
    let set = json!({"set": {"A": "plain", "B": "${A}"}});
    owner.patch(&shop.secrets("prod"), set).await.ok();
    owner.delete(&shop.secret("prod", "A")).await.ok();
    owner
        .patch(&detached, json!({"inherits_from": "base"}))
        .await
        .ok();
    let told = meta(&owner, &shop).await;
    for key in ["A", "B"] {
        assert_eq!(
            told[key]["problem"], "broken_reference_cycle_or_depth",
            "{key}"
        );
    }
}

#[tokio::test]
async fn whether_something_is_there_is_not_told_to_whoever_may_not_read_it() {
    let owner = owner().await;
    let scene = Scene::set(&owner).await;
    let written = json!([format!("{}.base.PASSWORD", scene.vault.slug)]);
    let password = scene.vault.secret("base", "PASSWORD");
    for is_there in [true, false] {
        if !is_there {
            owner.delete(&password).await.ok();
        }
        // Whoever comes first must not decide what the others are told.
        for caller in [&scene.poor, &scene.rich, &scene.poor, &scene.rich] {
            let told = meta(caller, &scene.shop).await;
            assert_eq!(told["DSN"]["references"], written);
            let is_rich = caller.token() == scene.rich.token();
            let problem = (is_rich && !is_there).then_some("broken_reference_unresolved");
            assert_eq!(told["DSN"].get("problem").and_then(Value::as_str), problem);
        }
    }
}
