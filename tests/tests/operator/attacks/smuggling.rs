//! What a resource says about its Secret becomes nothing but data, type, labels and annotations.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn owners_finalizers_and_other_namespaces_cannot_be_smuggled_in() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let smuggled = json!({
        "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x", "controller": true}],
        "finalizers": ["example.com/stay"], "namespace": "kube-system", "generateName": "x",
    });
    let mut spec = world.spec();
    let target = spec["target"].as_object_mut().unwrap();
    target.extend(smuggled.as_object().unwrap().clone());
    target.insert("metadata".into(), smuggled.clone());
    target.insert(
        "template".into(),
        json!({"data": {"A": "{{ A }}"}, "metadata": smuggled, "type": "x"}),
    );
    spec["auth"]["tokenSecretRef"]["namespace"] = "kube-system".into();
    spec["sources"][0]["namespace"] = "kube-system".into();
    let made = world.create("web", spec).await.unwrap();
    // What the definition does not know is not even stored.
    let stored = made.data.to_string();
    for word in ["ownerReferences", "finalizers", "kube-system", "metadata"] {
        assert!(!stored.contains(word), "{word} is in {stored}");
    }
    let secret = world.holds("web", &[("A", "1")]).await;
    let owners = secret.metadata.owner_references.unwrap_or_default();
    assert_eq!(owners.len(), 1);
    assert_eq!(owners[0].kind, "SecretSync");
    assert!(secret.metadata.finalizers.unwrap_or_default().is_empty());
    assert_eq!(secret.metadata.namespace, Some(world.namespace));
}

#[tokio::test]
async fn identities_and_the_operators_own_marks_are_refused() {
    let world = World::new().await;
    let targets: [Value; 6] = [
        json!({"type": "kubernetes.io/service-account-token"}),
        json!({"type": "bootstrap.kubernetes.io/token"}),
        json!({"type": "kubernetes.io/service-account-token", "annotations": {"kubernetes.io/service-account.name": "default"}}),
        json!({"labels": {"simplesecrets.io/x": "y"}}),
        json!({"annotations": {"simplesecrets.io/server": "https://example.com"}}),
        json!({"annotations": {"simplesecrets.io/allow": "web"}}),
    ];
    for target in targets {
        let mut spec = world.spec();
        spec["target"] = target;
        let refused = world.create("bad", spec.clone()).await;
        assert!(
            matches!(&refused, Err(kube::Error::Api(status)) if status.code == 422),
            "{spec}: {refused:?}"
        );
    }
}
