//! `ssm-server openapi`: the description of the API.

use crate::cli::{Exit, Outcome};
use crate::http;

/// Prints the document.
pub(crate) fn run() -> Outcome {
    super::print(http::openapi_json().as_bytes())?;
    Ok(Exit::Fine)
}
