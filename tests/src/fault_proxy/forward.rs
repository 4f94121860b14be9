//! Passing a request on to the API server.

use std::fs;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};
use reqwest::{Certificate, Client, Response, redirect::Policy};

use crate::{certs::Certs, install_crypto};

/// Those of a connection rather than of a message, and those that the client makes itself.
const NOT_PASSED_ON: [HeaderName; 5] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::ACCEPT_ENCODING,
];

/// A request, read whole.
#[derive(Clone)]
pub(super) struct Passed {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The API server.
pub(super) struct Upstream {
    url: String,
    client: Client,
}

impl Upstream {
    pub fn new(url: &str, certs: &Certs) -> Result<Self> {
        install_crypto();
        let authority = fs::read(certs.authority()).context("reading the authority")?;
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&authority)?])
            .redirect(Policy::none())
            .build()?;
        Ok(Self {
            url: url.to_owned(),
            client,
        })
    }

    pub async fn pass(&self, request: Passed) -> Result<Response> {
        let url = format!("{}{}", self.url, request.path);
        let mut headers = request.headers;
        for name in NOT_PASSED_ON {
            headers.remove(name);
        }
        let passed = self.client.request(request.method, url).headers(headers);
        Ok(passed.body(request.body).send().await?)
    }
}
