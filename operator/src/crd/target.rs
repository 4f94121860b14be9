//! The Secret to write.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::schema::string_map;

/// The longest template, in characters.
pub const MAX_TEMPLATE: usize = 16_384;

/// The Secret to write.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.template) || self.format == 'keys'").message("give format or template, not both"),
    validation = Rule::new("!has(self.key) || self.format != 'keys'").message("key is for the formats env, json and yaml"),
    validation = Rule::new("self.creationPolicy != 'Merge' || (self.type == 'Opaque' && !self.immutable)").message("with creationPolicy Merge the Secret's type and immutable are its owner's")
)]
pub struct Target {
    /// Name of the Secret; the resource's own name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: Option<String>,
    /// Type of the Secret. A changed type replaces the Secret.
    #[serde(rename = "type", default = "Target::default_type")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[A-Za-z0-9]([-A-Za-z0-9._/]*[A-Za-z0-9])?$")
    )]
    #[x_kube(validation = Rule::new("!(self in ['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'])").message("this type hands out identities and is never written"))]
    pub type_: String,
    /// Labels to set on the Secret. Labels set by others are kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels_schema")]
    pub labels: BTreeMap<String, String>,
    /// Annotations to set on the Secret. Annotations set by others are kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "annotations_schema")]
    pub annotations: BTreeMap<String, String>,
    /// Whether the Secret is immutable. A change then replaces the Secret.
    #[serde(default)]
    pub immutable: bool,
    /// Whose the Secret is.
    #[serde(default)]
    pub creation_policy: CreationPolicy,
    /// keys: a key each. env, json, yaml: one key that holds a whole file.
    #[serde(default)]
    pub format: Format,
    /// That one key; .env, secrets.json or secrets.yaml where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: Option<String>,
    /// Renders the Secret's data from the keys, which do not get into the Secret by themselves then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// Whose a Secret is.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CreationPolicy {
    /// The resource's: it holds exactly these keys, and goes with the resource.
    #[default]
    Owner,
    /// The resource's, but it stays when the resource goes.
    Orphan,
    /// Somebody else's: the resource sets and keeps single keys of it. It has to exist, with the annotation
    /// simplesecrets.io/allow naming the resource.
    Merge,
}

/// The shape of a Secret's data.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A key each.
    #[default]
    Keys,
    /// One key that holds a `.env` file.
    Env,
    /// One key that holds a JSON object.
    Json,
    /// One key that holds a YAML mapping.
    Yaml,
}

/// How data is rendered.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Key in the Secret to template, in the language of Jinja: `{{ DB_URL }}`, or `{{ secrets["tls.crt"] }}` for names that are no
    /// identifiers. A key that does not exist is an error, never an empty text.
    #[schemars(schema_with = "template_schema")]
    pub data: BTreeMap<String, String>,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            name: None,
            type_: Self::default_type(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            immutable: false,
            creation_policy: CreationPolicy::default(),
            format: Format::default(),
            key: None,
            template: None,
        }
    }
}

impl Target {
    fn default_type() -> String {
        "Opaque".to_owned()
    }
}

fn labels_schema(_: &mut SchemaGenerator) -> Schema {
    let value = json_schema!({ "type": "string", "maxLength": 63, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$" });
    string_map(64, &value, Some("labels"))
}

fn annotations_schema(_: &mut SchemaGenerator) -> Schema {
    string_map(
        64,
        &json_schema!({ "type": "string", "maxLength": 4096 }),
        Some("annotations"),
    )
}

fn template_schema(_: &mut SchemaGenerator) -> Schema {
    let mut schema = string_map(
        64,
        &json_schema!({ "type": "string", "maxLength": MAX_TEMPLATE }),
        None,
    );
    schema.insert("minProperties".to_owned(), 1.into());
    schema.insert(
        "x-kubernetes-validations".to_owned(),
        serde_json::json!([{
            "rule": "self.all(k, k.size() <= 253 && k.matches('^[-._a-zA-Z0-9]+$'))",
            "message": "keys of a Secret are letters, digits, '-', '_' and '.', 253 at most",
        }]),
    );
    schema
}
