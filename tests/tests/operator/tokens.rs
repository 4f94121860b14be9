//! Which token is used, and where it may go.

use serde_json::json;
use ssm_tests::caller::own_server;
use ssm_tests::{Server, ServerOptions};
use tokio::net::TcpListener;

use crate::world::World;

#[tokio::test]
async fn a_missing_token_secret_is_explained_and_used_as_soon_as_it_is_there() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    spec["auth"]["tokenSecretRef"] = json!({"name": "later", "key": "token"});
    world.create("web", spec).await.unwrap();
    let message = world.condition("web", "Ready", "False", "").await;
    assert!(message.contains("later"), "{message}");
    world
        .put_token("later", &world.token(json!({})).await)
        .await;
    world.holds("web", &[("A", "1")]).await;
}

#[tokio::test]
async fn a_revoked_token_keeps_the_secret_and_a_new_one_goes_on() {
    let world = World::new().await;
    let token = world.token(json!({})).await;
    world.put_token("ssm-token", &token).await;
    world.synced().await;
    world
        .owner
        .post("/api/auth/tokens/v2/revoke", json!({"token": token}))
        .await
        .ok();
    world.set("base", "A", "2").await;
    let message = world.condition("web", "AuthValid", "False", "").await;
    assert!(!ssm_tests::canary::is_in(message.as_bytes()));
    world.holds("web", &[("A", "1")]).await;

    world
        .put_token("ssm-token", &world.token(json!({})).await)
        .await;
    world.holds("web", &[("A", "2")]).await;
    world.condition("web", "AuthValid", "True", "").await;
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_told_of_until_there_is_another() {
    let mut world = World::new().await;
    let short = world.token(json!({"ttl_seconds": 3600})).await;
    world.put_token("ssm-token", &short).await;
    world.synced().await;
    let message = world.condition("web", "TokenExpiring", "True", "").await;
    assert!(message.contains("ssm-token"), "{message}");
    world.condition("web", "Ready", "True", "").await;
    world.is_quiet("web", "web").await;

    let long = world.token(json!({})).await;
    world.put_token("ssm-token", &long).await;
    world.condition("web", "TokenExpiring", "False", "").await;
    world.is_quiet("web", "web").await;
}

#[tokio::test]
async fn a_token_without_the_right_is_explained_and_takes_nothing_away() {
    let world = World::new().await;
    world.synced().await;
    world
        .put_token(
            "ssm-token",
            &world.token(json!({"actions": ["projects:read"]})).await,
        )
        .await;
    world.condition("web", "AuthValid", "False", "").await;
    world.holds("web", &[("A", "1")]).await;
}

#[tokio::test]
async fn a_token_is_sent_to_no_server_that_it_is_not_meant_for() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", elsewhere.local_addr().unwrap());
    let mut spec = world.spec();
    spec["server"] = json!({"url": url});
    world.create("web", spec).await.unwrap();
    world.condition("web", "Ready", "False", "").await;
    world.settled().await;
    let asked = tokio::time::timeout(std::time::Duration::from_millis(1), elsewhere.accept()).await;
    assert!(asked.is_err(), "somebody connected");
}

#[tokio::test]
async fn a_token_secret_can_name_the_server_that_it_is_for() {
    let (second, owner) = own_server(ServerOptions::default()).await;
    let first = Server::start(ServerOptions::default()).await.unwrap();
    let world = World::on(owner, &first.url()).await;
    let annotation =
        json!({"metadata": {"annotations": {"simplesecrets.io/server": second.url()}}});
    let patch = kube::api::Patch::Merge(annotation);
    world
        .secrets()
        .patch("ssm-token", &kube::api::PatchParams::default(), &patch)
        .await
        .unwrap();
    world.set("base", "A", "1").await;
    let mut spec = world.spec();
    spec["server"] = json!({"url": second.url()});
    world.create("web", spec).await.unwrap();
    world.holds("web", &[("A", "1")]).await;
}
