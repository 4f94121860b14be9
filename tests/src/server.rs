//! The server, `ssm-server`, on a port and a data directory of its own.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::{Result, bail};

use crate::{free_port, launch::Launch, paths, probe, process::Process, scratch::DataDir, store};

/// Longer than a server itself waits for its database.
const READY: Duration = Duration::from_secs(90);
const STOP: Duration = Duration::from_secs(20);

/// How a server is started. The default is a fresh one.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// `DATA_DIR`; by default a directory of its own, which goes when the server is dropped.
    pub data_dir: Option<PathBuf>,
    /// `PORT`; by default any free one.
    pub port: Option<u16>,
    /// More environment variables, which win over those above.
    pub env: Vec<(String, String)>,
    /// Bytes of a disk of its own, in memory, for its data directory. It goes with the process.
    pub disk: Option<u64>,
    /// Whether its data is in its data directory, whatever `TEST_STORE` says.
    pub embedded: bool,
    /// Where its log goes; by default where those of this test process are.
    pub log_dir: Option<PathBuf>,
}

impl ServerOptions {
    /// With one more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Speaking TLS with this certificate and key.
    #[must_use]
    pub fn tls(self, cert: &Path, key: &Path) -> Self {
        self.env("TLS_CERT_FILE", &cert.display().to_string())
            .env("TLS_KEY_FILE", &key.display().to_string())
    }

    /// With this data directory, which stays when the server is dropped.
    #[must_use]
    pub fn data_dir(mut self, dir: &Path) -> Self {
        self.data_dir = Some(dir.to_owned());
        self
    }

    /// With its data in its data directory, whatever `TEST_STORE` says: for a test that is about what is in there.
    #[must_use]
    pub fn embedded(mut self) -> Self {
        self.embedded = true;
        self
    }

    /// With its data directory on a disk of its own of so many bytes.
    #[must_use]
    pub fn disk(mut self, bytes: u64) -> Self {
        self.disk = Some(bytes);
        self.embedded = true;
        self
    }
}

/// A server, which ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    // Dropped in this order.
    process: Process,
    launch: Launch,
    scheme: &'static str,
    port: u16,
    data: DataDir,
}

/// How a server ended that was expected not to start.
#[derive(Debug)]
pub struct Refusal {
    /// With what status.
    pub status: ExitStatus,
    /// All that it wrote.
    pub log: String,
}

impl Server {
    /// Starts one and returns when it is ready.
    pub async fn start(options: ServerOptions) -> Result<Self> {
        let mut server = Self::spawn(options).await?;
        server.ready().await?;
        Ok(server)
    }

    /// Starts one, which may be long in getting [ready](Self::ready).
    pub async fn spawn(options: ServerOptions) -> Result<Self> {
        let has_tls = options.env.iter().any(|(name, _)| name == "TLS_CERT_FILE");
        let (launch, port, data) = prepare(options).await?;
        Ok(Self {
            process: launch.spawn()?,
            launch,
            scheme: if has_tls { "https" } else { "http" },
            port,
            data,
        })
    }

    /// Starts one that must end by itself without having become ready.
    pub async fn start_expecting_failure(options: ServerOptions) -> Result<Refusal> {
        let (launch, port, _data) = prepare(options).await?;
        let mut process = launch.spawn()?;
        let status = process.wait(READY).await?;
        let log = process.log()?;
        if status.success() {
            bail!("the server was to refuse to start on port {port}, but ended well:\n{log}");
        }
        Ok(Refusal { status, log })
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its data is.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Where its data is for this process, when the server has a disk of its own.
    pub fn disk(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.pid()));
        let inside = self.data_dir();
        root.join(inside.strip_prefix("/").unwrap_or(inside))
    }

    /// Its process, to read the id of, to halt or to wait for.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// All that it has written since its first start.
    pub fn log(&self) -> Result<String> {
        self.process.log()
    }

    /// Ends it with SIGKILL.
    pub fn kill_now(&mut self) -> Result<()> {
        self.process.kill_now()
    }

    /// Ends it with SIGTERM.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.process.terminate(STOP).await
    }

    /// Starts it on the same data and port, after ending it with SIGTERM if it runs, and returns when it is ready.
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.is_running()? {
            self.stop().await?;
        }
        self.process = self.launch.spawn()?;
        self.ready().await
    }

    /// Waits until it is ready.
    pub async fn ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.url());
        let client = probe::client()?;
        self.process
            .ready(READY, async || probe::answers_ok(&client, &url).await)
            .await
    }
}

async fn prepare(options: ServerOptions) -> Result<(Launch, u16, DataDir)> {
    let data = DataDir::new(options.data_dir, "server")?;
    if options.embedded {
        store::embed(data.path());
    }
    store::make_keys(data.path())?;
    let given = |name: &str| options.env.iter().any(|(given, _)| given == name);
    let stored = store::settings(data.path(), given).await?;
    let port = options.port.map_or_else(free_port, Ok)?;
    let binary = paths::product_binary("ssm-server")?;
    let log_dir = options.log_dir.as_deref();
    let mut launch = match options.disk {
        None => Launch::new("ssm-server", &binary, log_dir)?,
        Some(bytes) => on_a_disk_of_its_own(&binary, bytes, log_dir)?,
    }
    .env("BIND_HOST", "127.0.0.1")
    .env("PORT", port.to_string())
    .env("DATA_DIR", data.path());
    for (name, value) in stored.into_iter().chain(options.env) {
        launch = launch.env(name, value);
    }
    Ok((launch, port, data))
}

/// The server in a mount namespace, which needs no privilege, with a small file system over its data directory.
fn on_a_disk_of_its_own(binary: &Path, bytes: u64, log_dir: Option<&Path>) -> Result<Launch> {
    const MOUNT: &str = r#"mount -t tmpfs -o "size=$1,mode=700" tmpfs "$DATA_DIR" && exec "$2""#;
    let unshare = ["/usr/bin/unshare", "/bin/unshare"].map(Path::new);
    let Some(unshare) = unshare.into_iter().find(|path| path.is_file()) else {
        bail!("unshare is not there; it is in the package util-linux");
    };
    let launch = Launch::new("ssm-server", unshare, log_dir)?
        .arg("--user")
        .arg("--map-root-user")
        .arg("--mount")
        .arg("sh")
        .arg("-c")
        .arg(MOUNT)
        .arg("sh")
        .arg(bytes.to_string())
        .arg(binary);
    Ok(launch)
}
