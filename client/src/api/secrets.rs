//! Secrets: read a config, one key, and write one or many.

use std::collections::BTreeMap;

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::http::{Call, Client, Reply};
use crate::secret::SecretValue;
use crate::wire::{ItemWritten, ManyWritten};

/// An entity tag, as the server gave it: `"<epoch>.<revision>"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// The tag of a config at a revision.
    pub fn of(epoch: &str, revision: u64) -> Self {
        Self(format!("\"{epoch}.{revision}\""))
    }

    /// As it stands in the header, quotes included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The epoch, which changes when the server's data is restored from a backup.
    pub fn epoch(&self) -> &str {
        let inner = self.0.trim_start_matches("W/").trim_matches('"');
        inner.split_once('.').map_or(inner, |(epoch, _)| epoch)
    }

    fn from_reply(reply: &Reply) -> Result<Self> {
        let value = reply
            .headers
            .get(ETAG)
            .and_then(|value| value.to_str().ok());
        match value {
            Some(value) if value.len() <= 256 => Ok(Self(value.to_owned())),
            _ => Err(Error::Protocol("the answer has no usable ETag")),
        }
    }

    fn header(&self) -> Result<HeaderValue> {
        HeaderValue::from_str(&self.0).map_err(|_| Error::InvalidArgument("not an entity tag"))
    }
}

/// What to ask when reading a config.
#[derive(Debug, Clone, Default)]
pub struct ExportRequest {
    /// Answer [`Export::NotModified`] where the config is still this one.
    pub if_none_match: Option<ETag>,
    /// A server that has not got so far waits a little, then answers 503.
    pub min_revision: Option<u64>,
}

/// Answer to a conditional read.
#[derive(Debug, Clone)]
pub enum Export {
    /// Still what the caller holds.
    NotModified,
    /// The config as it is now.
    Modified(ConfigSecrets),
}

/// A config's effective secrets at one revision.
#[derive(Debug, Clone)]
pub struct ConfigSecrets {
    /// Keys in order, with what the config inherits.
    pub secrets: BTreeMap<String, SecretValue>,
    /// Grows with every change.
    pub revision: u64,
    /// What the revision counts within.
    pub epoch: String,
    /// For the next conditional read.
    pub etag: ETag,
    /// References that lead nowhere; their places are empty.
    pub unresolved: Vec<String>,
}

/// Many changes of a config, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// Keys to set.
    pub set: BTreeMap<String, SecretValue>,
    /// Keys to delete.
    pub delete: Vec<String>,
    /// Only where the config is still this one.
    pub if_match: Option<ETag>,
    /// Only tell what would happen.
    pub dry_run: bool,
}

impl Client {
    /// `GET /projects/{p}/configs/{c}/secrets?format=json`, with references resolved and without metadata.
    pub async fn export(
        &self,
        project: &str,
        config: &str,
        request: &ExportRequest,
    ) -> Result<Export> {
        #[derive(Deserialize)]
        struct Wire {
            data: BTreeMap<String, SecretValue>,
            revision: u64,
            #[serde(default)]
            unresolved: Vec<String>,
        }
        let mut call = self
            .secrets(Method::GET, project, config, &[])?
            .query("format", "json")
            .flag("include_meta", false)
            .flag("resolve_references", true);
        if let Some(revision) = request.min_revision {
            call = call.query("minRevision", &revision.to_string());
        }
        if let Some(etag) = &request.if_none_match {
            call = call.header(IF_NONE_MATCH, etag.header()?);
        }
        let reply = self.send(&call).await?;
        if reply.status == StatusCode::NOT_MODIFIED {
            return Ok(Export::NotModified);
        }
        let etag = ETag::from_reply(&reply)?;
        let Wire {
            data: secrets,
            revision,
            unresolved,
        } = reply.json()?;
        Ok(Export::Modified(ConfigSecrets {
            secrets,
            revision,
            epoch: etag.epoch().to_owned(),
            etag,
            unresolved,
        }))
    }

    /// The same as the text of a `.env` file.
    pub async fn export_env(&self, project: &str, config: &str) -> Result<SecretValue> {
        let call = self
            .secrets(Method::GET, project, config, &[])?
            .query("format", "env")
            .flag("resolve_references", true);
        Ok(SecretValue::new(self.send(&call).await?.text()?))
    }

    /// `GET …/secrets/{KEY}`: the config's own value, or with `effective` also an inherited one.
    pub async fn secret(
        &self,
        project: &str,
        config: &str,
        key: &str,
        effective: bool,
    ) -> Result<SecretValue> {
        #[derive(Deserialize)]
        struct Wire {
            value: SecretValue,
        }
        let mut call = self.secrets(Method::GET, project, config, &[key])?;
        if effective {
            call = call.flag("effective", true);
        }
        Ok(self.fetch::<Wire>(call).await?.value)
    }

    /// `PUT …/secrets/{KEY}`.
    pub async fn put_secret(
        &self,
        project: &str,
        config: &str,
        key: &str,
        value: &SecretValue,
    ) -> Result<ItemWritten> {
        let body = serde_json::json!({ "value": value.reveal() })
            .to_string()
            .into_bytes();
        self.fetch(
            self.secrets(Method::PUT, project, config, &[key])?
                .json(body),
        )
        .await
    }

    /// `DELETE …/secrets/{KEY}`.
    pub async fn delete_secret(
        &self,
        project: &str,
        config: &str,
        key: &str,
    ) -> Result<ItemWritten> {
        self.fetch(self.secrets(Method::DELETE, project, config, &[key])?)
            .await
    }

    /// `PATCH …/secrets`: sets and deletes many keys as one change.
    pub async fn patch_secrets(
        &self,
        project: &str,
        config: &str,
        patch: &Patch,
    ) -> Result<ManyWritten> {
        let set: BTreeMap<&str, &str> = patch
            .set
            .iter()
            .map(|(key, value)| (key.as_str(), value.reveal()))
            .collect();
        let mut body = serde_json::json!({ "set": set, "delete": patch.delete });
        if patch.dry_run {
            body["dryRun"] = true.into();
        }
        let mut call = self
            .secrets(Method::PATCH, project, config, &[])?
            .json(body.to_string().into_bytes());
        if let Some(etag) = &patch.if_match {
            call = call.header(IF_MATCH, etag.header()?);
        }
        self.fetch(call).await
    }

    /// `POST …/secrets/import?format=env`: the text of a `.env` file, all or nothing.
    pub async fn import_env(
        &self,
        project: &str,
        config: &str,
        text: &SecretValue,
        dry_run: bool,
    ) -> Result<ManyWritten> {
        let call = self
            .secrets(Method::POST, project, config, &["import"])?
            .query("format", "env")
            .flag("dryRun", dry_run);
        self.fetch(call.text(text.reveal())).await
    }

    fn secrets(&self, method: Method, project: &str, config: &str, rest: &[&str]) -> Result<Call> {
        self.call(
            method,
            &[&["projects", project, "configs", config, "secrets"], rest].concat(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_what_stands_before_the_dot() {
        assert_eq!(ETag::of("e1", 7).as_str(), "\"e1.7\"");
        assert_eq!(ETag("W/\"e1.7\"".to_owned()).epoch(), "e1");
        assert_eq!(ETag("\"e1.7.abc\"".to_owned()).epoch(), "e1");
    }
}
