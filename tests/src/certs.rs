//! Certificates and keys: the control plane's, made once for a data directory and reused with it, and pairs for a server.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

/// A certificate for this machine with its key, both in PEM. It is its own authority.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate.
    pub cert: String,
    /// Its private key.
    pub key: String,
}

impl Pair {
    /// One that is good.
    pub fn new() -> Result<Self> {
        Self::with(|_| ())
    }

    /// One whose time is over.
    pub fn expired() -> Result<Self> {
        Self::with(|params| {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        })
    }

    fn with(change: impl FnOnce(&mut CertificateParams)) -> Result<Self> {
        let mut params = CertificateParams::new(["127.0.0.1", "localhost"].map(String::from))?;
        params.distinguished_name = name("server", None);
        change(&mut params);
        let key = KeyPair::generate()?;
        let cert = params.self_signed(&key)?.pem();
        Ok(Self {
            cert,
            key: key.serialize_pem(),
        })
    }

    /// Puts both into files that are there already or not: `tls.crt` and `tls.key`.
    pub fn write(&self, dir: &Path) -> Result<(PathBuf, PathBuf)> {
        let (cert, key) = (dir.join("tls.crt"), dir.join("tls.key"));
        write_private(&cert, &self.cert)?;
        write_private(&key, &self.key)?;
        Ok((cert, key))
    }
}

/// The group that Kubernetes lets do everything.
const ADMIN_GROUP: &str = "system:masters";

/// A directory of PEM files: the authority's certificate (its key is thrown away), one server certificate, client
/// certificates for the administrator and for the API server towards etcd, and the key that signs service accounts' tokens.
#[derive(Debug)]
pub(crate) struct Certs {
    dir: PathBuf,
}

impl Certs {
    /// Those in `dir`, made where it does not exist yet.
    pub(crate) fn in_dir(dir: PathBuf) -> Result<Self> {
        if !dir.is_dir() {
            // Complete or not there at all, also after a crash.
            let unfinished = dir.with_extension("unfinished");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished)?;
            }
            fs::create_dir(&unfinished)
                .with_context(|| format!("making {}", unfinished.display()))?;
            write_all(&unfinished)?;
            fs::rename(&unfinished, &dir)?;
        }
        Ok(Self { dir })
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.join("authority.crt")
    }

    pub(crate) fn server(&self) -> (PathBuf, PathBuf) {
        self.pair("server")
    }

    pub(crate) fn admin(&self) -> (PathBuf, PathBuf) {
        self.pair("admin")
    }

    pub(crate) fn etcd_client(&self) -> (PathBuf, PathBuf) {
        self.pair("etcd-client")
    }

    /// The public and the private key that service accounts' tokens are checked and signed with.
    pub(crate) fn service_account(&self) -> (PathBuf, PathBuf) {
        (
            self.dir.join("service-account.pub"),
            self.dir.join("service-account.key"),
        )
    }

    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        (
            self.dir.join(format!("{name}.crt")),
            self.dir.join(format!("{name}.key")),
        )
    }
}

fn write_all(dir: &Path) -> Result<()> {
    let authority = CertifiedIssuer::self_signed(authority_params(), KeyPair::generate()?)?;
    write_private(&dir.join("authority.crt"), &authority.pem())?;

    let mut server = CertificateParams::new(
        ["127.0.0.1", "localhost", "kubernetes.default.svc"].map(String::from),
    )?;
    server.distinguished_name = name("server", None);
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];

    let mut leaves = vec![("server", server)];
    for (file, organization) in [("admin", Some(ADMIN_GROUP)), ("etcd-client", None)] {
        let mut client = CertificateParams::default();
        client.distinguished_name = name(file, organization);
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        leaves.push((file, client));
    }
    for (file, mut params) in leaves {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &authority)?;
        write_private(&dir.join(format!("{file}.crt")), &certificate.pem())?;
        write_private(&dir.join(format!("{file}.key")), &key.serialize_pem())?;
    }
    let service_account = KeyPair::generate()?;
    write_private(
        &dir.join("service-account.pub"),
        &service_account.public_key_pem(),
    )?;
    write_private(
        &dir.join("service-account.key"),
        &service_account.serialize_pem(),
    )
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("simple-secrets-manager test authority", None);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn name(common_name: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name
}

/// Writes a file that only its owner may read, replacing the one that is there.
pub(crate) fn write_private(path: &Path, content: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    // The mode counts for new files only, so one that is left over must go first.
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(content.as_bytes())?;
    fs::rename(&unfinished, path).with_context(|| format!("writing {}", path.display()))
}
