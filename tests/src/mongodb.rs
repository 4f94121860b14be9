//! A MongoDB: the one that `MONGODB_URI` names, or SecantusDB, which speaks MongoDB's wire protocol and keeps its data in
//! `WiredTiger`. No build of MongoDB itself can be had from a package registry.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::caller::fresh;
use crate::scratch::DataDir;
use crate::{Foreign, Launch, Process, free_port};

/// Reads a name, a password and databases, a line each.
const ADD_USER: &str = r#"
import sys, pymongo
name, password, *databases = sys.stdin.buffer.read().decode().split("\n")
roles = [{"role": "readWrite", "db": database} for database in databases]
pymongo.MongoClient(sys.argv[1])["admin"].command("createUser", name, pwd=password, roles=roles)
"#;
const READY: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(20);

/// How a MongoDB is started.
#[derive(Clone, Debug, Default)]
pub struct MongoOptions {
    /// Where its data is; by default in a directory of its own, which goes when it is dropped.
    pub data_dir: Option<PathBuf>,
    /// Says that it is no member of a replica set.
    pub standalone: bool,
    /// A user and a password without whom nobody is let in, and the databases that the user may read and write.
    pub user: Option<MongoUser>,
}

/// Somebody who may use a MongoDB.
#[derive(Clone, Debug)]
pub struct MongoUser {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The databases.
    pub databases: Vec<String>,
}

/// A fresh one that is a replica set of one member.
pub fn options() -> MongoOptions {
    MongoOptions::default()
}

impl MongoOptions {
    /// One that says that it is no member of a replica set.
    #[must_use]
    pub fn standalone(mut self) -> Self {
        self.standalone = true;
        self
    }

    /// One that lets nobody in but this user.
    #[must_use]
    pub fn user(mut self, user: MongoUser) -> Self {
        self.user = Some(user);
        self
    }
}

/// A MongoDB, which ends when it is dropped.
#[derive(Debug)]
pub struct Mongo {
    // Dropped in this order.
    process: Process,
    launch: Launch,
    uri: String,
    port: u16,
    _data: DataDir,
}

impl Mongo {
    /// Starts one and returns when it accepts connections.
    pub async fn start(options: MongoOptions) -> Result<Self> {
        let data = DataDir::new(options.data_dir, "mongodb")?;
        let port = free_port()?;
        let program = Foreign::find()?.python("secantusd-py");
        let mut launch = Launch::new("mongodb", &program, None)?
            .flag("host", Ipv4Addr::LOCALHOST.to_string())
            .flag("port", port.to_string())
            .flag("storage-path", data.path())
            .flag("cache-size", "256M")
            .arg("--sync-on-commit");
        if options.standalone {
            launch = launch.arg("--standalone");
        }
        let mut mongo = Self {
            process: launch.spawn()?,
            launch,
            uri: format!(
                "mongodb://{}:{port}/?directConnection=true",
                Ipv4Addr::LOCALHOST
            ),
            port,
            _data: data,
        };
        mongo.ready().await?;
        if let Some(user) = options.user {
            mongo.add_user(user).await?;
            mongo.launch = mongo.launch.arg("--auth");
            mongo.restart().await?;
        }
        Ok(mongo)
    }

    /// Adds a user, while nobody has to show who they are.
    async fn add_user(&self, user: MongoUser) -> Result<()> {
        let mut python = Command::new(Foreign::find()?.python("python"));
        python.args(["-c", ADD_USER, &self.uri]);
        let words = [user.name, user.password].into_iter().chain(user.databases);
        let words = words.collect::<Vec<_>>().join("\n");
        let added = spawn_blocking(move || -> Result<_> {
            let mut python = python
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?;
            let mut stdin = python.stdin.take().context("it has no standard input")?;
            stdin.write_all(words.as_bytes())?;
            drop(stdin);
            Ok(python.wait_with_output()?)
        });
        let added = added.await??;
        let why = String::from_utf8_lossy(&added.stderr).into_owned();
        ensure!(added.status.success(), "no user was added: {why}");
        Ok(())
    }

    /// The connection string of the one that all tests of this process share, each with databases of its
    /// [own](databases).
    ///
    /// # Panics
    ///
    /// When it cannot be started, with the reason: no test is skipped for that.
    pub async fn shared() -> &'static str {
        static GIVEN: OnceCell<String> = OnceCell::const_new();
        static SHARED: OnceCell<Mongo> = OnceCell::const_new();
        if let Ok(uri) = std::env::var("MONGODB_URI") {
            return GIVEN.get_or_init(async || uri).await;
        }
        let started = SHARED.get_or_try_init(|| Self::start(MongoOptions::default()));
        match started.await {
            Ok(mongo) => mongo.uri(),
            Err(error) => panic!("no MongoDB: {error:#}"),
        }
    }

    /// Its connection string.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Its process, to halt it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it with SIGKILL.
    pub fn kill_now(&mut self) -> Result<()> {
        self.process.kill_now()
    }

    /// Starts it on the same data and port, after ending it with SIGTERM if it runs, and returns when it accepts
    /// connections.
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.is_running()? {
            self.process.terminate(STOP).await?;
        }
        self.process = self.launch.spawn()?;
        self.ready().await
    }

    async fn ready(&mut self) -> Result<()> {
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let accepts = async || TcpStream::connect(address).await.map(drop);
        self.process
            .ready(READY, async || {
                accepts().await.context("it does not listen")
            })
            .await
    }
}

/// Names of two databases of a test's own: one for operational data, one for credentials.
pub fn databases() -> (String, String) {
    let name = fresh(&format!("ssm-{}", std::process::id()));
    (format!("{name}_data"), format!("{name}_auth"))
}
