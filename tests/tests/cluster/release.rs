//! A release of the chart in a namespace of its own.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, OWNER, fresh};
use ssm_tests::{canary, eventually};

use crate::cluster::{PATIENCE, apply, helm, kubectl};

/// The chart, as it is in the sources.
const CHART: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../charts/simple-secrets-manager"
);
/// The name of every release.
const NAME: &str = "ssm";
/// How long helm waits.
const WAIT: &str = "--timeout=3m";

/// An installed release.
pub struct Release {
    /// Where it is.
    pub namespace: String,
    values: Vec<String>,
}

impl Release {
    /// Installs one with an operator for all namespaces, as `helm install` does when it is told nothing. No other test may run.
    pub async fn by_default() -> Self {
        Self::with(&[]).await
    }

    /// Installs one whose operator serves its own namespace only, so that several can be in one cluster.
    pub async fn confined(values: &[&str]) -> Self {
        let namespace = fresh("test");
        let watch = format!("operator.watchNamespaces={{{namespace}}}");
        let mut values: Vec<&str> = values.to_vec();
        values.push(&watch);
        Self::install(namespace, &values).await
    }

    /// Installs one with these values.
    pub async fn with(values: &[&str]) -> Self {
        Self::install(fresh("test"), values).await
    }

    async fn install(namespace: String, values: &[&str]) -> Self {
        let release = Self {
            namespace,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        release.install_again().await;
        release
    }

    /// Installs it where it was uninstalled.
    pub async fn install_again(&self) {
        self.helm("install", &["--create-namespace"], &[]).await;
    }

    /// Upgrades it to its values and these.
    pub async fn upgrade(&self, more: &[&str]) {
        self.helm("upgrade", &[], more).await;
    }

    async fn helm(&self, verb: &str, flags: &[&str], more: &[&str]) {
        let mut args = vec![
            verb,
            NAME,
            CHART,
            "--namespace",
            &self.namespace,
            "--wait",
            WAIT,
        ];
        args.extend(flags);
        for value in self
            .values
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
        {
            args.extend(["--set", value]);
        }
        helm(&args).await;
    }

    /// Goes back to a revision.
    pub async fn rollback(&self, revision: &str) {
        helm(&[
            "rollback",
            NAME,
            revision,
            "--namespace",
            &self.namespace,
            "--wait",
            WAIT,
        ])
        .await;
    }

    /// Uninstalls it.
    pub async fn uninstall(&self) {
        helm(&[
            "uninstall",
            NAME,
            "--namespace",
            &self.namespace,
            "--wait",
            WAIT,
        ])
        .await;
    }

    /// What the chart's own tests say.
    pub async fn test(&self) {
        helm(&["test", NAME, "--namespace", &self.namespace, WAIT]).await;
    }

    /// `kubectl` in its namespace.
    pub async fn kubectl(&self, args: &[&str]) -> String {
        let mut all = vec!["--namespace", self.namespace.as_str()];
        all.extend(args);
        kubectl(&all).await
    }

    /// Applies objects in its namespace.
    pub async fn apply(&self, objects: &Value) {
        apply(&self.namespace, &objects.to_string()).await;
    }

    /// The names of the pods of a component, `server` for instance.
    pub async fn pods(&self, component: &str) -> Vec<String> {
        let selector = format!("app.kubernetes.io/component={component}");
        let pods = self
            .kubectl(&["get", "pods", "--selector", &selector, "--output", "name"])
            .await;
        pods.lines().map(str::to_owned).collect()
    }

    /// Waits until all pods of a component are ready, none of which has this name.
    pub async fn is_ready(&self, component: &str, without: &str) {
        let selector = format!("app.kubernetes.io/component={component}");
        eventually(PATIENCE, &format!("{component} to be ready"), async || {
            let pods = self.pods(component).await;
            ensure!(
                !pods.is_empty() && !pods.iter().any(|pod| pod == without),
                "{pods:?}"
            );
            let ready = self
                .kubectl(&[
                    "get",
                    "pods",
                    "--selector",
                    &selector,
                    "--output",
                    "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}",
                ])
                .await;
            ensure!(
                ready.split_whitespace().all(|ready| ready == "True"),
                "{ready}"
            );
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Somebody without a token, who calls the server at its Service.
    pub async fn nobody(&self) -> Caller {
        let service = self
            .kubectl(&[
                "get",
                "service",
                "--selector",
                "app.kubernetes.io/component=server",
                "--output",
                "jsonpath={.items[0].spec.clusterIP}:{.items[0].spec.ports[0].port}",
            ])
            .await;
        Caller::nobody(&format!("http://{service}"))
    }

    /// Signs the first user up, with the setup token from where the notes say that it is.
    pub async fn sign_up(&self) -> Caller {
        let nobody = self.nobody().await;
        let request = nobody
            .request("POST", "/api/onboarding/bootstrap")
            .header("X-Setup-Token", self.setup_token().await)
            .json(&json!({"username": OWNER, "password": canary::password()}));
        let made = Caller::send(request).await;
        assert_eq!(made.status, 201, "{}", made.text);
        // What follows is what a person does who comes back.
        nobody.sign_in(OWNER).await
    }

    async fn setup_token(&self) -> String {
        eventually(PATIENCE, "the setup token to be in the log", async || {
            let mut log = String::new();
            for pod in self.pods("server").await {
                log += &self.kubectl(&["logs", &pod]).await;
            }
            let line = log.lines().find(|line| line.contains("X-Setup-Token: "));
            let token = line.and_then(|line| line.split("X-Setup-Token: ").nth(1));
            Ok(token.context("there is none")?.trim().to_owned())
        })
        .await
        .unwrap()
    }
}
