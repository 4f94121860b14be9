//! Which failures of `SQLite` mean that the file is not what was written. No error text holds a stored value: `SQLite`'s
//! speak of statements and columns.

use rusqlite::{Error, ErrorCode};
use ssm_engine::journal::ReadError;

/// Whether trying again cannot help, because the file itself is wrong.
pub fn is_damage(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
        ),
        Error::FromSqlConversionFailure(..)
        | Error::InvalidColumnType(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// What a failed read is to the engine.
pub fn read_error(error: &Error) -> ReadError {
    if is_damage(error) {
        ReadError::Damaged(error.to_string())
    } else {
        ReadError::Unavailable(error.to_string())
    }
}
