//! helm, and what it makes of the project's chart. Building it is the business of `tools/helm.sh`.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{paths, process::inherited, run::Ended};

const SCRIPT: &str = include_str!("../tools/helm.sh");

/// After so long an answer does not come any more.
const PATIENCE_SECONDS: &str = "300";

/// The project's chart.
pub const CHART: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../charts/simple-secrets-manager"
);

/// The program, and the cluster that it works on.
#[derive(Clone, Debug)]
pub struct Helm {
    program: PathBuf,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    /// The one in `HELM` where it is set, else the one that `make tools` built. It knows no cluster.
    pub fn find() -> Result<Self> {
        let program = match std::env::var_os("HELM").filter(|path| !path.is_empty()) {
            Some(path) => path.into(),
            None => paths::cache_dir()?.join(format!("helm-v{}/helm", Self::version()?)),
        };
        ensure!(
            program.is_file(),
            "{} is missing: run `make tools`, which builds it once",
            program.display()
        );
        Ok(Self {
            program,
            kubeconfig: None,
        })
    }

    /// The version that `make tools` builds, `4.3.1` for instance.
    pub fn version() -> Result<&'static str> {
        SCRIPT
            .lines()
            .find_map(|line| line.strip_prefix("readonly VERSION="))
            .context("tools/helm.sh names no version")
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The same for the cluster of this kubeconfig.
    #[must_use]
    pub fn on(mut self, kubeconfig: &Path) -> Self {
        self.kubeconfig = Some(kubeconfig.to_owned());
        self
    }

    /// Runs it to its end with these words behind its name.
    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<Ended> {
        // Where none is given it must not find that of whoever runs the tests.
        let kubeconfig = self.kubeconfig.as_deref();
        let kubeconfig = kubeconfig.unwrap_or(Path::new("/dev/null"));
        let output = Command::new("timeout")
            .arg(PATIENCE_SECONDS)
            .arg(&self.program)
            .args(args)
            .env_clear()
            .envs(inherited())
            .env("KUBECONFIG", kubeconfig)
            .output()
            .with_context(|| format!("starting {}", self.program.display()))?;
        Ok(Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
