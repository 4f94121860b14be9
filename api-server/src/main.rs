//! `ssm-server`: HTTP in, HTTP out, and the wiring between engine and journal. The only crate that knows axum.

mod config;
mod http;
mod keys;
mod logging;
mod serve;
mod state;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use ssm_engine::Engine;
use ssm_journal_sqlite::SqliteJournal;
use tracing::{info, warn};

use crate::config::{Config, Mode};
use crate::state::{App, SetupToken};

/// The exit code of a server that was configured wrongly.
const BAD_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    match config::load() {
        Ok(Mode::PrintOpenApi) => print_openapi(),
        Ok(Mode::Serve(config)) => serve_forever(config),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(BAD_CONFIGURATION)
        }
    }
}

fn print_openapi() -> ExitCode {
    match std::io::stdout().write_all(http::openapi_json().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve_forever(config: Config) -> ExitCode {
    logging::start(&config.log);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")
        .and_then(|runtime| runtime.block_on(run(config)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<()> {
    let listener = serve::bind(&config).await?;
    let keys = keys::load(&config)?;
    let journal = SqliteJournal::open(&config.data_dir)?;
    let engine = Engine::open(Arc::new(journal), keys).await?;
    let setup = SetupToken::choose(&config, &engine.state());
    let address = listener.local_addr().context("the port has no address")?;
    info!(%address, database = %config.database().display(), seq = engine.state().head().seq, "serving");
    if !address.ip().is_loopback() {
        warn!(
            "bound beyond loopback without TLS: tokens and values travel in clear unless a proxy in front encrypts"
        );
    }
    serve::run(listener, Arc::new(App::new(engine, setup))).await;
    info!("stopped");
    Ok(())
}
