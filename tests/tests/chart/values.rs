//! Values: every one is described, a wrong one is refused with what to do, and each setting that can be given is one of the
//! program's.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use ssm_tests::{CHART, Ended, Helm, Run};

use crate::rendered::{RELEASE, variants};

/// What the chart gives the server itself, from values of other names, or what it takes from the Secret with the keys.
const OF_THE_CHART: &[&str] = &[
    "PORT",
    "DATA_DIR",
    "PUBLIC_URL",
    "TLS_CERT_FILE",
    "TLS_KEY_FILE",
    "ENCRYPTION_KEY_FILE",
    "ENCRYPTION_KEY_PREVIOUS_FILE",
    "TOKEN_SALT_FILE",
    "CONNECTION_STRING_FILE",
    "MONGODB_URI_FILE",
    "MONGODB_USERNAME",
    "MONGODB_USERNAME_FILE",
    "MONGODB_PASSWORD_FILE",
    // And the operator.
    "SSM_SERVER_URL",
    "SSM_SERVER_CA_FILE",
    "WATCH_NAMESPACES",
    "DEFAULT_TOKEN_SECRET",
    "LEADER_ELECTION",
    "LEASE_NAME",
    "POD_NAMESPACE",
    "POD_NAME",
    "RESTART_ENABLED",
];

fn schema() -> Value {
    let text = fs::read_to_string(format!("{CHART}/values.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn values() -> Value {
    let text = fs::read_to_string(format!("{CHART}/values.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

fn helm(command: &[&str], args: &[&str]) -> Ended {
    let all = [command, &[CHART], args].concat();
    Helm::find().unwrap().run(all).unwrap()
}

#[test]
fn the_chart_is_clean_with_every_file_of_values() {
    for file in variants() {
        let file = file.to_str().unwrap();
        let ended = helm(&["lint", "--strict", "--quiet"], &["--values", file]);
        assert_eq!(ended.code, 0, "{file}: {}{}", ended.text(), ended.stderr);
    }
}

#[test]
fn a_misspelt_or_impossible_value_is_an_error_that_names_it() {
    for (set, says) in [
        ("serverr.enabled=true", "serverr"),
        ("server.replica=2", "'replica'"),
        ("server.image.tags=1", "'tags'"),
        ("server.storage.type=sqlite", "/server/storage/type"),
        ("server.storage.embedded.size=big", "/size"),
        ("server.service.port=0", "/port"),
        ("server.settings.AUDIT_READ=every", "'AUDIT_READ'"),
        ("server.settings.ENCRYPTION_KEY=x", "'ENCRYPTION_KEY'"),
        ("server.settings.MONGODB_URI=x", "'MONGODB_URI'"),
        ("server.ingress.hosts[0]=x", "'hosts'"),
        (
            "server.publicUrl=https://ssm.example.com/path",
            "/publicUrl",
        ),
        ("operator.watchNamespaces=shop", "/watchNamespaces"),
        ("operator.watchNamespaces[0]=Shop", "/watchNamespaces/0"),
        ("operator.defaultTokenSecret=token", "/defaultTokenSecret"),
        ("operator.settings.METRICS_ADDR=0.0.0.0:80", "/METRICS_ADDR"),
        ("operator.restart.enable=true", "'enable'"),
        ("networkPolicy.from[0].cidr=10.0.0.0/8", "'cidr'"),
        ("metrics.serviceMonitor.enabled=yes", "/enabled"),
    ] {
        let ended = helm(&["template", RELEASE], &["--set", set]);
        ended.refused(1, &["values don't meet the specifications", says]);
    }
}

#[test]
fn values_that_contradict_each_other_stop_with_what_to_do() {
    for (set, says) in [
        ("server.replicas=2", "set server.storage.type to mongodb"),
        (
            "server.storage.type=mongodb",
            "create secret generic ssm-keys",
        ),
        ("server.storage.type=mongodb", "MONGODB_PASSWORD"),
        ("server.storage.type=external", "MONGODB_URI"),
        (
            "server.enabled=false,operator.enabled=false",
            "nothing to install",
        ),
        ("server.enabled=false", "operator.server.url"),
        (
            "server.enabled=false,server.ingress.enabled=true",
            "there is no server",
        ),
        ("server.ingress.enabled=true", "server.ingress.host"),
        (
            "server.httpRoute.enabled=true",
            "server.httpRoute.parentRefs",
        ),
        ("server.tls.certificate.enabled=true", "issuerRef.name"),
        (
            "server.tls.certificate.enabled=true,server.tls.existingSecret=x",
            "both set",
        ),
        ("server.publicUrl=http://ssm.lan", "ALLOW_INSECURE_HTTP"),
        (
            "server.publicUrl=http://ssm.lan,server.tls.existingSecret=x",
            "https address",
        ),
        (
            "server.publicUrl=https://ssm.lan,server.settings.ALLOW_INSECURE_HTTP=true",
            "remove it",
        ),
    ] {
        let ended = helm(&["template", RELEASE], &["--set", set]);
        ended.refused(1, &[says]);
    }
}

#[test]
fn the_schema_and_the_values_have_the_same_names() {
    compare(&schema(), &schema(), &values(), "");
}

/// Compares names from here on. Where a value is free in its form, the schema alone says what it may hold.
fn compare(root: &Value, schema: &Value, values: &Value, path: &str) {
    let schema = match schema["$ref"].as_str() {
        Some("#/definitions/image") => &root["definitions"]["image"],
        Some(_) => return,
        None => schema,
    };
    let (Some(known), Some(given)) = (schema["properties"].as_object(), values.as_object()) else {
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "{path}");
    if given.is_empty() {
        return;
    }
    let names = |map: &serde_json::Map<String, Value>| -> BTreeSet<String> {
        // Helm gives it to charts that are part of others.
        map.keys()
            .filter(|name| *name != "global")
            .cloned()
            .collect()
    };
    assert_eq!(names(known), names(given), "{path}");
    for (name, value) in given {
        compare(root, &known[name], value, &format!("{path}/{name}"));
    }
}

#[tokio::test]
async fn every_setting_of_the_programs_can_be_given_and_no_other() {
    for (component, run) in [
        ("server", Run::new(["serve", "--help"])),
        ("operator", Run::operator(["run", "--help"])),
    ] {
        let help = run.end().await.unwrap().ok();
        let settings = help.split("[env: ").skip(1);
        let settings: BTreeSet<String> = settings
            .map(|rest| rest.split(['=', ']']).next().unwrap_or_default().to_owned())
            .collect();
        let schema = schema();
        let schema = &schema["properties"][component]["properties"]["settings"]["properties"];
        for name in schema.as_object().unwrap().keys() {
            assert!(
                settings.contains(name),
                "{component} has no setting {name}: {settings:?}"
            );
        }
        for name in &settings {
            let is_known =
                schema.get(name.as_str()).is_some() || OF_THE_CHART.contains(&name.as_str());
            assert!(
                is_known,
                "{name} is new: it belongs into values.schema.json"
            );
        }
    }
}

#[test]
fn large_numbers_stay_as_they_are_written() {
    let rendered = crate::rendered::Rendered::variant("server");
    assert_eq!(rendered.settings("server")["MAX_STREAMS"], "2000000");
    assert_eq!(rendered.settings("server")["ALLOW_INSECURE_HTTP"], "true");
}

#[test]
fn the_notes_tell_the_next_commands_for_these_values() {
    let notes = |args: &[&str]| {
        let dry = ["--dry-run=client", "--namespace", "ssm"];
        let ended = helm(&["install", RELEASE], &[&dry[..], args].concat());
        let text = ended.ok();
        let (_, notes) = text.split_once("\nNOTES:\n").expect("notes");
        notes.to_owned()
    };
    let file = |name| crate::rendered::variant(name).display().to_string();

    let embedded = notes(&[]);
    for part in [
        "port-forward service/ssm-simple-secrets-manager-server 8080:8080",
        "logs statefulset/ssm-simple-secrets-manager-server | grep X-Setup-Token",
        "create secret generic ssm-token --from-file=token=",
        "kind: SecretSync",
        "Keep a copy",
    ] {
        assert!(embedded.contains(part), "{part:?} is not in: {embedded}");
    }
    let mongodb = notes(&["--values", &file("mongodb")]);
    assert!(mongodb.contains("get secret ssm-keys"), "{mongodb}");
    assert!(!mongodb.contains("Keep a copy"), "{mongodb}");
    let public = notes(&["--values", &file("everything")]);
    assert!(public.contains("open https://ssm.example.com"), "{public}");
    assert!(!public.contains("port-forward"), "{public}");
    let server = notes(&["--values", &file("server")]);
    assert!(!server.contains("SecretSync"), "{server}");
    let operator = notes(&["--values", &file("operator")]);
    assert!(!operator.contains("X-Setup-Token"), "{operator}");
    let confined = notes(&["--values", &file("confined")]);
    assert!(confined.contains("-n shop apply"), "{confined}");
}
