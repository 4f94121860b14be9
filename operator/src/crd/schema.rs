//! Parts of schemas.

use schemars::{Schema, json_schema};

/// A bounded map; with `what`, its keys must be metadata keys outside the operator's own prefix.
pub(super) fn string_map(max: u32, value: &Schema, what: Option<&str>) -> Schema {
    let mut schema =
        json_schema!({ "type": "object", "maxProperties": max, "additionalProperties": value });
    if let Some(what) = what {
        let rule = "self.all(k, k.size() <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$') \
                    && !k.startsWith('simplesecrets.io/'))";
        let message =
            format!("{what} must be valid metadata keys, and not begin with simplesecrets.io/");
        schema.insert(
            "x-kubernetes-validations".to_owned(),
            serde_json::json!([{ "rule": rule, "message": message }]),
        );
    }
    schema
}
