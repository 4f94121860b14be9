//! Backups, and the way back from one, as docs/kubernetes.md tells it.

use serde_json::{Value, json};
use ssm_tests::caller::OWNER;
use ssm_tests::canary;

use crate::cluster::{among_others, run};
use crate::release::Release;
use crate::world::World;

const SERVER: &str = "simple-secrets-manager-server";
const POD: &str = "pod/simple-secrets-manager-server-0";
const VOLUME: &str = "data-simple-secrets-manager-server-0";
const KEYS: &str = r#"printf '%s\n' \
    "ENCRYPTION_KEY=$(openssl rand -base64 32)" "TOKEN_SALT=$(openssl rand -base64 32)" "SSM_SETUP_TOKEN=$(openssl rand -hex 16)" |
    kubectl --namespace "$0" create secret generic ssm-keys --from-env-file=/dev/stdin"#;

#[tokio::test]
#[ignore = "needs a cluster: run `make test-cluster`"]
async fn a_backup_is_restored_into_an_empty_volume() {
    let _others = among_others().await;
    let mut release = Release::prepared_confined(&[]).await;
    run("sh", &["-c", KEYS, &release.namespace], "").await.ok();
    release.set("server.existingSecret=ssm-keys");
    release.install().await;
    let world = World::on(release).await;
    world.greet("hello").await;

    let release = &world.release;
    let set = format!("statefulset/{SERVER}");
    let backup = [
        "exec",
        &set,
        "--",
        "/usr/local/bin/ssm-server",
        "backup",
        "-",
    ];
    let backup = release.kubectl(&backup).await;
    world.greet("after the backup").await;

    release.kubectl(&["scale", &set, "--replicas=0"]).await;
    release
        .kubectl(&["wait", POD, "--for=delete", "--timeout=2m"])
        .await;
    release
        .kubectl(&["delete", "persistentvolumeclaim", VOLUME])
        .await;
    release
        .apply(&json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": VOLUME},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }))
        .await;
    restore(release, &set, &backup).await;
    release.kubectl(&["scale", &set, "--replicas=1"]).await;
    release
        .kubectl(&["rollout", "status", &set, "--timeout=2m"])
        .await;
    release.answers().await;

    // Tokens have ended, and people sign in anew.
    let owner = release.nobody().await.sign_in(OWNER).await;
    let read = owner.get(&world.shop.secret("base", "GREETING")).await.ok();
    assert_eq!(read["value"], canary::value("hello"));
    let before = world.owner.get("/api/projects").await;
    assert_eq!(before.status, 401, "{}", before.text);
    world.end().await;
}

/// Runs the restore in a pod of its own on the volume, with the keys out of their Secret.
async fn restore(release: &Release, set: &str, backup: &str) {
    let image = "--output=jsonpath={.spec.template.spec.containers[0].image}";
    let image = release.kubectl(&["get", set, image]).await;
    let pod = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/maintenance.json");
    let mut pod: Value = serde_json::from_str(&std::fs::read_to_string(pod).unwrap()).unwrap();
    pod["spec"]["containers"][0]["envFrom"] = json!([{"secretRef": {"name": "ssm-keys"}}]);
    let args = [
        "--namespace",
        &release.namespace,
        "run",
        "ssm-maintenance",
        "--rm",
        "-i",
        "--quiet",
        "--restart=Never",
        "--pod-running-timeout=2m",
        &format!("--image={image}"),
        "--override-type=strategic",
        &format!("--overrides={pod}"),
        "--",
        "restore",
        "-",
    ];
    let told = run("kubectl", &args, backup).await;
    assert_eq!(told.code, 0, "{}{}", told.text(), told.stderr);
}
