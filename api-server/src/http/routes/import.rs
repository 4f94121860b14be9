//! A `.env` file in.

use axum::response::Response;
use ssm_domain::access::Action;
use ssm_domain::dotenv::{self, Assignment, ParseError};
use ssm_domain::secret::SecretValue;
use ssm_domain::secrets::{SetSecret, WriteSecrets};

use super::secrets::write::{ManyWritten, write_many};
use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::http::etag::Conditions;
use crate::http::path::InConfig;
use crate::http::query::Params;

/// Set what a `.env` file assigns, in one change, all or nothing
///
/// The body is the file, whatever its content type. Nothing in it is expanded or executed. A file with a line that is
/// not understood is refused whole: `errors` has one text for each such line, `line 3` and so on, and no values.
#[utoipa::path(
    post, path = "/api/projects/{project}/configs/{config}/secrets/import", operation_id = "importSecrets", tag = "Secrets",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("format" = Option<String>, Query, description = "`env`, also unless told"),
        ("dryRun" = Option<bool>, Query, description = "Change nothing, only tell what would become of each key"),
        ("If-Match" = Option<String>, Header, description = "The config's `ETag` that this change rests on"),
    ),
    request_body(content = String, content_type = "text/plain", description = "The file"),
    responses(
        (status = 200, body = ManyWritten), WriteErrors,
        (status = 412, body = ErrorBody, description = "The config is not at the revision of `If-Match`"),
    )
)]
pub(crate) async fn import(
    auth: Auth,
    path: InConfig,
    params: Params,
    conditions: Conditions,
    body: Unread,
) -> ApiResult<Response> {
    auth.may(Action::SecretsWrite, &path.0)?;
    if !matches!(params.text("format")?.as_deref(), None | Some("env")) {
        return Err(ApiError::invalid("format", "must be env"));
    }
    let (dry_run, expected) = (params.flag("dryRun", false)?, conditions.expected()?);
    let assignments = dotenv::parse(&body.bytes().await?).map_err(|broken| refusal(&broken))?;
    let set = assignments
        .into_iter()
        .map(set_secret)
        .collect::<ApiResult<_>>()?;
    let command = WriteSecrets {
        path: path.0,
        set,
        delete: Vec::new(),
        expected,
    };
    write_many(&auth, command, dry_run).await
}

fn set_secret(mut assignment: Assignment) -> ApiResult<SetSecret> {
    let line = format!("line {}", assignment.line);
    let key = assignment
        .key
        .parse()
        .map_err(|why| ApiError::invalid(&line, &format!("the key {why}")))?;
    let value = SecretValue::parse(std::mem::take(&mut assignment.value));
    Ok(SetSecret::new(
        key,
        value.map_err(|why| ApiError::invalid(&line, &format!("the value {why}")))?,
    ))
}

fn refusal(broken: &[ParseError]) -> ApiError {
    let lines = broken
        .iter()
        .map(|error| (format!("line {}", error.line), error.kind.to_string()));
    let message = match broken {
        [only] => format!("The file cannot be read: line {} {}", only.line, only.kind),
        [first, ..] => format!(
            "The file cannot be read: line {} {}; and {} more",
            first.line,
            first.kind,
            broken.len() - 1
        ),
        [] => "The file cannot be read".to_owned(),
    };
    ApiError::malformed("invalid_env_file", message).with_errors(lines.collect())
}
