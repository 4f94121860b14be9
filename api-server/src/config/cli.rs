//! The command line: every flag, its variable, its default and its documentation, which `--help` shows.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use super::values::{Level, LogFormat};

/// The server of Simple Secrets Manager.
#[derive(Parser)]
#[command(version, after_help = SECRETS_HELP)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Subcommands>,
    #[command(flatten)]
    pub settings: Settings,
}

const SECRETS_HELP: &str = "\
Secrets, from variables only:
  TOKEN_SALT       Keys the hashes of tokens and passwords: 32 bytes in base64
  ENCRYPTION_KEY   Wraps the keys that seal values: 32 bytes in base64
  SSM_SETUP_TOKEN  What the first sign-up has to send as X-Setup-Token; `off` for nothing.
                   Unset, one is made and logged where the server is bound beyond loopback

Without TOKEN_SALT and ENCRYPTION_KEY, a first start makes them as files in the data directory.";

#[derive(Subcommand)]
pub(super) enum Subcommands {
    /// Serve; the same as no command at all
    Serve,
    /// Print openapi.json, the description of the API
    Openapi,
}

#[derive(Args)]
pub(super) struct Settings {
    /// Address to listen at
    #[arg(long, env = "BIND_HOST", default_value = "127.0.0.1", global = true)]
    pub bind_host: IpAddr,
    /// Port for API, health and metrics; 0 takes any free one
    #[arg(long, env = "PORT", default_value_t = 8080, global = true)]
    pub port: u16,
    /// Directory of the database, and of the key files that a first start makes
    #[arg(long, env = "DATA_DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,
    /// File with the token salt
    #[arg(long, env = "TOKEN_SALT_FILE", global = true)]
    pub token_salt_file: Option<PathBuf>,
    /// File with the encryption key
    #[arg(long, env = "ENCRYPTION_KEY_FILE", global = true)]
    pub encryption_key_file: Option<PathBuf>,
    /// The least that is logged
    #[arg(
        long,
        env = "LOG_LEVEL",
        default_value = "info",
        ignore_case = true,
        global = true
    )]
    pub log_level: Level,
    /// Form of the log, which goes to standard error
    #[arg(
        long,
        env = "LOG_FORMAT",
        default_value = "text",
        ignore_case = true,
        global = true
    )]
    pub log_format: LogFormat,
}

/// Reads the command line, and the variables behind its flags. Ends the process for `--help` and for flags that cannot
/// be.
pub(super) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
        _ => {
            eprint!("{error}");
            std::process::exit(i32::from(crate::BAD_CONFIGURATION))
        }
    })
}
