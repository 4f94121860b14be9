//! Kubeconfig files with everything in them, so that they work wherever they are copied to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_STANDARD};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use crate::certs::{Certs, write_private};

/// For the administrator, who has a client certificate.
pub(crate) fn admin(server: &str, certs: &Certs) -> Result<Value> {
    let (certificate, key) = certs.admin();
    let user = json!({
        "client-certificate-data": read_base64(&certificate)?,
        "client-key-data": read_base64(&key)?,
    });
    document(server, certs, &user, "default")
}

/// For a service account, which has a token.
pub(crate) fn service_account(
    server: &str,
    certs: &Certs,
    token: &str,
    namespace: &str,
) -> Result<Value> {
    document(server, certs, &json!({ "token": token }), namespace)
}

/// Writes it where only its owner may read it.
pub(crate) fn write(path: &Path, document: &Value) -> Result<PathBuf> {
    write_private(path, &serde_yaml::to_string(document)?)?;
    Ok(path.to_owned())
}

/// Writes a copy beside it with another address of the same API server.
pub(crate) fn at(path: &Path, server: &str) -> Result<PathBuf> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut document: Value = serde_yaml::from_str(&text)?;
    document["clusters"][0]["cluster"]["server"] = server.into();
    let port = server.rsplit(':').next().unwrap_or_default();
    write(
        &path.with_extension(format!("{port}.kubeconfig")),
        &document,
    )
}

/// What kube's client makes of it.
pub(crate) async fn to_config(document: Value) -> Result<kube::Config> {
    let kubeconfig: Kubeconfig = serde_json::from_value(document)?;
    Ok(kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
}

fn document(server: &str, certs: &Certs, user: &Value, namespace: &str) -> Result<Value> {
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "ssm", "cluster": {
            "server": server,
            "certificate-authority-data": read_base64(&certs.authority())?,
        }}],
        "users": [{ "name": "ssm", "user": user }],
        "contexts": [{ "name": "ssm", "context": { "cluster": "ssm", "user": "ssm", "namespace": namespace } }],
        "current-context": "ssm",
    }))
}

fn read_base64(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(BASE64_STANDARD.encode(bytes))
}
