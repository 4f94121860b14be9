//! Connecting, and every reason not to use what answers.

use std::fmt;
use std::time::{Duration, SystemTime};

use mongodb::bson::doc;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, Database};

use crate::calls::{CallError, call};
use crate::layout::{Layout, LayoutDocument, VERSION};

/// The wire version of MongoDB 4.4.
const OLDEST_WIRE: i32 = 9;
/// How long a server that can be written is looked for.
const SELECTION: Duration = Duration::from_secs(3);
/// How long the majority may take for a write; shorter than an answer is waited for.
const MAJORITY: Duration = Duration::from_secs(8);
/// How far the clock of the database may be from ours.
const CLOCKS_APART: Duration = Duration::from_mins(5);
/// The digits of what is escaped.
const HEX: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
];
/// Collections that version 1.4 made.
const OF_VERSION_1: [&str; 3] = ["projects", "secrets", "userpass"];

/// Where the journal is.
#[derive(Clone)]
pub struct MongoOptions {
    /// `mongodb://…` or `mongodb+srv://…`. It may hold a password.
    pub uri: String,
    /// Who connects, where the connection string does not say it.
    pub user: Option<MongoUser>,
    /// The database of operational data.
    pub data: String,
    /// The database of credentials.
    pub auth: String,
}

/// Who connects.
#[derive(Clone)]
pub struct MongoUser {
    /// The name, as it is.
    pub name: String,
    /// The password, as it is.
    pub password: String,
}

impl fmt::Debug for MongoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoOptions")
            .field("data", &self.data)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}

/// Why a database is not used. Nothing of what is in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The connection string is none.
    #[error(
        "the connection string cannot be used; it must be like mongodb://user:password@host:27017/?replicaSet=rs0, with what is not a letter or digit in the password written as %XX"
    )]
    InvalidUri,
    /// Nothing answers.
    #[error("MongoDB does not answer: {0}; check the connection string and that it runs")]
    Unavailable(String),
    /// It does not know us.
    #[error(
        "MongoDB does not accept the user and password; check them in the connection string or in MONGODB_USERNAME and MONGODB_PASSWORD, or the files with them, and authSource in the connection string"
    )]
    Unauthenticated,
    /// The user is named twice.
    #[error(
        "the connection string has a user in it, and MONGODB_USERNAME or MONGODB_USERNAME_FILE is set; keep one of them"
    )]
    TwoUsers,
    /// The user lacks rights.
    #[error(
        "the user that connects to MongoDB may not use {database}: it needs the role readWrite there"
    )]
    Unauthorized {
        /// The database.
        database: String,
    },
    /// It lacks what is needed here.
    #[error("MongoDB {found} is too old; use 4.4 or newer")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// It acknowledges what a loss of power takes away.
    #[error("MongoDB runs without its journal; start it without --nojournal")]
    NoJournal,
    /// A member that only follows answers.
    #[error(
        "MongoDB cannot be written: the server that answers is no primary; name the replica set in the connection string (?replicaSet=…)"
    )]
    NotWritable,
    /// A later release wrote it.
    #[error(
        "the database {database} has layout version {found}, and this release knows versions up to {VERSION}; start the release that last used it, or a later one"
    )]
    NewerLayout {
        /// The database.
        database: String,
        /// Its version.
        found: i32,
    },
    /// It is a database of version 1.4.
    #[error(
        "the database {database} was written by Simple Secrets Manager 1.4; nothing was changed. Import it into other databases: set DATA_DATABASE and AUTH_DATABASE to new names, and run `ssm-server import-v1 --from` with this connection string"
    )]
    Version1 {
        /// The database.
        database: String,
    },
    /// There is nothing to read.
    #[error(
        "there is no database {database} of this program; DATA_DATABASE must name that of a server"
    )]
    Missing {
        /// The database.
        database: String,
    },
    /// Times could not be trusted.
    #[error(
        "the clock of MongoDB is {seconds} s away from this server's; set both, for instance with NTP"
    )]
    ClocksApart {
        /// How far.
        seconds: u64,
    },
}

impl From<CallError> for OpenError {
    fn from(error: CallError) -> Self {
        let why = error.to_string();
        let CallError::Failed(error) = error else {
            return Self::Unavailable(why);
        };
        match &*error.kind {
            ErrorKind::Authentication { .. } => Self::Unauthenticated,
            ErrorKind::InvalidArgument { .. } => Self::InvalidUri,
            _ => Self::Unavailable(why),
        }
    }
}

/// Connects and checks. What is missing is made at the very end.
pub async fn open(options: MongoOptions) -> Result<Layout, OpenError> {
    let (layout, _) = check(&options).await?;
    make(layout).await
}

/// Connects and checks. There must be something.
pub async fn open_existing(options: MongoOptions) -> Result<Layout, OpenError> {
    let (layout, is_made) = check(&options).await?;
    if is_made {
        Ok(layout)
    } else {
        let database = options.data;
        Err(OpenError::Missing { database })
    }
}

/// Looks whether everything is as it must be, and whether the databases were made.
async fn check(options: &MongoOptions) -> Result<(Layout, bool), OpenError> {
    let client = connect(options).await?;
    let layout = Layout::new(&client, &options.data, &options.auth);
    check_server(&layout.data).await?;
    let is_made = check_content(&layout).await?;
    Ok((layout, is_made))
}

/// Connects, and asks for nothing yet.
pub async fn connect(options: &MongoOptions) -> Result<Client, OpenError> {
    let uri = match &options.user {
        None => options.uri.clone(),
        Some(user) => with_user(&options.uri, user)?,
    };
    let mut parsed = ClientOptions::parse(&uri)
        .await
        .map_err(|_| OpenError::InvalidUri)?;
    parsed.app_name = Some("ssm-server".to_owned());
    parsed.server_selection_timeout = Some(SELECTION);
    parsed.connect_timeout.get_or_insert(SELECTION);
    parsed.read_concern = Some(ReadConcern::majority());
    parsed.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    parsed.write_concern = Some(
        WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .w_timeout(MAJORITY)
            .build(),
    );
    Client::with_options(parsed).map_err(|_| OpenError::InvalidUri)
}

/// The connection string with the user in it, so that all else in it, such as authSource, counts for that user.
fn with_user(uri: &str, user: &MongoUser) -> Result<String, OpenError> {
    let (scheme, rest) = uri.split_once("://").ok_or(OpenError::InvalidUri)?;
    let hosts = rest.split(['/', '?']).next().unwrap_or_default();
    if hosts.contains('@') {
        return Err(OpenError::TwoUsers);
    }
    let (name, password) = (escaped(&user.name), escaped(&user.password));
    Ok(format!("{scheme}://{name}:{password}@{rest}"))
}

/// A text as it may stand in a connection string.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped.extend([
                '%',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
    }
    escaped
}

async fn check_server(data: &Database) -> Result<(), OpenError> {
    let admin = data.client().database("admin");
    let hello = call(async move { admin.run_command(doc! { "hello": 1 }).await }).await?;
    if hello.get_i32("maxWireVersion").unwrap_or_default() < OLDEST_WIRE {
        let data = data.clone();
        let build = call(async move { data.run_command(doc! { "buildInfo": 1 }).await }).await?;
        let found = build.get_str("version").unwrap_or("?").to_owned();
        return Err(OpenError::TooOld { found });
    }
    if !hello.get_bool("isWritablePrimary").unwrap_or_default() {
        return Err(OpenError::NotWritable);
    }
    let theirs = hello
        .get_datetime("localTime")
        .map(|time| time.to_system_time());
    let apart = theirs.map_or(Duration::ZERO, |theirs| apart(theirs, SystemTime::now()));
    if apart > CLOCKS_APART {
        let seconds = apart.as_secs();
        return Err(OpenError::ClocksApart { seconds });
    }
    Ok(())
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|error| error.duration())
}

async fn check_content(layout: &Layout) -> Result<bool, OpenError> {
    for database in [&layout.data, &layout.auth] {
        let (here, name) = (database.clone(), database.name().to_owned());
        let names = call(async move { here.list_collection_names().await });
        let names = names.await.map_err(|error| refused(error, &name))?;
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        if !has("layout") && OF_VERSION_1.iter().any(|name| has(name)) {
            return Err(OpenError::Version1 { database: name });
        }
    }
    let database = layout.data.name().to_owned();
    let collection = layout.layout();
    let found = call(async move { collection.find_one(doc! {}).await });
    match found.await.map_err(|error| refused(error, &database))? {
        Some(LayoutDocument { version, .. }) if version > VERSION => Err(OpenError::NewerLayout {
            database,
            found: version,
        }),
        found => Ok(found.is_some()),
    }
}

async fn make(layout: Layout) -> Result<Layout, OpenError> {
    let database = layout.data.name().to_owned();
    call(async move {
        let mark = doc! { "$setOnInsert": { "version": VERSION } };
        let versions = layout.layout();
        let put = versions.update_one(doc! { "_id": "layout" }, mark);
        put.upsert(true).await?;
        layout.make().await?;
        Ok(layout)
    })
    .await
    .map_err(|error| refused(error, &database))
}

/// Why a database does not let itself be used.
pub fn refused(error: CallError, database: &str) -> OpenError {
    if let CallError::Failed(failed) = &error {
        match code(failed) {
            // Unauthorized.
            Some(13) => {
                return OpenError::Unauthorized {
                    database: database.to_owned(),
                };
            }
            // BadValue: no other value is given that a server may refuse than to wait for its journal.
            Some(2) => return OpenError::NoJournal,
            // NotWritablePrimary, and its relatives.
            Some(10107 | 13435 | 13436) => return OpenError::NotWritable,
            Some(_) | None => {}
        }
    }
    error.into()
}

fn code(error: &Error) -> Option<i32> {
    use mongodb::error::WriteFailure;
    match &*error.kind {
        ErrorKind::Command(failed) => Some(failed.code),
        ErrorKind::Write(WriteFailure::WriteError(failed)) => Some(failed.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(failed)) => Some(failed.code),
        _ => None,
    }
}
