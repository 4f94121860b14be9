//! `ssm-server serve`: the server itself.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use ssm_engine::Engine;
use tracing::{info, warn};

use crate::cli::{Exit, Outcome};
use crate::config::{Config, Settings};
use crate::serve::Tls;
use crate::state::{App, SetupToken};
use crate::{hardening, keys, logging, serve, store};

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
    let keys = keys::load(&config.data)?;
    let journal = store::open(&config.data).await?;
    let engine = Engine::open_with(journal, keys, config.engine).await?;
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
    serve::run(listener, Arc::new(app)).await;
    engine.shut_down().await;
    info!("stopped");
    Ok(())
}
