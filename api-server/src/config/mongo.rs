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
    /// The database of operational data.
    pub data: String,
    /// The database of credentials.
    pub auth: String,
}

impl MongoConfig {
    /// The MongoDB that was named, where one was.
    pub(super) fn with(
        settings: MongoSettings,
        variables: Variables<'_>,
    ) -> Result<Option<Self>, ConfigError> {
        let file = |path: Option<PathBuf>| {
            let path = path.filter(|path| !path.as_os_str().is_empty());
            path.map(KeySource::File)
        };
        let given = [
            settings.uri.map(KeySource::Given),
            text(variables, "CONNECTION_STRING")?.map(KeySource::Given),
            text(variables, "MONGODB_URI")?.map(KeySource::Given),
            file(settings.connection_string_file),
            file(settings.mongodb_uri_file),
        ];
        let mut given = given.into_iter().flatten();
        let Some(uri) = given.next() else {
            return Ok(None);
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
            data: settings.data_database,
            auth: settings.auth_database,
        }))
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
