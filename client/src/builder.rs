//! How a client is set up.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::error::{Error, Result};
use crate::http::{Client, Shared, bearer};
use crate::origin::Origin;
use crate::secret::Token;

/// How a [`Client`] is set up.
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    origin: Origin,
    token: Option<Token>,
    ca_bundle: Option<Vec<u8>>,
    connect_timeout: Duration,
    request_timeout: Duration,
    retries: u32,
    max_response: usize,
    user_agent: String,
}

impl ClientBuilder {
    /// Sent as `Authorization: Bearer`.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// PEM certificates to trust instead of the system's.
    #[must_use]
    pub fn ca_bundle(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_bundle = Some(pem.into());
        self
    }

    /// Time for DNS, TCP and TLS; 5 s unless told.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Time for one attempt from the first byte out to the last byte in; 15 s unless told. Streams are bound by it only
    /// until their headers are there.
    #[must_use]
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_timeout = limit;
        self
    }

    /// How often a failed attempt may be repeated; 3 unless told. See [`Client`] for what is repeated.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The largest answer that is accepted; 8 MiB unless told.
    #[must_use]
    pub fn max_response(mut self, bytes: usize) -> Self {
        self.max_response = bytes;
        self
    }

    /// `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Makes the client. Nothing is sent.
    pub fn build(self) -> Result<Client> {
        // rustls wants one provider a process; whoever was first has decided, and that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(self.connect_timeout)
            .user_agent(self.user_agent);
        if let Some(pem) = &self.ca_bundle {
            let roots = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|_| Error::InvalidCaBundle("not PEM"))?;
            if roots.is_empty() {
                return Err(Error::InvalidCaBundle("no certificate in it"));
            }
            builder = builder.tls_certs_only(roots);
        }
        let http = builder.build().map_err(|_| match self.ca_bundle {
            Some(_) => Error::InvalidCaBundle("a certificate cannot be used as a root"),
            None => Error::InvalidCaBundle("the system's certificates cannot be read"),
        })?;
        let base = Url::parse(self.origin.as_str()).map_err(|_| Error::InvalidUrl("not a URL"))?;
        let authorization = self.token.as_ref().map(bearer).transpose()?;
        Ok(Client {
            shared: Arc::new(Shared {
                http,
                base,
                request_timeout: self.request_timeout,
                retries: self.retries,
                max_response: self.max_response,
            }),
            authorization,
        })
    }
}

impl Client {
    /// A client of the server at `origin`, such as `https://ssm.example.com`.
    pub fn builder(origin: &str) -> Result<ClientBuilder> {
        Ok(Self::builder_for(Origin::parse(origin)?))
    }

    /// The same for an origin already parsed.
    pub fn builder_for(origin: Origin) -> ClientBuilder {
        ClientBuilder {
            origin,
            token: None,
            ca_bundle: None,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(15),
            retries: 3,
            max_response: 8 << 20,
            user_agent: concat!("ssm-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
