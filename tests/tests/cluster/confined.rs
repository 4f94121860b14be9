//! An operator that is confined to namespaces.

use anyhow::ensure;
use ssm_tests::caller::fresh;
use ssm_tests::eventually;

use crate::cluster::{PATIENCE, among_others, kubectl, run, try_kubectl};
use crate::release::Release;
use crate::world::World;

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn an_operator_that_is_confined_to_a_namespace_reads_no_other() {
    let _others = among_others().await;
    let world = World::on(Release::confined(&[]).await).await;
    let namespace = &world.release.namespace;
    let other = fresh("other");
    kubectl(&["create", "namespace", &other]).await;
    world.greet("hello").await;
    world.sync_in(&other).await;
    world.sync().await;
    world.is_synced("hello").await;

    let account = world
        .release
        .kubectl(&[
            "get",
            "pods",
            "--selector",
            "app.kubernetes.io/component=operator",
            "--output",
            "jsonpath={.items[0].spec.serviceAccountName}",
        ])
        .await;
    let account = format!("system:serviceaccount:{namespace}:{account}");
    let reads = async |namespace: &str| {
        run(
            "kubectl",
            &[
                "--as",
                &account,
                "--namespace",
                namespace,
                "get",
                "secrets",
                "--output",
                "name",
            ],
            "",
        )
        .await
    };
    reads(namespace).await.ok();
    let refused = reads(&other).await;
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("Forbidden"), "{}", refused.stderr);
    for what in ["secrets", "secretsyncs.simplesecrets.io", "pods"] {
        let all = run(
            "kubectl",
            &["--as", &account, "get", what, "--all-namespaces"],
            "",
        )
        .await;
        assert!(all.stderr.contains("Forbidden"), "{what}: {}", all.stderr);
    }

    // Another change has come through meanwhile, and nothing of it there.
    world.greet("again").await;
    world.is_synced("again").await;
    eventually(PATIENCE, "nothing to be done elsewhere", async || {
        let status = try_kubectl(&[
            "--namespace",
            &other,
            "get",
            "secretsync",
            "web",
            "--output",
            "jsonpath={.status}",
        ])
        .await?;
        ensure!(status.is_empty(), "{status}");
        Ok(())
    })
    .await
    .unwrap();
    let there = run(
        "kubectl",
        &["--namespace", &other, "get", "secret", "web"],
        "",
    )
    .await;
    assert!(there.stderr.contains("NotFound"), "{}", there.stderr);
    kubectl(&["delete", "namespace", &other, "--wait=false"]).await;
    world.end().await;
}
