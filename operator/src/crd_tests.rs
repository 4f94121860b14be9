use super::*;

#[test]
fn the_committed_definition_is_current() {
    let committed = include_str!("../../crds/secretsyncs.yaml");
    let current = manifest().expect("serializable");
    assert!(
        committed == current,
        "crds/secretsyncs.yaml differs from src/crd.rs; renew it with: cargo run -p ssm-operator -- crd > crds/secretsyncs.yaml"
    );
}

#[test]
fn every_field_has_a_description_and_every_list_and_string_a_bound() {
    let crd = serde_json::to_value(SecretSync::crd()).expect("serializable");
    let spec = crd
        .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec")
        .expect("a schema");
    check("spec", spec);
}

fn check(path: &str, schema: &serde_json::Value) {
    match schema["type"].as_str() {
        Some("string") => assert!(
            schema.get("maxLength").is_some() || schema.get("enum").is_some(),
            "{path}: no bound"
        ),
        Some("array") => {
            assert!(schema.get("maxItems").is_some(), "{path}: no bound");
            check(&format!("{path}[]"), &schema["items"]);
        }
        Some("object") if schema.get("additionalProperties").is_some() => {
            assert!(schema.get("maxProperties").is_some(), "{path}: no bound");
            check(&format!("{path}{{}}"), &schema["additionalProperties"]);
        }
        _ => {}
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        assert!(
            property["description"]
                .as_str()
                .is_some_and(|text| text.len() > 5),
            "{path}: no description"
        );
        check(&path, property);
    }
}

#[test]
fn a_spec_with_only_sources_is_complete() {
    let spec: SecretSyncSpec = serde_json::from_value(
        serde_json::json!({ "sources": [{ "project": "web", "config": "prod" }] }),
    )
    .expect("valid");
    assert_eq!(
        (spec.refresh.mode, spec.refresh.interval()),
        (Mode::Push, std::time::Duration::from_mins(5))
    );
    assert_eq!(spec.target.type_, "Opaque");
}

#[test]
fn an_interval_stays_within_bounds() {
    for (text, seconds) in [
        ("10s", 10),
        ("1m30s", 90),
        ("1s", 10),
        ("1000h", 86_400),
        ("soon", 300),
    ] {
        let refresh = Refresh {
            interval: text.to_owned(),
            ..Refresh::default()
        };
        assert_eq!(refresh.interval().as_secs(), seconds, "{text}");
    }
}
