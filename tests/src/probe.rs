//! Asking a program whether it is ready.

use anyhow::{Result, ensure};

use crate::crypto::install_crypto;

/// `Ok` when `url` answers 200.
pub(crate) async fn answers_ok(client: &reqwest::Client, url: &str) -> Result<()> {
    let response = client.get(url).send().await?;
    let status = response.status();
    ensure!(
        status == 200,
        "{url} answers {status}: {}",
        response.text().await.unwrap_or_default()
    );
    Ok(())
}

/// A client that goes straight to where it is sent, whatever certificate is there.
pub(crate) fn client() -> Result<reqwest::Client> {
    install_crypto();
    let builder = reqwest::Client::builder().no_proxy();
    Ok(builder.tls_danger_accept_invalid_certs(true).build()?)
}
