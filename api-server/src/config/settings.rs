//! Every flag of a setting, with its variable, its default and its documentation, which `--help` shows.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::audit::{AuditSettings, duration};
use super::mongo::MongoSettings;
use super::values::{Level, LogFormat};
use super::web::WebSettings;

/// What `--help` tells of settings that are no flags.
pub(crate) const SECRETS_HELP: &str = "\
Secrets, from variables only:
  CONNECTION_STRING
                   Where the MongoDB is that holds the data, such as mongodb://user:password@host/?replicaSet=rs0;
                   MONGODB_URI is the same. Without it the database is embedded
  MONGODB_PASSWORD Password of MONGODB_USERNAME, as it is; for a connection string without a user in it
  TOKEN_SALT       Keys the hashes of tokens and passwords: 32 bytes in base64
  ENCRYPTION_KEY   Wraps the keys that seal values: 32 bytes in base64
  ENCRYPTION_KEY_PREVIOUS
                   Earlier encryption keys, separated by spaces or commas, for as long as data keys
                   are wrapped with them
  SSM_SETUP_TOKEN  What the first sign-up has to send as X-Setup-Token; `off` for nothing.
                   Unset, one is made and logged where the server is bound beyond loopback

Without TOKEN_SALT and ENCRYPTION_KEY, a first start makes them as files in the data directory; with a MongoDB both must
be given.";

/// The settings of a server.
#[derive(Args)]
pub(crate) struct Settings {
    /// Address to listen at
    #[arg(long, env = "BIND_HOST", default_value = "127.0.0.1")]
    pub bind_host: IpAddr,
    /// Port for API, health and metrics; 0 takes any free one
    #[arg(long, env = "PORT", default_value_t = 8080)]
    pub port: u16,
    #[command(flatten)]
    pub data: DataSettings,
    #[command(flatten)]
    pub web: WebSettings,
    #[command(flatten)]
    pub audit: AuditSettings,
    /// For how long reads go on without news from a MongoDB, where another server may have revoked something meanwhile
    #[arg(long, env = "MAX_STALENESS", default_value = "60s", value_parser = duration)]
    pub max_staleness: Duration,
    /// The least that is logged
    #[arg(long, env = "LOG_LEVEL", default_value = "info", ignore_case = true)]
    pub log_level: Level,
    /// Form of the log, which goes to standard error
    #[arg(long, env = "LOG_FORMAT", default_value = "text", ignore_case = true)]
    pub log_format: LogFormat,
}

/// The settings of everything that works on a server's data.
#[derive(Args)]
pub(crate) struct DataSettings {
    /// Directory of the database, and of the key files that a first start makes
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    #[command(flatten)]
    pub place: PlaceSettings,
}

/// The settings of everything that works on data in places that are named otherwise.
#[derive(Args)]
pub(crate) struct PlaceSettings {
    #[command(flatten)]
    pub mongo: MongoSettings,
    /// File with the token salt
    #[arg(long, env = "TOKEN_SALT_FILE")]
    pub token_salt_file: Option<PathBuf>,
    /// File with the encryption key
    #[arg(long, env = "ENCRYPTION_KEY_FILE")]
    pub encryption_key_file: Option<PathBuf>,
    /// File with earlier encryption keys, one a line, for as long as data keys are wrapped with them
    #[arg(long, env = "ENCRYPTION_KEY_PREVIOUS_FILE")]
    pub encryption_key_previous_file: Option<PathBuf>,
}
