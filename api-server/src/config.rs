//! Settings: read once from flags and variables into a typed struct. Secrets come from variables or files, never from
//! flags, which any user of the machine can see.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

/// Settings of later releases and of other servers. To pass over them in silence would be to store data elsewhere, or
/// to serve it otherwise, than somebody believes.
const NOT_YET: &[&str] = &[
    "CONNECTION_STRING",
    "CONNECTION_STRING_FILE",
    "MONGODB_URI",
    "MONGODB_URI_FILE",
    "ENCRYPTION_KEY_PREVIOUS",
    "ENCRYPTION_KEY_PREVIOUS_FILE",
    "TLS_CERT_FILE",
    "TLS_KEY_FILE",
];

/// Settings that contradict each other or cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The same key twice.
    #[error("{0} and {0}_FILE are both set; keep one of them")]
    Twice(&'static str),
    /// Set, but to nothing that can be read.
    #[error("{0} is not text in UTF-8")]
    NotText(&'static str),
    /// A setting that would have no effect.
    #[error("{0} is set, but this release does not know it yet; remove it")]
    NotYet(&'static str),
    /// A setup token that nobody could send, or that is soon guessed.
    #[error("SSM_SETUP_TOKEN must be 8 to 256 visible ASCII characters, or `off`")]
    SetupToken,
}

/// What the process is started for.
pub(crate) enum Mode {
    /// To serve.
    Serve(Config),
    /// To print the `OpenAPI` document.
    PrintOpenApi,
}

/// The server's settings.
pub(crate) struct Config {
    /// The address to listen at.
    pub host: IpAddr,
    /// The port to listen at; 0 for any free one.
    pub port: u16,
    /// Where the database and the key files are.
    pub data_dir: PathBuf,
    /// Keys the hashes of tokens and passwords.
    pub token_salt: KeySource,
    /// Wraps the data keys.
    pub encryption_key: KeySource,
    /// What the first sign-up has to show.
    pub setup_token: SetupTokenSetting,
    /// How to log.
    pub log: LogConfig,
}

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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The server of Simple Secrets Manager.
#[derive(Parser)]
#[command(version, after_help = SECRETS_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Subcommands>,
    #[command(flatten)]
    settings: Settings,
}

const SECRETS_HELP: &str = "\
Secrets, from variables only:
  TOKEN_SALT       Keys the hashes of tokens and passwords: 32 bytes in base64
  ENCRYPTION_KEY   Wraps the keys that seal values: 32 bytes in base64
  SSM_SETUP_TOKEN  What the first sign-up has to send as X-Setup-Token; `off` for nothing.
                   Unset, one is made and logged where the server is bound beyond loopback

Without TOKEN_SALT and ENCRYPTION_KEY, a first start makes them as files in the data directory.";

#[derive(Subcommand)]
enum Subcommands {
    /// Serve; the same as no command at all
    Serve,
    /// Print openapi.json, the description of the API
    Openapi,
}

#[derive(Args)]
struct Settings {
    /// Address to listen at
    #[arg(long, env = "BIND_HOST", default_value = "127.0.0.1", global = true)]
    bind_host: IpAddr,
    /// Port for API, health and metrics; 0 takes any free one
    #[arg(long, env = "PORT", default_value_t = 8080, global = true)]
    port: u16,
    /// Directory of the database, and of the key files that a first start makes
    #[arg(long, env = "DATA_DIR", default_value = "./data", global = true)]
    data_dir: PathBuf,
    /// File with the token salt
    #[arg(long, env = "TOKEN_SALT_FILE", global = true)]
    token_salt_file: Option<PathBuf>,
    /// File with the encryption key
    #[arg(long, env = "ENCRYPTION_KEY_FILE", global = true)]
    encryption_key_file: Option<PathBuf>,
    /// The least that is logged
    #[arg(
        long,
        env = "LOG_LEVEL",
        default_value = "info",
        ignore_case = true,
        global = true
    )]
    log_level: Level,
    /// Form of the log, which goes to standard error
    #[arg(
        long,
        env = "LOG_FORMAT",
        default_value = "text",
        ignore_case = true,
        global = true
    )]
    log_format: LogFormat,
}

/// Reads flags and variables. Ends the process for `--help` and for flags that cannot be.
pub(crate) fn load() -> Result<Mode, ConfigError> {
    let cli = Cli::try_parse().unwrap_or_else(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
        _ => {
            eprint!("{error}");
            std::process::exit(i32::from(crate::BAD_CONFIGURATION))
        }
    });
    match cli.command {
        Some(Subcommands::Openapi) => Ok(Mode::PrintOpenApi),
        Some(Subcommands::Serve) | None => {
            Config::new(cli.settings, |name| std::env::var_os(name)).map(Mode::Serve)
        }
    }
}

impl Config {
    fn new(
        settings: Settings,
        variable: impl Fn(&str) -> Option<std::ffi::OsString>,
    ) -> Result<Self, ConfigError> {
        // Compose files pass variables on as empty ones when they are not set.
        let text = |name: &'static str| match variable(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => value
                .into_string()
                .map(Some)
                .map_err(|_| ConfigError::NotText(name)),
        };
        for name in NOT_YET {
            if text(name)?.is_some() {
                return Err(ConfigError::NotYet(name));
            }
        }
        let key = |name, file: Option<PathBuf>| {
            let file = file.filter(|path| !path.as_os_str().is_empty());
            match (text(name)?, file) {
                (Some(_), Some(_)) => Err(ConfigError::Twice(name)),
                (Some(given), None) => Ok(KeySource::Given(given)),
                (None, Some(path)) => Ok(KeySource::File(path)),
                (None, None) => Ok(KeySource::DataDir),
            }
        };
        Ok(Self {
            host: settings.bind_host,
            port: settings.port,
            token_salt: key("TOKEN_SALT", settings.token_salt_file)?,
            encryption_key: key("ENCRYPTION_KEY", settings.encryption_key_file)?,
            setup_token: SetupTokenSetting::parse(text("SSM_SETUP_TOKEN")?)?,
            data_dir: settings.data_dir,
            log: LogConfig {
                level: settings.log_level.into(),
                format: settings.log_format,
            },
        })
    }

    /// The file of the embedded database.
    pub(crate) fn database(&self) -> PathBuf {
        self.data_dir.join("ssm.db")
    }

    /// Where a key is that nobody gave.
    pub(crate) fn key_file(&self, name: &str) -> PathBuf {
        Path::join(&self.data_dir, name)
    }
}

impl SetupTokenSetting {
    fn parse(text: Option<String>) -> Result<Self, ConfigError> {
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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser;

    use super::{Cli, Config, ConfigError, KeySource, SetupTokenSetting};

    fn config(flags: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let cli = Cli::try_parse_from([&["ssm-server"], flags].concat()).unwrap();
        Config::new(cli.settings, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn without_settings_the_server_is_on_loopback_with_its_keys_in_the_data_directory() {
        let config = config(&[], &[("ENCRYPTION_KEY", "")]).ok().unwrap();
        assert!(config.host.is_loopback());
        assert_eq!(config.encryption_key, KeySource::DataDir);
        assert!(config.setup_token == SetupTokenSetting::Unset);
        assert!(config.database().ends_with("data/ssm.db"));
    }

    #[test]
    fn a_key_is_given_as_a_text_or_as_a_file_and_not_as_both() {
        let flags = ["--token-salt-file", "/run/salt"];
        let config_of = |variables| config(&flags, variables);
        assert_eq!(
            config_of(&[]).ok().unwrap().token_salt,
            KeySource::File("/run/salt".into())
        );
        assert_eq!(
            config_of(&[("TOKEN_SALT", "x")]).err(),
            Some(ConfigError::Twice("TOKEN_SALT"))
        );
    }

    #[test]
    fn settings_that_would_have_no_effect_stop_the_start() {
        let outcome = config(&[], &[("MONGODB_URI", "mongodb://db")]);
        assert_eq!(outcome.err(), Some(ConfigError::NotYet("MONGODB_URI")));
    }

    #[test]
    fn a_setup_token_can_be_sent_in_a_header_and_is_not_soon_guessed() {
        let setting =
            |text| config(&[], &[("SSM_SETUP_TOKEN", text)]).map(|config| config.setup_token);
        assert!(setting("off") == Ok(SetupTokenSetting::Off));
        assert!(setting("correct-horse") == Ok(SetupTokenSetting::Given("correct-horse".into())));
        for bad in ["short", "with space in it", "ümlauts-are-out"] {
            assert!(setting(bad).err() == Some(ConfigError::SetupToken));
        }
    }

    #[test]
    fn no_secret_can_be_given_as_a_flag() {
        for flag in [
            "--token-salt",
            "--encryption-key",
            "--ssm-setup-token",
            "--setup-token",
        ] {
            assert!(
                Cli::try_parse_from(["ssm-server", flag, "x"]).is_err(),
                "{flag}"
            );
        }
    }
}
