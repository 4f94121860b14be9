//! Calls to the database: how long one may take, and what its failure means.
//!
//! The driver has no time limit of its own for an answer that never comes, and to drop its futures half-way is not safe. So
//! every call is a task of its own; whoever stops waiting does not stop it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mongodb::Cursor;
use mongodb::error::{Error, ErrorKind, WriteFailure};
use serde::de::DeserializeOwned;
use ssm_engine::activity::StoreError;
use ssm_engine::journal::{AppendError, ReadError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long an answer is waited for; of many documents, how long for the next one.
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
    end(tokio::spawn(work), &Notify::new()).await
}

/// Waits for the end of a call, anew whenever there is some of its answer.
async fn end<T>(mut call: JoinHandle<Result<T, Error>>, some: &Notify) -> Result<T, CallError> {
    loop {
        tokio::select! {
            done = &mut call => {
                return done.map_err(|_| CallError::Stopped)?.map_err(CallError::Failed);
            }
            waited = timeout(PATIENCE, some.notified()) => waited.map_err(|_| CallError::Late)?,
        }
    }
}

/// The same as [`call`] for what only reads.
pub async fn read<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, ReadError> {
    call(work).await.map_err(|error| unread(&error))
}

/// Reads every document that is found. All of them may take longer than one answer may, as over a slow network.
pub async fn read_all<T: DeserializeOwned + Send + 'static>(
    find: impl Future<Output = Result<Cursor<T>, Error>> + Send + 'static,
) -> Result<Vec<T>, ReadError> {
    let some = Arc::new(Notify::new());
    let one_more = Arc::clone(&some);
    let reading = tokio::spawn(async move {
        let mut found = find.await?;
        let mut all = Vec::new();
        while found.advance().await? {
            one_more.notify_one();
            all.push(found.deserialize_current()?);
        }
        Ok(all)
    });
    end(reading, &some).await.map_err(|error| unread(&error))
}

fn unread(error: &CallError) -> ReadError {
    match error {
        CallError::Failed(failed) if is_damage(failed) => ReadError::Damaged(error.to_string()),
        CallError::Failed(_) | CallError::Late | CallError::Stopped => {
            ReadError::Unavailable(error.to_string())
        }
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::Notify;
    use tokio::time::sleep;

    use super::{CallError, PATIENCE, end};

    /// What becomes of a call whose answer comes in three pieces, so far apart.
    async fn in_pieces(apart: Duration) -> Result<&'static str, CallError> {
        let some = Arc::new(Notify::new());
        let one_more = Arc::clone(&some);
        let call = tokio::spawn(async move {
            for _ in 0..3 {
                sleep(apart).await;
                one_more.notify_one();
            }
            Ok("all of it")
        });
        end(call, &some).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_answer_may_take_its_time_as_long_as_it_goes_on() {
        assert_eq!(in_pieces(PATIENCE / 2).await.unwrap(), "all of it");
        let late = in_pieces(PATIENCE * 2).await.unwrap_err();
        assert!(matches!(late, CallError::Late));
    }
}
