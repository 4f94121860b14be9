//! What is in the Secret: which keys, under which names, and in which shape.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};
use ssm_tests::{Foreign, Scratch, canary, eventually};

use crate::world::{PATIENCE, World};

impl World {
    /// The usual spec with other fields in its only source and its target.
    fn spec_with(&self, keys: Value, target: Value) -> Value {
        let mut spec = self.spec();
        spec["sources"][0]["keys"] = keys;
        spec["target"] = target;
        spec["target"]["name"] = "web".into();
        spec
    }

    /// Waits until the Secret has exactly these keys, and returns it.
    pub async fn has_keys(&self, name: &str, keys: &[&str]) -> Secret {
        let what = format!("{name} has the keys {keys:?}");
        eventually(PATIENCE, &what, async || {
            let secret = self.secrets().get(name).await?;
            let data = secret.data.clone().unwrap_or_default();
            let has: Vec<&str> = data.keys().map(String::as_str).collect();
            anyhow::ensure!(has == keys, "it has {has:?}");
            Ok(secret)
        })
        .await
        .unwrap()
    }
}

#[tokio::test]
async fn keys_are_decoded_renamed_transformed_and_prefixed() {
    let world = World::new().await;
    for (key, value) in [
        ("DB_URL", "postgres://db"),
        ("DB_TEST_URL", "no"),
        ("TLS_KEY", "a2V5"),
        ("STORE_B64", "AP/+\nAAE"),
    ] {
        world.set("base", key, value).await;
    }
    let keys = json!({
        "exclude": ["*_TEST_*"], "decode": ["*_B64", "TLS_*"], "rename": {"TLS_KEY": "tls.KEY"},
        "transform": "kebab", "prefix": "app_",
    });
    let spec = world.spec_with(keys, json!({}));
    world.create("web", spec).await.unwrap();
    let secret = world
        .has_keys("web", &["app_db-url", "app_store-b64", "app_tls.KEY"])
        .await;
    let data = secret.data.unwrap();
    assert_eq!(data["app_db-url"].0, b"postgres://db");
    assert_eq!(data["app_store-b64"].0, b"\x00\xff\xfe\x00\x01");
    assert_eq!(data["app_tls.KEY"].0, b"key");

    // What cannot be decoded is told by name, and the Secret stays as it is until it can be.
    world.set("prod", "TLS_KEY", &canary::value("!")).await;
    let message = world
        .condition("web", "Ready", "False", "InvalidBase64")
        .await;
    assert!(message.contains("TLS_KEY"), "{message}");
    assert_eq!(
        world.secrets().get("web").await.unwrap().data.unwrap(),
        data
    );
    world.shows_no_secret().await;
    world.set("prod", "TLS_KEY", "bmV3").await;
    eventually(PATIENCE, "the new value is there", async || {
        let data = world.secrets().get("web").await?.data.unwrap_or_default();
        anyhow::ensure!(data["app_tls.KEY"] == ByteString(b"new".to_vec()));
        Ok(())
    })
    .await
    .unwrap();

    // Names that meet are nobody's to choose between.
    world.set("base", "TLSKEY", "x").await;
    let keys = json!({"transform": "camel", "rename": {"TLS_KEY": "tlskey"}, "decode": null, "prefix": null});
    let mut sources = world.spec()["sources"].clone();
    sources[0]["keys"] = keys;
    world.patch("web", json!({"sources": sources})).await;
    let message = world
        .condition("web", "Ready", "False", "KeyCollision")
        .await;
    assert!(
        message.contains("TLS_KEY") && message.contains("TLSKEY"),
        "{message}"
    );
}

#[tokio::test]
async fn what_several_sources_have_is_told_and_the_later_one_wins() {
    let world = World::new().await;
    for (config, key, value) in [
        ("base", "B", "base"),
        ("base", "A", "base"),
        ("base", "C", "base"),
        ("prod", "A", "prod"),
    ] {
        world.set(config, key, value).await;
    }
    let source = |config: &str, include: &[&str]| json!({"project": world.shop.slug, "config": config, "keys": {"include": include}});
    let mut spec = world.spec();
    spec["sources"] = json!([source("base", &["*"]), source("prod", &["A", "B"])]);
    world.create("web", spec).await.unwrap();
    world
        .holds("web", &[("A", "prod"), ("B", "base"), ("C", "base")])
        .await;
    let overlapping = async |expected: Value| {
        eventually(PATIENCE, "the status tells what overlaps", async || {
            let status = world.status("web").await;
            let told = status.get("overlappingKeys").cloned().unwrap_or(json!([]));
            anyhow::ensure!(told == expected, "{status}");
            Ok(())
        })
        .await
        .unwrap();
    };
    overlapping(json!(["A", "B"])).await;

    let sources = json!([source("base", &["C"]), source("prod", &["A", "B"])]);
    world.patch("web", json!({"sources": sources})).await;
    overlapping(json!([])).await;
    world
        .holds("web", &[("A", "prod"), ("B", "base"), ("C", "base")])
        .await;
}

#[tokio::test]
async fn every_format_is_read_to_the_same_values_and_is_one_object_throughout() {
    let (world, foreign, scratch) = (
        World::new().await,
        Foreign::find().unwrap(),
        Scratch::new("formats").unwrap(),
    );
    let values: BTreeMap<String, String> = [
        ("PLAIN", "postgres://db:5432/app"),
        ("QUOTED", "it's\ntwo lines #!"),
        ("DOLLAR", "$HOME \"x\" `id`"),
        ("NO", "no"),
        ("DATE", "2001-01-01"),
        ("TIME", "12:30:45"),
        ("NUMBER", "1e3"),
        ("EMPTY", ""),
        ("TEXT", "grün \u{2028}\u{85}"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let set = json!({"set": values});
    world
        .owner
        .patch(&world.shop.secrets("base"), set)
        .await
        .ok();

    world.create("web", world.spec()).await.unwrap();
    let pairs: Vec<(&str, &str)> = values
        .iter()
        .map(|(key, value)| (&**key, &**value))
        .collect();
    let uid = world.holds("web", &pairs).await.metadata.uid;
    for (format, key) in [
        ("env", ".env"),
        ("json", "secrets.json"),
        ("yaml", "secrets.yaml"),
    ] {
        world
            .patch("web", json!({"target": {"format": format}}))
            .await;
        let secret = world.has_keys("web", &[key]).await;
        assert_eq!(secret.metadata.uid, uid);
        let written = secret.data.unwrap().remove(key).unwrap().0;
        let file = scratch.path().join(format!("secrets.{format}"));
        std::fs::write(&file, &written).unwrap();
        let read = match format {
            "env" => {
                let exported = format!("{}?format=env", world.shop.secrets("prod"));
                let exported = world.owner.get(&exported).await;
                assert_eq!(exported.text.as_bytes(), written, "as the server writes it");
                foreign.read_env(&file).unwrap()
            }
            "yaml" => foreign.read_yaml(&file).unwrap(),
            _ => vec![("serde_json", serde_json::from_slice(&written).unwrap())],
        };
        for (reader, read) in read {
            assert_eq!(read, values, "{reader}");
        }
    }
    world
        .patch(
            "web",
            json!({"target": {"format": "json", "key": "app.json"}}),
        )
        .await;
    world.has_keys("web", &["app.json"]).await;
    world
        .patch("web", json!({"target": {"format": null, "key": null}}))
        .await;
    assert_eq!(world.holds("web", &pairs).await.metadata.uid, uid);
    world.condition("web", "Ready", "True", "Synced").await;
}

#[tokio::test]
async fn what_a_format_cannot_hold_is_told_by_name_and_the_secret_stays() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let spec = world.spec_with(json!({"decode": ["*_B64"]}), json!({"format": "env"}));
    world.create("web", spec).await.unwrap();
    world.holds("web", &[(".env", "A=1\n")]).await;
    for (key, value, reason) in [
        (
            "BOTH",
            format!("'\"{}", canary::value("both")),
            "NotPortable",
        ),
        ("BIN_B64", "/w==".to_owned(), "NotText"),
    ] {
        world.set("base", key, &value).await;
        let message = world.condition("web", "Ready", "False", reason).await;
        assert!(message.contains(key), "{message}");
        world.holds("web", &[(".env", "A=1\n")]).await;
        world
            .owner
            .delete(&world.shop.secret("base", key))
            .await
            .ok();
        world.condition("web", "Ready", "True", "Synced").await;
    }
    let keys = json!([{"project": world.shop.slug, "config": "prod", "keys": {"transform": "kebab", "prefix": "a-"}}]);
    world.patch("web", json!({"sources": keys})).await;
    world
        .condition("web", "Ready", "False", "NotPortable")
        .await;
    world.holds("web", &[(".env", "A=1\n")]).await;
    world.shows_no_secret().await;
}

#[tokio::test]
async fn shapes_that_contradict_each_other_are_refused_by_the_api_server() {
    let world = World::new().await;
    for target in [
        json!({"format": "env", "template": {"data": {"a": "b"}}}),
        json!({"key": "a"}),
        json!({"format": "toml"}),
        json!({"template": {"data": {}}}),
        json!({"template": {"data": {"a b": ""}}}),
        json!({"template": {"data": {"a": "x".repeat(16_385)}}}),
        json!({"type": "kubernetes.io/service-account-token", "template": {"data": {"token": "{{ A }}"}}}),
    ] {
        let refused = world
            .create("web", world.spec_with(json!({}), target.clone()))
            .await;
        assert!(
            matches!(&refused, Err(kube::Error::Api(status)) if status.code == 422),
            "{target:.100}: {refused:?}"
        );
    }
    for keys in [
        json!({"transform": "snake"}),
        json!({"prefix": "a b"}),
        json!({"decode": ["a b"]}),
    ] {
        let refused = world
            .create("web", world.spec_with(keys.clone(), json!({})))
            .await;
        assert!(
            matches!(&refused, Err(kube::Error::Api(status)) if status.code == 422),
            "{keys}: {refused:?}"
        );
    }
}
