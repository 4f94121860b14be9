//! How a program is started, so that the same program can be started again in the same way.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::File,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result};

use crate::{paths, process::Process};

/// A program with its arguments, its environment and the file for its output.
#[derive(Clone, Debug)]
pub struct Launch {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: BTreeMap<OsString, OsString>,
    pub(crate) log: PathBuf,
}

impl Launch {
    /// `program` under the `name` that messages and its log file have. The log goes to `log_dir`, by default to this
    /// process's own directory in [`logs_dir`](crate::logs_dir).
    pub fn new(name: &str, program: &Path, log_dir: Option<&Path>) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let log = match log_dir {
            Some(dir) => {
                paths::make_dir(dir)?;
                dir.join(format!("{name}.log"))
            }
            None => paths::own_logs_dir()?.join(format!(
                "{name}-{}.log",
                COUNT.fetch_add(1, Ordering::Relaxed)
            )),
        };
        // A new run has a new log; only a program that is started again adds to it.
        File::create(&log).with_context(|| format!("making {}", log.display()))?;
        Ok(Self {
            name: name.to_owned(),
            program: program.to_owned(),
            args: Vec::new(),
            env: BTreeMap::new(),
            log,
        })
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// With one more argument in the form `--flag=value`.
    #[must_use]
    pub fn flag(self, flag: &str, value: impl AsRef<OsStr>) -> Self {
        let mut arg = OsString::from(format!("--{flag}="));
        arg.push(value);
        self.arg(arg)
    }

    /// With an environment variable. Few others are passed on.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Starts it. Its log is appended to.
    pub fn spawn(&self) -> Result<Process> {
        Process::spawn(self)
    }
}
