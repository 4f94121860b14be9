//! `ssm-server serve`: the server itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result};
use ssm_engine::journal::ReadError;
use ssm_engine::{Engine, OpenError};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::cli::{Exit, Outcome};
use crate::config::{Config, Settings};
use crate::serve::{Stop, Tls};
use crate::state::{App, SetupToken};
use crate::store::StoreError;
use crate::{hardening, keys, logging, serve, store};

/// How long a MongoDB that does not answer is waited for: one that was started beside the server, or that has lost its primary.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long until it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until the process is told to stop.
pub(crate) fn run(settings: Settings) -> Outcome {
    let config = Config::new(settings)?;
    logging::start(&config.log);
    super::block_on_all(serve_until_told_to_stop(config))?;
    Ok(Exit::Fine)
}

async fn serve_until_told_to_stop(config: Config) -> Result<()> {
    hardening::keep_memory_to_ourselves();
    hardening::take_file_descriptors(config.web.limits.connections);
    let tls = config.web.tls.clone().map(Tls::load).transpose()?;
    let listener = serve::bind(&config).await?;
    let mut stop = Stop::listen();
    let engine = tokio::select! {
        opened = open_patiently(&config) => opened?,
        () = stop.asked() => {
            info!("stopped before anything was served");
            return Ok(());
        }
    };
    let setup = SetupToken::choose(&config, &engine.state());
    let address = listener.local_addr().context("the port has no address")?;
    info!(
        %address,
        tls = tls.is_some(),
        database = store::name(&config.data),
        seq = engine.state().head().seq,
        "serving"
    );
    if !address.ip().is_loopback() && !config.web.is_https() {
        warn!(
            "bound beyond loopback without TLS: tokens and values travel in clear unless a proxy in front encrypts; set \
             TLS_CERT_FILE and TLS_KEY_FILE, or PUBLIC_URL where a proxy does"
        );
    }
    let app = App::new(engine.clone(), setup, config.web, tls.map(Arc::new));
    serve::run(listener, Arc::new(app), stop).await;
    engine.shut_down().await;
    info!("stopped");
    Ok(())
}

/// Opens what is served, and waits for a MongoDB that does not answer yet.
async fn open_patiently(config: &Config) -> Result<Engine> {
    let began = Instant::now();
    let waits = || config.data.mongo.is_some() && began.elapsed() < PATIENCE;
    loop {
        let error = match open(config).await {
            Err(error) if waits() && may_pass(&error) => error,
            done => return done,
        };
        warn!(%error, "waiting for the database");
        sleep(PAUSE).await;
    }
}

async fn open(config: &Config) -> Result<Engine> {
    let keys = keys::load(&config.data)?;
    let journal = store::open(&config.data).await?;
    Ok(Engine::open_with(journal, keys, config.engine).await?)
}

/// Whether nothing answered, which may be otherwise in a moment.
fn may_pass(error: &Error) -> bool {
    let unreadable = matches!(
        error.downcast_ref(),
        Some(OpenError::Read(ReadError::Unavailable(_)))
    );
    unreadable || error.downcast_ref().is_some_and(StoreError::is_unavailable)
}
