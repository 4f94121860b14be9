//! What the client is told when something is refused, and what only the log is told.
//!
//! A handler returns an [`ApiError`]; [`super::observe`] gives it the request's id, writes the body and logs it once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use ssm_domain::entry::Seq;
use ssm_domain::references::Fault;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_engine::access::Unrecorded;
use ssm_engine::throttle::Wait;
use ssm_engine::{ReadFailure, RunError};
use utoipa::{IntoResponses, ToSchema};

/// What a handler returns.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// How clients of this server prove who they are.
const BEARER: &str = r#"Bearer realm="ssm""#;
const BASIC: &str = r#"Basic realm="ssm", charset="UTF-8""#;

const ALREADY_DONE: &str = "already_done";

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// What is wrong, for people.
    #[schema(example = "Config not found")]
    message: Cow<'static, str>,
    /// What is wrong, for programs.
    #[schema(example = "config_not_found")]
    code: &'static str,
    /// The request's id, which the server's log has, too.
    request_id: String,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<BTreeMap<String, String>>,
    /// Where it was done already: the entry of the journal
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// Where it was done already: the revision that the config is at now
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    /// Where it was done already: the token that was made
    #[serde(rename = "token_id", skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
}

/// What the same request came to when it was here before.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    /// The entry that it is in the journal.
    pub seq: Seq,
    /// The revision of the config that it changed.
    pub revision: Option<Seq>,
    /// The token that it made.
    pub token_id: Option<String>,
}

/// A refusal on its way to the client.
#[derive(Debug, Clone)]
pub(crate) struct ApiError(Box<Refusal>);

#[derive(Debug, Clone)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    errors: Option<BTreeMap<String, String>>,
    earlier: Option<Earlier>,
    retry_after: Option<u32>,
    challenge: Option<&'static str>,
    for_log: Option<String>,
}

impl ApiError {
    /// A refusal of a kind of its own. The message repeats nothing that the client sent.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Refusal {
            status,
            code,
            message: message.into(),
            errors: None,
            earlier: None,
            retry_after: None,
            challenge: (status == StatusCode::UNAUTHORIZED).then_some(BEARER),
            for_log: None,
        }))
    }

    /// A field has a value that it cannot have.
    pub(crate) fn invalid(field: impl Into<String>, why: &(impl ToString + ?Sized)) -> Self {
        Rejection::invalid(field, &why.to_string()).into()
    }

    /// The request is not what the endpoint takes.
    pub(crate) fn malformed(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// There is no such endpoint.
    pub(crate) fn no_such_endpoint() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this path",
        )
    }

    /// The server is at fault. The client learns no more than that.
    pub(crate) fn internal(for_log: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
        )
        .logging(for_log)
    }

    /// The same with what is wrong with each field.
    pub(crate) fn with_errors(mut self, errors: BTreeMap<String, String>) -> Self {
        self.0.errors = Some(errors);
        self
    }

    /// The same with what was done before.
    pub(crate) fn with_earlier(mut self, earlier: Earlier) -> Self {
        self.0.earlier = Some(earlier);
        self
    }

    /// Whether the journal has it already.
    pub(crate) fn is_already_done(&self) -> bool {
        self.0.code == ALREADY_DONE
    }

    /// The same, to be tried again in so many seconds.
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same at an endpoint that takes a username and password.
    pub(crate) fn asking_for_password(mut self) -> Self {
        self.0.challenge = self.0.challenge.map(|_| BASIC);
        self
    }

    /// The same, and the log is told more.
    fn logging(mut self, for_log: impl Into<String>) -> Self {
        self.0.for_log = Some(for_log.into());
        self
    }

    /// What only the log is told.
    pub(crate) fn for_log(&self) -> Option<&str> {
        self.0.for_log.as_deref()
    }

    /// The code for programs.
    pub(crate) fn code(&self) -> &'static str {
        self.0.code
    }

    /// The answer, which carries the request's id.
    pub(crate) fn answer(self, request_id: &str) -> Response {
        let refusal = *self.0;
        let body = ErrorBody {
            message: refusal.message,
            code: refusal.code,
            request_id: request_id.to_owned(),
            errors: refusal.errors,
            seq: refusal.earlier.as_ref().map(|earlier| earlier.seq),
            revision: refusal
                .earlier
                .as_ref()
                .and_then(|earlier| earlier.revision),
            token_id: refusal.earlier.and_then(|earlier| earlier.token_id),
        };
        let mut response = (refusal.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = refusal.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(challenge) = refusal.challenge {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response
    }
}

/// Only marks the response; [`ApiError::answer`] makes it once the request's id is at hand.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        let message = rejection.to_string();
        let (status, code) = match &rejection {
            Rejection::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Rejection::MissingScope(_) => (StatusCode::FORBIDDEN, "missing_scope"),
            Rejection::NotAUser => (StatusCode::FORBIDDEN, "not_a_user"),
            Rejection::NotFound(Noun::Project) => (StatusCode::NOT_FOUND, "project_not_found"),
            Rejection::NotFound(Noun::Config) => (StatusCode::NOT_FOUND, "config_not_found"),
            Rejection::NotFound(Noun::Secret) => (StatusCode::NOT_FOUND, "secret_not_found"),
            Rejection::NotFound(Noun::Token) => (StatusCode::NOT_FOUND, "token_not_found"),
            Rejection::NotFound(Noun::User) => (StatusCode::NOT_FOUND, "user_not_found"),
            Rejection::NotFound(Noun::Group) => (StatusCode::NOT_FOUND, "group_not_found"),
            Rejection::NotFound(Noun::Mapping) => (StatusCode::NOT_FOUND, "mapping_not_found"),
            Rejection::NotFound(Noun::ProjectMember) => {
                (StatusCode::NOT_FOUND, "project_member_not_found")
            }
            Rejection::ConfigDeleted => (StatusCode::NOT_FOUND, "config_deleted"),
            // Version 1.4 answers so, and its clients look for it.
            Rejection::AlreadyExists(_) => (StatusCode::BAD_REQUEST, "already_exists"),
            Rejection::AlreadyInitialized => (StatusCode::CONFLICT, "already_initialized"),
            Rejection::LastOwner => (StatusCode::CONFLICT, "last_owner"),
            Rejection::HasChildren => (StatusCode::CONFLICT, "has_children"),
            Rejection::InheritanceCycle => (StatusCode::CONFLICT, "inheritance_cycle"),
            Rejection::RevisionNotFound => (StatusCode::NOT_FOUND, "revision_not_found"),
            Rejection::AlreadyDone(_) => (StatusCode::CONFLICT, ALREADY_DONE),
            Rejection::IdempotencyKeyReused => (StatusCode::CONFLICT, "idempotency_key_reused"),
            Rejection::HasDependents => (StatusCode::CONFLICT, "has_dependents"),
            Rejection::Reference { fault, .. } => of_fault(fault),
            Rejection::RevisionMoved { .. } => (StatusCode::PRECONDITION_FAILED, "revision_moved"),
            Rejection::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid"),
            Rejection::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Rejection::KeyMissing => (StatusCode::SERVICE_UNAVAILABLE, "key_missing"),
            Rejection::NothingToRotateTo => (StatusCode::CONFLICT, "nothing_to_rotate_to"),
            Rejection::Unopenable(_) => (StatusCode::INTERNAL_SERVER_ERROR, "unopenable"),
        };
        let mut error = Self::new(status, code, message);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            error = error.retry_after(10);
        }
        if status.is_server_error() {
            error.0.for_log = Some(error.0.message.to_string());
        }
        match rejection {
            Rejection::Invalid { field, why } => error.with_errors([(field, why)].into()),
            Rejection::Reference { key, fault } => {
                error.with_errors([(key.to_string(), fault.to_string())].into())
            }
            _ => error,
        }
    }
}

fn of_fault(fault: &Fault) -> (StatusCode, &'static str) {
    match fault {
        Fault::Syntax(_) => (StatusCode::BAD_REQUEST, "invalid_reference"),
        Fault::Unresolved(_) => (StatusCode::BAD_REQUEST, "unresolved_reference"),
        Fault::Forbidden(_) => (StatusCode::FORBIDDEN, "reference_forbidden"),
        Fault::Cycle(_) => (StatusCode::BAD_REQUEST, "reference_cycle"),
        Fault::TooDeep => (StatusCode::BAD_REQUEST, "reference_too_deep"),
        Fault::TooLarge => (StatusCode::BAD_REQUEST, "references_too_large"),
    }
}

impl From<RunError> for ApiError {
    fn from(error: RunError) -> Self {
        let message = error.to_string();
        let unavailable = |code| {
            let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message.clone());
            error.retry_after(1).logging(message.clone())
        };
        match error {
            RunError::Rejected(rejection) => rejection.into(),
            RunError::Unavailable => unavailable("unavailable"),
            RunError::OutcomeUnknown => unavailable("outcome_unknown"),
            RunError::Stale => unavailable("stale"),
            RunError::Busy => unavailable("busy"),
            RunError::Throttled(Wait(left)) => {
                let seconds = left.as_millis().div_ceil(1_000);
                let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", message);
                error.retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
            }
        }
    }
}

impl From<ReadFailure> for ApiError {
    fn from(failure: ReadFailure) -> Self {
        let message = failure.to_string();
        match failure {
            ReadFailure::Rejected(rejection) => rejection.into(),
            ReadFailure::Unavailable(source) => {
                let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
                error.retry_after(1).logging(source.to_string())
            }
        }
    }
}

impl From<Unrecorded> for ApiError {
    fn from(error: Unrecorded) -> Self {
        let (status, message) = (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
        Self::new(status, "audit_unavailable", message).retry_after(1)
    }
}

/// How a read is refused, for the `OpenAPI` document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only documents")]
pub(crate) enum ReadErrors {
    /// A parameter has a value that it cannot have
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// No credentials, or none that are good any more
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// Visible to this caller, but not allowed
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Absent, or not visible to this caller
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// Not possible now; `Retry-After` says when to try again
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// How a change is refused, for the `OpenAPI` document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only documents")]
pub(crate) enum WriteErrors {
    /// Malformed, or a field has a value that it cannot have
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// No credentials, or none that are good any more
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// Visible to this caller, but not allowed
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Absent, or not visible to this caller
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// Larger than it may be
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body's content type is not the one that the endpoint takes
    #[response(status = 415)]
    UnsupportedMediaType(ErrorBody),
    /// Not possible now, or not known whether it was done; `Retry-After` says when to look or try again
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use ssm_domain::rejection::{Noun, Rejection};
    use ssm_engine::RunError;

    use super::ApiError;

    #[test]
    fn what_the_server_is_to_blame_for_is_logged_and_what_the_client_is_to_blame_for_is_not() {
        for (error, status, logged) in [
            (
                ApiError::from(Rejection::NotFound(Noun::Config)),
                StatusCode::NOT_FOUND,
                false,
            ),
            (
                ApiError::from(Rejection::AlreadyExists(Noun::Project)),
                StatusCode::BAD_REQUEST,
                false,
            ),
            (
                ApiError::from(Rejection::Unopenable("A".into())),
                StatusCode::INTERNAL_SERVER_ERROR,
                true,
            ),
            (
                ApiError::from(RunError::OutcomeUnknown),
                StatusCode::SERVICE_UNAVAILABLE,
                true,
            ),
            (
                ApiError::internal("x"),
                StatusCode::INTERNAL_SERVER_ERROR,
                true,
            ),
        ] {
            assert_eq!(
                (error.0.status, error.for_log().is_some()),
                (status, logged),
                "{}",
                error.code()
            );
        }
    }

    #[test]
    fn a_refused_credential_says_what_would_be_accepted() {
        let headers =
            |error: ApiError| error.answer("id").headers()[http::header::WWW_AUTHENTICATE].clone();
        assert!(
            headers(Rejection::Unauthenticated.into())
                .as_bytes()
                .starts_with(b"Bearer")
        );
        let error = ApiError::from(Rejection::Unauthenticated).asking_for_password();
        assert!(headers(error).as_bytes().starts_with(b"Basic"));
    }
}
