//! What an answer of the Kubernetes API server means for a reconcile. One `match`, no text of the server's that could hold
//! a value.

use kube::Error;
use kube::core::response::Status;

use crate::problem::printable;

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Somebody else was faster: read and plan again.
    Conflict,
    /// The object is not there.
    NotFound,
    /// The namespace is being deleted, so nothing matters any more.
    NamespaceGone,
    /// It will be refused again until somebody changes something.
    Refused(String),
    /// It may work later.
    Transient(String),
}

/// The meaning of an error.
pub fn meaning(error: &Error) -> Meaning {
    match error {
        Error::Api(status) => of_status(status),
        other => Meaning::Transient(name(other).to_owned()),
    }
}

/// Somebody else has set a field that was to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldConflict {
    /// `key`, `label`, `annotation` or `field`.
    pub what: &'static str,
    /// Its name.
    pub field: String,
    /// Under which name the other has set it.
    pub manager: String,
}

/// The first conflict of an apply that was refused because of others' fields.
pub fn field_conflict(error: &Error) -> Option<FieldConflict> {
    let Error::Api(status) = error else {
        return None;
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let cause = causes
        .into_iter()
        .find(|cause| status.code == 409 && cause.reason == "FieldManagerConflict")?;
    let (what, field) = [
        (".data.", "key"),
        (".metadata.labels.", "label"),
        (".metadata.annotations.", "annotation"),
    ]
    .iter()
    .find_map(|(prefix, what)| Some((*what, cause.field.strip_prefix(prefix)?)))
    .unwrap_or(("field", &cause.field));
    // The message names the manager in quotes, and no value.
    let manager = cause.message.split('"').nth(1).unwrap_or("others");
    Some(FieldConflict {
        what,
        field: printable(field),
        manager: printable(manager),
    })
}

/// A short text for the log.
pub fn describe(error: &Error) -> String {
    match error {
        Error::Api(status) => format!("{} {}", status.code, status.reason),
        other => name(other).to_owned(),
    }
}

fn of_status(status: &Status) -> Meaning {
    match status.code {
        404 => Meaning::NotFound,
        409 => Meaning::Conflict,
        403 if causes(status).any(|cause| cause == "NamespaceTerminating") => {
            Meaning::NamespaceGone
        }
        401 | 403 => {
            Meaning::Refused("the operator lacks the right to do it, see its Role".to_owned())
        }
        400 | 413 | 422 => {
            let fields: Vec<&str> = status
                .details
                .iter()
                .flat_map(|details| &details.causes)
                .map(|cause| cause.field.as_str())
                .filter(|field| !field.is_empty())
                .collect();
            let fields = if fields.is_empty() {
                String::new()
            } else {
                format!(", fields: {}", fields.join(", "))
            };
            Meaning::Refused(format!("{} {}{fields}", status.code, status.reason))
        }
        code => Meaning::Transient(format!("{code} {}", status.reason)),
    }
}

fn causes(status: &Status) -> impl Iterator<Item = &str> {
    status
        .details
        .iter()
        .flat_map(|details| &details.causes)
        .map(|cause| cause.reason.as_str())
}

fn name(error: &Error) -> &'static str {
    match error {
        Error::HyperError(_) | Error::Service(_) | Error::HttpError(_) => {
            "the Kubernetes API server cannot be reached"
        }
        Error::SerdeError(_) | Error::FromUtf8(_) => {
            "the Kubernetes API server's answer cannot be read"
        }
        Error::Auth(_) => "the operator's Kubernetes credentials do not work",
        _ => "a call to the Kubernetes API server failed",
    }
}
