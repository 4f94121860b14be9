//! One key in every config of a project.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::{Serialize, Serializer};
use ssm_domain::access::Action;
use ssm_domain::compare::{self, ComparedKey, Comparison, Issue, IssueKind, Reading};
use ssm_domain::entry::Target;
use ssm_domain::names::{ConfigPath, Key, Slug};
use ssm_domain::secret::SecretValue;
use utoipa::ToSchema;

use super::super::Status;
use super::super::secrets::max_depth;
use super::super::secrets::render::{SecretMeta, json};
use super::admit;
use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, ReadErrors};
use crate::http::path::KeyPath;
use crate::http::query::Params;

/// The most configs that are compared.
const MAX_CONFIGS: u64 = 200;

/// A key side by side.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyComparison<'a> {
    status: Status,
    project: &'a str,
    #[schema(example = "DATABASE_URL")]
    key: &'a str,
    /// In the order of slugs
    configs: Vec<ConfigValue<'a>>,
    summary: ComparisonSummary,
    issues_summary: IssuesSummary,
}

/// A key in one config.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigValue<'a> {
    config_slug: &'a str,
    effective: EffectiveValue<'a>,
    direct: DirectValue<'a>,
    /// With `include_meta=true`; `null` where there is no value
    meta: Option<SecretMeta<'a>>,
    issues: Vec<ComparisonIssue<'a>>,
    has_issues: bool,
}

/// What counts in a config.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EffectiveValue<'a> {
    /// `null` where there is none, or where its references come to none
    #[schema(value_type = Option<String>)]
    value: Option<Revealed<'a>>,
    /// The config that it is from
    source: Option<&'a str>,
    is_inherited: bool,
}

/// What a config has itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct DirectValue<'a> {
    exists: bool,
    /// As it is stored, with its references as they are written
    #[schema(value_type = Option<String>)]
    value: Option<Revealed<'a>>,
}

/// What is wrong with a key in a config.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComparisonIssue<'a> {
    /// `missing_effective_value`, `broken_reference_unresolved`, `broken_reference_syntax` or `broken_reference_cycle_or_depth`
    #[schema(example = "missing_effective_value")]
    code: String,
    /// `warning` where there is no value, else `error`
    #[schema(example = "warning")]
    severity: &'static str,
    /// Names references, never a value
    message: &'a str,
}

/// How many values there are, of all configs that were compared.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComparisonSummary {
    unique_effective_values: usize,
    missing_count: usize,
    /// Whether there is more than one value
    conflict: bool,
}

/// What is wrong, of all configs that were compared.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssuesSummary {
    total_issues: usize,
    affected_configs: usize,
    by_code: BTreeMap<String, usize>,
}

struct Revealed<'a>(&'a SecretValue);

impl Serialize for Revealed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.reveal())
    }
}

/// What of a comparison is told.
#[derive(Clone, Copy)]
struct Shown {
    reading: Reading,
    meta: bool,
    empty: bool,
    configs: usize,
}

impl Shown {
    fn parse(params: &Params) -> ApiResult<Self> {
        let configs = params.number_in("limit_configs", 1..=u64::MAX)?;
        let configs = configs.unwrap_or(MAX_CONFIGS).min(MAX_CONFIGS);
        Ok(Self {
            reading: Reading {
                inherited: params.flag("include_parent", true)?,
                depth: max_depth(params, true)?,
            },
            meta: params.flag("include_meta", true)?,
            empty: params.flag("include_empty", true)?,
            configs: usize::try_from(configs).unwrap_or(usize::MAX),
        })
    }
}

impl<'a> KeyComparison<'a> {
    fn of(project: &'a Slug, key: &'a Key, found: &'a Comparison<'a>, shown: Shown) -> Self {
        let is_shown = |found: &&ComparedKey<'_>| shown.empty || found.effective.is_some();
        let configs = found.configs.iter().filter(is_shown);
        let unique = found.unique_values();
        let missing = |found: &&ComparedKey<'_>| found.effective.is_none();
        let mut by_code = BTreeMap::new();
        for issue in found.issues() {
            *by_code.entry(issue.kind.to_string()).or_default() += 1;
        }
        let affected = |found: &&ComparedKey<'_>| !found.issues.is_empty();
        Self {
            status: Status::Ok,
            project: project.as_str(),
            key: key.as_str(),
            configs: configs
                .map(|found| ConfigValue::of(key, found, shown.meta))
                .collect(),
            summary: ComparisonSummary {
                unique_effective_values: unique,
                missing_count: found.configs.iter().filter(missing).count(),
                conflict: unique > 1,
            },
            issues_summary: IssuesSummary {
                total_issues: found.issues().count(),
                affected_configs: found.configs.iter().filter(affected).count(),
                by_code,
            },
        }
    }
}

impl<'a> ConfigValue<'a> {
    fn of(key: &Key, found: &'a ComparedKey<'a>, meta: bool) -> Self {
        let effective = found.effective.as_ref();
        Self {
            config_slug: found.config.slug.as_str(),
            effective: EffectiveValue {
                value: found.value.as_ref().map(Revealed),
                source: effective.map(|found| found.source.slug.as_str()),
                is_inherited: effective.is_some_and(|secret| secret.is_inherited(found.config)),
            },
            direct: DirectValue {
                exists: found.own.is_some(),
                value: found.own.as_ref().map(Revealed),
            },
            meta: effective
                .filter(|_| meta)
                .map(|secret| SecretMeta::of(found.config, key, secret)),
            issues: found.issues.iter().map(ComparisonIssue::of).collect(),
            has_issues: !found.issues.is_empty(),
        }
    }
}

impl<'a> ComparisonIssue<'a> {
    fn of(issue: &'a Issue) -> Self {
        Self {
            code: issue.kind.to_string(),
            severity: match issue.kind {
                IssueKind::Missing => "warning",
                IssueKind::Unresolved | IssueKind::Syntax | IssueKind::Endless => "error",
            },
            message: &issue.message,
        }
    }
}

/// One key in every config of a project
///
/// Shows the configs whose values the caller may read, and needs `secrets:read` in those. What is wrong with a reference
/// in one of them is told there, and hides nothing of the others; a reference to what the caller may not read is
/// `broken_reference_unresolved`, with the reference's name. The summaries count all of these configs, whether or not
/// `include_empty` shows them.
#[utoipa::path(
    get, path = "/api/projects/{project}/compare/secrets/{key}", operation_id = "compareKey", tag = "Compare",
    params(
        ("project" = String, Path), ("key" = String, Path),
        ("include_parent" = Option<bool>, Query, description = "Inherited values, too; `true` unless told"),
        ("include_meta" = Option<bool>, Query, description = "Where each value is from; `true` unless told"),
        ("include_empty" = Option<bool>, Query, description = "Configs without a value, too; `true` unless told"),
        ("raw" = Option<bool>, Query, description = "Values as they are stored, whatever `resolve_references` says; `false` unless told"),
        ("resolve_references" = Option<bool>, Query, description = "Values with their references resolved; `true` unless told"),
        ("placeholder_max_depth" = Option<u64>, Query, description = "How many references may follow each other; 8 unless told, and at most"),
        ("limit_configs" = Option<u64>, Query, description = "How many configs, in the order of slugs: 200 unless told, and at most"),
    ),
    responses((status = 200, body = KeyComparison, description = "The key side by side"), ReadErrors)
)]
pub(crate) async fn compare(auth: Auth, path: KeyPath, params: Params) -> ApiResult<Response> {
    admit(&auth, &path.project, &[Action::SecretsRead])?;
    let (project, key) = (path.project.clone(), path.existing_key()?);
    let shown = Shown::parse(&params)?;
    let compared = side_by_side(&auth, &project, &key, shown)?;
    if compared.has_values {
        let target = Target {
            project: Some(project),
            key: Some(key),
            ..Target::default()
        };
        auth.record_read_of("secrets.read", target).await?;
    }
    for hop in compared.hops {
        auth.record_read("secrets.read", &hop, None).await?;
    }
    let media_type = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, media_type)], compared.body).into_response())
}

/// A comparison that has been made.
struct Compared {
    body: Vec<u8>,
    has_values: bool,
    /// The other configs that values were taken from.
    hops: Vec<ConfigPath>,
}

fn side_by_side(auth: &Auth, project: &Slug, key: &Key, shown: Shown) -> ApiResult<Compared> {
    auth.app
        .engine
        .look_inside(&auth.actor, |state, caller, keys| {
            let found = caller.project(project)?;
            let mut configs = compare::open_to(state, caller, found, &[Action::SecretsRead]);
            configs.truncate(shown.configs);
            let mut reading = shown.reading;
            let follows = state.settings().referencing_enabled;
            reading.depth = reading.depth.filter(|_| follows);
            let found = compare::compare(state, keys, caller, &configs, key, reading)?;
            let hops = found.hops.iter().filter_map(|id| state.config(*id));
            let values = |found: &ComparedKey<'_>| found.value.is_some() || found.own.is_some();
            Ok(Compared {
                has_values: found.configs.iter().any(values),
                hops: hops.filter_map(|config| state.path_of(config)).collect(),
                body: json(&KeyComparison::of(project, key, &found, shown))?,
            })
        })
}
