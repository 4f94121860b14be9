//! Processes that tests start end with the test, however it ends.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use ssm_tests::{Launch, Process, Scratch, Signal, eventually};

const DEADLINE: Duration = Duration::from_mins(1);

/// Where a copy of this test program, which plays the parent, writes the process id of its child.
const PARENT_VARIABLE: &str = "SSM_TESTS_PARENT_WRITES_TO";

fn shell(name: &str, script: &str) -> Result<Process> {
    Launch::new(name, Path::new("/bin/sh"), None)?
        .arg("-c")
        .arg(script)
        .spawn()
}

fn exists(pid: &str) -> bool {
    let probe = Command::new("sh")
        .args(["-c", "kill -0 \"$1\"", "sh", pid])
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

/// In the copy: starts a child, keeps it in a `static`, tells its process id and never ends.
fn play_the_parent(pid_file: &Path) -> Result<()> {
    static CHILD: Mutex<Option<Process>> = Mutex::new(None);
    let child = shell("orphan", "exec sleep 600")?;
    let unfinished = pid_file.with_extension("unfinished");
    fs::write(&unfinished, child.pid().to_string())?;
    fs::rename(unfinished, pid_file)?;
    *CHILD.lock().expect("nobody else locks it") = Some(child);
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn a_child_dies_with_its_parent() -> Result<()> {
    if let Some(pid_file) = std::env::var_os(PARENT_VARIABLE) {
        return play_the_parent(Path::new(&pid_file));
    }
    let scratch = Scratch::new("parent")?;
    let pid_file = scratch.path().join("pid");
    let mut parent = Command::new(std::env::current_exe()?)
        .args(["--exact", "a_child_dies_with_its_parent", "--nocapture"])
        .env(PARENT_VARIABLE, &pid_file)
        .stdout(Stdio::null())
        .spawn()?;
    let pid = eventually(DEADLINE, "the child to be started", async || {
        Ok(fs::read_to_string(&pid_file)?)
    })
    .await;
    let alive = pid.as_ref().is_ok_and(|pid| exists(pid));
    parent.kill()?;
    parent.wait()?;

    let pid = pid?;
    ensure!(alive, "the child {pid} ended before its parent");
    eventually(DEADLINE, "the child to be gone", async || {
        ensure!(!exists(&pid), "{pid} is there");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_child_dies_with_its_handle() -> Result<()> {
    let child = shell("dropped", "exec sleep 600")?;
    let pid = child.pid().to_string();
    assert!(exists(&pid));
    drop(child);
    assert!(!exists(&pid));
    Ok(())
}

#[tokio::test]
async fn a_child_that_ends_by_itself_leaves_its_status_and_its_log() -> Result<()> {
    let mut child = shell("ends", "echo out; echo err >&2; exit 7")?;
    assert_eq!(child.wait(DEADLINE).await?.code(), Some(7));
    assert!(!child.is_running()?);
    assert_eq!(child.log()?, "out\nerr\n");
    Ok(())
}

#[tokio::test]
async fn a_terminated_child_may_clean_up() -> Result<()> {
    let mut child = shell(
        "cleans-up",
        "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done",
    )?;
    let log = child.log_path().to_owned();
    child
        .ready(DEADLINE, async || {
            fs::read_to_string(&log)?
                .strip_prefix("ready")
                .map(drop)
                .context("not yet")
        })
        .await?;
    assert!(child.terminate(DEADLINE).await?.success());
    assert_eq!(child.log()?, "ready\nbye\n");
    Ok(())
}

#[tokio::test]
async fn a_child_that_ends_before_it_is_ready_is_an_error_at_once() -> Result<()> {
    let mut child = shell("never-ready", "echo the disk is on fire; exit 3")?;
    let never = async || anyhow::bail!("not yet");
    let error = format!(
        "{:#}",
        child
            .ready(Duration::from_mins(10), never)
            .await
            .unwrap_err()
    );
    assert!(error.contains("the disk is on fire"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_halted_child_can_still_be_killed() -> Result<()> {
    let mut child = shell("halted", "exec sleep 600")?;
    child.signal(Signal::Stop);
    child.kill_now()?;
    assert!(!child.is_running()?);
    Ok(())
}

#[tokio::test]
async fn little_of_the_environment_is_inherited() -> Result<()> {
    let launch = Launch::new("environment", Path::new("/bin/sh"), None)?
        .arg("-c")
        .arg("env")
        .env("GIVEN", "yes");
    let mut child = launch.spawn()?;
    child.wait(DEADLINE).await?;
    let log = child.log()?;
    assert!(log.contains("GIVEN=yes"), "{log}");
    assert!(!log.contains("CARGO"), "{log}");
    Ok(())
}
