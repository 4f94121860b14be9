//! The log: text or JSON, on standard error. What clients send gets into it only where its form was checked.

use std::panic;

use tracing::level_filters::LevelFilter;
use tracing::{Level, enabled, error, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};

/// Starts logging for the whole process, and has panics logged without what they say: it may quote a value.
pub(crate) fn start(config: &LogConfig) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(config.level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    // Libraries below us may tell what goes over the wire, tokens included, to whoever asks for details.
    let ours = Targets::new()
        .with_target("ssm_", config.level)
        .with_default(config.level.min(LevelFilter::WARN));
    match config.format {
        LogFormat::Text => builder.finish().with(ours).init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .finish()
            .with(ours)
            .init(),
    }
    panic::set_hook(Box::new(|panic| {
        let location = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        error!(location, "a bug: panicked");
    }));
}

/// Tells what has to be read once, also where the log leaves warnings out.
pub(crate) fn announce(text: &str) {
    if enabled!(Level::WARN) {
        warn!("{text}");
    } else {
        eprintln!("{text}");
    }
}
