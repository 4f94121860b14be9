//! `make bench`: each line is a ratio against a named reference, measured side by side in this run.

mod databases;
mod follow;
mod http;
mod reads;
mod reference;
mod report;
mod size;
mod watch;
mod writes;

use anyhow::Result;
use ssm_tests::caller::own_server;
use ssm_tests::{ServerOptions, install_crypto};

#[tokio::main]
async fn main() -> Result<()> {
    if let Some(size) = std::env::args().nth(1) {
        return reference::serve(size.parse()?).await;
    }
    install_crypto();
    let (server, owner) = own_server(ServerOptions::default()).await;
    println!(
        "{:<54} {:>12} {:>12} {:>8}",
        "", "measured", "reference", "ratio"
    );
    reads::measure(&owner, server.port()).await?;
    writes::measure(&owner, server.port()).await?;
    watch::measure(&owner, server.port()).await?;
    size::measure().await?;
    databases::measure().await?;
    follow::measure(&server.url(), &owner).await
}
