//! Every field of a resource: set, changed, removed, emptied, at its limits and beyond. Nothing of it is a bug, each is
//! either refused by the API server or explained, and the good resource brings back the same Secret.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use ssm_tests::eventually;

use rows::fields;

use crate::faults::{has_no_bug, writes_nothing};
use crate::world::{CRD, PATIENCE, World, shared_server};

/// A server that a token may be sent to, and that nobody runs.
const NOBODY: &str = "https://127.0.0.1:1";

/// What is tried with every field.
fn anything() -> [Value; 9] {
    [
        json!(null),
        json!(""),
        json!("\u{0}\u{202e}\n"),
        json!({}),
        json!([]),
        json!({"$ne": ""}),
        json!(-1),
        json!(u64::MAX),
        json!(true),
    ]
}

/// The fields below a part of the definition's schema. A list stands for its first entry.
fn paths(schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (name, schema) in properties {
            let at = format!("{at}/{name}");
            paths(schema, &at, found);
            found.insert(at);
        }
    }
    let items = &schema["items"];
    if items["properties"].is_object() {
        let at = format!("{at}/0");
        paths(items, &at, found);
        found.insert(at);
    }
}

#[test]
fn every_field_of_the_definition_has_a_row() {
    let definition: Value = serde_yaml::from_str(CRD).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut defined = BTreeSet::new();
    paths(&schema["properties"]["spec"], "", &mut defined);
    let tried = fields().iter().map(|field| field.path.to_owned()).collect();
    assert_eq!(defined, tried);
}

/// Puts a value where the path says, and makes the way there.
fn set(value: &mut Value, path: &str, new: Value) {
    let mut at = value;
    for part in path.split('/').skip(1) {
        at = match part.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[part],
        };
    }
    *at = new;
}

fn remove(value: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.remove(name)),
        Some(Value::Array(list)) => list.clear(),
        _ => {}
    }
}

fn merge(value: &mut Value, with: &Value) {
    match (value, with) {
        (Value::Object(value), Value::Object(with)) => {
            for (name, with) in with {
                merge(value.entry(name.clone()).or_insert(Value::Null), with);
            }
        }
        (value, with) => *value = with.clone(),
    }
}

/// A Secret without what changes when it is made anew.
fn content(secret: &Secret) -> Value {
    json!({
        "data": secret.data, "type": secret.type_, "immutable": secret.immutable.unwrap_or_default(),
        "labels": secret.labels(), "annotations": secret.annotations(), "owners": secret.owner_references(),
    })
}

struct Table {
    world: World,
    good: Value,
    before: BTreeMap<String, Value>,
}

impl Table {
    async fn new() -> Self {
        let (owner, url) = shared_server().await;
        let world = World::with(owner, &url, |options| {
            options.env("ALLOWED_SERVER_URLS", NOBODY)
        })
        .await;
        world.set("base", "A", "1").await;
        world.set("base", "B", "2").await;
        world.create("web", world.spec()).await.unwrap();
        world.holds("web", &[("A", "1"), ("B", "2")]).await;
        world.condition("web", "Ready", "True", "").await;
        let good = world.syncs().get("web").await.unwrap().data["spec"].clone();
        let mut table = Self {
            world,
            good,
            before: BTreeMap::new(),
        };
        table.before = table.secrets().await.unwrap();
        table
    }

    /// All Secrets but the markers'.
    async fn secrets(&self) -> anyhow::Result<BTreeMap<String, Value>> {
        let secrets = self.world.secrets().list(&ListParams::default()).await?;
        let secrets = secrets
            .iter()
            .map(|secret| (secret.name_any(), content(secret)));
        Ok(secrets
            .filter(|(name, _)| !name.starts_with("marker"))
            .collect())
    }

    /// Puts the spec. Says whether the API server took it.
    async fn put(&self, spec: &Value) -> bool {
        let patch = json!([{"op": "replace", "path": "/spec", "value": spec}]);
        let patch: Patch<()> = Patch::Json(serde_json::from_value(patch).unwrap());
        match self
            .world
            .syncs()
            .patch("web", &PatchParams::default(), &patch)
            .await
        {
            Ok(_) => true,
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 422) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until something was said about the spec as it is now, and if it is no good, why.
    async fn explained(&self, what: &str) {
        eventually(PATIENCE, &format!("{what} is explained"), async || {
            let sync = self.world.syncs().get("web").await?;
            let conditions = sync.data["status"]["conditions"].as_array();
            let mut conditions = conditions.context("no conditions")?.iter();
            let ready = conditions.find(|condition| condition["type"] == "Ready");
            let ready = ready.context("no Ready")?;
            ensure!(
                ready["observedGeneration"] == json!(sync.metadata.generation),
                "{ready}"
            );
            ensure!(
                ready["status"] == "True" || ready["message"] != "",
                "{ready}"
            );
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Puts the good spec back, and waits until everything is as it was.
    async fn back_to_good(&self, what: &str) {
        assert!(self.put(&self.good).await);
        self.world.condition("web", "Ready", "True", "").await;
        eventually(
            PATIENCE,
            &format!("everything is as before {what}"),
            async || {
                let now = self.secrets().await?;
                ensure!(now == self.before, "{now:?} instead of {:?}", self.before);
                Ok(())
            },
        )
        .await
        .unwrap();
    }

    /// Whether the API server took it; if it did, it was explained, and is undone.
    async fn try_out(&self, what: &str, spec: &Value) -> bool {
        let is_taken = self.put(spec).await;
        if is_taken {
            self.explained(what).await;
            self.back_to_good(what).await;
        }
        is_taken
    }
}

#[tokio::test]
async fn every_field_can_be_set_to_anything_and_set_right_again() {
    let table = Table::new().await;
    for field in fields() {
        let changed = |value: &Value| {
            let mut spec = table.good.clone();
            merge(&mut spec, &field.with);
            set(&mut spec, field.path, value.clone());
            spec
        };
        let shown = |value: &Value| {
            let value = value.to_string();
            format!(
                "{} = {}",
                field.path,
                value.chars().take(80).collect::<String>()
            )
        };
        for value in &field.good {
            let is_taken = table.try_out(&shown(value), &changed(value)).await;
            assert!(is_taken, "{} is refused", shown(value));
        }
        for value in &field.bad {
            let is_taken = table.try_out(&shown(value), &changed(value)).await;
            assert!(!is_taken, "{} is taken", shown(value));
        }
        for value in anything() {
            table.try_out(&shown(&value), &changed(&value)).await;
        }
        let mut without = changed(&Value::Null);
        remove(&mut without, field.path);
        table
            .try_out(&format!("{} removed", field.path), &without)
            .await;
        writes_nothing(&table.world).await;
    }
    has_no_bug(&table.world);
}
