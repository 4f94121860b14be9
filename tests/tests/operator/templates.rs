//! Secrets whose data templates make, and what templates must not be able to do.

use serde_json::{Value, json};
use ssm_tests::canary;

use crate::world::World;

impl World {
    /// A spec of `prod` into a Secret of this name by templates.
    fn templated(&self, name: &str, data: Value) -> Value {
        let mut spec = self.spec();
        spec["target"] = json!({"name": name, "template": {}});
        spec["target"]["template"]["data"] = data;
        spec
    }
}

#[tokio::test]
async fn templates_make_connection_strings_files_and_registry_credentials() {
    let world = World::new().await;
    for (key, value) in [
        ("DB_USER", "app"),
        ("DB_PASSWORD", "p@ss/w\"rd"),
        ("REGION", "eu"),
    ] {
        world.set("base", key, value).await;
    }
    let url = "postgres://{{ DB_USER }}:{{ DB_PASSWORD|urlencode }}@db/app";
    let data = json!({"url": url, "app.ini": "[db]\nuser = {{ DB_USER }}\n"});
    world
        .create("web", world.templated("web", data))
        .await
        .unwrap();
    let ini = "[db]\nuser = app\n";
    world
        .holds(
            "web",
            &[
                ("app.ini", ini),
                ("url", "postgres://app:p%40ss%2Fw%22rd@db/app"),
            ],
        )
        .await;
    world.condition("web", "Ready", "True", "Synced").await;
    world.set("prod", "DB_USER", "web").await;
    world
        .holds(
            "web",
            &[
                ("app.ini", "[db]\nuser = web\n"),
                ("url", "postgres://web:p%40ss%2Fw%22rd@db/app"),
            ],
        )
        .await;

    let auth = r#"{"auths":{"r.example.com":{"username":{{ DB_USER|tojson }},"auth":"{{ (DB_USER ~ ':' ~ DB_PASSWORD)|b64encode }}"}}}"#;
    let mut spec = world.templated("pull", json!({".dockerconfigjson": auth}));
    spec["target"]["type"] = "kubernetes.io/dockerconfigjson".into();
    world.create("pull", spec).await.unwrap();
    let secret = world.has_keys("pull", &[".dockerconfigjson"]).await;
    let read: Value = serde_json::from_slice(&secret.data.unwrap()[".dockerconfigjson"].0).unwrap();
    assert_eq!(read["auths"]["r.example.com"]["username"], "web");
    assert_eq!(
        read["auths"]["r.example.com"]["auth"],
        "d2ViOnBAc3MvdyJyZA=="
    );
}

#[tokio::test]
async fn a_template_that_fails_says_where_and_keeps_the_secret() {
    let world = World::new().await;
    world.set("base", "A", &canary::value("a")).await;
    world
        .create("web", world.templated("web", json!({"a": "{{ A }}"})))
        .await
        .unwrap();
    let value = canary::value("a");
    world.holds("web", &[("a", &value)]).await;
    for (text, says) in [
        (
            "\n{{ A }}{{ NOPE }}",
            "data[b] line 2: NOPE is not among the keys",
        ),
        ("{{ A", "data[b] line 1: syntax error"),
        ("{{ A|nope }}", "data[b] line 1: unknown filter nope"),
        ("{{ A - 1 }}", "data[b] line 1: invalid operation"),
        ("{{ A|int - A|float }}", "data[b] line 1: invalid operation"),
        (
            "{{ A|b64decode }}",
            "data[b] line 1: invalid operation: b64decode",
        ),
        ("{{ secrets[A] }}", "data[b] line 1: undefined value"),
    ] {
        let target = json!({"template": {"data": {"b": text}}});
        world.patch("web", json!({"target": target})).await;
        let message = world
            .condition("web", "Ready", "False", "TemplateFailed")
            .await;
        assert!(message.contains(says), "{text}: {message}");
        assert!(!canary::is_in(message.as_bytes()), "{message}");
        world.holds("web", &[("a", &value)]).await;
    }
    let target = json!({"template": {"data": {"b": "{{ A|length }}"}}});
    world.patch("web", json!({"target": target})).await;
    let length = value.len().to_string();
    world.holds("web", &[("a", &value), ("b", &length)]).await;
    world.shows_no_secret().await;
    assert!(!canary::is_in(world.operator.log().unwrap().as_bytes()));
}

#[tokio::test]
async fn templates_that_attack_get_a_condition_no_secret_and_nobody_elses_time() {
    let mut world = World::new().await;
    world.set("base", "A", "1").await;
    let nested = "{%set x=[x]%}".repeat(900);
    let attacks = [
        "{% include '/etc/passwd' %}".to_owned(),
        "{% import 'x' as x %}".to_owned(),
        "{% extends 'x' %}".to_owned(),
        "{{ env.HOME }}".to_owned(),
        "{{ getenv('KUBECONFIG') }}".to_owned(),
        "{{ debug() }}".to_owned(),
        "{{ ''.__class__.__mro__ }}".to_owned(),
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}".to_owned(),
        "{% for a in [[1]] recursive %}{{ loop([a]) }}{% endfor %}".to_owned(),
        "{% for i in range(1000000000) %}x{% endfor %}".to_owned(),
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}".to_owned(),
        "{% for i in range(99999) %}{{ 'x'|indent(1000, true) }}{% endfor %}".to_owned(),
        "{{ 'x'|indent(104857600, true) }}".to_owned(),
        "{{ 'x' * 104857600 }}".to_owned(),
        format!(
            "{{% set x = [1] %}}{}{{{{ x }}}}",
            "{% set x = [x, x] %}".repeat(60)
        ),
        format!("{{{{ 1{} }}}}", "+1".repeat(8000)),
        format!("{{{{ {}1 }}}}", "-".repeat(16_000)),
        format!("{{{{ A{} }}}}", ".a".repeat(8000)),
        format!(
            "{{% set x = [] %}}{nested}{{{{ x[0]{} }}}}",
            "[0]".repeat(1000)
        ),
        format!(
            "{{% if 0 %}}{}{{% endif %}}{{{{ NOPE }}}}",
            "{%elif 0%}".repeat(1_500)
        ),
    ];
    for (n, attack) in attacks.iter().enumerate() {
        let (name, data) = (
            format!("attack-{n}"),
            json!({"good": "{{ A }}", "zbad": attack}),
        );
        let spec = world.templated(&name, data);
        world
            .create(&name, spec)
            .await
            .unwrap_or_else(|error| panic!("{attack:.60}: {error}"));
    }
    world
        .create("web", world.templated("web", json!({"a": "{{ A }}"})))
        .await
        .unwrap();
    world.holds("web", &[("a", "1")]).await;
    for (n, attack) in attacks.iter().enumerate() {
        let name = format!("attack-{n}");
        let message = world
            .condition(&name, "Ready", "False", "TemplateFailed")
            .await;
        assert!(
            message.contains("data[zbad]") && message.len() < 500,
            "{attack:.60}: {message}"
        );
        assert!(
            world.secrets().get_opt(&name).await.unwrap().is_none(),
            "{attack:.60}"
        );
    }
    world.set("base", "A", "2").await;
    world.holds("web", &[("a", "2")]).await;
    assert!(world.operator.process().is_running().unwrap());
}

#[tokio::test]
async fn a_template_reaches_nothing_of_the_secret_but_its_data() {
    let world = World::new().await;
    world.set("base", "A", "1").await;
    let owner =
        json!([{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x", "controller": true}]);
    let mut spec = world.templated(
        "web",
        json!({"ownerReferences": "{{ A }}", "metadata": "finalizers: [x/y]"}),
    );
    let template = &mut spec["target"]["template"];
    template["metadata"] = json!({"ownerReferences": owner, "finalizers": ["x/y"]});
    template["type"] = "kubernetes.io/service-account-token".into();
    template["ownerReferences"] = owner.clone();
    let made = world.create("web", spec).await.unwrap();
    let template = &made.data["spec"]["target"]["template"];
    assert_eq!(
        template.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["data"]
    );

    let secret = world
        .has_keys("web", &["metadata", "ownerReferences"])
        .await;
    assert_eq!(secret.type_.as_deref(), Some("Opaque"));
    assert!(secret.metadata.finalizers.is_none());
    let owners = secret.metadata.owner_references.unwrap();
    assert!(
        owners.len() == 1 && owners[0].kind == "SecretSync",
        "{owners:?}"
    );
}
