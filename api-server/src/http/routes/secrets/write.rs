//! Many changes at once, done or only tried.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use ssm_domain::access::Action;
use ssm_domain::command::Command;
use ssm_domain::names::{ConfigPath, Key};
use ssm_domain::rejection::Rejection;
use ssm_domain::secret::SecretValue;
use ssm_domain::secrets::{
    ExpectedRevision, MAX_KEYS, Outcome, SetSecret, WriteSecrets, Written, WrittenKey,
};
use utoipa::ToSchema;

use super::super::Status;
use super::super::history::Opened;
use super::written;
use crate::http::auth::Auth;
use crate::http::body::{Pairs, Plaintext, Unread};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::http::etag::Conditions;
use crate::http::path::InConfig;

/// What becomes of one key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyChange {
    #[schema(example = "DATABASE_URL")]
    key: String,
    /// `new`, `changed`, `same` or `deleted`
    #[schema(example = "changed")]
    change: &'static str,
    /// Whether a config above has a value of this key, too
    overrides_inherited: bool,
    /// What was read as its value, from an import with `values=true`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    value: Option<Opened>,
}

impl KeyChange {
    fn of(written: &WrittenKey, value: Option<SecretValue>) -> Self {
        let change = match written.outcome {
            Outcome::New => "new",
            Outcome::Changed => "changed",
            Outcome::Same => "same",
            Outcome::Deleted => "deleted",
        };
        Self {
            key: written.key.to_string(),
            change,
            overrides_inherited: written.overrides_inherited,
            value: value.map(|value| Opened(Some(value))),
        }
    }
}

/// What a change of many keys comes to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyWritten {
    status: Status,
    /// Whether nothing was changed, only tried
    dry_run: bool,
    /// The config's revision: with this change, or as it is where it was only tried
    revision: u64,
    keys: Vec<KeyChange>,
}

/// Writes, or only tries to, and answers alike; with the values that were given, if the caller wants to see how they were read.
pub(crate) async fn write_many(
    auth: &Auth,
    command: WriteSecrets,
    dry_run: bool,
    with_values: bool,
) -> ApiResult<Response> {
    if command.set.len() + command.delete.len() > MAX_KEYS {
        return Err(Rejection::TooLarge("A config has at most 5000 keys of its own").into());
    }
    let path = command.path.clone();
    let given = command.set.iter().filter(|_| with_values);
    let given = given.map(|set| (set.key.clone(), set.value.clone()));
    let given = given.collect();
    run(auth, &path, command, dry_run, given).await
}

/// Runs a command that writes secrets of the config at `path`, or only tries to, and answers alike.
pub(crate) async fn run_many(
    auth: &Auth,
    path: &ConfigPath,
    command: impl Command<Answer = Written>,
    dry_run: bool,
) -> ApiResult<Response> {
    run(auth, path, command, dry_run, BTreeMap::new()).await
}

async fn run(
    auth: &Auth,
    path: &ConfigPath,
    command: impl Command<Answer = Written>,
    dry_run: bool,
    mut values: BTreeMap<Key, SecretValue>,
) -> ApiResult<Response> {
    let outcome = if dry_run {
        let mut outcome = auth.app.engine.preview(&auth.actor, &command)?;
        outcome.revision = auth.look(|_, caller| Ok(caller.config(path)?.revision))?;
        outcome
    } else {
        auth.run(command).await?
    };
    let keys = outcome.keys.iter();
    let keys = keys.map(|written| KeyChange::of(written, values.remove(&written.key)));
    let answer = ManyWritten {
        status: Status::Ok,
        dry_run,
        revision: outcome.revision,
        keys: keys.collect(),
    };
    Ok(written(auth, outcome.revision, answer))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PatchSecrets {
    /// Values by key
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    set: Option<Pairs>,
    /// Keys
    delete: Option<Vec<String>>,
    /// Change nothing, only tell what would become of each key
    dry_run: Option<bool>,
}

impl PatchSecrets {
    fn parse(
        self,
        path: ConfigPath,
        expected: Option<ExpectedRevision>,
    ) -> ApiResult<WriteSecrets> {
        let set = self.set.unwrap_or_default().0.into_iter();
        let set = set.map(|(key, value)| set_secret(&key, value));
        let delete = self.delete.unwrap_or_default();
        let delete = delete.iter().map(|key| {
            key.parse::<Key>()
                .map_err(|why| ApiError::invalid("delete", &why))
        });
        let (set, delete) = (
            set.collect::<ApiResult<_>>()?,
            delete.collect::<ApiResult<_>>()?,
        );
        Ok(WriteSecrets {
            path,
            set,
            delete,
            expected,
        })
    }
}

/// A key that is none is not repeated: people paste values where keys belong.
fn set_secret(key: &str, value: Plaintext) -> ApiResult<SetSecret> {
    let key: Key = key
        .parse()
        .map_err(|why| ApiError::invalid("set", &format!("each key {why}")))?;
    let value = value.into_value(key.as_str())?;
    Ok(SetSecret::new(key, value))
}

/// Set and delete any number of keys in one change, all or nothing
#[utoipa::path(
    patch, path = "/api/projects/{project}/configs/{config}/secrets", operation_id = "patchSecrets", tag = "Secrets", request_body = PatchSecrets,
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The config's `ETag` that this change rests on"),
    ),
    responses(
        (status = 200, body = ManyWritten), WriteErrors,
        (status = 412, body = ErrorBody, description = "The config is not at the revision of `If-Match`"),
    )
)]
pub(crate) async fn patch(
    auth: Auth,
    path: InConfig,
    conditions: Conditions,
    body: Unread,
) -> ApiResult<Response> {
    // Which of the two is needed, the body tells; whoever has neither learns nothing about it.
    let (write, delete) = (
        auth.may(Action::SecretsWrite, &path.0),
        auth.may(Action::SecretsDelete, &path.0),
    );
    write.or_else(|refused| delete.map_err(|_| refused))?;
    let patch: PatchSecrets = body.strict_json().await?;
    let dry_run = patch.dry_run.unwrap_or(false);
    let command = patch.parse(path.0, conditions.expected()?)?;
    write_many(&auth, command, dry_run, false).await
}
