//! The cluster around this process, and the programs that people use on it.

use std::env::var_os;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ssm_tests::{Ended, eventually};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::task::spawn_blocking;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(2);
/// After so many seconds a program that did not come to an end is ended.
const LONGEST: &str = "240";

/// Held by whoever needs the whole cluster for themselves.
static ALONE: RwLock<()> = RwLock::const_new(());

/// Beside other tests, which are in namespaces of their own.
pub async fn among_others() -> RwLockReadGuard<'static, ()> {
    ALONE.read().await
}

/// With no other test at work: for what would disturb them, or be disturbed.
pub async fn alone() -> Alone {
    Alone {
        _held: ALONE.write().await,
    }
}

/// The cluster for oneself.
pub struct Alone {
    _held: RwLockWriteGuard<'static, ()>,
}

impl Drop for Alone {
    /// What a failed test leaves is there to be looked at, but for the rights in the whole cluster: with these it would go on
    /// disturbing others, and no other release could have them.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let selector = "--selector=app.kubernetes.io/name=simple-secrets-manager";
            let rights = "clusterrolebindings,clusterroles";
            let delete = ["60", "kubectl", "delete", rights, selector];
            let _ = Command::new("timeout").args(delete).status();
        }
    }
}

/// `kubectl`, which has to succeed; returns what it writes.
pub async fn kubectl(args: &[&str]) -> String {
    run("kubectl", args, "").await.ok()
}

/// The same for what is tried again: where it fails, the error is what it said.
pub async fn try_kubectl(args: &[&str]) -> Result<String> {
    let ended = run("kubectl", args, "").await;
    ensure!(ended.code == 0, "{}", ended.stderr);
    Ok(ended.text())
}

/// `kubectl apply` of YAML or JSON.
pub async fn apply(namespace: &str, objects: &str) {
    let args = ["--namespace", namespace, "apply", "--filename", "-"];
    run("kubectl", &args, objects).await.ok();
}

/// `helm`, which has to succeed; returns what it writes.
pub async fn helm(args: &[&str]) -> String {
    run("helm", args, "").await.ok()
}

/// A program of the cluster's, to its end, with `stdin` on its standard input.
pub async fn run(program: &str, args: &[&str], stdin: &str) -> Ended {
    let mut command = Command::new("timeout");
    command.args([LONGEST, program]).args(args);
    let stdin = stdin.to_owned();
    let ended = spawn_blocking(move || -> Result<Ended> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // What it is given is shorter than a pipe is long; it may also end without reading.
        let mut pipe = child.stdin.take().context("it has no standard input")?;
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        let output = child.wait_with_output()?;
        Ok(Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    });
    ended.await.unwrap().unwrap()
}

/// Ends a program of the node or of the control plane with SIGKILL. It is started again at once.
pub async fn kill(name: &str) {
    let file =
        PathBuf::from(var_os("CLUSTER").expect("CLUSTER is set")).join(format!("{name}.pid"));
    let pid = || std::fs::read_to_string(&file).map(|pid| pid.trim().to_owned());
    let before = pid().unwrap();
    run("kill", &["-KILL", &before], "").await.ok();
    eventually(
        PATIENCE,
        &format!("{name} to be started again"),
        async || {
            ensure!(pid()? != before);
            Ok(())
        },
    )
    .await
    .unwrap();
}

/// Says what was measured, which nothing depends on.
pub fn measured(what: &str, value: &str) {
    println!("measured: {what}: {value}");
}
