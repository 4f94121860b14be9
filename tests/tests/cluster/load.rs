//! Somebody who goes on writing whatever becomes of the server, and remembers what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, Shop};
use ssm_tests::{canary, eventually};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::cluster::PATIENCE;

const WRITERS: usize = 4;
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a writer waits after a write that failed.
const PAUSE: Duration = Duration::from_millis(50);

/// Writers at work, each with keys of its own, which it sets once.
pub struct Load {
    tasks: Vec<JoinHandle<Vec<String>>>,
    acknowledged: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    /// Starts them. A key's value is made of the key.
    pub fn start(owner: &Caller, shop: &Shop) -> Self {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let tasks = (0..WRITERS).map(|writer| {
            let (acknowledged, is_over) = (Arc::clone(&acknowledged), Arc::clone(&is_over));
            let (owner, secrets) = (owner.clone(), shop.secrets("base"));
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = format!("W{writer}_{number}");
                    let request = owner.request("PUT", &format!("{secrets}/{key}"));
                    let body = json!({"value": canary::value(&key)});
                    let sent = timeout(ANSWER, request.json(&body).send()).await;
                    if sent
                        .is_ok_and(|answer| answer.is_ok_and(|answer| answer.status().is_success()))
                    {
                        kept.push(key);
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    } else {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                kept
            })
        });
        Self {
            tasks: tasks.collect(),
            acknowledged,
            is_over,
        }
    }

    /// Waits until so many more writes have been acknowledged.
    pub async fn goes_on(&self, writes: usize) {
        let wanted = self.acknowledged.load(Ordering::Relaxed) + writes;
        eventually(PATIENCE, "writes to be acknowledged", async || {
            let acknowledged = self.acknowledged.load(Ordering::Relaxed);
            ensure!(acknowledged >= wanted, "{acknowledged} of {wanted}");
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Ends them and checks that everything that was acknowledged is there.
    pub async fn finds_everything(self, owner: &Caller, shop: &Shop) {
        self.is_over.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for task in self.tasks {
            acknowledged.append(&mut task.await.unwrap());
        }
        // What is read may be a little older, where another of several servers answers.
        let path = format!("{}?format=json", shop.secrets("base"));
        eventually(PATIENCE, "every acknowledged write", async || {
            let answer = owner.request("GET", &path).send().await?;
            let there = values(&answer.error_for_status()?.json().await?)?;
            for key in &acknowledged {
                ensure!(
                    there.get(key) == Some(&canary::value(key)),
                    "{key} was acknowledged"
                );
            }
            Ok(())
        })
        .await
        .unwrap();
    }
}

/// The values in an export.
fn values(export: &Value) -> anyhow::Result<BTreeMap<String, String>> {
    serde_json::from_value(export["data"].clone()).context("an export as it should be")
}
