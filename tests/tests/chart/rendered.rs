//! What the chart comes to with some values.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize as _;
use serde_json::{Value, json};
use ssm_tests::{CHART, Helm};

/// How every release here is called.
pub const RELEASE: &str = "ssm";
/// How the names of its objects begin.
pub const NAME: &str = "ssm-simple-secrets-manager";

/// The objects that a release consists of, those of its tests included.
pub struct Rendered(pub Vec<Value>);

/// The files with values that the chart is tried with.
pub fn variants() -> Vec<PathBuf> {
    let files = fs::read_dir(format!("{CHART}/ci")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 4, "{files:?}");
    files
}

/// The file with values of this name.
pub fn variant(name: &str) -> PathBuf {
    format!("{CHART}/ci/{name}-values.yaml").into()
}

/// What `helm template` writes with these words behind the chart's name, in a namespace of this name.
pub fn template(namespace: &str, args: &[&str]) -> String {
    let all = [
        &["template", RELEASE, CHART, "--namespace", namespace],
        args,
    ];
    Helm::find().unwrap().run(all.concat()).unwrap().ok()
}

impl Rendered {
    /// With these words behind the chart's name.
    pub fn with(args: &[&str]) -> Self {
        Self::of(&template("ssm", args))
    }

    /// With the values in a file.
    pub fn variant(name: &str) -> Self {
        Self::with(&["--values", variant(name).to_str().unwrap()])
    }

    /// The objects in a text.
    pub fn of(text: &str) -> Self {
        let documents = serde_yaml::Deserializer::from_str(text);
        let objects = documents.map(|document| Value::deserialize(document).unwrap());
        Self(objects.filter(|object| !object.is_null()).collect())
    }

    /// Those of a kind.
    pub fn kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    /// The one of this kind and name.
    #[track_caller]
    pub fn get(&self, kind: &str, name: &str) -> &Value {
        let mut found = self
            .kind(kind)
            .filter(|object| object["metadata"]["name"] == name);
        let found = found.next();
        found.unwrap_or_else(|| panic!("no {kind} {name} among {:?}", self.names()))
    }

    /// What is there, for people.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(name).collect()
    }

    /// The pods: those that are objects themselves, and one of each workload, with the workload's name.
    pub fn pods(&self) -> Vec<Value> {
        self.0.iter().filter_map(pod).collect()
    }

    /// The pod whose first container has this name.
    #[track_caller]
    pub fn pod_of(&self, container: &str) -> Value {
        let pods = self.pods().into_iter();
        let mut found = pods.filter(|pod| pod["spec"]["containers"][0]["name"] == container);
        found.next().expect(container)
    }

    /// What a component is set to.
    #[track_caller]
    pub fn settings(&self, component: &str) -> &Value {
        &self.get("ConfigMap", &format!("{NAME}-{component}"))["data"]
    }
}

/// Kind and name, for people.
pub fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    format!(
        "{} {}",
        text(&object["kind"]),
        text(&object["metadata"]["name"])
    )
}

fn pod(object: &Value) -> Option<Value> {
    let mut pod = match object["kind"].as_str()? {
        "Pod" => object.clone(),
        "Deployment" | "StatefulSet" => object["spec"]["template"].clone(),
        _ => return None,
    };
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = object["metadata"]["name"].clone();
    pod["metadata"]["namespace"] = object["metadata"]["namespace"].clone();
    for claim in object["spec"]["volumeClaimTemplates"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = &claim["metadata"]["name"];
        let volume = json!({ "name": name, "persistentVolumeClaim": { "claimName": "of-it" } });
        pod["spec"]["volumes"].as_array_mut()?.push(volume);
    }
    Some(pod)
}
