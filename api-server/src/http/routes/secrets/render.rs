//! What an export's body is made of. Bodies are kept by the engine's cache, so they may depend on nothing but the
//! config, its revision, the [`Rendering`], and what references lead to.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use ssm_domain::compare::{Mentions, Survey};
use ssm_domain::effective::{EffectiveConfig, EffectiveSecret};
use ssm_domain::icons::Icon;
use ssm_domain::names::Key;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secret::SecretValue;
use ssm_domain::state::Config;
use ssm_domain::time::Timestamp;
use ssm_domain::{dotenv, flat};
use ssm_engine::{ConfigReader, Followed, Fresh, RenderKey};
use utoipa::ToSchema;

use super::super::Status;
use crate::http::errors::{ApiError, ApiResult};

/// Everything by which one body of a config differs from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rendering {
    /// The form.
    pub format: Format,
    /// Whether inherited secrets are in it.
    pub inherited: bool,
    /// How many references may follow each other; none are followed where absent.
    pub depth: Option<usize>,
}

/// The form of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// `KEY=value` lines.
    Env,
    /// One mapping of texts.
    Yaml,
    /// An object, with or without metadata and values.
    Json { meta: bool, values: bool },
}

impl Rendering {
    /// What the cache knows the body by.
    pub(super) fn key(self) -> RenderKey {
        let format = match self.format {
            Format::Env => 0,
            Format::Yaml => 2,
            // Odd, whatever it is made of.
            Format::Json { meta, values } => 1 + 2 * u32::from(meta) + 4 * u32::from(values),
        };
        let depth = self
            .depth
            .map_or(0, |depth| 1 + u32::try_from(depth).unwrap_or(u32::MAX >> 8));
        RenderKey {
            inherited: self.inherited,
            variant: format | depth << 8,
        }
    }

    /// Makes the body.
    pub(super) fn render(
        self,
        reader: &ConfigReader,
        config: &EffectiveConfig<'_>,
    ) -> ApiResult<Fresh> {
        if self.depth.is_some()
            && let Format::Json { values: false, .. } = self.format
        {
            let survey = reader.survey(config)?;
            return Ok(Fresh {
                body: self.write(config, &[], None, Some(&survey))?,
                is_partial: survey.is_partial,
                references: Some(Followed {
                    hops: survey.hops.into_iter().collect(),
                    unresolved: Vec::new(),
                }),
            });
        }
        let Some(depth) = self.depth else {
            let opened = match self.format {
                Format::Env | Format::Yaml | Format::Json { values: true, .. } => {
                    open(reader, config)?
                }
                Format::Json { values: false, .. } => Vec::new(),
            };
            return Ok(self.write(config, &opened, None, None)?.into());
        };
        let (opened, followed) = reader.resolving(depth, |resolver| {
            let secrets = config.secrets.iter();
            let resolve = |(key, secret): (&&_, &EffectiveSecret<'_>)| match secret.secret.refs {
                None => reader.open(key, secret),
                Some(_) => Ok(resolver
                    .resolve(key)?
                    .ok_or(Rejection::NotFound(Noun::Secret))?),
            };
            secrets.map(resolve).collect::<Result<Vec<_>, Rejection>>()
        })?;
        let body = self.write(config, &opened, Some(&followed.unresolved), None)?;
        Ok(Fresh {
            body,
            references: Some(followed),
            is_partial: false,
        })
    }

    fn write(
        self,
        config: &EffectiveConfig<'_>,
        opened: &[SecretValue],
        unresolved: Option<&[String]>,
        survey: Option<&Survey<'_>>,
    ) -> ApiResult<Vec<u8>> {
        match self.format {
            Format::Env => env(config, opened),
            Format::Yaml => {
                let keys = config.secrets.keys().copied();
                let pairs = keys.zip(opened.iter().map(SecretValue::reveal));
                Ok(flat::write_yaml(pairs).into_bytes())
            }
            Format::Json { meta, .. } => {
                let export = Export {
                    data: Data { config, opened },
                    meta: meta.then_some(Meta { config, survey }),
                    status: Status::Ok,
                    revision: config.revision(),
                    unresolved,
                };
                json(&export)
            }
        }
    }
}

fn open(
    reader: &ConfigReader,
    config: &EffectiveConfig<'_>,
) -> Result<Vec<SecretValue>, Rejection> {
    config
        .secrets
        .iter()
        .map(|(key, secret)| reader.open(key, secret))
        .collect()
}

fn env(config: &EffectiveConfig<'_>, opened: &[SecretValue]) -> ApiResult<Vec<u8>> {
    let keys = config.secrets.keys().map(|key| key.as_str());
    let text = dotenv::write(keys.zip(opened.iter().map(SecretValue::reveal)));
    text.map(String::into_bytes).map_err(|error| {
        let why = "has a value that has no form in a .env file which every reader takes for the same bytes; use json or yaml";
        ApiError::malformed("env_not_portable", format!("{} {why}", error.key))
            .with_errors([(error.key, why.to_owned())].into())
    })
}

/// Growing would leave copies of plaintext behind, so the body is measured before it is written.
pub(crate) fn json(answer: &impl Serialize) -> ApiResult<Vec<u8>> {
    let unwritable = |error: serde_json::Error| ApiError::internal(error.to_string());
    let mut length = Length(0);
    serde_json::to_writer(&mut length, answer).map_err(unwritable)?;
    let mut body = Vec::with_capacity(length.0);
    serde_json::to_writer(&mut body, answer).map_err(unwritable)?;
    Ok(body)
}

struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A config's secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct Export<'a> {
    /// Values by key, in the order of keys; `null` with `values=false`
    #[schema(value_type = std::collections::BTreeMap<String, Option<String>>)]
    data: Data<'a>,
    /// Where each value is from
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, SecretMeta>>)]
    meta: Option<Meta<'a>>,
    status: Status,
    /// The config's revision
    revision: u64,
    /// With `resolve_references=true`, the references that lead nowhere; nothing stands in their place
    #[serde(skip_serializing_if = "Option::is_none")]
    unresolved: Option<&'a [String]>,
}

struct Data<'a> {
    config: &'a EffectiveConfig<'a>,
    /// Empty, or one for each key.
    opened: &'a [SecretValue],
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.config.secrets.len()))?;
        let mut opened = self.opened.iter();
        for key in self.config.secrets.keys() {
            map.serialize_entry(key, &opened.next().map(SecretValue::reveal))?;
        }
        map.end()
    }
}

struct Meta<'a> {
    config: &'a EffectiveConfig<'a>,
    survey: Option<&'a Survey<'a>>,
}

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reading = self.config.config;
        serializer.collect_map(self.config.secrets.iter().map(|(key, secret)| {
            let mentions = self.survey.and_then(|survey| survey.mentions.get(key));
            (*key, SecretMeta::of(reading, key, secret).with(mentions))
        }))
    }
}

/// Where a value is from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretMeta<'a> {
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// A username, or the name of a service token
    updated_by: &'a str,
    /// The icon that somebody chose, or else the one that the key suggests
    icon_slug: Option<&'a str>,
    /// `manual` where somebody chose it, else `auto`
    #[schema(example = "auto")]
    icon_source: &'static str,
    /// The config that the value is from
    source: &'a str,
    /// Whether that is another config
    inherited: bool,
    /// The nearest config whose value this one hides
    overrides: Option<&'a str>,
    /// Counts the values of this key in the config that it is from
    version: u64,
    /// With `values=false`, where the value has references: what they are called in it, each once
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false, example = json!(["DATABASE_URL", "base.HOST"]))]
    references: Option<&'a [String]>,
    /// With `values=false`, what is wrong with following them, if anything: `broken_reference_unresolved`, or
    /// `broken_reference_cycle_or_depth`. Nothing is said of references into configs that the caller may not read
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "broken_reference_unresolved")]
    problem: Option<String>,
}

impl<'a> SecretMeta<'a> {
    pub(crate) fn of(reading: &Config, key: &Key, secret: &EffectiveSecret<'a>) -> Self {
        let icon = Icon::of(key, secret.secret);
        Self {
            updated_at: secret.secret.updated_at,
            updated_by: &secret.secret.updated_by,
            icon_slug: icon.slug(),
            icon_source: icon.source(),
            source: secret.source.slug.as_str(),
            inherited: secret.is_inherited(reading),
            overrides: secret.overrides.map(|config| config.slug.as_str()),
            version: secret.secret.version,
            references: None,
            problem: None,
        }
    }

    fn with(mut self, mentions: Option<&'a Mentions>) -> Self {
        self.references = mentions.map(|mentions| &*mentions.names);
        let problem = mentions.and_then(|mentions| mentions.problem);
        self.problem = problem.map(|kind| kind.to_string());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Rendering};

    #[test]
    fn no_two_renderings_share_a_place_in_the_cache() {
        let flags = [(false, false), (false, true), (true, false), (true, true)];
        let mut formats = flags
            .map(|(meta, values)| Format::Json { meta, values })
            .to_vec();
        formats.extend([Format::Env, Format::Yaml]);
        let depths = [None, Some(1), Some(8)];
        let all: Vec<_> = formats
            .iter()
            .flat_map(|format| depths.map(|depth| (*format, depth)))
            .flat_map(|(format, depth)| {
                [true, false].map(|inherited| Rendering {
                    format,
                    inherited,
                    depth,
                })
            })
            .collect();
        for one in &all {
            for other in &all {
                assert_eq!(one.key() == other.key(), one == other);
            }
        }
    }
}
