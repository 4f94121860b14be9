//! A file in.

use std::collections::BTreeMap;

use axum::response::Response;
use ssm_domain::access::Action;
use ssm_domain::dotenv::{self, Assignment};
use ssm_domain::flat;
use ssm_domain::secret::SecretValue;
use ssm_domain::secrets::{SetSecret, WriteSecrets};

use super::secrets::write::{ManyWritten, write_many};
use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::http::etag::Conditions;
use crate::http::path::InConfig;
use crate::http::query::Params;

/// Set what a file assigns, in one change, all or nothing
///
/// The body is the file, whatever its content type (with the console's cookie that is `application/json`, as for every change,
/// since no form can send it): a `.env` file, or one flat object of texts in JSON or YAML, such as an
/// export's `data`. Nothing in it is expanded or executed. JSON gives numbers, booleans and `null` away as what they are,
/// and they are refused. YAML cannot be trusted to, so a value without quotes is the text that is written: `1.10` stays
/// `1.10`, and `no` stays `no`. Only `null`, `~` and nothing at all are refused, like anchors, aliases, tags, merge keys and a
/// second document. In each format a key may be set once only.
///
/// A file with anything that is not understood is refused whole: `errors` has one text for each broken line, under `line 3`
/// and so on, with keys and without values.
#[utoipa::path(
    post, path = "/api/projects/{project}/configs/{config}/secrets/import", operation_id = "importSecrets", tag = "Secrets",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("format" = Option<String>, Query, description = "`env` (unless told), `json` or `yaml`"),
        ("dryRun" = Option<bool>, Query, description = "Change nothing, only tell what would become of each key"),
        ("values" = Option<bool>, Query, description = "With `dryRun=true`: tell also what was read as the value of each key; `false` unless told"),
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
    let read = match params.text("format")?.as_deref() {
        None | Some("env") => env,
        Some("json") => json,
        Some("yaml") => yaml,
        Some(_) => return Err(ApiError::invalid("format", "must be env, json or yaml")),
    };
    let (dry_run, expected) = (params.flag("dryRun", false)?, conditions.expected()?);
    let with_values = params.flag("values", false)?;
    if with_values && !dry_run {
        let why = "can only be asked for with dryRun=true";
        return Err(ApiError::invalid("values", why));
    }
    let command = WriteSecrets {
        path: path.0,
        set: read(&body.bytes().await?)?,
        delete: Vec::new(),
        expected,
    };
    write_many(&auth, command, dry_run, with_values).await
}

fn env(file: &[u8]) -> ApiResult<Vec<SetSecret>> {
    let assignments = dotenv::parse(file).map_err(|broken| {
        let broken = broken.iter().map(|error| (error.line, error.kind));
        refusal("invalid_env_file", broken)
    })?;
    assignments.into_iter().map(set_secret).collect()
}

fn json(file: &[u8]) -> ApiResult<Vec<SetSecret>> {
    pairs("invalid_json_file", flat::parse_json(file))
}

fn yaml(file: &[u8]) -> ApiResult<Vec<SetSecret>> {
    pairs("invalid_yaml_file", flat::parse_yaml(file))
}

fn pairs(
    code: &'static str,
    parsed: Result<Vec<flat::Pair>, Vec<flat::ParseError>>,
) -> ApiResult<Vec<SetSecret>> {
    let pairs = parsed.map_err(|broken| {
        let broken = broken.iter().map(|error| (error.line, &error.problem));
        refusal(code, broken)
    })?;
    let pairs = pairs.into_iter();
    Ok(pairs
        .map(|(key, value)| SetSecret::new(key, value))
        .collect())
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

/// Lists what is broken, by line; what is broken on one line stands in one text.
fn refusal<P: ToString>(
    code: &'static str,
    broken: impl IntoIterator<Item = (usize, P)>,
) -> ApiError {
    let mut errors = BTreeMap::<String, String>::new();
    let (mut first, mut count) = (None, 0);
    for (line, problem) in broken {
        let (line, problem) = (format!("line {line}"), problem.to_string());
        first.get_or_insert_with(|| format!("{line} {problem}"));
        count += 1;
        let told = errors.entry(line).or_default();
        if !told.is_empty() {
            told.push_str("; ");
        }
        told.push_str(&problem);
    }
    let message = match (first, count) {
        (Some(only), 1) => format!("The file cannot be read: {only}"),
        (Some(first), count) => {
            format!("The file cannot be read: {first}; and {} more", count - 1)
        }
        (None, _) => "The file cannot be read".to_owned(),
    };
    ApiError::malformed(code, message).with_errors(errors)
}
