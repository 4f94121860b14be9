//! Commands that run to their end: the server's `backup`, `admin`, `audit` and the like, and the operator's `check`.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use tokio::task::spawn_blocking;

use crate::{canary, launch::Launch, paths, process::inherited, store};

/// A command to be run.
#[derive(Clone, Debug)]
pub struct Run {
    program: &'static str,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    data_dir: Option<PathBuf>,
    stdin: Vec<u8>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; 128 + N where signal N ended it.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Run {
    /// The words behind `ssm-server`.
    pub fn new<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::of("ssm-server", args)
    }

    /// The words behind `ssm-operator`.
    pub fn operator<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Self {
        Self::of("ssm-operator", args)
    }

    fn of<A: Into<OsString>>(program: &'static str, args: impl IntoIterator<Item = A>) -> Self {
        Self {
            program,
            args: args.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            data_dir: None,
            stdin: Vec::new(),
        }
    }

    /// The same on the data that this directory stands for.
    #[must_use]
    pub fn on(mut self, data_dir: &Path) -> Self {
        self.data_dir = Some(data_dir.to_owned());
        self.env("DATA_DIR", data_dir)
    }

    /// The same for a test that is about the database in this directory, whatever `TEST_STORE` says.
    #[must_use]
    pub fn on_embedded(self, data_dir: &Path) -> Self {
        store::embed(data_dir);
        self.on(data_dir)
    }

    /// With an environment variable. Few others are passed on.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.into(), value.as_ref().into());
        self
    }

    /// With this on its standard input, which is empty otherwise.
    #[must_use]
    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Runs it to its end. What it says on standard error is kept among the logs.
    pub async fn end(mut self) -> Result<Ended> {
        if let Some(data_dir) = &self.data_dir {
            let given = |name: &str| self.env.contains_key(OsStr::new(name));
            let stored = store::settings(data_dir, given).await?;
            let stored = stored.into_iter();
            self.env
                .extend(stored.map(|(name, value)| (name.into(), value.into())));
        }
        spawn_blocking(move || self.run()).await?
    }

    fn run(self) -> Result<Ended> {
        let program = paths::product_binary(self.program)?;
        let name = self
            .args
            .first()
            .map_or(self.program.into(), |word| word.to_string_lossy());
        // Its file for the log is the one thing of it that is used: it is sought through for canaries like all others.
        let log = Launch::new(&format!("{}-{name}", self.program), &program, None)?.log;
        let mut child = Command::new(&program)
            .args(&self.args)
            .env_clear()
            .envs(inherited())
            .envs(&self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let mut stdin = child.stdin.take().context("it has no standard input")?;
        let text = self.stdin;
        // Written beside, since the program may write before it has read all; it may also end without reading.
        let writing = std::thread::spawn(move || {
            let _ = stdin.write_all(&text);
        });
        let output = child.wait_with_output()?;
        let _ = writing.join();
        std::fs::write(&log, &output.stderr)
            .with_context(|| format!("writing {}", log.display()))?;
        Ok(Ended {
            code: code(output.status),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

impl Ended {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Asserts success, and returns what it wrote to standard output.
    #[track_caller]
    pub fn ok(&self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.text()
    }

    /// Asserts the exit code, and one sentence on standard error that has all of these parts in it.
    #[track_caller]
    pub fn refused(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        for part in says {
            assert!(
                self.stderr.contains(part),
                "{part:?} is not in: {}",
                self.stderr
            );
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        assert!(
            !canary::is_in(self.stderr.as_bytes()),
            "a secret is in: {}",
            self.stderr
        );
    }
}
