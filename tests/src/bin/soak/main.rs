//! Keeps a server and an operator busy for `SOAK_MINUTES` with everything that they do all day, and fails when an answer
//! was not the right one, when a Secret did not follow, or when either needs more memory at the end than when it was warm.

mod cluster;
mod load;
mod memory;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use ssm_tests::caller::own_server;
use ssm_tests::{ServerOptions, install_crypto};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::load::Load;
use crate::memory::Samples;

/// How long it takes where `SOAK_MINUTES` says nothing.
const MINUTES: u64 = 10;
/// How often memory is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How much more of it may be needed at the end, in percent.
const GROWTH: f64 = 5.0;

/// What the images tell the allocator: names and values of environment variables.
fn allocator() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("../../../../Dockerfile").lines();
    lines
        .filter_map(|line| line.strip_prefix("ENV "))
        .flat_map(str::split_whitespace)
        .filter_map(|setting| setting.split_once('='))
        .filter(|(name, _)| name.starts_with("MALLOC_"))
}

#[tokio::main]
async fn main() -> Result<()> {
    let minutes = match std::env::var("SOAK_MINUTES") {
        Ok(minutes) => minutes.parse().context("SOAK_MINUTES is no number")?,
        Err(_) => MINUTES,
    };
    ensure!(minutes > 0, "SOAK_MINUTES is 0");
    install_crypto();
    let options = allocator().fold(
        ServerOptions::default().embedded(),
        |options, (name, value)| options.env(name, value),
    );
    let (mut server, owner) = own_server(options).await;
    let shop = owner.shop().await;
    let mut load = Load::start(&owner, &shop).await;
    let mut cluster = Cluster::start(&owner, &shop, &server.url()).await?;

    let (begin, all) = (Instant::now(), Duration::from_mins(minutes));
    let (mut of_server, mut of_operator) = (Samples::default(), Samples::default());
    while begin.elapsed() < all {
        sleep(EVERY).await;
        of_server.take(server.process().pid())?;
        of_operator.take(cluster.operator.process().pid())?;
        load.goes_on()?;
    }
    let tally = load.end().await;
    let follows = cluster.follows(&owner, &shop).await;

    println!("{minutes} minutes: {tally}");
    let mut grown = Vec::new();
    for (name, samples) in [("server", of_server), ("operator", of_operator)] {
        let (level, course) = (samples.levels(), samples.course());
        let growth = level.growth();
        let course: Vec<_> = course.iter().map(|level| format!("{level:.1}")).collect();
        println!(
            "memory of the {name} in MiB: {:.1} when warm, {:.1} at the end, {growth:+.1} %; {}",
            level.warm,
            level.end,
            course.join(" ")
        );
        if growth >= GROWTH {
            grown.push(name);
        }
    }
    follows?;
    ensure!(tally.is_right(), "not every answer was the right one");
    ensure!(
        grown.is_empty(),
        "what grew by {GROWTH} % or more: {}",
        grown.join(", ")
    );
    Ok(())
}
