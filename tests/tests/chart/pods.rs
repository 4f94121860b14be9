//! What runs, and with which settings and keys.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use ssm_tests::CHART;

use crate::rendered::{NAME, Rendered, name, template, variants};

#[test]
fn the_embedded_database_has_one_server_and_a_volume_and_a_mongodb_has_many() {
    let embedded = Rendered::with(&[]);
    let server = embedded.get("StatefulSet", &format!("{NAME}-server"));
    assert_eq!(server["spec"]["replicas"], 1);
    assert_eq!(
        server["spec"]["volumeClaimTemplates"][0]["metadata"]["name"],
        "data"
    );
    assert_eq!(embedded.kind("PodDisruptionBudget").count(), 0);

    for (variant, replicas) in [("mongodb", 2), ("external", 3)] {
        let rendered = Rendered::variant(variant);
        let server = rendered.get("Deployment", &format!("{NAME}-server"));
        assert_eq!(server["spec"]["replicas"], replicas);
        let spread = &server["spec"]["template"]["spec"]["topologySpreadConstraints"];
        assert_eq!(spread.as_array().unwrap().len(), 2);
        let budget = rendered.get("PodDisruptionBudget", &format!("{NAME}-server"));
        assert_eq!(budget["spec"]["selector"], server["spec"]["selector"]);
        let databases = rendered.kind("StatefulSet").count();
        assert_eq!(databases, usize::from(variant == "mongodb"));
    }
}

#[test]
fn every_container_is_locked_down_and_only_the_operator_has_a_token() {
    for file in variants() {
        let rendered = Rendered::with(&["--values", file.to_str().unwrap()]);
        for pod in rendered.pods() {
            let spec = &pod["spec"];
            let security = &spec["securityContext"];
            assert_eq!(security["runAsNonRoot"], true);
            assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
            let is_operators = spec["serviceAccountName"] == format!("{NAME}-operator");
            assert_eq!(spec["automountServiceAccountToken"], is_operators);
            for container in spec["containers"].as_array().unwrap() {
                let is_mongodb = container["name"] == "mongodb";
                assert_eq!(security["runAsUser"], if is_mongodb { 999 } else { 65532 });
                let security = &container["securityContext"];
                assert_eq!(security["readOnlyRootFilesystem"], true, "{}", name(&pod));
                assert_eq!(security["allowPrivilegeEscalation"], false);
                assert_eq!(security["capabilities"], json!({ "drop": ["ALL"] }));
                assert!(container["resources"]["limits"]["memory"].is_string());
            }
        }
    }
}

#[test]
fn no_key_is_made_and_none_is_in_any_object() {
    for file in variants() {
        let args = ["--values", file.to_str().unwrap()];
        let text = template("ssm", &args);
        assert!(
            text == template("ssm", &args),
            "two renders of {} differ",
            file.display()
        );
        let rendered = Rendered::of(&text);
        assert_eq!(rendered.kind("Secret").count(), 0);
        for settings in rendered.kind("ConfigMap") {
            let settings = settings["data"].as_object().unwrap();
            for (name, value) in settings {
                let is_secret = ["KEY", "SALT", "PASSWORD", "SETUP"]
                    .iter()
                    .any(|part| name.contains(part));
                assert!(!is_secret || name.ends_with("_FILE"), "{name}: {value}");
                let is_uri = name == "MONGODB_URI";
                assert!(
                    !is_uri
                        || value == &format!("mongodb://{NAME}-mongodb:27017/?authSource=admin")
                );
            }
        }
    }
    for (path, text) in templates(Path::new(CHART).join("templates").as_path()) {
        for function in [
            "rand",
            "genCA",
            "genPrivateKey",
            "genSelfSigned",
            "genSigned",
            "derivePassword",
            "htpasswd",
            "lookup",
            "uuidv4",
            " now",
        ] {
            // The commands for people make keys, outside of the chart.
            let text = text.replace("openssl rand", "");
            assert!(!text.contains(function), "{path}: {function}");
        }
    }
}

/// All of them, with their paths.
fn templates(dir: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(templates(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), text));
        }
    }
    found
}

#[test]
fn a_changed_setting_restarts_what_has_it_and_nothing_else() {
    let pods = |args: &[&str]| {
        let rendered = Rendered::with(args);
        (rendered.pod_of("server"), rendered.pod_of("operator"))
    };
    let before = pods(&[]);
    let after = pods(&["--set", "server.settings.AUDIT_READS=every"]);
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1);
    let after = pods(&["--set", "operator.settings.CLUSTER_NAME=home"]);
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1);
}

#[test]
fn keys_are_mounted_for_those_who_read_them_and_for_nobody_else() {
    let mounted = |pod: &Value| -> Vec<String> {
        let volumes = pod["spec"]["volumes"].as_array().unwrap();
        let keys = volumes.iter().find(|volume| volume["name"] == "keys");
        let Some(keys) = keys else { return Vec::new() };
        let secrets = match keys["projected"]["sources"].as_array() {
            Some(sources) => sources.iter().map(|source| &source["secret"]).collect(),
            None => vec![&keys["secret"]],
        };
        let items = secrets
            .iter()
            .flat_map(|secret| secret["items"].as_array().unwrap());
        items
            .map(|item| item["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let rendered = Rendered::variant("mongodb");
    assert_eq!(
        mounted(&rendered.pod_of("server")),
        ["ENCRYPTION_KEY", "TOKEN_SALT", "MONGODB_PASSWORD"]
    );
    assert_eq!(mounted(&rendered.pod_of("mongodb")), ["MONGODB_PASSWORD"]);
    let rendered = Rendered::variant("external");
    assert_eq!(
        mounted(&rendered.pod_of("server")),
        ["ENCRYPTION_KEY", "TOKEN_SALT", "MONGODB_URI"]
    );
    assert!(mounted(&Rendered::with(&[]).pod_of("server")).is_empty());
}

#[test]
fn the_operator_asks_the_server_of_its_release_and_trusts_its_authority() {
    let rendered = Rendered::with(&["--set", "server.service.port=80"]);
    let url = &rendered.settings("operator")["SSM_SERVER_URL"];
    assert_eq!(url, &format!("http://{NAME}-server.ssm.svc:80"));

    let rendered = Rendered::variant("everything");
    let settings = rendered.settings("operator");
    assert_eq!(
        settings["SSM_SERVER_URL"],
        format!("https://{NAME}-server.ssm.svc:8080")
    );
    let certificate = &rendered.get("Certificate", &format!("{NAME}-server"))["spec"];
    let names = certificate["dnsNames"].as_array().unwrap();
    assert!(names.contains(&json!(format!("{NAME}-server.ssm.svc"))));
    let operator = rendered.pod_of("operator");
    let authority = &operator["spec"]["volumes"][0]["secret"];
    assert_eq!(authority["secretName"], certificate["secretName"]);
    let server = rendered.pod_of("server");
    let volumes = server["spec"]["volumes"].as_array().unwrap();
    let tls = volumes.iter().find(|volume| volume["name"] == "tls");
    assert_eq!(
        tls.unwrap()["secret"]["secretName"],
        certificate["secretName"]
    );
    let probe = &server["spec"]["containers"][0]["readinessProbe"];
    assert_eq!(probe["httpGet"]["scheme"], "HTTPS");

    let elsewhere = Rendered::variant("operator");
    let settings = elsewhere.settings("operator");
    assert_eq!(settings["SSM_SERVER_URL"], "https://ssm.example.com");
    assert_eq!(settings["SSM_SERVER_CA_FILE"], "/ca/ca.crt");
}

#[test]
fn people_reach_the_server_by_https_at_the_host_that_is_routed_to_it() {
    for args in [
        "server.ingress.enabled=true,server.ingress.host=ssm.example.com",
        "server.httpRoute.enabled=true,server.httpRoute.parentRefs[0].name=public,server.httpRoute.hostnames[0]=ssm.example.com",
    ] {
        let rendered = Rendered::with(&["--set", args]);
        let url = &rendered.settings("server")["PUBLIC_URL"];
        assert_eq!(url, "https://ssm.example.com");
        let service = rendered.get("Service", &format!("{NAME}-server"));
        let routed = rendered
            .kind("Ingress")
            .map(|ingress| &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"])
            .chain(
                rendered
                    .kind("HTTPRoute")
                    .map(|route| &route["spec"]["rules"][0]["backendRefs"][0]),
            );
        let routed: Vec<_> = routed.collect();
        assert_eq!(routed.len(), 1);
        assert_eq!(routed[0]["name"], service["metadata"]["name"]);
        let port = &routed[0]["port"];
        let port = port.get("number").unwrap_or(port);
        assert_eq!(port, &service["spec"]["ports"][0]["port"]);
    }
}

#[test]
fn a_policy_lets_nobody_but_the_server_reach_its_mongodb() {
    let rendered = Rendered::variant("mongodb");
    let policy = &rendered.get("NetworkPolicy", &format!("{NAME}-mongodb"))["spec"];
    let server = rendered.get("Deployment", &format!("{NAME}-server"));
    let from = &policy["ingress"][0]["from"];
    assert_eq!(
        from,
        &json!([{ "podSelector": server["spec"]["selector"] }])
    );
    assert_eq!(rendered.kind("NetworkPolicy").count(), 3);
    assert_eq!(
        Rendered::variant("operator").kind("NetworkPolicy").count(),
        0
    );
}
