//! What becomes of a Secret whose config was deleted. Only a token for that very config is told so.

use serde_json::{Value, json};

use crate::world::World;

impl World {
    fn path(&self, config: &str) -> String {
        format!("{}/{config}", self.shop.configs)
    }

    async fn delete_config(&self, config: &str) {
        self.owner.delete(&self.path(config)).await.ok();
    }

    /// Puts a token for these configs alone where the resource finds it.
    async fn put_token_for(&self, configs: &[&str]) {
        let actions = ["secrets:read", "secrets:export"];
        let scopes: Vec<_> = configs
            .iter()
            .map(|config| json!({"project": self.shop.slug, "config": config, "actions": actions}))
            .collect();
        let token = json!({"scopes": scopes, "ttl_seconds": 30 * 86_400});
        let token = self.owner.service(token).await;
        self.put_token("ssm-token", token.token()).await;
    }

    async fn make_config(&self, config: &str) {
        let body = json!({"slug": config, "parent": "base"});
        self.owner.post(&self.shop.configs, body).await.ok();
    }

    fn deleting(&self, target: Value) -> Value {
        let mut spec = self.spec();
        spec["onUpstreamMissing"] = "Delete".into();
        spec["target"] = target;
        spec
    }
}

#[tokio::test]
async fn where_the_spec_says_so_the_secret_goes_with_its_config_and_comes_back_with_it() {
    for policy in ["Owner", "Orphan"] {
        let mut world = World::new().await;
        world.set("base", "A", "1").await;
        world.put_token_for(&["prod"]).await;
        let spec = world.deleting(json!({"name": "web", "creationPolicy": policy}));
        world.create("web", spec).await.unwrap();
        world.holds("web", &[("A", "1")]).await;
        world.condition("web", "Ready", "True", "").await;

        world.delete_config("prod").await;
        world.is_gone("web").await;
        let message = world
            .condition("web", "Ready", "False", "ConfigDeleted")
            .await;
        assert!(message.contains("no Secret web any more"), "{message}");
        let status = world.status("web").await;
        assert!(
            status["target"].is_null() && status["syncedKeys"].is_null(),
            "{status}"
        );
        world.make_config("dev").await;
        let before = world.versions("web", "web").await;
        world.operator.restart().await.unwrap();
        world.set("base", "A", "2").await;
        ready_marker(&world).await;
        assert_eq!(world.versions("web", "web").await, before);

        // A token outlives no config of its own; one for the new config finds it.
        world.make_config("prod").await;
        world.put_token_for(&["prod"]).await;
        world.holds("web", &[("A", "2")]).await;
        world.condition("web", "Ready", "True", "").await;
    }
}

/// As [`World::settled`], with a config that is there.
async fn ready_marker(world: &World) {
    world.put_token("all", &world.token(json!({})).await).await;
    let mut spec = world.spec();
    spec["auth"]["tokenSecretRef"]["name"] = "all".into();
    spec["sources"][0]["config"] = "dev".into();
    spec["target"]["name"] = "marker".into();
    world.create("marker", spec).await.unwrap();
    world.condition("marker", "Ready", "True", "").await;
}

#[tokio::test]
async fn merged_keys_are_taken_out_and_put_back() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    world.put_token_for(&["prod"]).await;
    world
        .put_secret(
            "shared",
            json!({"THEIRS": "1"}),
            json!({"simplesecrets.io/allow": "web"}),
        )
        .await;
    let spec = world.deleting(json!({"name": "shared", "creationPolicy": "Merge"}));
    world.create("web", spec).await.unwrap();
    world.holds("shared", &[("A", "1"), ("THEIRS", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    world.delete_config("prod").await;
    world.holds("shared", &[("THEIRS", "1")]).await;
    let message = world
        .condition("web", "Ready", "False", "ConfigDeleted")
        .await;
    assert!(message.contains("no longer in Secret shared"), "{message}");
    world.make_config("prod").await;
    world.put_token_for(&["prod"]).await;
    world.holds("shared", &[("A", "1"), ("THEIRS", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
}

#[tokio::test]
async fn a_secret_of_several_configs_goes_with_the_last_of_them() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    world.make_config("dev").await;
    world.put_token_for(&["prod", "dev"]).await;
    let mut spec = world.deleting(json!({"name": "web"}));
    spec["sources"] = json!([{"project": world.shop.slug, "config": "prod"}, {"project": world.shop.slug, "config": "dev"}]);
    world.create("web", spec).await.unwrap();
    world.holds("web", &[("A", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    world.delete_config("dev").await;
    let message = world
        .condition("web", "Ready", "False", "ConfigDeleted")
        .await;
    assert!(
        message.contains("until all sources are deleted"),
        "{message}"
    );
    world.holds("web", &[("A", "1")]).await;
    world.delete_config("prod").await;
    world.is_gone("web").await;
}

#[tokio::test]
async fn nothing_but_a_deleted_config_takes_a_secret_away() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    world
        .create("web", world.deleting(json!({"name": "web"})))
        .await
        .unwrap();
    world.holds("web", &[("A", "1")]).await;
    world.condition("web", "Ready", "True", "").await;
    // A token that reads another config only, one that is no token, and a project that is gone.
    let other = world.token(json!({"config": "base"})).await;
    for token in [&other, "ssm_nothing"] {
        world.put_token("ssm-token", token).await;
        world.condition("web", "Ready", "False", "").await;
        world.holds("web", &[("A", "1")]).await;
    }
    let good = world.token(json!({})).await;
    world.put_token("ssm-token", &good).await;
    world.condition("web", "Ready", "True", "").await;
    world
        .owner
        .delete(&format!("/api/projects/{0}?confirm={0}", world.shop.slug))
        .await
        .ok();
    world.condition("web", "Ready", "False", "").await;
    world.holds("web", &[("A", "1")]).await;
}
