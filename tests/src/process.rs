//! A child process that never outlives this one, not even when this one is killed with SIGKILL or keeps the child in a
//! `static`.
//!
//! Between the two stands a small shell script, `watchdog.sh`. It holds the other end of a pipe that only this process
//! writes to; when the pipe closes, it kills the child. Both run in a process group of their own, so that Ctrl-C reaches
//! this process alone and it can end its children in order.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{launch::Launch, wait::eventually};

const WATCHDOG: &str = include_str!("watchdog.sh");

/// Of the parent's environment, what a program needs to find its way around. Everything else, settings of our own
/// above all, would make a test depend on the shell that it was started from.
const INHERITED: [&str; 7] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "XDG_CACHE_HOME",
    "LLVM_PROFILE_FILE",
    // Tests run at the level that tells most, so that the canary looks at all there is.
    "LOG_LEVEL",
];

/// What is passed on to every program.
pub(crate) fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED
        .iter()
        .filter_map(|name| Some((*name, std::env::var_os(name)?)))
}

/// A signal that a [`Process`] can be sent.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// Asks it to end.
    Terminate,
    /// Ends it at once.
    Kill,
    /// Halts it, so that it answers nothing and keeps its connections.
    Stop,
    /// Lets it go on after [`Signal::Stop`].
    Continue,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// A running program, or one that has ended.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    pid: u32,
    watchdog: Child,
    leash: ChildStdin,
}

impl Process {
    pub(crate) fn spawn(launch: &Launch) -> Result<Self> {
        ensure!(
            launch.program.is_file(),
            "{} is not there",
            launch.program.display()
        );
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&launch.log)
            .arg(&launch.program)
            .args(&launch.args)
            .env_clear()
            .envs(inherited())
            .envs(&launch.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", launch.name))?;
        // Taken out of the `Child`, which would close it on `wait`.
        let leash = watchdog.stdin.take().context("the watchdog has no stdin")?;
        let mut line = String::new();
        BufReader::new(
            watchdog
                .stdout
                .take()
                .context("the watchdog has no stdout")?,
        )
        .read_line(&mut line)?;
        let pid = line
            .trim()
            .parse()
            .with_context(|| format!("reading the process id of {}", launch.name))?;
        Ok(Self {
            name: launch.name.clone(),
            log: launch.log.clone(),
            pid,
            watchdog,
            leash,
        })
    }

    /// The process id of the program itself.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// All that the program has written to stdout and stderr.
    pub fn log(&self) -> Result<String> {
        let bytes =
            fs::read(&self.log).with_context(|| format!("reading {}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The file that [`log`](Self::log) reads.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Whether the program has not ended yet.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.watchdog.try_wait()?.is_none())
    }

    /// Sends a signal. To a program that has ended it is none.
    pub fn signal(&mut self, signal: Signal) {
        // The pipe is closed as soon as the program has ended.
        let _ = writeln!(self.leash, "{}", signal.name());
    }

    /// Ends the program with SIGKILL and returns when it is gone.
    pub fn kill_now(&mut self) -> Result<()> {
        self.signal(Signal::Kill);
        self.watchdog.wait()?;
        Ok(())
    }

    /// Waits for the program to end by itself. The status is that of a shell: an end by signal N has the code 128 + N.
    pub async fn wait(&mut self, deadline: Duration) -> Result<ExitStatus> {
        let watchdog = &mut self.watchdog;
        eventually(deadline, &format!("{} to end", self.name), async || {
            watchdog.try_wait()?.context("it is still running")
        })
        .await
    }

    /// Asks the program to end with SIGTERM and waits until it has.
    pub async fn terminate(&mut self, deadline: Duration) -> Result<ExitStatus> {
        self.signal(Signal::Terminate);
        self.wait(deadline).await
    }

    /// Waits until `ready` succeeds. A program that ends before it is ready is an error at once, with the end of its log.
    pub async fn ready(
        &mut self,
        deadline: Duration,
        mut ready: impl AsyncFnMut() -> Result<()>,
    ) -> Result<()> {
        let what = format!("{} to be ready", self.name);
        let outcome = eventually(deadline, &what, async || {
            match self.watchdog.try_wait()? {
                Some(status) => Ok(Some(status)),
                None => ready().await.map(|()| None),
            }
        });
        match outcome.await.with_context(|| self.last_words())? {
            None => Ok(()),
            Some(status) => bail!(
                "{} ended with {status} before it was ready; {}",
                self.name,
                self.last_words()
            ),
        }
    }

    fn last_words(&self) -> String {
        let log = self.log().unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        format!("the end of {}:\n{last}\n", self.log.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill_now();
    }
}
