//! What can go wrong between a caller and the server, one variant for each thing a caller may want to do about it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The server's own explanation of a refusal; safe to show, since the server never repeats input or secrets in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// For people.
    pub message: String,
    /// For programs, such as `config_deleted`; empty where the server gave none.
    pub code: String,
    /// Finds the request in the server's log.
    pub request_id: Option<String>,
    /// Why each field was refused, where the request was invalid.
    pub fields: BTreeMap<String, String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.message.is_empty() {
            "no reason given"
        } else {
            &self.message
        })?;
        for (field, why) in &self.fields {
            write!(f, "; {field}: {why}")?;
        }
        Ok(())
    }
}

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The server's URL cannot be used.
    #[error("invalid server URL: {0}")]
    InvalidUrl(&'static str),
    /// The CA bundle holds no usable certificate.
    #[error("invalid CA bundle: {0}")]
    InvalidCaBundle(&'static str),
    /// An argument cannot be sent, such as a token with a line break or an empty name.
    #[error("invalid argument: {0}")]
    InvalidArgument(&'static str),
    /// 401: no credentials, or dead ones.
    #[error("not authenticated: {0}")]
    Unauthorized(Refusal),
    /// 403: known, but not allowed.
    #[error("not allowed: {0}")]
    Forbidden(Refusal),
    /// 404: absent, or not visible to this caller. `code` is `config_deleted` for a token scoped to a deleted config.
    #[error("not found: {0}")]
    NotFound(Refusal),
    /// 409.
    #[error("conflict: {0}")]
    Conflict(Refusal),
    /// 412: the config has moved on from the revision that was named.
    #[error("precondition failed: {0}")]
    PreconditionFailed(Refusal),
    /// 413.
    #[error("too large: {0}")]
    TooLarge(Refusal),
    /// 400, 415 and other statuses in the four hundreds: asking again unchanged will not help.
    #[error("request refused ({status}): {refusal}")]
    Invalid {
        /// HTTP status.
        status: u16,
        /// The server's words.
        refusal: Refusal,
    },
    /// 429.
    #[error("too many requests: {refusal}")]
    RateLimited {
        /// The server's words.
        refusal: Refusal,
        /// When to ask again, where the server said so.
        retry_after: Option<Duration>,
    },
    /// 503, with the code `outcome_unknown` where a write may or may not have happened.
    #[error("server unavailable: {refusal}")]
    Unavailable {
        /// The server's words.
        refusal: Refusal,
        /// When to ask again, where the server said so.
        retry_after: Option<Duration>,
    },
    /// Another status in the five hundreds.
    #[error("server error ({status}): {refusal}")]
    Server {
        /// HTTP status.
        status: u16,
        /// The server's words.
        refusal: Refusal,
    },
    /// The server answered with a redirect, which is not followed.
    #[error("the server redirects ({status}); redirects are not followed, give the final URL")]
    Redirected {
        /// HTTP status.
        status: u16,
    },
    /// No answer: connection refused, DNS, TLS, a broken connection.
    #[error("cannot reach the server: {0}")]
    Transport(String),
    /// No answer in time.
    #[error("no answer from the server within {0:?}")]
    Timeout(Duration),
    /// The watch stream was silent for too long, so it is taken for dead.
    #[error("the watch stream was silent for {0:?}")]
    StreamSilent(Duration),
    /// The server ended the watch stream.
    #[error("the server ended the watch stream")]
    StreamEnded,
    /// The answer is larger than a client accepts.
    #[error("the answer is larger than {0} bytes")]
    ResponseTooLarge(usize),
    /// The answer is not what this API gives.
    #[error("not a valid answer: {0}")]
    Protocol(&'static str),
}

impl Error {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Server { .. }
            | Self::Transport(_)
            | Self::Timeout(_)
            | Self::StreamSilent(_)
            | Self::StreamEnded => true,
            Self::InvalidUrl(_)
            | Self::InvalidCaBundle(_)
            | Self::InvalidArgument(_)
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::NotFound(_)
            | Self::Conflict(_)
            | Self::PreconditionFailed(_)
            | Self::TooLarge(_)
            | Self::Invalid { .. }
            | Self::Redirected { .. }
            | Self::ResponseTooLarge(_)
            | Self::Protocol(_) => false,
        }
    }

    /// The server's words, where it spoke.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Unauthorized(refusal)
            | Self::Forbidden(refusal)
            | Self::NotFound(refusal)
            | Self::Conflict(refusal)
            | Self::PreconditionFailed(refusal)
            | Self::TooLarge(refusal)
            | Self::Invalid { refusal, .. }
            | Self::RateLimited { refusal, .. }
            | Self::Unavailable { refusal, .. }
            | Self::Server { refusal, .. } => Some(refusal),
            Self::InvalidUrl(_)
            | Self::InvalidCaBundle(_)
            | Self::InvalidArgument(_)
            | Self::Redirected { .. }
            | Self::Transport(_)
            | Self::Timeout(_)
            | Self::StreamSilent(_)
            | Self::StreamEnded
            | Self::ResponseTooLarge(_)
            | Self::Protocol(_) => None,
        }
    }

    /// The server's code for programs, or an empty string.
    pub fn code(&self) -> &str {
        self.refusal().map_or("", |refusal| refusal.code.as_str())
    }

    /// When the server asked to be tried again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Unavailable { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }

    /// A transport error as a short text: the chain of causes, without URL, headers or body.
    pub(crate) fn transport(error: reqwest::Error, limit: Duration) -> Self {
        if error.is_timeout() {
            return Self::Timeout(limit);
        }
        let error = error.without_url();
        let mut text = String::new();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(step) = cause {
            let words = step.to_string();
            if !text.contains(&words) {
                if !text.is_empty() {
                    text.push_str(": ");
                }
                text.push_str(&words);
            }
            cause = step.source();
        }
        Self::Transport(text)
    }
}
