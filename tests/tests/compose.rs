//! What `docker-compose.yml` and the Dockerfile say, as far as it can be told without Docker. What comes of it with Docker,
//! `make release-check` tries.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_yaml::Value;
use ssm_tests::Run;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(name)).unwrap()
}

/// The services by their names, with what they have in common put in.
fn services() -> BTreeMap<String, Value> {
    let mut compose: Value = serde_yaml::from_str(&read("docker-compose.yml")).unwrap();
    compose.apply_merge().unwrap();
    serde_yaml::from_value(compose["services"].clone()).unwrap()
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_sequence().into_iter().flatten();
    list.map(|text| text.as_str().unwrap()).collect()
}

/// The value of an argument in the Dockerfile.
fn argument(name: &str) -> String {
    let dockerfile = read("Dockerfile");
    let start = format!("ARG {name}=");
    let line = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix(&start));
    line.unwrap().to_owned()
}

#[test]
fn each_service_is_of_one_profile_and_one_of_each_has_the_port_on_this_machine_only() {
    let mut with_port = BTreeMap::new();
    for (name, service) in services() {
        let profiles = texts(&service["profiles"]);
        assert_eq!(profiles.len(), 1, "{name}");
        let ports = texts(&service["ports"]);
        if ports.is_empty() {
            continue;
        }
        assert_eq!(ports, ["127.0.0.1:${PORT:-8080}:8080"], "{name}");
        let other = with_port.insert(profiles[0].to_owned(), name.clone());
        assert_eq!(other, None, "{name} has the port, too");
    }
    assert!(with_port.keys().eq(["embedded", "mongodb"]));
    assert!(read(".env").contains("\nCOMPOSE_PROFILES=mongodb\n"));
}

#[test]
fn nothing_is_written_outside_of_volumes_and_nobody_gets_more_rights_or_memory_than_they_need() {
    for (name, service) in services() {
        assert_eq!(service["read_only"], Value::Bool(true), "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        let options = texts(&service["security_opt"]);
        assert_eq!(options, ["no-new-privileges:true"], "{name}");
        assert!(service["mem_limit"].is_string(), "{name}");
        assert!(
            service["logging"]["options"]["max-size"].is_string(),
            "{name}"
        );
        // Of whose doing it is that all others need no root.
        let makes_keys = name == "keys";
        assert_eq!(service["user"] == "0", makes_keys, "{name}");
        assert_eq!(service["cap_add"].is_null(), !makes_keys, "{name}");
        assert_eq!(service["network_mode"] == "none", makes_keys, "{name}");
    }
}

#[tokio::test]
async fn every_setting_that_it_gives_is_one_of_the_servers_and_no_secret_is_in_it() {
    let help = Run::new(["--help"]).end().await.unwrap().ok();
    let services = services();
    for service in ["server", "embedded"] {
        let given = services[service]["environment"].as_mapping();
        for (name, value) in given.unwrap() {
            let (name, value) = (name.as_str().unwrap(), value.as_str().unwrap());
            assert!(help.contains(name), "{name} is not in: {help}");
            let is_secret = ["PASSWORD", "KEY", "SALT"]
                .iter()
                .any(|part| name.contains(part));
            assert!(!is_secret || value.starts_with("/keys/"), "{name}");
        }
    }
}

#[test]
fn the_version_is_that_of_the_crates_and_rust_that_of_the_toolchain() {
    for service in ["server", "embedded"] {
        let image = format!("${{SSM_IMAGE:-simple-secrets-manager:{VERSION}}}");
        assert_eq!(services()[service]["image"], image.as_str(), "{service}");
    }
    assert_eq!(argument("VERSION"), VERSION);
    let rust = argument("RUST_IMAGE");
    let rust = rust.strip_prefix("rust:").unwrap().split('-').next();
    let channel = format!("channel = \"{}\"", rust.unwrap());
    assert!(read("rust-toolchain.toml").contains(&channel), "{channel}");
}
