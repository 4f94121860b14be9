//! Version, onboarding and who one is.

use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;

use crate::error::Result;
use crate::http::{Client, secret_header};
use crate::secret::{Password, Token};
use crate::wire::{Bootstrapped, Me, Onboarding, Version};

impl Client {
    /// `GET /version`.
    pub async fn version(&self) -> Result<Version> {
        self.fetch(self.get(&["version"])?).await
    }

    /// `GET /onboarding/status`.
    pub async fn onboarding(&self) -> Result<Onboarding> {
        #[derive(Deserialize)]
        struct Wire {
            onboarding: Onboarding,
        }
        Ok(self
            .fetch::<Wire>(self.get(&["onboarding", "status"])?)
            .await?
            .onboarding)
    }

    /// `POST /onboarding/bootstrap`: makes the first administrator, once. `setup_token` is needed where the server has one.
    pub async fn bootstrap(
        &self,
        username: &str,
        password: &Password,
        setup_token: Option<&Token>,
    ) -> Result<Bootstrapped> {
        let body = json!({ "username": username, "password": password.reveal() });
        let mut call = self
            .post(&["onboarding", "bootstrap"])?
            .json(body.to_string().into_bytes());
        if let Some(token) = setup_token {
            call = call.header(
                HeaderName::from_static("x-setup-token"),
                secret_header(token.reveal())?,
            );
        }
        self.fetch(call).await
    }

    /// `GET /auth/tokens/`: signs in with name and password, and gives a session token (24 h at most).
    pub async fn sign_in(&self, username: &str, password: &Password) -> Result<Token> {
        #[derive(Deserialize)]
        struct Wire {
            token: Token,
        }
        let call = self
            .get(&["auth", "tokens", ""])?
            .header(http::header::AUTHORIZATION, basic(username, password)?);
        Ok(self.fetch::<Wire>(call).await?.token)
    }

    /// `GET /me`; forbidden for a service token.
    pub async fn me(&self) -> Result<Me> {
        self.fetch(self.get(&["me"])?).await
    }
}

fn basic(username: &str, password: &Password) -> Result<HeaderValue> {
    use base64::Engine;
    use secrecy::zeroize::Zeroizing;
    let pair = Zeroizing::new(format!("{username}:{}", password.reveal()));
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()));
    secret_header(&Zeroizing::new(format!("Basic {}", encoded.as_str())))
}
