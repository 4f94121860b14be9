//! What settings can be, each with the one function that reads it.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;

use super::ConfigError;

/// Where a key is from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A variable's text.
    Given(String),
    /// A file that somebody named.
    File(PathBuf),
    /// The file of the key's name in the data directory, made on a first start.
    DataDir,
}

impl KeySource {
    /// What is given as a text or as a file, and not as both.
    pub(super) fn one(
        name: &'static str,
        given: Option<String>,
        path: Option<PathBuf>,
    ) -> Result<Option<Self>, ConfigError> {
        match (given, Self::file(path)) {
            (Some(_), Some(_)) => Err(ConfigError::Twice(name)),
            (Some(given), None) => Ok(Some(Self::Given(given))),
            (None, file) => Ok(file),
        }
    }

    /// The file at a path, where there is one.
    pub(super) fn file(path: Option<PathBuf>) -> Option<Self> {
        let path = path.filter(|path| !path.as_os_str().is_empty());
        path.map(Self::File)
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("[redacted]"),
            Self::File(path) => path.fmt(f),
            Self::DataDir => f.write_str("DataDir"),
        }
    }
}

/// What is said about the setup token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum SetupTokenSetting {
    /// None on loopback, a new one beyond.
    Unset,
    /// None anywhere.
    Off,
    /// This one.
    Given(String),
}

impl SetupTokenSetting {
    pub(super) fn parse(text: Option<String>) -> Result<Self, ConfigError> {
        match text {
            None => Ok(Self::Unset),
            Some(text) if text == "off" => Ok(Self::Off),
            Some(text)
                if (8..=256).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Ok(Self::Given(text))
            }
            Some(_) => Err(ConfigError::SetupToken),
        }
    }
}

/// How to log.
pub(crate) struct LogConfig {
    /// The least that is logged.
    pub level: LevelFilter,
    /// In what form.
    pub format: LogFormat,
}

/// The log's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least that is logged.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}
