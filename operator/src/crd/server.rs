//! Which server, and with which token.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// A server.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.caBundle) || has(self.caSecretRef)) || has(self.url)").message("caBundle and caSecretRef need url: the default server's CA is the operator's setting"),
    validation = Rule::new("!(has(self.caBundle) && has(self.caSecretRef))").message("give caBundle or caSecretRef, not both")
)]
pub struct Server {
    /// Scheme, host and port, such as `https://ssm.example.com`. A token is sent there only if this is the operator's default
    /// server, is on its allow-list, or is named by the token Secret's annotation simplesecrets.io/server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 8, max = 300),
        regex(
            pattern = r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$"
        )
    )]
    pub url: Option<String>,
    /// PEM certificates (base64) to trust for that server instead of the system's. Not used for the operator's default server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 131_072),
        regex(pattern = r"^[A-Za-z0-9+/=\r\n]+$")
    )]
    pub ca_bundle: Option<String>,
    /// The Secret, in the resource's own namespace, that holds such certificates in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<CaSecretRef>,
}

/// A key of a Secret.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaSecretRef {
    /// Name of the Secret.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
    /// Key in the Secret.
    #[serde(default = "CaSecretRef::default_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

impl CaSecretRef {
    fn default_key() -> String {
        "ca.crt".to_owned()
    }
}

/// Authentication.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// The Secret, in the resource's own namespace, that holds the API token. The operator's default name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_secret_ref: Option<TokenSecretRef>,
}

/// A key of a Secret.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenSecretRef {
    /// Name of the Secret.
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
    /// Key in the Secret.
    #[serde(default = "TokenSecretRef::default_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

impl TokenSecretRef {
    fn default_key() -> String {
        "token".to_owned()
    }
}
