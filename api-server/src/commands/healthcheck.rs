//! `ssm-server healthcheck`: whether the server of these settings on this machine is ready. For a container's health
//! check, in an image that has no other program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::cli::{Exit, Outcome};
use crate::config::{Config, Settings};

const PATIENCE: Duration = Duration::from_secs(5);
const ASKS: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const READY: &[u8] = b"HTTP/1.1 200 ";

/// Asks it.
pub(crate) fn run(settings: Settings) -> Outcome {
    let config = Config::new(settings)?;
    super::block_on(async {
        let asked = timeout(PATIENCE, ask(&config)).await;
        asked.context("the server does not answer in time")?
    })?;
    Ok(Exit::Fine)
}

async fn ask(config: &Config) -> Result<()> {
    let host = reachable(config.host);
    let connected = TcpStream::connect((host, config.port)).await;
    let stream =
        connected.with_context(|| format!("nothing listens at {host}, port {}", config.port))?;
    if config.web.tls.is_none() {
        return is_ready(stream).await;
    }
    let stream = connector()?.connect(ServerName::from(host), stream).await;
    is_ready(stream.context("the server does not speak TLS")?).await
}

/// What listens at every address listens at this machine's own, too.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

async fn is_ready(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<()> {
    stream.write_all(ASKS).await?;
    let mut begin = [0; READY.len()];
    stream.read_exact(&mut begin).await?;
    ensure!(begin == READY, "the server is not ready; /readyz tells why");
    Ok(())
}

fn connector() -> Result<TlsConnector> {
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let schemes = provider
        .signature_verification_algorithms
        .supported_schemes();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whoever(schemes)))
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// Takes any certificate: nothing secret is said, and the one in use is for the name that others know the server by.
#[derive(Debug)]
struct Whoever(Vec<SignatureScheme>);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
