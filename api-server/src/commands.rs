//! What the program does when it does not serve, one file a command.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod completions;
pub(crate) mod config;
mod input;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod openapi;
mod output;
pub(crate) mod restore;
pub(crate) mod serve;

use std::io::{self, Write as _};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use ssm_domain::time::Timestamp;
use tracing::level_filters::LevelFilter;

use crate::config::{LogConfig, LogFormat};
use crate::logging;

/// Writes a document to standard output.
fn print(document: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(document)?;
    out.flush()
}

/// The clock's time.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// Has what goes wrong beside the command itself told in the log's form.
pub(crate) fn log_warnings() {
    logging::start(&LogConfig {
        level: LevelFilter::WARN,
        format: LogFormat::Text,
    });
}

/// Runs what waits for input and output.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    runtime.block_on(work)
}
