//! Specs that the API server itself refuses, and contents that make no Secret.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_bad_spec_is_refused_by_the_api_server() {
    let world = World::new().await;
    let good = world.spec();
    let change = |path: &str, value: Value| {
        let mut spec = good.clone();
        *spec
            .pointer_mut(path)
            .unwrap_or_else(|| panic!("no {path}")) = value;
        spec
    };
    let with = |field: &str, value: Value| {
        let mut spec = good.clone();
        spec[field] = value;
        spec
    };
    let many: Vec<_> = (0..1000)
        .map(|n| json!({"project": "web", "config": format!("c{n}")}))
        .collect();
    for (why, spec) in [
        ("no sources", change("/sources", json!([]))),
        ("too many sources", change("/sources", json!(many))),
        (
            "a project in capitals",
            change("/sources/0/project", json!("WEB")),
        ),
        (
            "a config with a slash",
            change("/sources/0/config", json!("a/b")),
        ),
        (
            "a project that is no text",
            change("/sources/0/project", json!({"$ne": ""})),
        ),
        (
            "a target name in capitals",
            change("/target/name", json!("Web")),
        ),
        (
            "a target name that is too long",
            change("/target/name", json!("x".repeat(254))),
        ),
        (
            "a service account's token",
            with(
                "target",
                json!({"type": "kubernetes.io/service-account-token"}),
            ),
        ),
        (
            "a bootstrap token",
            with("target", json!({"type": "bootstrap.kubernetes.io/token"})),
        ),
        (
            "a URL of another kind",
            with("server", json!({"url": "file:///etc/passwd"})),
        ),
        (
            "a URL with credentials",
            with("server", json!({"url": "https://a:b@example.com"})),
        ),
        (
            "an unknown mode",
            with("refresh", json!({"mode": "Sometimes"})),
        ),
        (
            "an interval that is none",
            with("refresh", json!({"interval": "soon"})),
        ),
        (
            "an interval that is too short",
            with("refresh", json!({"interval": "1s"})),
        ),
        (
            "a token Secret without a name",
            with("auth", json!({"tokenSecretRef": {"key": "token"}})),
        ),
    ] {
        let refused = world.create("bad", spec).await;
        assert!(
            matches!(&refused, Err(kube::Error::Api(status)) if status.code == 422),
            "{why}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn an_absent_config_is_explained_and_makes_no_secret() {
    let world = World::new().await;
    let mut spec = world.spec();
    spec["sources"][0]["config"] = "nope".into();
    world.create("web", spec).await.unwrap();
    let message = world
        .condition("web", "Ready", "False", "ConfigNotFound")
        .await;
    assert!(message.contains("nope"), "{message}");
    assert!(world.secrets().get_opt("web").await.unwrap().is_none());
}

#[tokio::test]
async fn more_than_kubernetes_takes_is_explained_and_makes_no_secret() {
    let world = World::new().await;
    let value = "x".repeat(64 * 1024 - 100);
    let set = |from: usize| {
        (from..from + 9)
            .map(|n| (format!("K{n}"), json!(value)))
            .collect::<serde_json::Map<_, _>>()
    };
    world
        .owner
        .patch(&world.shop.secrets("base"), json!({"set": set(0)}))
        .await
        .ok();
    world
        .owner
        .patch(&world.shop.secrets("prod"), json!({"set": set(9)}))
        .await
        .ok();
    world.create("web", world.spec()).await.unwrap();
    world.condition("web", "Ready", "False", "TooLarge").await;
    assert!(world.secrets().get_opt("web").await.unwrap().is_none());
}

#[tokio::test]
async fn one_bad_resource_stalls_no_other() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let mut bad = world.spec();
    bad["sources"][0]["project"] = "nope".into();
    bad["target"]["name"] = "bad".into();
    world.create("bad", bad).await.unwrap();
    world.create("web", world.spec()).await.unwrap();
    world.holds("web", &[("A", "1")]).await;
}
