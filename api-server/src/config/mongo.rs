//! Settings of a MongoDB in the place of the embedded database.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigError, KeySource, Variables, text};

/// Where the data is, if it is in a MongoDB.
#[derive(Args)]
pub(crate) struct MongoSettings {
    /// File with the connection string of a MongoDB; without one, given like this or otherwise, the database is embedded
    #[arg(long, env = "CONNECTION_STRING_FILE")]
    pub connection_string_file: Option<PathBuf>,
    /// The same as --connection-string-file
    #[arg(long, env = "MONGODB_URI_FILE")]
    pub mongodb_uri_file: Option<PathBuf>,
    /// User of the MongoDB, where the connection string has none; the password is set by itself, too
    #[arg(long, env = "MONGODB_USERNAME")]
    pub mongodb_username: Option<String>,
    /// File with that user
    #[arg(long, env = "MONGODB_USERNAME_FILE")]
    pub mongodb_username_file: Option<PathBuf>,
    /// File with that user's password, as it is: nothing is written as %XX
    #[arg(long, env = "MONGODB_PASSWORD_FILE")]
    pub mongodb_password_file: Option<PathBuf>,
    /// MongoDB's database of projects, secrets and their history
    #[arg(long, env = "DATA_DATABASE", default_value = "secrets_manager_data", value_parser = database_name)]
    pub data_database: String,
    /// MongoDB's database of hashed passwords and tokens and wrapped keys
    #[arg(long, env = "AUTH_DATABASE", default_value = "secrets_manager_auth", value_parser = database_name)]
    pub auth_database: String,
    /// A connection string that was given as one of a command's places
    #[arg(skip)]
    pub uri: Option<String>,
}

/// A MongoDB that holds the data.
#[derive(Debug, Clone)]
pub(crate) struct MongoConfig {
    /// The connection string; never in the data directory.
    pub uri: KeySource,
    /// Who connects, where that is not in the connection string.
    pub user: Option<MongoUser>,
    /// The database of operational data.
    pub data: String,
    /// The database of credentials.
    pub auth: String,
}

/// Who connects to a MongoDB; neither is ever in the data directory.
#[derive(Debug, Clone)]
pub(crate) struct MongoUser {
    /// The name.
    pub name: KeySource,
    /// The password.
    pub password: KeySource,
}

impl MongoConfig {
    /// The MongoDB that was named, where one was.
    pub(super) fn with(
        settings: MongoSettings,
        variables: Variables<'_>,
    ) -> Result<Option<Self>, ConfigError> {
        let name = settings.mongodb_username.filter(|name| !name.is_empty());
        let user = MongoUser::of(
            KeySource::one("MONGODB_USERNAME", name, settings.mongodb_username_file)?,
            KeySource::one(
                "MONGODB_PASSWORD",
                text(variables, "MONGODB_PASSWORD")?,
                settings.mongodb_password_file,
            )?,
        )?;
        let given = [
            settings.uri.map(KeySource::Given),
            text(variables, "CONNECTION_STRING")?.map(KeySource::Given),
            text(variables, "MONGODB_URI")?.map(KeySource::Given),
            KeySource::file(settings.connection_string_file),
            KeySource::file(settings.mongodb_uri_file),
        ];
        let mut given = given.into_iter().flatten();
        let Some(uri) = given.next() else {
            return match user {
                None => Ok(None),
                Some(_) => Err(ConfigError::Contradiction(
                    "MONGODB_USERNAME is set, but no MongoDB; set MONGODB_URI, too",
                )),
            };
        };
        if given.next().is_some() {
            return Err(ConfigError::Contradiction(
                "of CONNECTION_STRING, MONGODB_URI, CONNECTION_STRING_FILE, MONGODB_URI_FILE and a connection string that is given to a command more than one is set; keep one",
            ));
        }
        if settings.data_database == settings.auth_database {
            return Err(ConfigError::Contradiction(
                "DATA_DATABASE and AUTH_DATABASE are the same; give the credentials a database of their own",
            ));
        }
        Ok(Some(Self {
            uri,
            user,
            data: settings.data_database,
            auth: settings.auth_database,
        }))
    }
}

impl MongoUser {
    fn of(
        name: Option<KeySource>,
        password: Option<KeySource>,
    ) -> Result<Option<Self>, ConfigError> {
        match (name, password) {
            (None, None) => Ok(None),
            (Some(name), Some(password)) => Ok(Some(Self { name, password })),
            (Some(_), None) | (None, Some(_)) => Err(ConfigError::Contradiction(
                "of MONGODB_USERNAME and MONGODB_PASSWORD, or the files with them, only one is set; set both, or neither",
            )),
        }
    }
}

/// What every MongoDB takes for the name of a database.
fn database_name(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..=38).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 38 letters, digits, `_` or `-`")
    }
}
