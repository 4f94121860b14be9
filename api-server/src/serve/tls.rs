//! TLS: one certificate with its key, taken up anew whenever the files change. New connections get the new one; those
//! that are open keep theirs. A pair that cannot be used is logged, and the one before stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, InconsistentKeys, RootCertStore, ServerConfig};
use ssm_domain::digest::Digest;
use ssm_domain::time::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::config::TlsFiles;
use crate::private_file::{self, FileError};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The most bytes of a key, and of a certificate with all that it is signed by.
const MAX_KEY: usize = 64 * 1024;
const MAX_CERT: u64 = 1024 * 1024;
/// How long before its end a certificate is warned about.
const SOON: Duration = Duration::from_hours(14 * 24);
/// The last second that a certificate can name.
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);

/// Why a certificate with its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The certificate cannot be read.
    #[error(
        "TLS_CERT_FILE {path} cannot be read: {source}; it must be a file in PEM that the server can read"
    )]
    ReadCert { path: PathBuf, source: io::Error },
    /// The key cannot be read.
    #[error("TLS_KEY_FILE {path} is refused: {source}")]
    ReadKey { path: PathBuf, source: FileError },
    /// There is no certificate in the file.
    #[error(
        "TLS_CERT_FILE {path} holds no certificate in PEM; it must begin with -----BEGIN CERTIFICATE-----"
    )]
    NoCert { path: PathBuf },
    /// There is no key in the file.
    #[error(
        "TLS_KEY_FILE {path} holds no private key in PEM without a passphrase (PKCS#8, PKCS#1 or SEC1)"
    )]
    NoKey { path: PathBuf },
    /// They do not belong together.
    #[error(
        "the key in TLS_KEY_FILE {key} is not the one of the certificate in TLS_CERT_FILE {cert}; give both files of one pair"
    )]
    Mismatch { cert: PathBuf, key: PathBuf },
    /// They are of a kind that is not spoken here.
    #[error("the certificate in TLS_CERT_FILE {cert} cannot be used with its key: {source}")]
    Unusable {
        cert: PathBuf,
        source: rustls::Error,
    },
}

/// How the certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsHealth {
    /// Good.
    Ready,
    /// The files have changed to something that cannot be used; the certificate before them is.
    ReloadFailed,
    /// Past its end: clients will refuse it.
    Expired,
}

/// The certificate that is used.
pub(crate) struct Tls {
    files: TlsFiles,
    current: ArcSwap<Pair>,
    /// What the files held when they were looked at last, and whether it could be used.
    seen: Mutex<Seen>,
}

struct Pair {
    config: Arc<ServerConfig>,
    expires_at: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    content: Option<Digest>,
    usable: bool,
    /// Whether this was logged. What cannot be used is logged when it is met a second time: the first time, one of the two
    /// files may not have been replaced yet.
    told: bool,
}

impl Tls {
    /// Takes up the certificate.
    pub(crate) fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let content = Content::read(&files)?;
        let pair = content.pair(&files)?;
        pair.warn_of_its_end(&files);
        let seen = Seen {
            content: Some(content.digest()),
            usable: true,
            told: true,
        };
        Ok(Self {
            files,
            current: ArcSwap::from_pointee(pair),
            seen: Mutex::new(seen),
        })
    }

    /// What a new connection is accepted with.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.current.load().config.clone()
    }

    /// When the certificate ends, if it does.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.current.load().expires_at
    }

    /// How the certificate is.
    pub(crate) fn health(&self) -> TlsHealth {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if self.current.load().ends_within(Duration::ZERO) {
            TlsHealth::Expired
        } else if !seen.usable && seen.told {
            TlsHealth::ReloadFailed
        } else {
            TlsHealth::Ready
        }
    }

    /// Looks at the files for as long as the server runs.
    pub(crate) async fn keep_current(self: Arc<Self>) {
        loop {
            sleep(LOOK_EVERY).await;
            let tls = self.clone();
            let _ = spawn_blocking(move || tls.look()).await;
        }
    }

    /// Takes up the files where they have changed.
    fn look(&self) {
        let read = Content::read(&self.files);
        let content = read.as_ref().ok().map(Content::digest);
        let before = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if before.content == content && before.told {
            return;
        }
        let pair = read.and_then(|content| content.pair(&self.files));
        let (usable, told) = match pair {
            Ok(pair) => {
                info!(
                    expires_at = pair.expires_at.map(tracing::field::display),
                    "took up a new TLS certificate"
                );
                pair.warn_of_its_end(&self.files);
                self.current.store(Arc::new(pair));
                (true, true)
            }
            Err(error) if before.content == content => {
                warn!(%error, "the new TLS certificate cannot be used; the one before stays");
                (false, true)
            }
            Err(_) => (false, false),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen {
            content,
            usable,
            told,
        };
    }
}

/// What the files hold.
struct Content {
    cert: Vec<u8>,
    key: Zeroizing<String>,
}

impl Content {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let cert = read_cert(&files.cert).map_err(|source| TlsError::ReadCert {
            path: files.cert.clone(),
            source,
        })?;
        let key = private_file::read(&files.key, MAX_KEY).map_err(|source| TlsError::ReadKey {
            path: files.key.clone(),
            source,
        })?;
        Ok(Self { cert, key })
    }

    fn digest(&self) -> Digest {
        let parts = [Digest::of(&self.cert), Digest::of(self.key.as_bytes())];
        Digest::of(parts.map(|part| part.to_string()).concat().as_bytes())
    }

    fn pair(&self, files: &TlsFiles) -> Result<Pair, TlsError> {
        let no_cert = || TlsError::NoCert {
            path: files.cert.clone(),
        };
        let no_key = |_| TlsError::NoKey {
            path: files.key.clone(),
        };
        let unusable = |source| match source {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
                cert: files.cert.clone(),
                key: files.key.clone(),
            },
            source => TlsError::Unusable {
                cert: files.cert.clone(),
                source,
            },
        };
        let chain = CertificateDer::pem_slice_iter(&self.cert).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| no_cert())?;
        let expires_at = end_of(chain.first().ok_or_else(no_cert)?);
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(no_key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let config = config.with_no_client_auth().with_single_cert(chain, key);
        let mut config = config.map_err(unusable)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Pair {
            config: Arc::new(config),
            expires_at,
        })
    }
}

impl Pair {
    fn ends_within(&self, time: Duration) -> bool {
        self.expires_at.is_some_and(|end| end <= now().plus(time))
    }

    fn warn_of_its_end(&self, files: &TlsFiles) {
        let (cert, expires_at) = (
            files.cert.display(),
            self.expires_at.map(tracing::field::display),
        );
        if self.ends_within(Duration::ZERO) {
            warn!(%cert, expires_at, "the TLS certificate has expired: clients will refuse it until the file holds a new one");
        } else if self.ends_within(SOON) {
            warn!(%cert, expires_at, "the TLS certificate expires soon");
        }
    }
}

/// A certificate is no secret, whoever may read it.
fn read_cert(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > MAX_CERT {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is too long for a certificate",
        ));
    }
    fs::read(path)
}

/// When a certificate ends. Asked whether it is good at the end of time, the verifier names its last second before it looks
/// at anything else.
fn end_of(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let verified = ParsedCertificate::try_from(certificate).and_then(|parsed| {
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &RootCertStore::empty(),
            &[],
            UnixTime::since_unix_epoch(END_OF_TIME),
            rustls::crypto::ring::default_provider()
                .signature_verification_algorithms
                .all,
        )
    });
    match verified {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
            not_after,
            ..
        })) => {
            let seconds = i64::try_from(not_after.as_secs()).unwrap_or(i64::MAX);
            Some(Timestamp::from_millis(seconds.saturating_mul(1_000)))
        }
        _ => None,
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
