//! Tokens: list, create, revoke, and what the calling token may do.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Error, Result};
use crate::http::Client;
use crate::wire::{Scope, TokenInfo, TokenIssued};

/// A service token to be made. Either `actions` with `project` and `config`, or `scopes`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewServiceToken {
    /// Whose token it is, for people.
    pub service_name: String,
    /// Only in this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only in this config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Such as `secrets:read`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// More than one place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// Life in seconds; 0 is without expiry, where the workspace allows it. The server's default is an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
}

impl NewServiceToken {
    /// A token that can read and export the secrets of one config: what an operator needs.
    pub fn reader(service_name: &str, project: &str, config: &str) -> Self {
        Self {
            service_name: service_name.to_owned(),
            project: Some(project.to_owned()),
            config: Some(config.to_owned()),
            actions: ["configs:read", "secrets:read", "secrets:export"]
                .map(str::to_owned)
                .to_vec(),
            ..Self::default()
        }
    }
}

/// A personal token to be made. No `actions` means all that the user may do.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewPersonalToken {
    /// Such as `secrets:read`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Only in this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only in this config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// Life in seconds, 24 h at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
}

impl Client {
    /// `GET /auth/tokens/v2`.
    pub async fn tokens(&self, include_revoked: bool) -> Result<Vec<TokenInfo>> {
        #[derive(Deserialize)]
        struct Wire {
            tokens: Vec<TokenInfo>,
        }
        let call = self
            .get(&["auth", "tokens", "v2"])?
            .flag("include_revoked", include_revoked);
        Ok(self.fetch::<Wire>(call).await?.tokens)
    }

    /// `POST /auth/tokens/v2/service`.
    pub async fn create_service_token(&self, token: &NewServiceToken) -> Result<TokenIssued> {
        self.fetch(
            self.post(&["auth", "tokens", "v2", "service"])?
                .json(body(token)?),
        )
        .await
    }

    /// `POST /auth/tokens/v2/personal`.
    pub async fn create_personal_token(&self, token: &NewPersonalToken) -> Result<TokenIssued> {
        self.fetch(
            self.post(&["auth", "tokens", "v2", "personal"])?
                .json(body(token)?),
        )
        .await
    }

    /// `POST /auth/tokens/v2/revoke`.
    pub async fn revoke_token(&self, token_id: &str) -> Result<()> {
        let body = json!({ "token_id": token_id }).to_string().into_bytes();
        self.send(&self.post(&["auth", "tokens", "v2", "revoke"])?.json(body))
            .await?;
        Ok(())
    }

    /// `GET /auth/tokens/self`: type, scopes and expiry of the calling token.
    pub async fn token_self(&self) -> Result<TokenInfo> {
        self.fetch(self.get(&["auth", "tokens", "self"])?).await
    }
}

fn body(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|_| Error::InvalidArgument("cannot be written as JSON"))
}
