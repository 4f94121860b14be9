//! What others made and the product is held against: the readers of `.env` and YAML files that the world uses, schemathesis,
//! a server that speaks MongoDB's wire protocol, and Argo CD's interpreter of health scripts.
//! Installing them is the business of `tools/foreign/install.sh`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::paths;

/// What `sh` has in its environment by itself.
const OF_THE_SHELL: [&str; 5] = ["PATH", "PWD", "OLDPWD", "SHLVL", "_"];

/// The installed programs.
#[derive(Clone, Debug)]
pub struct Foreign {
    dir: PathBuf,
}

impl Foreign {
    /// Those that `make tools` installed.
    pub fn find() -> Result<Self> {
        let dir = paths::cache_dir()?.join("foreign");
        ensure!(
            dir.join("stamp").is_file(),
            "{} is not complete: run `make tools`, which installs it once",
            dir.display()
        );
        Ok(Self { dir })
    }

    /// An executable of the virtual environment of Python.
    pub fn python(&self, name: &str) -> PathBuf {
        self.dir.join("venv/bin").join(name)
    }

    /// What each reader takes `file` for, by the reader's name.
    pub fn read_env(&self, file: &Path) -> Result<Vec<(&'static str, BTreeMap<String, String>)>> {
        let compose = Command::new(self.dir.join("read-compose"));
        let mut shell = Command::new("sh");
        shell.args(["-c", "set -a && . \"$1\" && exec env -0", "sh"]);
        Ok(vec![
            ("Node's dotenv", json(&output(self.node_reader(), file)?)?),
            ("python-dotenv", json(&output(self.python_reader(), file)?)?),
            ("Docker Compose", json(&output(compose, file)?)?),
            ("sh", variables(&output(shell, file)?)?),
        ])
    }

    /// What each reader of YAML takes `file` for, by the reader's name. Its name has to end with `.yaml`.
    pub fn read_yaml(&self, file: &Path) -> Result<Vec<(&'static str, BTreeMap<String, String>)>> {
        Ok(vec![
            ("js-yaml", json(&output(self.node_reader(), file)?)?),
            ("PyYAML", json(&output(self.python_reader(), file)?)?),
        ])
    }

    /// What a health script says about a resource in Argo CD.
    pub fn argocd_health(&self, script: &Path, resource: &Value) -> Result<Value> {
        let mut child = Command::new(self.dir.join("argocd-health"))
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run argocd-health")?;
        let stdin = child.stdin.take().context("it has no standard input")?;
        serde_json::to_writer(stdin, resource)?;
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "the script ended with: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn node_reader(&self) -> Command {
        let mut node = Command::new("node");
        node.arg(self.dir.join("read.mjs"));
        node
    }

    fn python_reader(&self) -> Command {
        let mut python = Command::new(self.python("python"));
        python.arg(self.dir.join("read.py"));
        python
    }
}

fn output(mut command: Command, file: &Path) -> Result<Vec<u8>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let output = command.arg(file).env_clear().env("PATH", path).output();
    let output = output.with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

fn json(output: &[u8]) -> Result<BTreeMap<String, String>> {
    serde_json::from_slice(output).context("a reader's output is not an object of texts")
}

/// What `env -0` prints.
fn variables(output: &[u8]) -> Result<BTreeMap<String, String>> {
    let entries = std::str::from_utf8(output)?.split_terminator('\0');
    let variables = entries.filter_map(|entry| entry.split_once('='));
    Ok(variables
        .filter(|(name, _)| !OF_THE_SHELL.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}
