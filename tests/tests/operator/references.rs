//! Values that refer to others.

use serde_json::json;
use ssm_tests::canary;

use crate::world::World;

#[tokio::test]
async fn a_secret_holds_what_references_come_to_and_follows_what_they_name() {
    let world = World::new().await;
    let shared = world.owner.shop().await;
    let password = canary::value("password");
    let host = json!({"value": "db.internal"});
    world
        .owner
        .put(&shared.secret("prod", "HOST"), host)
        .await
        .ok();
    world.set("base", "PASSWORD", &password).await;
    let url = format!(
        "postgres://app:${{PASSWORD}}@${{{}.prod.HOST}}",
        shared.slug
    );
    world.set("prod", "URL", &url).await;

    // The token reads the one project and not yet the other.
    world.create("web", world.spec()).await.unwrap();
    let why = world
        .condition("web", "AuthValid", "False", "Forbidden")
        .await;
    assert!(why.contains("HOST"), "{why}");

    let reads = json!(["secrets:read", "secrets:export"]);
    let both = [&world.shop.slug, &shared.slug]
        .map(|project| json!({"project": project, "actions": reads}));
    let token = world.owner.service(json!({"scopes": both})).await;
    world.put_token("ssm-token", token.token()).await;
    let resolved = format!("postgres://app:{password}@db.internal");
    world
        .holds("web", &[("PASSWORD", &password), ("URL", &resolved)])
        .await;

    let host = json!({"value": "db.elsewhere"});
    world
        .owner
        .put(&shared.secret("prod", "HOST"), host)
        .await
        .ok();
    let resolved = format!("postgres://app:{password}@db.elsewhere");
    world
        .holds("web", &[("PASSWORD", &password), ("URL", &resolved)])
        .await;
    world.shows_no_secret().await;
}

#[tokio::test]
async fn a_secret_stays_as_it_is_while_a_reference_leads_nowhere() {
    let world = World::new().await;
    world.set("base", "HOST", "db.internal").await;
    world.set("prod", "URL", "postgres://${base.HOST}").await;
    let mut spec = world.spec();
    spec["sources"][0]["keys"] = json!({"include": ["URL"]});
    world.create("web", spec).await.unwrap();
    world
        .holds("web", &[("URL", "postgres://db.internal")])
        .await;

    let gone = world.shop.secret("base", "HOST");
    world.owner.delete(&gone).await.ok();
    world
        .condition("web", "Ready", "False", "UnresolvedReferences")
        .await;
    world
        .holds("web", &[("URL", "postgres://db.internal")])
        .await;

    world.set("base", "HOST", "db.elsewhere").await;
    world
        .holds("web", &[("URL", "postgres://db.elsewhere")])
        .await;
    world.condition("web", "Ready", "True", "").await;
}
