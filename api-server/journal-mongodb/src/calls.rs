//! Calls to the database: how long one may take, and what its failure means.
//!
//! The driver has no time limit of its own for an answer that never comes, and to drop its futures half-way is not safe. So
//! every call is a task of its own; whoever stops waiting does not stop it.

use std::fmt;
use std::time::Duration;

use mongodb::error::{Error, ErrorKind, WriteFailure};
use ssm_engine::activity::StoreError;
use ssm_engine::journal::{AppendError, ReadError};
use tokio::time::timeout;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Codes of the server for a key that is there already.
const DUPLICATE_KEY: [i32; 3] = [11000, 11001, 12582];

/// A call did not do what it should.
#[derive(Debug)]
pub enum CallError {
    /// The database said so, or cannot be reached.
    Failed(Error),
    /// There was no answer in time; there may be one later.
    Late,
    /// The server is going down.
    Stopped,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.write_str(&describe(error)),
            Self::Late => write!(f, "no answer from MongoDB in {} s", PATIENCE.as_secs()),
            Self::Stopped => f.write_str("the server is going down"),
        }
    }
}

/// Runs a call to its end, and waits for it only so long.
pub async fn call<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, CallError> {
    match timeout(PATIENCE, tokio::spawn(work)).await {
        Ok(Ok(done)) => done.map_err(CallError::Failed),
        Ok(Err(_)) => Err(CallError::Stopped),
        Err(_) => Err(CallError::Late),
    }
}

/// The same for what only reads.
pub async fn read<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, ReadError> {
    call(work).await.map_err(|error| match &error {
        CallError::Failed(failed) if is_damage(failed) => ReadError::Damaged(error.to_string()),
        CallError::Failed(_) | CallError::Late | CallError::Stopped => {
            ReadError::Unavailable(error.to_string())
        }
    })
}

/// The same for what is stored beside the entries.
pub async fn store<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, StoreError> {
    call(work)
        .await
        .map_err(|error| StoreError(error.to_string()))
}

/// Whether a document is not what was written.
fn is_damage(error: &Error) -> bool {
    matches!(
        &*error.kind,
        ErrorKind::BsonDeserialization(_) | ErrorKind::Bson(_)
    )
}

/// What a failed insertion of documents in their order means for them.
pub fn not_inserted(error: &CallError) -> AppendError {
    let why = error.to_string();
    let CallError::Failed(error) = error else {
        return AppendError::Unknown(why);
    };
    match &*error.kind {
        // The first refused document ends the insertion. Of what is before it, the journal says that it may be there.
        ErrorKind::InsertMany(failed) if failed.write_concern_error.is_none() => {
            let refused = failed.write_errors.as_deref().unwrap_or_default().first();
            match refused {
                Some(refused) if DUPLICATE_KEY.contains(&refused.code) => AppendError::Conflict,
                Some(refused) if refused.index == 0 => AppendError::Unavailable(why),
                Some(_) | None => AppendError::Unknown(why),
            }
        }
        // No server was found to send it to.
        ErrorKind::ServerSelection { .. } => AppendError::Unavailable(why),
        _ => AppendError::Unknown(why),
    }
}

/// Whether every document that was not inserted is there already.
pub fn only_duplicates(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::InsertMany(failed) => {
            let refused = failed.write_errors.as_deref().unwrap_or_default();
            failed.write_concern_error.is_none()
                && refused.iter().all(|one| DUPLICATE_KEY.contains(&one.code))
        }
        ErrorKind::Write(WriteFailure::WriteError(one)) => DUPLICATE_KEY.contains(&one.code),
        _ => false,
    }
}

/// A failure in words that hold nothing of what is stored: a server's own words may quote a document.
pub fn describe(error: &Error) -> String {
    let server_says = |code: i32, name: &str| {
        let name = if name.is_empty() { "error" } else { name };
        format!("MongoDB answered {name} ({code})")
    };
    match &*error.kind {
        ErrorKind::Command(failed) => server_says(failed.code, &failed.code_name),
        ErrorKind::Write(WriteFailure::WriteError(failed)) => {
            server_says(failed.code, failed.code_name.as_deref().unwrap_or_default())
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(failed)) => {
            server_says(failed.code, &failed.code_name)
        }
        ErrorKind::InsertMany(failed) => match (
            failed.write_errors.as_deref().unwrap_or_default().first(),
            &failed.write_concern_error,
        ) {
            (_, Some(failed)) => server_says(failed.code, &failed.code_name),
            (Some(failed), None) => {
                server_says(failed.code, failed.code_name.as_deref().unwrap_or_default())
            }
            (None, None) => "MongoDB refused an insertion".to_owned(),
        },
        ErrorKind::Io(error) => format!("the connection to MongoDB failed: {error}"),
        ErrorKind::ServerSelection { .. } => "no MongoDB that can be written answers".to_owned(),
        ErrorKind::ConnectionPoolCleared { .. } => "MongoDB closed its connections".to_owned(),
        ErrorKind::Authentication { .. } => {
            "MongoDB does not accept the user and password".to_owned()
        }
        ErrorKind::DnsResolve { .. } => "the name of the MongoDB cannot be resolved".to_owned(),
        ErrorKind::BsonDeserialization(_) | ErrorKind::Bson(_) => {
            "a document does not have the fields that it was written with".to_owned()
        }
        ErrorKind::Shutdown => "the server is going down".to_owned(),
        _ => "MongoDB cannot be used".to_owned(),
    }
}
