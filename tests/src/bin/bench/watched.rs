//! What the cluster shows, and since when.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Instant;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, watch_object, watcher};
use kube::{Api, Client};
use tokio::sync::{oneshot, watch};

/// A Secret as it was seen last, and when.
pub type Watched = Option<(Secret, Instant)>;

/// Watches one Secret, which need not be there. The watch is under way when this returns.
pub async fn watched(secrets: Api<Secret>, name: &str) -> Result<watch::Receiver<Watched>> {
    let (sender, receiver) = watch::channel(None);
    let name = name.to_owned();
    let (listed, is_listed) = oneshot::channel();
    let mut listed = Some(listed);
    tokio::spawn(async move {
        let mut stream = pin!(watch_object(secrets, &name).default_backoff());
        loop {
            tokio::select! {
                event = stream.next() => match event {
                    Some(Ok(secret)) => {
                        if let Some(secret) = secret {
                            sender.send_replace(Some((secret, Instant::now())));
                        }
                        if let Some(listed) = listed.take() {
                            let _ = listed.send(());
                        }
                    }
                    Some(Err(_)) => {}
                    None => return,
                },
                () = sender.closed() => return,
            }
        }
    });
    is_listed.await?;
    Ok(receiver)
}

/// Counts the Secrets with this label, whatever its value, whose key has this value.
pub fn watched_all(
    client: &Client,
    key: &'static str,
    value: &'static str,
    label: &str,
) -> watch::Receiver<usize> {
    let (sender, receiver) = watch::channel(0);
    let secrets: Api<Secret> = Api::all(client.clone());
    let config = Config::default().labels(label);
    tokio::spawn(async move {
        let mut seen = HashSet::new();
        let mut stream = pin!(watcher(secrets, config).default_backoff().touched_objects());
        loop {
            tokio::select! {
                secret = stream.try_next() => match secret {
                    Ok(Some(secret)) => {
                        let data = secret.data.unwrap_or_default();
                        if data.get(key).is_some_and(|found| found.0 == value.as_bytes()) {
                            seen.insert(secret.metadata.uid);
                            sender.send_replace(seen.len());
                        }
                    }
                    Ok(None) => return,
                    Err(_) => {}
                },
                () = sender.closed() => return,
            }
        }
    });
    receiver
}
