//! The operator, the `SecretSync`, and how long its Secret takes to follow a change.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::StreamExt as _;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use serde_json::json;
use ssm_client::{SecretValue, Token};
use ssm_tests::{Operator, OperatorOptions, objects};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::shop::{CONFIG, PROJECT, Shop};
use crate::{done, step};

/// Where the resource and its Secret are.
pub const NAMESPACE: &str = "ssm-demo";
const NAME: &str = "shop-env";
const TOKEN_SECRET: &str = "ssm-token";
const PATIENCE: Duration = Duration::from_secs(30);
const CHANGES: usize = 5;

type Data = Option<BTreeMap<String, ByteString>>;

/// Starts the operator, has the config synced, changes it, and tells how long the Secret took.
pub async fn follow(cluster: &Cluster, shop: &Shop, url: &str, logs: &Path) -> Result<Operator> {
    step("Starting the operator");
    let options = OperatorOptions::new(&cluster.operator_kubeconfig, url)
        .namespace(NAMESPACE)
        .log_dir(logs);
    let operator = Operator::start(options).await?;
    done(&operator.url());

    step(&format!("Applying SecretSync {NAMESPACE}/{NAME}"));
    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), NAMESPACE);
    let token = shop.token(url, stored_token(&secrets).await?).await?;
    objects::apply(&cluster.client, &token_secret(&token), NAMESPACE).await?;
    objects::apply(&cluster.client, &secret_sync(), NAMESPACE).await?;
    let mut data = watched(secrets);
    let config = shop.secrets().await?;
    next(&mut data, |data| {
        data.as_ref().is_some_and(|data| holds(data, &config))
    })
    .await?;
    let keys: Vec<&str> = config.keys().map(String::as_str).collect();
    done(&format!(
        "Secret {NAME} has {} keys:\n  {}",
        keys.len(),
        keys.join("\n  ")
    ));

    step(&format!(
        "\nChanging {} in {PROJECT}/{CONFIG}, {CHANGES} times",
        shop.key
    ));
    let mut millis = Vec::new();
    for _ in 0..CHANGES {
        millis.push(change(shop, &mut data).await?.as_millis().to_string());
    }
    done(&format!(
        "the Secret followed {} ms after the server's answer",
        millis.join(", ")
    ));
    Ok(operator)
}

/// Changes the config, and returns how long after the server's answer the Secret had followed.
async fn change(shop: &Shop, data: &mut watch::Receiver<Data>) -> Result<Duration> {
    let (_, value) = shop.change().await?;
    let answered = Instant::now();
    let changed = |data: &BTreeMap<String, ByteString>| {
        data.get(&shop.key).is_some_and(|bytes| is(bytes, &value))
    };
    next(data, |data| data.as_ref().is_some_and(changed)).await?;
    Ok(answered.elapsed())
}

/// The Secret's data, whenever it changes.
fn watched(secrets: Api<Secret>) -> watch::Receiver<Data> {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        let mut stream = pin!(watch_object(secrets, NAME).default_backoff());
        while let Some(secret) = stream.next().await {
            // A broken watch is tried again by the stream itself.
            if let Ok(secret) = secret
                && sender.send(secret.and_then(|secret| secret.data)).is_err()
            {
                break;
            }
        }
    });
    receiver
}

async fn next(data: &mut watch::Receiver<Data>, wanted: impl FnMut(&Data) -> bool) -> Result<()> {
    match timeout(PATIENCE, data.wait_for(wanted)).await {
        Ok(data) => Ok(data.map(drop)?),
        Err(_) => {
            bail!("the Secret did not follow within {PATIENCE:?}; the operator's log says why")
        }
    }
}

fn holds(data: &BTreeMap<String, ByteString>, config: &BTreeMap<String, SecretValue>) -> bool {
    data.len() == config.len()
        && config
            .iter()
            .all(|(key, value)| data.get(key).is_some_and(|bytes| is(bytes, value)))
}

fn is(bytes: &ByteString, value: &SecretValue) -> bool {
    bytes.0 == value.reveal().as_bytes()
}

/// The token of an earlier run.
async fn stored_token(secrets: &Api<Secret>) -> Result<Option<Token>> {
    let secret = secrets
        .get_opt(TOKEN_SECRET)
        .await
        .context("cannot read Secrets in the cluster")?;
    let token = secret.and_then(|secret| secret.data?.remove("token"));
    Ok(token
        .and_then(|token| String::from_utf8(token.0).ok())
        .map(Token::new))
}

fn token_secret(token: &Token) -> String {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": TOKEN_SECRET}, "stringData": {"token": token.reveal()},
    });
    secret.to_string()
}

fn secret_sync() -> String {
    let sync = json!({
        "apiVersion": "simplesecrets.io/v1alpha1",
        "kind": "SecretSync",
        "metadata": {"name": NAME},
        "spec": {
            "auth": {"tokenSecretRef": {"name": TOKEN_SECRET, "key": "token"}},
            "sources": [{"project": PROJECT, "config": CONFIG}],
        },
    });
    sync.to_string()
}
