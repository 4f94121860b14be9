//! The operator, `ssm-operator`, as a process outside the cluster with the rights of a given kubeconfig.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use anyhow::Result;

use crate::{FaultProxy, free_port, kubeconfig, launch::Launch, paths, probe, process::Process};

const READY: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_mins(1);

/// How an operator is started.
#[derive(Clone, Debug)]
pub struct OperatorOptions {
    kubeconfig: PathBuf,
    env: Vec<(String, String)>,
    log_dir: Option<PathBuf>,
}

impl OperatorOptions {
    /// With the rights of a kubeconfig, `server_url` as its default server, and without leader election.
    pub fn new(kubeconfig: &Path, server_url: &str) -> Self {
        Self {
            kubeconfig: kubeconfig.to_owned(),
            env: Vec::new(),
            log_dir: None,
        }
        .env("SSM_SERVER_URL", server_url)
        .env("LEADER_ELECTION", "false")
    }

    /// With one more environment variable; a later one of the same name wins.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Serving the resources of one namespace only.
    #[must_use]
    pub fn namespace(self, namespace: &str) -> Self {
        self.env("WATCH_NAMESPACES", namespace)
    }

    /// With this proxy between it and the API server.
    pub fn through(mut self, proxy: &FaultProxy) -> Result<Self> {
        self.kubeconfig = kubeconfig::at(&self.kubeconfig, &proxy.url())?;
        Ok(self)
    }

    /// With its log in this directory instead of where those of this test process are.
    #[must_use]
    pub fn log_dir(mut self, dir: &Path) -> Self {
        self.log_dir = Some(dir.to_owned());
        self
    }
}

/// An operator, which ends when it is dropped.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    launch: Launch,
    port: u16,
}

impl Operator {
    /// Starts one and returns when it is ready.
    pub async fn start(options: OperatorOptions) -> Result<Self> {
        let mut operator = Self::spawn(options)?;
        operator.ready().await?;
        Ok(operator)
    }

    /// Starts one and does not wait, for tests in which it cannot become ready.
    pub fn spawn(options: OperatorOptions) -> Result<Self> {
        let port = free_port()?;
        let program = paths::product_binary("ssm-operator")?;
        let mut launch = Launch::new("ssm-operator", &program, options.log_dir.as_deref())?
            .env("KUBECONFIG", options.kubeconfig)
            .env("METRICS_ADDR", format!("127.0.0.1:{port}"));
        for (name, value) in options.env {
            launch = launch.env(name, value);
        }
        Ok(Self {
            process: launch.spawn()?,
            launch,
            port,
        })
    }

    /// Waits until it is ready.
    pub async fn ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.url());
        let client = probe::client()?;
        self.process
            .ready(READY, async || probe::answers_ok(&client, &url).await)
            .await
    }

    /// The address of its `/healthz`, `/readyz` and `/metrics`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its metrics in Prometheus' text format.
    pub async fn metrics(&self) -> Result<String> {
        let response = probe::client()?
            .get(format!("{}/metrics", self.url()))
            .send()
            .await?;
        Ok(response.error_for_status()?.text().await?)
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

    /// Starts it again in the same way, after ending it with SIGTERM if it runs, and returns when it is ready.
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.is_running()? {
            self.stop().await?;
        }
        self.process = self.launch.spawn()?;
        self.ready().await
    }
}
