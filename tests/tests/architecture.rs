//! Arrows point inward only: a crate that needs another one has to be allowed to, here.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

/// Which of our crates each of them may use, in any way, and why not more.
const ALLOWED: &[(&str, &[&str], &str)] = &[
    (
        "ssm-domain",
        &[],
        "it is the innermost: it decides, and everything else serves it",
    ),
    (
        "ssm-engine",
        &["ssm-domain"],
        "it runs the domain over any journal and knows neither a backend nor HTTP",
    ),
    (
        "ssm-journal-sqlite",
        &["ssm-domain", "ssm-engine"],
        "a journal implements the engine's trait and knows no other journal",
    ),
    (
        "ssm-journal-mongodb",
        &["ssm-domain", "ssm-engine", "ssm-tests"],
        "a journal implements the engine's trait and knows no other journal; its tests need a database that is started",
    ),
    (
        "ssm-server",
        &[
            "ssm-client",
            "ssm-domain",
            "ssm-engine",
            "ssm-journal-mongodb",
            "ssm-journal-sqlite",
        ],
        "it wires the inside to HTTP, and its commands call a running server like any other client",
    ),
    (
        "ssm-client",
        &[],
        "its wire types are the contract with the server, not the server's own types",
    ),
    (
        "ssm-operator",
        &["ssm-client"],
        "it reaches the server over HTTP like anybody else",
    ),
    (
        "ssm-tests",
        &["ssm-client", "ssm-operator"],
        "it runs the server as a process and asks it over HTTP",
    ),
];

/// Which of our crates alone may use a library, and why.
const CONFINED: &[(&str, &[&str], &str)] = &[
    (
        "rusqlite",
        &["ssm-journal-sqlite", "ssm-tests"],
        "one crate knows how the embedded database is used; the benchmark compares with it bare",
    ),
    (
        "mongodb",
        &["ssm-journal-mongodb"],
        "one crate knows how MongoDB is used",
    ),
    (
        "reqwest",
        &["ssm-client", "ssm-tests"],
        "the server asks nobody: there is no request to an address that a caller chose",
    ),
    (
        "kube",
        &["ssm-operator", "ssm-tests"],
        "only the operator speaks to Kubernetes",
    ),
    (
        "axum",
        &["ssm-server", "ssm-operator", "ssm-tests"],
        "HTTP in is the outermost layer of the server, how the operator serves its metrics, and what the benchmark compares with",
    ),
];

/// Dev-dependencies that are not in a crate's product.
const CONFINED_FOR_TESTS: &[(&str, &str)] = &[
    // A server that answers as the test wants.
    ("ssm-client", "axum"),
    // What version 1.4 left behind is put there as another program's data.
    ("ssm-tests", "mongodb"),
];

/// What the domain must not use even in its tests.
const DOMAIN_HAS_NO: &[&str] = &[
    "axum", "hyper", "kube", "mongodb", "reqwest", "rusqlite", "tokio",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

fn workspace() -> BTreeMap<String, Vec<Dependency>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .expect("cargo runs, since it built this test");
    assert!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("format version 1");
    let by_name = |package: Package| (package.name, package.dependencies);
    metadata.packages.into_iter().map(by_name).collect()
}

#[test]
fn crates_use_only_the_crates_they_may() {
    let workspace = workspace();
    for (name, dependencies) in &workspace {
        let Some((_, allowed, why)) = ALLOWED.iter().find(|(krate, ..)| krate == name) else {
            panic!("{name} is new: say in ALLOWED which of our crates it may use, and why");
        };
        // A crate may name itself, to have a feature on in its own tests.
        for dependency in dependencies.iter().filter(|other| other.name != *name) {
            assert!(
                !workspace.contains_key(&dependency.name) || allowed.contains(&&*dependency.name),
                "{name} -> {} is forbidden: {why}",
                dependency.name
            );
        }
    }
}

#[test]
fn the_domain_has_no_io() {
    let workspace = workspace();
    for dependency in &workspace["ssm-domain"] {
        assert!(
            !DOMAIN_HAS_NO.contains(&&*dependency.name),
            "ssm-domain -> {} is forbidden: the domain is the whole product without I/O",
            dependency.name
        );
    }
}

#[test]
fn libraries_stay_in_the_crates_that_own_them() {
    for (name, dependencies) in &workspace() {
        for dependency in dependencies {
            let library = &*dependency.name;
            let Some((_, owners, why)) =
                CONFINED.iter().find(|(confined, ..)| *confined == library)
            else {
                continue;
            };
            let in_tests_only = dependency.kind.as_deref() == Some("dev");
            assert!(
                owners.contains(&&**name)
                    || in_tests_only && CONFINED_FOR_TESTS.contains(&(&**name, library)),
                "{name} -> {library} is forbidden: {why}"
            );
        }
    }
}

#[test]
fn the_rules_name_no_crate_that_is_gone() {
    let workspace = workspace();
    let named: BTreeSet<&str> = ALLOWED
        .iter()
        .flat_map(|(name, allowed, _)| allowed.iter().chain([name]))
        .chain(CONFINED.iter().flat_map(|(_, owners, _)| *owners))
        .chain(CONFINED_FOR_TESTS.iter().map(|(name, _)| name))
        .copied()
        .collect();
    for name in named {
        assert!(
            workspace.contains_key(name),
            "{name} is not in the workspace"
        );
    }
}
