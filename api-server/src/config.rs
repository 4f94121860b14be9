//! Settings: read once from flags and variables into a typed struct. Secrets come from variables or files, never from
//! flags, which any user of the machine can see.

mod audit;
mod mongo;
mod places;
mod settings;
mod values;
mod variables;
mod web;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use ssm_engine::EngineOptions;

pub(crate) use mongo::MongoConfig;
pub(crate) use places::{Places, holds_password};
pub(crate) use settings::{DataSettings, PlaceSettings, SECRETS_HELP, Settings};
pub(crate) use values::{KeySource, LogConfig, LogFormat, SetupTokenSetting};
pub(crate) use web::{Limits, TlsFiles, WebConfig};

/// Settings that contradict each other or cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The same key twice.
    #[error("{0} and {0}_FILE are both set; keep one of them")]
    Twice(&'static str),
    /// Set, but to nothing that can be read.
    #[error("{0} is not text in UTF-8")]
    NotText(&'static str),
    /// A value that the setting cannot have.
    #[error("{name} {why}")]
    Invalid { name: &'static str, why: String },
    /// Settings that contradict each other, or one that is unsafe.
    #[error("{0}")]
    Contradiction(&'static str),
    /// A variable that looks like a setting and is none.
    #[error(
        "{0} is not a setting of this server; correct its name or remove it (`ssm-server --help` lists all settings)"
    )]
    Unknown(String),
    /// A setup token that nobody could send, or that is soon guessed.
    #[error("SSM_SETUP_TOKEN must be 8 to 256 visible ASCII characters, or `off`")]
    SetupToken,
}

impl ConfigError {
    fn invalid(name: &'static str, why: &impl ToString) -> Self {
        Self::Invalid {
            name,
            why: why.to_string(),
        }
    }
}

/// What can be set by variables only: a flag's value would be there for any user of the machine to see.
pub(crate) const SECRETS: [&str; 7] = [
    "CONNECTION_STRING",
    "MONGODB_URI",
    "MONGODB_PASSWORD",
    "TOKEN_SALT",
    "ENCRYPTION_KEY",
    "ENCRYPTION_KEY_PREVIOUS",
    "SSM_SETUP_TOKEN",
];

/// The server's settings.
pub(crate) struct Config {
    /// The address to listen at.
    pub host: IpAddr,
    /// The port to listen at; 0 for any free one.
    pub port: u16,
    /// Where the data is, and the keys that belong to it.
    pub data: DataConfig,
    /// How the server is reached, and by whom.
    pub web: WebConfig,
    /// What the first sign-up has to show.
    pub setup_token: SetupTokenSetting,
    /// How reads are recorded, and for how long they go on without news from the database.
    pub engine: EngineOptions,
    /// How to log.
    pub log: LogConfig,
}

/// Where the data is, and the keys that belong to it.
#[derive(Clone)]
pub(crate) struct DataConfig {
    /// Where the embedded database and the key files are.
    pub dir: PathBuf,
    /// The MongoDB in the place of the embedded database, where there is one.
    pub mongo: Option<MongoConfig>,
    /// Keys the hashes of tokens and passwords.
    pub token_salt: KeySource,
    /// Wraps the data keys.
    pub encryption_key: KeySource,
    /// What wrapped the data keys before; there is none in the data directory.
    pub previous_encryption_keys: KeySource,
}

/// Looks a variable up by name.
type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Config {
    /// Settles what flags and variables leave open.
    pub(crate) fn new(settings: Settings) -> Result<Self, ConfigError> {
        variables::refuse_unknown(std::env::vars_os())?;
        Self::with(settings, &|name| std::env::var_os(name))
    }

    fn with(settings: Settings, variables: Variables<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            host: settings.bind_host,
            port: settings.port,
            data: DataConfig::with(settings.data, variables)?,
            web: WebConfig::new(settings.web)?,
            setup_token: SetupTokenSetting::parse(text(variables, "SSM_SETUP_TOKEN")?)?,
            engine: EngineOptions {
                access: settings.audit.options(),
                max_staleness: settings.max_staleness,
            },
            log: LogConfig {
                level: settings.log_level.into(),
                format: settings.log_format,
            },
        })
    }
}

impl DataConfig {
    /// Settles what flags and variables leave open.
    pub(crate) fn new(settings: DataSettings) -> Result<Self, ConfigError> {
        Self::with(settings, &|name| std::env::var_os(name))
    }

    fn with(settings: DataSettings, variables: Variables<'_>) -> Result<Self, ConfigError> {
        Self::at(settings.data_dir, settings.place, variables)
    }

    fn at(
        dir: PathBuf,
        settings: PlaceSettings,
        variables: Variables<'_>,
    ) -> Result<Self, ConfigError> {
        let key = |name, file: Option<PathBuf>| -> Result<_, ConfigError> {
            let given = KeySource::one(name, text(variables, name)?, file)?;
            Ok(given.unwrap_or(KeySource::DataDir))
        };
        Ok(Self {
            token_salt: key("TOKEN_SALT", settings.token_salt_file)?,
            encryption_key: key("ENCRYPTION_KEY", settings.encryption_key_file)?,
            previous_encryption_keys: key(
                "ENCRYPTION_KEY_PREVIOUS",
                settings.encryption_key_previous_file,
            )?,
            mongo: MongoConfig::with(settings.mongo, variables)?,
            dir,
        })
    }

    /// The file of the embedded database.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join("ssm.db")
    }

    /// Where a key is that nobody gave.
    pub(crate) fn key_file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// A variable's text. Compose files pass variables on as empty ones when they are not set.
fn text(variables: Variables<'_>, name: &'static str) -> Result<Option<String>, ConfigError> {
    match variables(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => value
            .into_string()
            .map(Some)
            .map_err(|_| ConfigError::NotText(name)),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser;

    use super::{Config, ConfigError, KeySource, Settings, SetupTokenSetting};

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn config(flags: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let cli = Cli::try_parse_from([&["ssm-server"], flags].concat()).unwrap();
        Config::with(cli.settings, &|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn without_settings_the_server_is_on_loopback_with_its_keys_in_the_data_directory() {
        let config = config(&[], &[("ENCRYPTION_KEY", "")]).ok().unwrap();
        assert!(config.host.is_loopback());
        assert_eq!(config.data.encryption_key, KeySource::DataDir);
        assert!(config.setup_token == SetupTokenSetting::Unset);
        assert!(config.data.database().ends_with("data/ssm.db"));
    }

    #[test]
    fn a_key_is_given_as_a_text_or_as_a_file_and_not_as_both() {
        let flags = ["--token-salt-file", "/run/salt"];
        let config_of = |variables| config(&flags, variables);
        assert_eq!(
            config_of(&[]).ok().unwrap().data.token_salt,
            KeySource::File("/run/salt".into())
        );
        assert_eq!(
            config_of(&[("TOKEN_SALT", "x")]).err(),
            Some(ConfigError::Twice("TOKEN_SALT"))
        );
    }

    #[test]
    fn a_mongodb_is_named_once_and_its_databases_are_two() {
        let uri = "mongodb://u:s3cret@db";
        let named = |uri| {
            config(&[], &[("MONGODB_URI", uri)])
                .ok()
                .unwrap()
                .data
                .mongo
        };
        let mongo = named(uri).unwrap();
        assert_eq!(mongo.uri, KeySource::Given(uri.to_owned()));
        assert_eq!(mongo.data, "secrets_manager_data");
        assert!(!format!("{mongo:?}").contains("s3cret"));
        assert!(named("").is_none());
        for (flags, variables) in [
            (
                &[][..],
                &[("MONGODB_URI", uri), ("CONNECTION_STRING", uri)][..],
            ),
            (&["--mongodb-uri-file", "/f"], &[("MONGODB_URI", uri)]),
            (
                &["--auth-database", "secrets_manager_data"],
                &[("MONGODB_URI", uri)],
            ),
        ] {
            let refused = config(flags, variables).err();
            assert!(matches!(refused, Some(ConfigError::Contradiction(_))));
        }
    }

    #[test]
    fn a_user_of_the_mongodb_has_a_name_and_a_password_each_given_once() {
        let uri = ("MONGODB_URI", "mongodb://db");
        let password = ("MONGODB_PASSWORD", "s3cret");
        let name = ["--mongodb-username", "ssm"];
        let mongo = config(&name, &[uri, password]).ok().unwrap().data.mongo;
        let user = mongo.unwrap().user.unwrap();
        assert_eq!(user.name, KeySource::Given("ssm".into()));
        assert!(!format!("{user:?}").contains("s3cret"));
        for (flags, variables) in [
            (&name[..], &[uri][..]),
            (&[], &[uri, password]),
            (&name, &[password]),
        ] {
            let refused = config(flags, variables).err();
            assert!(matches!(refused, Some(ConfigError::Contradiction(_))));
        }
        let twice = [&name[..], &["--mongodb-password-file", "/p"]].concat();
        let refused = config(&twice, &[uri, password]).err();
        assert_eq!(refused, Some(ConfigError::Twice("MONGODB_PASSWORD")));
        let passed_on = [uri, ("MONGODB_PASSWORD", "")];
        let mongo = config(&["--mongodb-username", ""], &passed_on);
        assert!(mongo.ok().unwrap().data.mongo.unwrap().user.is_none());
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
