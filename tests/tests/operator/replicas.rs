//! Two operators of which one works, and whether everything is there for them.

use std::path::PathBuf;

use anyhow::ensure;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use ssm_tests::{ControlPlane, Operator, OperatorOptions, Run, Signal, eventually, rbac};

use super::world::{PATIENCE, World, control_plane};
use ssm_tests::caller;

const LEADS: &str = "SecretSyncs: watched";
const STANDS_BY: &str = "another replica leads";

/// A world whose operator takes part in the election.
async fn elected() -> (World, String) {
    let owner = caller::owner().await;
    let url = owner.request("GET", "").build().unwrap().url().to_string();
    let url = url.trim_end_matches('/').to_owned();
    let world = World::with(owner, &url, |options| {
        options
            .env("LEADER_ELECTION", "true")
            .env("POD_NAME", "one")
    })
    .await;
    (world, url)
}

/// An account that may do what is in these roles.
async fn account(plane: &ControlPlane, namespace: &str, name: &str, roles: &[&str]) -> PathBuf {
    plane.service_account(namespace, name, roles).await.unwrap()
}

async fn second(world: &World, url: &str, kubeconfig: &std::path::Path) -> Operator {
    let options = OperatorOptions::new(kubeconfig, url)
        .namespace(&world.namespace)
        .env("LEADER_ELECTION", "true")
        .env("POD_NAME", "two");
    Operator::start(options).await.unwrap()
}

async fn readiness(operator: &Operator) -> anyhow::Result<String> {
    let answer = reqwest::get(format!("{}/readyz", operator.url())).await?;
    Ok(answer.text().await?)
}

async fn leads(operator: &Operator) {
    eventually(PATIENCE, "it leads", async || {
        let text = readiness(operator).await?;
        ensure!(text.contains(LEADS), "{text}");
        Ok(())
    })
    .await
    .unwrap();
}

async fn stands_by(operator: &Operator) {
    eventually(PATIENCE, "it stands by", async || {
        let text = readiness(operator).await?;
        ensure!(text.contains(STANDS_BY), "{text}");
        Ok(())
    })
    .await
    .unwrap();
}

/// Waits until one of two leads and the other stands by. Says whether it is the first that leads.
async fn is_first(one: &Operator, other: &Operator) -> bool {
    eventually(PATIENCE, "one leads and one stands by", async || {
        let (one, other) = (readiness(one).await?, readiness(other).await?);
        let is_first = one.contains(LEADS) && other.contains(STANDS_BY);
        let is_second = one.contains(STANDS_BY) && other.contains(LEADS);
        ensure!(is_first || is_second, "{one} and {other}");
        Ok(is_first)
    })
    .await
    .unwrap()
}

async fn holder(world: &World) -> Option<String> {
    let leases: Api<Lease> = Api::namespaced(world.client.clone(), &world.namespace);
    let lease = leases.get("ssm-operator").await.unwrap();
    lease.spec.and_then(|spec| spec.holder_identity)
}

#[tokio::test]
async fn a_second_replica_watches_nothing_until_the_first_has_died() {
    let (mut world, url) = elected().await;
    world.synced().await;
    leads(&world.operator).await;
    assert!(holder(&world).await.unwrap().starts_with("one-"));
    // It may touch the lease and nothing else, and is ready: so it has not tried to list anything.
    let plane = control_plane().await;
    let confined = account(plane, &world.namespace, "confined", &[rbac::OPERATOR_ROLE]).await;
    let mut waiting = second(&world, &url, &confined).await;
    stands_by(&waiting).await;
    let metrics = waiting.metrics().await.unwrap();
    assert!(metrics.contains("ssm_operator_leader 0"), "{metrics}");
    assert!(!waiting.log().unwrap().contains("may not list"));
    waiting.stop().await.unwrap();

    let kubeconfig = plane
        .data_dir()
        .join(format!("{}-ssm-operator.kubeconfig", world.namespace));
    let mut other = second(&world, &url, &kubeconfig).await;
    // The second, where the API server was away for so long that the first could not renew the Lease.
    let is_first = is_first(&world.operator, &other).await;
    let leader = if is_first {
        &mut world.operator
    } else {
        &mut other
    };
    leader.kill_now().unwrap();
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    let (left, name) = if is_first {
        (&other, "two-")
    } else {
        (&world.operator, "one-")
    };
    leads(left).await;
    assert!(holder(&world).await.unwrap().starts_with(name));
}

#[tokio::test]
async fn a_replica_that_is_stopped_gives_the_lease_back() {
    let (mut world, _) = elected().await;
    leads(&world.operator).await;
    assert!(world.operator.stop().await.unwrap().success());
    assert_eq!(holder(&world).await, None);
}

#[tokio::test]
async fn a_leader_that_was_halted_finds_another_one_and_stands_by() {
    let (mut world, url) = elected().await;
    world.synced().await;
    let kubeconfig = control_plane()
        .await
        .data_dir()
        .join(format!("{}-ssm-operator.kubeconfig", world.namespace));
    let other = second(&world, &url, &kubeconfig).await;
    world.operator.process().signal(Signal::Stop);
    leads(&other).await;
    world.operator.process().signal(Signal::Continue);
    stands_by(&world.operator).await;
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    world.condition("web", "Ready", "True", "").await;
}

#[tokio::test]
async fn check_says_what_is_missing() {
    let (world, url) = elected().await;
    let plane = control_plane().await;
    let check = async |kubeconfig: PathBuf, url: &str| {
        Run::operator(["check"])
            .env("KUBECONFIG", kubeconfig)
            .env("SSM_SERVER_URL", url)
            .env("WATCH_NAMESPACES", &world.namespace)
            .end()
            .await
            .unwrap()
    };
    let kubeconfig = plane
        .data_dir()
        .join(format!("{}-ssm-operator.kubeconfig", world.namespace));
    let good = check(kubeconfig.clone(), &url).await;
    let text = good.ok();
    assert!(!text.contains("FAILED"), "{text}");

    let confined = account(plane, &world.namespace, "nobody", &[]).await;
    let bad = check(confined, "http://127.0.0.1:1").await;
    bad.refused(1, &["checks failed"]);
    let text = bad.text();
    for part in [
        "FAILED  the server http://127.0.0.1:1 answers",
        "ok      SecretSync is defined",
        "FAILED  get, list, watch secretsyncs",
        "grant the operator's service account: get, list, watch, create, update, patch, delete",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}
