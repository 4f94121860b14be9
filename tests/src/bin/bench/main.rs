//! `make bench`: each line is a ratio against a named reference, measured side by side in this run.

mod follow;
mod http;
mod reads;
mod report;
mod writes;

use anyhow::Result;
use ssm_tests::caller::own_server;
use ssm_tests::{ServerOptions, install_crypto};

#[tokio::main]
async fn main() -> Result<()> {
    // The reference server is this very program, so that nothing else needs to be installed.
    if let Some(size) = std::env::args().nth(1) {
        return reads::serve_static(size.parse()?).await;
    }
    install_crypto();
    let (mut server, owner) = own_server(ServerOptions::default()).await;
    println!(
        "{:<46} {:>14} {:>14} {:>8}",
        "", "measured", "reference", "ratio"
    );
    reads::measure(&owner).await?;
    writes::measure(&owner).await?;
    report::memory("server, idle", server.process())?;
    follow::measure(&server.url(), &owner).await
}
