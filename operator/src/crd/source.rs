//! Which configs, and what to take of them.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::schema::string_map;

/// A config and what to take of it.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Slug of the project, such as `shop`.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9_-]+$"))]
    pub project: String,
    /// Slug of the config, such as `prod`.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9_-]+$"))]
    pub config: String,
    /// Which keys to take, and under which names. All, under their own names, where absent.
    #[serde(default)]
    pub keys: Keys,
}

impl Source {
    /// The config as messages name it.
    pub fn path(&self) -> String {
        format!("{}/{}", self.project, self.config)
    }
}

/// Choice of keys, in this order: include and exclude, decode, rename, transform, prefix.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// Only keys that match one of these; all where empty. An asterisk stands for any characters, a question mark for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9_.*?-]+$"))
    )]
    pub include: Vec<String>,
    /// None of the keys that match one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9_.*?-]+$"))
    )]
    pub exclude: Vec<String>,
    /// Keys whose values are base64 (standard alphabet; padding and white space do not matter), by their names in the server: the
    /// Secret gets the bytes that they stand for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9_.*?-]+$"))
    )]
    pub decode: Vec<String>,
    /// Name in the server to name in the Secret. A renamed key is not transformed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "rename_schema")]
    pub rename: BTreeMap<String, String>,
    /// How to write the names: lower (`db_url`), upper (`DB_URL`), kebab (`db-url`) or camel (`dbUrl`, of words that underscores part).
    /// Digits stay, and so do underscores in front, which kebab makes hyphens of. As the names are where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// What to put before every name, also before one that was renamed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64), regex(pattern = r"^[-._a-zA-Z0-9]*$"))]
    pub prefix: String,
}

/// How names are written.
#[derive(JsonSchema, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transform {
    /// `db_url`.
    Lower,
    /// `DB_URL`.
    Upper,
    /// `db-url`.
    Kebab,
    /// `dbUrl`.
    Camel,
}

fn rename_schema(_: &mut SchemaGenerator) -> Schema {
    string_map(
        256,
        &json_schema!({ "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[-._a-zA-Z0-9]+$" }),
        None,
    )
}
