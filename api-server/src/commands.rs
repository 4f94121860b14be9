//! What the program does when it does not serve, one file a command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod openapi;
pub(crate) mod serve;

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};

/// Writes a document to standard output.
fn print(document: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(document)?;
    out.flush()
}

/// Runs what waits for input and output.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    runtime.block_on(work)
}
