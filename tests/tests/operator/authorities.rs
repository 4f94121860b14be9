//! Servers whose certificates a Secret in the namespace vouches for.

use serde_json::{Value, json};
use ssm_tests::caller::{Caller, bootstrap_as};
use ssm_tests::{Pair, Scratch, Server, ServerOptions, install_crypto};

use crate::world::World;

impl World {
    async fn put_ca(&self, name: &str, data: Value) {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
        let patch = kube::api::PatchParams::apply("test").force();
        self.secrets()
            .patch(name, &patch, &kube::api::Patch::Apply(secret))
            .await
            .unwrap();
    }
}

/// Somebody who calls whatever server is there.
fn trusting(url: &str) -> Caller {
    install_crypto();
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
    Caller::by(client.build().unwrap(), url)
}

#[tokio::test]
async fn a_secret_vouches_for_a_server_and_is_read_again_when_it_changes() {
    let (dir, first, second) = (
        Scratch::new("authorities").unwrap(),
        Pair::new().unwrap(),
        Pair::new().unwrap(),
    );
    let (cert, key) = first.write(dir.path()).unwrap();
    let mut server = Server::start(ServerOptions::default().tls(&cert, &key))
        .await
        .unwrap();
    let owner = bootstrap_as(&trusting(&server.url())).await;
    let plain = Server::start(ServerOptions::default()).await.unwrap();
    let world = World::with(owner, &plain.url(), |options| {
        options.env("ALLOWED_SERVER_URLS", &server.url())
    })
    .await;
    world.set("base", "A", "1").await;

    let mut spec = world.spec();
    spec["server"] = json!({"url": server.url(), "caSecretRef": {"name": "ca"}});
    world.create("web", spec).await.unwrap();
    let message = world
        .condition("web", "Ready", "False", "CASecretMissing")
        .await;
    assert!(message.contains("ca.crt"), "{message}");
    world.put_ca("ca", json!({"tls.crt": first.cert})).await;
    world
        .condition("web", "Ready", "False", "CAKeyMissing")
        .await;
    for nonsense in ["", "nonsense", first.key.as_str()] {
        world.put_ca("ca", json!({"ca.crt": nonsense})).await;
        let message = world
            .condition("web", "Ready", "False", "InvalidCASecret")
            .await;
        assert!(!message.contains("PRIVATE"), "{message}");
    }
    world.put_ca("ca", json!({"ca.crt": first.cert})).await;
    world.holds("web", &[("A", "1")]).await;
    world.condition("web", "Ready", "True", "Synced").await;

    // One that somebody else vouches for is not asked for anything.
    world.put_ca("other", json!({"ca.crt": second.cert})).await;
    let mut other = world.spec();
    other["server"] = json!({"url": server.url(), "caSecretRef": {"name": "other"}});
    other["target"]["name"] = "other-web".into();
    world.create("other", other).await.unwrap();
    world
        .condition("other", "Ready", "False", "UpstreamUnreachable")
        .await;
    let made = world.secrets().get_opt("other-web").await.unwrap();
    assert!(made.is_none());

    // The server's certificate changes, and whoever trusts it is told so first.
    world
        .put_ca(
            "ca",
            json!({"ca.crt": format!("{}{}", first.cert, second.cert)}),
        )
        .await;
    second.write(dir.path()).unwrap();
    server.restart().await.unwrap();
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    world.put_ca("ca", json!({"ca.crt": second.cert})).await;
    world.set("base", "A", "3").await;
    world.holds("web", &[("A", "3")]).await;
}

#[tokio::test]
async fn certificates_for_the_default_server_are_its_operators_alone() {
    let world = World::new().await;
    world.synced().await;
    for server in [
        json!({"caSecretRef": {"name": "ca"}}),
        json!({"url": "https://ssm.example.com", "caBundle": "YQ==", "caSecretRef": {"name": "ca"}}),
        json!({"url": "https://ssm.example.com", "caSecretRef": {"name": "../ca"}}),
    ] {
        let mut spec = world.spec();
        spec["server"] = server.clone();
        let refused = world.create("bad", spec).await;
        assert!(
            matches!(&refused, Err(kube::Error::Api(status)) if status.code == 422),
            "{server}: {refused:?}"
        );
    }
    // Named in full it is still the default server, and nobody asks for the Secret.
    let url = world
        .owner
        .request("GET", "")
        .build()
        .unwrap()
        .url()
        .to_string();
    world
        .patch(
            "web",
            json!({"server": {"url": url, "caSecretRef": {"name": "none"}}}),
        )
        .await;
    world.set("base", "A", "2").await;
    world.holds("web", &[("A", "2")]).await;
    world.condition("web", "Ready", "True", "Synced").await;
}
