//! What the program does when it does not serve, one file a command.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod healthcheck;
pub(crate) mod import_v1;
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
use tokio::runtime::Builder;
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

/// Runs what waits for input and output, on this thread alone: when it ends, nothing runs on beside the end. The driver of
/// MongoDB tidies up behind itself in tasks that panic when they are half taken down.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    block_on_in(&mut Builder::new_current_thread(), work)
}

/// The same on all processors.
fn block_on_all<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    block_on_in(&mut Builder::new_multi_thread(), work)
}

fn block_on_in<T>(runtime: &mut Builder, work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = runtime.enable_all().build();
    runtime
        .context("the runtime does not start")?
        .block_on(work)
}
