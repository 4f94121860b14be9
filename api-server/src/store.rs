//! Opening the place where the data is: the embedded database, or a MongoDB.

use std::sync::Arc;

use ssm_engine::journal::Journal;
use ssm_journal_mongodb::{MongoJournal, MongoOptions, MongoUser};
use ssm_journal_sqlite::SqliteJournal;

use crate::config::{DataConfig, KeySource, MongoConfig};
use crate::private_file::{self, FileError};

/// More than any connection string has; a file that is longer is something else.
const MAX_BYTES: usize = 4_096;

/// Why the data cannot be got at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The embedded database cannot be opened.
    #[error(transparent)]
    Embedded(#[from] ssm_journal_sqlite::OpenError),
    /// The MongoDB cannot be used.
    #[error(transparent)]
    Mongo(#[from] ssm_journal_mongodb::OpenError),
    /// A file with what it takes to connect cannot be read, or could be read by everybody.
    #[error("the file {path} with {what} is refused: {source}")]
    File {
        what: &'static str,
        path: String,
        source: FileError,
    },
}

impl StoreError {
    /// Whether nothing answers where the data is, which may pass.
    pub(crate) fn is_unavailable(&self) -> bool {
        use ssm_journal_mongodb::OpenError::Unavailable;
        matches!(self, Self::Mongo(Unavailable(_)))
    }

    /// Whether it is the data that is damaged.
    pub(crate) fn is_damage(&self) -> bool {
        use ssm_journal_sqlite::OpenError::{Damaged, LogWithoutDatabase};
        matches!(
            self,
            Self::Embedded(Damaged { .. } | LogWithoutDatabase { .. })
        )
    }
}

/// Opens it to be written, and makes it where it is missing.
pub(crate) async fn open(config: &DataConfig) -> Result<Arc<dyn Journal>, StoreError> {
    Ok(match &config.mongo {
        None => Arc::new(SqliteJournal::open(&config.dir)?),
        Some(mongo) => Arc::new(MongoJournal::open(options(mongo)?).await?),
    })
}

/// Opens it to be read, beside a server that may be using it.
pub(crate) async fn open_read_only(config: &DataConfig) -> Result<Arc<dyn Journal>, StoreError> {
    Ok(match &config.mongo {
        None => Arc::new(SqliteJournal::open_read_only(&config.dir)?),
        Some(mongo) => Arc::new(MongoJournal::open_existing(options(mongo)?).await?),
    })
}

/// Opens it to be read, where no server uses it. Of a MongoDB that cannot be known.
pub(crate) async fn open_alone(config: &DataConfig) -> Result<Arc<dyn Journal>, StoreError> {
    Ok(match &config.mongo {
        None => Arc::new(SqliteJournal::open_alone(&config.dir)?),
        Some(_) => open_read_only(config).await?,
    })
}

/// Where the data is, in words.
pub(crate) fn name(config: &DataConfig) -> String {
    match &config.mongo {
        None => config.database().display().to_string(),
        Some(mongo) => format!("MongoDB {} and {}", mongo.data, mongo.auth),
    }
}

fn options(config: &MongoConfig) -> Result<MongoOptions, StoreError> {
    let user = match &config.user {
        None => None,
        Some(user) => Some(MongoUser {
            name: read(&user.name, "the user of the MongoDB")?,
            password: read(&user.password, "the password of the MongoDB")?,
        }),
    };
    Ok(MongoOptions {
        uri: read(&config.uri, "the connection string")?
            .trim()
            .to_owned(),
        user,
        data: config.data.clone(),
        auth: config.auth.clone(),
    })
}

/// The text, without the end of the line that a file ends with.
fn read(source: &KeySource, what: &'static str) -> Result<String, StoreError> {
    match source {
        KeySource::Given(text) => Ok(text.clone()),
        KeySource::File(path) => match private_file::read(path, MAX_BYTES) {
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(source) => Err(StoreError::File {
                what,
                path: path.display().to_string(),
                source,
            }),
        },
        KeySource::DataDir => Ok(String::new()),
    }
}
