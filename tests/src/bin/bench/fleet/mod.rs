//! Many resources in one cluster: a cold start, changes, repairs and first syncs among them, memory, and what is asked for when
//! nothing changes.

mod bare;
mod latency;
mod population;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kube::Client;
use ssm_tests::caller::{Caller, own_server};
use ssm_tests::{
    ControlPlane, ControlPlaneOptions, Operator, OperatorOptions, Server, ServerOptions,
    eventually, rbac,
};

use crate::report::{line, memory, plain};
use population::Population;

const CRD: &str = include_str!("../../../../../crds/secretsyncs.yaml");
/// How long anything may take with the most resources.
const PATIENCE: Duration = Duration::from_mins(10);
const IDLE: Duration = Duration::from_mins(1);
/// All is done once nothing has been asked for so long.
const QUIET: Duration = Duration::from_secs(5);
/// What lies in a cluster besides.
const UNRELATED: usize = 100;

/// A cluster, a server and an operator that begins to work when its resources are there.
pub struct Fleet {
    pub client: Client,
    pub owner: Caller,
    pub population: Population,
    pub operator: Operator,
    _server: Server,
    _plane: ControlPlane,
}

pub async fn measure() -> Result<()> {
    // `BENCH_SIZES=200` for a first look.
    let sizes = std::env::var("BENCH_SIZES").unwrap_or_else(|_| "1000 10000".to_owned());
    for size in sizes.split_whitespace().map(str::parse) {
        measure_with(size.context("BENCH_SIZES are numbers")?).await?;
    }
    Ok(())
}

async fn measure_with(size: usize) -> Result<()> {
    let mut fleet = cold_start(size).await?;
    latency::measure(&mut fleet, size).await?;
    idle(&fleet, size).await?;
    let what = format!("operator, {size} resources");
    memory(&what, fleet.operator.process())?;
    fleet.population.add_unrelated(UNRELATED).await?;
    fleet.operator.restart().await?;
    fleet.all_read(size).await?;
    let what = format!("operator, {size} resources and {UNRELATED} unrelated MiB, after a start");
    memory(&what, fleet.operator.process())?;
    Ok(())
}

/// Until all Secrets and statuses are there, against a bare loop that makes the same.
async fn cold_start(size: usize) -> Result<Fleet> {
    let plane = ControlPlane::start(ControlPlaneOptions::default()).await?;
    plane.apply_crd(CRD).await?;
    let client = plane.client()?;
    let (server, owner) = own_server(ServerOptions::default()).await;
    let population = Population::new(&plane, &owner, size).await?;

    population.make_syncs().await?;
    let bare = bare::make_all(&population).await?;
    population.delete_syncs().await?;
    population.make_syncs().await?;

    let namespace = plane.namespace().await?;
    let kubeconfig = plane
        .service_account(&namespace, "ssm-operator", &[rbac::OPERATOR_CLUSTER_ROLE])
        .await?;
    let begin = Instant::now();
    let options = OperatorOptions::new(&kubeconfig, &server.url());
    let operator = Operator::start(options).await?;
    let fleet = Fleet {
        client,
        owner,
        population,
        operator,
        _server: server,
        _plane: plane,
    };
    fleet.all_synced(size).await?;
    let what = format!("cold start of {size} resources : bare loop");
    line(
        &what,
        "s",
        begin.elapsed().as_secs_f64(),
        bare.as_secs_f64(),
    );
    Ok(fleet)
}

impl Fleet {
    /// Waits until that many resources are in sync.
    pub async fn all_synced(&self, size: usize) -> Result<()> {
        let what = format!("{size} resources are in sync");
        eventually(PATIENCE, &what, async || {
            let synced = self
                .metric("ssm_operator_resources{state=\"Synced\"}")
                .await?;
            ensure!(synced >= as_f64(size), "{synced} are");
            Ok(())
        })
        .await
    }

    /// Waits until an operator that has just begun has read the configs of that many resources.
    async fn all_read(&self, size: usize) -> Result<()> {
        eventually(PATIENCE, "all configs are read", async || {
            let read = self
                .metric("ssm_operator_fetches_total{result=\"modified\"}")
                .await?;
            ensure!(read >= as_f64(size), "{read} are");
            Ok(())
        })
        .await
    }

    /// The sum of a metric of the operator over its labels.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        let text = self.operator.metrics().await?;
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines
            .map(|line| {
                let (_, value) = line.rsplit_once(' ').context("no value")?;
                Ok(value.parse::<f64>()?)
            })
            .sum()
    }
}

/// What is asked for while nothing changes, once all that was changed is done with.
async fn idle(fleet: &Fleet, size: usize) -> Result<()> {
    let count = async || {
        let writes = fleet.metric("ssm_operator_api_writes_total").await?;
        let fetches = fleet.metric("ssm_operator_fetches_total").await?;
        Ok::<_, anyhow::Error>((writes, fetches))
    };
    let (mut writes, mut fetches) = count().await?;
    loop {
        tokio::time::sleep(QUIET).await;
        let now = count().await?;
        if now == (writes, fetches) {
            break;
        }
        (writes, fetches) = now;
    }
    tokio::time::sleep(IDLE).await;
    let (writes_after, fetches_after) = count().await?;
    let streams = fleet.metric("ssm_operator_streams").await?;
    plain(
        &format!("idle with {size}: API writes a minute"),
        "",
        writes_after - writes,
    );
    plain(
        &format!("idle with {size}: upstream reads a minute"),
        "",
        fetches_after - fetches,
    );
    plain(&format!("idle with {size}: upstream streams"), "", streams);
    Ok(())
}

pub fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
