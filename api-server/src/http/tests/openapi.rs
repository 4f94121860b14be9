use std::collections::HashSet;

use serde_json::Value;

use crate::http::openapi_json;

#[test]
fn the_committed_document_is_what_the_endpoints_say() {
    let committed = include_str!("../../../openapi.json");
    assert!(
        committed == openapi_json(),
        "api-server/openapi.json is out of date; renew it with: cargo run -p ssm-server -- openapi > api-server/openapi.json.new \
         && mv api-server/openapi.json.new api-server/openapi.json"
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_credentials_it_takes() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<&Value> = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .collect();
    let names: HashSet<&str> = operations
        .iter()
        .map(|one| one["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), operations.len());
    for operation in operations {
        let (security, responses) = (
            operation["security"].as_array().unwrap(),
            &operation["responses"],
        );
        let is_public = security
            .iter()
            .all(|one| one.as_object().unwrap().is_empty());
        assert!(is_public || responses["401"].is_object(), "{operation}");
        assert!(operation["summary"].is_string(), "{operation}");
        let tags = operation["tags"].as_array().unwrap();
        assert!(
            document["tags"]
                .as_array()
                .unwrap()
                .iter()
                .any(|tag| tag["name"] == tags[0])
        );
    }
}
