//! How long one thing takes while many are there, and while all of them change.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;
use tokio::sync::watch;

use super::population::{KEYS, Population, SHARED, SHARING, config, name};
use super::{Fleet, PATIENCE};
use crate::follow::bare_writes;
use crate::report::{millis, plain, share_line};
use crate::watched::{Watched, watched, watched_all};

/// Of how many resources, and how often each, something is changed.
const SAMPLE: usize = 20;
const ROUNDS: usize = 10;
/// New resources, and repairs, while everything changes.
const DURING: usize = 10;

pub async fn measure(fleet: &mut Fleet, size: usize) -> Result<()> {
    let namespace = &fleet.population.namespaces[0];
    let reference = bare_writes(fleet.client.clone(), namespace).await?;
    let shares = |what: &str, measured: &[Duration]| {
        for (word, share) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
            let what = format!("with {size}: {what}, {word} : bare write → watch");
            share_line(&what, share, measured, &reference);
        }
    };
    shares("change → Secret", &changes(fleet, size).await?);
    shares("edit → repaired", &edits(fleet, size).await?);
    shares("delete → made again", &deletions(fleet, size).await?);
    shares("change → 100 Secrets of one config", &shared(fleet).await?);
    let (reads, [created, repaired]) = during_refresh(fleet).await?;
    shares("new → Secret, while all is read anew", &created);
    shares("edit → repaired, while all is read anew", &repaired);
    plain(
        &format!("with {size}: reads of the server meanwhile"),
        "",
        reads,
    );
    let (change, [created, repaired]) = during_change(fleet, size).await?;
    plain(
        &format!("with {size}: a change of what all inherit, until all have it"),
        "ms",
        millis(change),
    );
    shares("new → Secret, while all change", &created);
    shares("edit → repaired, while all change", &repaired);
    Ok(())
}

/// Every so manyth resource.
fn sample(size: usize) -> impl Iterator<Item = usize> {
    (0..SAMPLE).map(move |n| n * (size / SAMPLE))
}

async fn changes(fleet: &Fleet, size: usize) -> Result<Vec<Duration>> {
    let mut measured = Vec::new();
    for n in sample(size) {
        let mut seen = watched(fleet.population.secrets(n), &name(n)).await?;
        for round in 0..ROUNDS {
            let value = format!("{n}-{round}");
            let path = fleet.population.secret_path(n, &config(n), "KEY_00000");
            fleet.owner.put(&path, json!({ "value": value })).await.ok();
            let answered = Instant::now();
            measured.push(
                until(&mut seen, answered, |secret| {
                    has(secret, "KEY_00000", &value)
                })
                .await?,
            );
        }
    }
    Ok(measured)
}

async fn edits(fleet: &Fleet, size: usize) -> Result<Vec<Duration>> {
    let mut measured = Vec::new();
    for n in sample(size) {
        let mut seen = watched(fleet.population.secrets(n), &name(n)).await?;
        measured.push(edit(fleet, n, &mut seen).await?);
    }
    Ok(measured)
}

/// Edits a Secret by hand, and waits for its repair.
async fn edit(fleet: &Fleet, n: usize, seen: &mut watch::Receiver<Watched>) -> Result<Duration> {
    let secrets = fleet.population.secrets(n);
    let edit = Patch::Merge(json!({"stringData": {"EDITED": "by hand"}}));
    let edited = secrets
        .patch(&name(n), &PatchParams::default(), &edit)
        .await?;
    let begin = Instant::now();
    until(seen, begin, |secret| {
        version(secret) > version(&edited) && keys(secret) == KEYS
    })
    .await
}

fn version(secret: &Secret) -> u64 {
    let version = secret.metadata.resource_version.as_deref();
    version.unwrap_or_default().parse().unwrap_or_default()
}

async fn deletions(fleet: &Fleet, size: usize) -> Result<Vec<Duration>> {
    let mut measured = Vec::new();
    for n in sample(size) {
        let secrets = fleet.population.secrets(n);
        let uid = secrets.get(&name(n)).await?.metadata.uid;
        let mut seen = watched(secrets.clone(), &name(n)).await?;
        secrets.delete(&name(n), &DeleteParams::default()).await?;
        let begin = Instant::now();
        measured.push(until(&mut seen, begin, |secret| secret.metadata.uid != uid).await?);
    }
    Ok(measured)
}

/// One change for many resources: how long each of them takes.
async fn shared(fleet: &Fleet) -> Result<Vec<Duration>> {
    let population = &fleet.population;
    for n in 0..SHARING {
        // All in the project of the first, which has that config.
        population
            .make_sync(n * Population::projects(), &format!("shared-{n}"), SHARED)
            .await?;
    }
    let mut watches = Vec::new();
    for n in 0..SHARING {
        let secrets = population.secrets(n * Population::projects());
        watches.push(watched(secrets, &format!("shared-{n}")).await?);
    }
    let begin = Instant::now();
    try_join_all(
        watches
            .iter_mut()
            .map(|seen| until(seen, begin, |secret| keys(secret) == KEYS)),
    )
    .await?;
    let mut measured = Vec::new();
    for round in 0..ROUNDS {
        let value = format!("shared-{round}");
        let path = population.secret_path(0, SHARED, "KEY_00000");
        fleet.owner.put(&path, json!({ "value": value })).await.ok();
        let answered = Instant::now();
        let value = &value;
        measured.extend(
            try_join_all(watches.iter_mut().map(|seen| {
                until(seen, answered, move |secret| {
                    has(secret, "KEY_00000", value)
                })
            }))
            .await?,
        );
    }
    Ok(measured)
}

/// While everything is read anew, since the operator has just begun: how long new resources and repairs take, and how many
/// reads there were meanwhile.
async fn during_refresh(fleet: &mut Fleet) -> Result<(f64, [Vec<Duration>; 2])> {
    fleet.operator.restart().await?;
    let measured = meanwhile(fleet, "new").await?;
    let reads = fleet.metric("ssm_operator_fetches_total").await?;
    Ok((reads, measured))
}

/// While all resources follow a change of what they inherit: how long that takes, and how long new resources and repairs do.
async fn during_change(fleet: &Fleet, size: usize) -> Result<(Duration, [Vec<Duration>; 2])> {
    let population = &fleet.population;
    let mut all = watched_all(&fleet.client, "KEY_00019", "refreshed", "reads");
    for project in 0..Population::projects() {
        let path = population.secret_path(project, "base", "KEY_00019");
        fleet
            .owner
            .put(&path, json!({"value": "refreshed"}))
            .await
            .ok();
    }
    let begin = Instant::now();
    let followed = async {
        let wanted = |seen: &usize| *seen >= size;
        tokio::time::timeout(PATIENCE, all.wait_for(wanted))
            .await
            .context("not all follow")??;
        Ok::<_, anyhow::Error>(begin.elapsed())
    };
    tokio::try_join!(followed, meanwhile(fleet, "fresh"))
}

/// New resources until they have Secrets, and repairs, one after the other.
async fn meanwhile(fleet: &Fleet, prefix: &str) -> Result<[Vec<Duration>; 2]> {
    let population = &fleet.population;
    let (mut created, mut repaired) = (Vec::new(), Vec::new());
    for n in 0..DURING {
        let fresh = format!("{prefix}-{n}");
        let mut seen = watched(population.secrets(n), &fresh).await?;
        population.make_sync(n, &fresh, &config(n)).await?;
        let made = Instant::now();
        created.push(until(&mut seen, made, |secret| keys(secret) == KEYS).await?);
        let mut seen = watched(population.secrets(n), &name(n)).await?;
        repaired.push(edit(fleet, n, &mut seen).await?);
    }
    Ok([created, repaired])
}

async fn until(
    seen: &mut watch::Receiver<Watched>,
    begin: Instant,
    wanted: impl Fn(&Secret) -> bool,
) -> Result<Duration> {
    let is_there = |seen: &Watched| seen.as_ref().is_some_and(|(secret, _)| wanted(secret));
    let seen = tokio::time::timeout(PATIENCE, seen.wait_for(is_there))
        .await
        .context("the Secret does not follow")??;
    let (_, at) = seen.as_ref().context("nothing was seen")?;
    Ok(at.saturating_duration_since(begin))
}

fn has(secret: &Secret, key: &str, value: &str) -> bool {
    let data = secret.data.as_ref();
    data.and_then(|data| data.get(key)) == Some(&ByteString(value.as_bytes().to_vec()))
}

fn keys(secret: &Secret) -> usize {
    secret
        .data
        .as_ref()
        .map_or(0, std::collections::BTreeMap::len)
}
