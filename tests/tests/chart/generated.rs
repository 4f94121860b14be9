//! What is made of the chart, and what the chart is made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use ssm_tests::{CHART, Helm, Scratch};

use crate::rendered::Rendered;

const CRD: &str = include_str!("../../../crds/secretsyncs.yaml");
const NAME: &str = "secretsyncs.simplesecrets.io";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn what_is_generated_is_up_to_date() {
    let scratch = Scratch::new("chart-generate").unwrap();
    let ended = Command::new(root().join("charts/generate.sh"))
        .arg(scratch.path())
        .env("HELM", Helm::find().unwrap().program())
        .output()
        .unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    for file in [
        "charts/simple-secrets-manager/files/secretsyncs.yaml",
        "charts/simple-secrets-manager/README.md",
        "manifests/install.yaml",
    ] {
        let of = |dir: &Path| fs::read_to_string(dir.join(file)).unwrap();
        assert!(
            of(&root()) == of(scratch.path()),
            "{file} is out of date; renew it with: make generate"
        );
    }
}

#[test]
fn the_definition_is_that_of_the_operator_and_stays_when_the_release_goes() {
    let rendered = Rendered::with(&[]);
    let mut definition = rendered.get("CustomResourceDefinition", NAME).clone();
    let metadata = definition["metadata"].as_object_mut().unwrap();
    let annotations = metadata.remove("annotations").unwrap();
    assert_eq!(annotations["helm.sh/resource-policy"], "keep");
    assert!(metadata.remove("labels").is_some());
    let expected: Value = serde_yaml::from_str(CRD).unwrap();
    assert_eq!(definition, expected);

    for args in ["crds.install=false", "operator.enabled=false"] {
        let rendered = Rendered::with(&["--set", args]);
        assert_eq!(rendered.kind("CustomResourceDefinition").count(), 0);
    }
}

#[test]
fn the_chart_has_the_version_of_the_programs() {
    let chart = fs::read_to_string(format!("{CHART}/Chart.yaml")).unwrap();
    let chart: Value = serde_yaml::from_str(&chart).unwrap();
    for name in ["version", "appVersion"] {
        assert_eq!(chart[name], env!("CARGO_PKG_VERSION"), "{name}");
    }
}
