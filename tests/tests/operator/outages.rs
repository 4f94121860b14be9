//! Whatever is away, a live Secret is neither blanked nor deleted, and everything goes on when it is back.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use serde_json::json;
use ssm_tests::caller::{self, own_server};
use ssm_tests::{
    ControlPlane, ControlPlaneOptions, Operator, OperatorOptions, Scratch, ServerOptions,
    eventually, rbac,
};

use crate::world::{CRD, PATIENCE, World};

#[tokio::test]
async fn drift_is_repaired_while_the_server_is_away_and_changes_follow_when_it_is_back() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let world = World::on(owner, &server.url()).await;
    world.synced().await;
    server.kill_now().unwrap();
    world.delete_secret("web").await;
    world.holds("web", &[("A", "1")]).await;
    server.restart().await.unwrap();
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
}

#[tokio::test]
async fn a_secret_stays_when_the_operator_starts_without_its_server() {
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    let mut world = World::on(owner, &server.url()).await;
    world.synced().await;
    let before = world.secrets().get("web").await.unwrap();
    server.kill_now().unwrap();
    world.operator.restart().await.unwrap();
    let mut spec = world.spec();
    spec["target"]["name"] = "new".into();
    world.create("new", spec).await.unwrap();
    world.condition("new", "Ready", "False", "").await;
    let after = world.secrets().get("web").await.unwrap();
    assert_eq!(
        after.metadata.resource_version,
        before.metadata.resource_version
    );
    server.restart().await.unwrap();
    world.holds("new", &[("A", "1")]).await;
}

#[tokio::test]
async fn a_deleted_config_or_project_keeps_the_secret() {
    let world = World::new().await;
    world.synced().await;
    world
        .owner
        .delete(&format!("{}/prod", world.shop.configs))
        .await
        .ok();
    world.condition("web", "Ready", "False", "").await;
    world.holds("web", &[("A", "1")]).await;
    world
        .owner
        .delete(&format!("/api/projects/{0}?confirm={0}", world.shop.slug))
        .await
        .ok();
    world.condition("web", "AuthValid", "False", "").await;
    world.holds("web", &[("A", "1")]).await;
}

#[tokio::test]
async fn a_suddenly_empty_config_keeps_the_secret() {
    let world = World::new().await;
    world.synced().await;
    world
        .owner
        .delete(&world.shop.secret("base", "A"))
        .await
        .ok();
    world.condition("web", "Ready", "False", "").await;
    world.holds("web", &[("A", "1")]).await;
    // Another key in its place is as great a loss.
    world.set("base", "B", "2").await;
    world
        .condition("web", "Ready", "False", "RemovalGuard")
        .await;
    world.holds("web", &[("A", "1")]).await;
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2"), ("B", "2")]).await;
}

/// An operator for all namespaces on a control plane of its own, started before anything else is there.
#[tokio::test]
async fn the_operator_waits_for_the_definition_and_outlives_the_api_server() {
    let mut plane = ControlPlane::start(ControlPlaneOptions::default())
        .await
        .unwrap();
    let owner = caller::owner().await;
    let url = owner.request("GET", "").build().unwrap().url().to_string();
    let namespace = plane.namespace().await.unwrap();
    let kubeconfig = plane
        .service_account(&namespace, "ssm-operator", &[rbac::OPERATOR_CLUSTER_ROLE])
        .await
        .unwrap();
    let options = OperatorOptions::new(&kubeconfig, url.trim_end_matches('/'));
    let mut operator = Operator::spawn(options).unwrap();
    eventually(PATIENCE, "the log says what to do", async || {
        let log = operator.log()?;
        anyhow::ensure!(
            log.contains("secretsyncs.simplesecrets.io") && log.contains("install"),
            "{log}"
        );
        Ok(())
    })
    .await
    .unwrap();

    plane.apply_crd(CRD).await.unwrap();
    operator.ready().await.unwrap();
    let shop = owner.shop().await;
    owner
        .put(&shop.secret("prod", "A"), json!({"value": "1"}))
        .await
        .ok();
    let token = owner
        .service(json!({"project": shop.slug, "actions": ["secrets:read", "secrets:export"]}))
        .await;
    let token = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: t}}\nstringData: {{token: {}}}",
        token.token()
    );
    plane.apply(&namespace, &token).await.unwrap();
    let sync = json!({
        "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync", "metadata": {"name": "web"},
        "spec": {"auth": {"tokenSecretRef": {"name": "t", "key": "token"}}, "sources": [{"project": shop.slug, "config": "prod"}]},
    });
    plane.apply(&namespace, &sync.to_string()).await.unwrap();
    let holds = async |plane: &ControlPlane, value: &str| {
        let secrets: Api<Secret> = Api::namespaced(plane.client().unwrap(), &namespace);
        eventually(PATIENCE, "the Secret follows", async || {
            let data = secrets.get("web").await?.data.unwrap_or_default();
            anyhow::ensure!(
                data.get("A")
                    .is_some_and(|found| found.0 == value.as_bytes())
            );
            Ok(())
        })
        .await
        .unwrap();
    };
    holds(&plane, "1").await;

    plane.stop_api_server().unwrap();
    owner
        .put(&shop.secret("prod", "A"), json!({"value": "2"}))
        .await
        .ok();
    plane.start_api_server().await.unwrap();
    holds(&plane, "2").await;
    assert!(operator.process().is_running().unwrap());
}

#[tokio::test]
async fn an_unreachable_api_server_is_told_and_waited_for() {
    let scratch = Scratch::new("kubeconfig").unwrap();
    let port = ssm_tests::free_port().unwrap();
    let kubeconfig = scratch.path().join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{name: x, cluster: {{server: \"https://127.0.0.1:{port}\"}}}}]\n\
         contexts: [{{name: x, context: {{cluster: x, user: x}}}}]\nusers: [{{name: x, user: {{token: none}}}}]\n"
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let mut operator =
        Operator::spawn(OperatorOptions::new(&kubeconfig, "http://127.0.0.1:1")).unwrap();
    eventually(PATIENCE, "the log names the API server", async || {
        let log = operator.log()?;
        anyhow::ensure!(log.contains("API server"), "{log}");
        Ok(())
    })
    .await
    .unwrap();
    assert!(operator.process().is_running().unwrap());
}
