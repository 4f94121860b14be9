//! What `docker-compose.yml` says, as far as it can be told without Docker.

use serde_yaml::Value;
use ssm_tests::Run;

fn compose() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml");
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn nothing_but_the_servers_port_is_published_and_to_this_machine_only() {
    for (name, service) in compose()["services"].as_mapping().unwrap() {
        let ports: Vec<_> = service["ports"]
            .as_sequence()
            .into_iter()
            .flatten()
            .collect();
        if name == "server" {
            assert_eq!(ports, ["127.0.0.1:${PORT:-8080}:8080"]);
        } else {
            assert!(ports.is_empty(), "{name:?} publishes {ports:?}");
        }
    }
}

#[tokio::test]
async fn every_setting_that_it_gives_is_one_of_the_servers_and_no_secret_is_in_it() {
    let help = Run::new(["--help"]).end().await.unwrap().ok();
    let compose = compose();
    let given = compose["services"]["server"]["environment"].as_mapping();
    for (name, value) in given.unwrap() {
        let (name, value) = (name.as_str().unwrap(), value.as_str().unwrap());
        assert!(help.contains(name), "{name} is not in: {help}");
        let is_secret = ["PASSWORD", "KEY", "SALT"]
            .iter()
            .any(|part| name.contains(part));
        assert!(!is_secret || value.starts_with("/keys/"), "{name}");
    }
}
