//! The two places of a migration, as they are named on the command line.

use std::path::{Path, PathBuf};

use super::settings::PlaceSettings;
use super::{ConfigError, DataConfig, Variables};

/// What stands for the MongoDB of the settings.
const MONGODB: &str = "mongodb";

/// Where a journal is, and where it is to go.
pub(crate) struct Places {
    /// The place that is only read.
    pub from: DataConfig,
    /// The place that is filled.
    pub to: DataConfig,
}

/// One of them.
enum Place {
    /// The MongoDB that the settings name.
    Mongo,
    /// The MongoDB with this connection string.
    Uri(String),
    /// The embedded database in this directory.
    Directory(PathBuf),
}

impl Place {
    /// An error repeats nothing of the text, which may hold a password.
    fn parse(text: String) -> Result<Self, ConfigError> {
        if text == MONGODB {
            Ok(Self::Mongo)
        } else if !text.contains("://") {
            Ok(Self::Directory(text.into()))
        } else if holds_password(&text) {
            Err(ConfigError::Contradiction(
                "a connection string with a password can be seen by every user of this machine; set it as MONGODB_URI, and write `mongodb` here",
            ))
        } else {
            Ok(Self::Uri(text))
        }
    }
}

/// Whether a connection string has a password, or something else that is named so, in it.
pub(crate) fn holds_password(uri: &str) -> bool {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let (authority, options) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    // What is not escaped as it should be may have any of these in it.
    user.is_some_and(|user| user.contains(':'))
        || rest.matches('@').count() > 1
        || (user.is_none() && rest.contains('@'))
        || options.to_ascii_lowercase().contains("password")
}

impl Places {
    /// Settles where both places are.
    pub(crate) fn new(
        from: String,
        to: String,
        settings: PlaceSettings,
    ) -> Result<Self, ConfigError> {
        Self::with(from, to, settings, &|name| std::env::var_os(name))
    }

    fn with(
        from: String,
        to: String,
        mut settings: PlaceSettings,
        variables: Variables<'_>,
    ) -> Result<Self, ConfigError> {
        let (from, to) = (Place::parse(from)?, Place::parse(to)?);
        let directory = |place: &Place| match place {
            Place::Mongo | Place::Uri(_) => None,
            Place::Directory(dir) => Some(dir.clone()),
        };
        let dirs = (directory(&from), directory(&to));
        match &dirs {
            (None, None) => {
                return Err(ConfigError::Contradiction(
                    "both places are a MongoDB; mongodump and mongorestore copy its two databases",
                ));
            }
            (Some(from), Some(to)) if is_one(from, to) => {
                return Err(ConfigError::Contradiction(
                    "--from and --to are the same place",
                ));
            }
            (Some(_), Some(_) | None) | (None, Some(_)) => {}
        }
        for place in [from, to] {
            if let Place::Uri(uri) = place {
                settings.mongo.uri = Some(uri);
            }
        }
        let named = DataConfig::at(PathBuf::new(), settings, variables)?;
        let at = |dir: Option<PathBuf>| match dir {
            Some(dir) => Ok(DataConfig {
                dir,
                mongo: None,
                ..named.clone()
            }),
            None if named.mongo.is_some() => Ok(named.clone()),
            None => Err(ConfigError::Contradiction(
                "`mongodb` is the MongoDB that MONGODB_URI or CONNECTION_STRING names, or a file in MONGODB_URI_FILE; none is set",
            )),
        };
        Ok(Self {
            from: at(dirs.0)?,
            to: at(dirs.1)?,
        })
    }
}

/// Whether both names stand for one directory.
fn is_one(from: &Path, to: &Path) -> bool {
    let real = |dir: &Path| dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    real(from) == real(to)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser;

    use super::{ConfigError, PlaceSettings, Places};

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: PlaceSettings,
    }

    fn places(from: &str, to: &str, uri: &str) -> Result<Places, ConfigError> {
        let settings = Cli::try_parse_from(["ssm-server"]).unwrap().settings;
        Places::with(from.into(), to.into(), settings, &|name| {
            (name == "MONGODB_URI").then(|| OsString::from(uri))
        })
    }

    #[test]
    fn a_place_is_a_directory_or_the_mongodb_of_the_settings_or_a_connection_string_without_a_password()
     {
        for (from, to, uri) in [
            ("./data", "mongodb", "mongodb://u:p@db"),
            ("mongodb", "./data", "mongodb://u:p@db"),
            ("./data", "mongodb://db/?replicaSet=rs0", ""),
            ("mongodb+srv://user@db", "data", ""),
            ("mongodb", "./mongodb", "mongodb://db"),
        ] {
            let places = places(from, to, uri).ok().unwrap();
            assert_ne!(places.from.mongo.is_some(), places.to.mongo.is_some());
        }
        for (from, to, uri) in [
            ("mongodb", "./data", ""),
            ("mongodb", "mongodb", "mongodb://db"),
            ("mongodb", "mongodb://db", "mongodb://db"),
            ("./data", "mongodb://db", "mongodb://other"),
            ("/", "/./", ""),
        ] {
            let refused = places(from, to, uri).err();
            assert!(
                matches!(refused, Some(ConfigError::Contradiction(_))),
                "{from} {to}"
            );
        }
    }

    #[test]
    fn a_connection_string_with_a_password_is_no_argument() {
        for uri in [
            "mongodb://u:p@db",
            "mongodb://u:@db",
            "mongodb://u:p/w@db",
            "mongodb://u:p?w@db/x",
            "mongodb+srv://u:p@db/?w=1",
            "mongodb://db/?tlsCertificateKeyFilePassword=p",
        ] {
            let refused = places(uri, "./data", "").err().unwrap().to_string();
            assert!(refused.contains("set it as MONGODB_URI"), "{uri}");
        }
    }
}
