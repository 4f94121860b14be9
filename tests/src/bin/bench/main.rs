//! `make bench`: each line is a ratio against a named reference, measured side by side in this run.

mod databases;
mod fleet;
mod follow;
mod http;
mod reads;
mod reference;
mod report;
mod size;
mod watch;
mod watched;
mod writes;

use anyhow::{Result, ensure};
use ssm_tests::caller::own_server;
use ssm_tests::{ServerOptions, install_crypto};

/// What can be measured by itself: `bench operator`, for instance.
const PARTS: [&str; 2] = ["server", "operator"];

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [size] = words.as_slice()
        && let Ok(size) = size.parse()
    {
        return reference::serve(size).await;
    }
    for word in &words {
        ensure!(
            PARTS.contains(&word.as_str()),
            "{word} is none of {PARTS:?}"
        );
    }
    let wants = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    install_crypto();
    println!(
        "{:<66} {:>12} {:>12} {:>8}",
        "", "measured", "reference", "ratio"
    );
    if wants("server") {
        let (server, owner) = own_server(ServerOptions::default()).await;
        reads::measure(&owner, server.port()).await?;
        writes::measure(&owner, server.port()).await?;
        watch::measure(&owner, server.port()).await?;
        size::measure().await?;
        databases::measure().await?;
    }
    if wants("operator") {
        let (server, owner) = own_server(ServerOptions::default()).await;
        follow::measure(&server.url(), &owner).await?;
        drop(server);
        fleet::measure().await?;
    }
    Ok(())
}
