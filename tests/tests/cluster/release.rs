//! A release of the chart in a namespace of its own.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use ssm_tests::caller::{Caller, OWNER, fresh};
use ssm_tests::{Ended, canary, eventually};
use tokio::sync::Mutex;

use crate::cluster::{PATIENCE, apply, helm, kubectl, run, try_kubectl};

/// The chart, as it is in the sources.
const CHART: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../charts/simple-secrets-manager"
);
const CRD: &str = include_str!("../../../crds/secretsyncs.yaml");
const CRD_NAME: &str = "crd/secretsyncs.simplesecrets.io";
/// The name of every release.
const NAME: &str = "simple-secrets-manager";
/// How long helm waits.
const WAIT: &str = "--timeout=3m";
/// That helm waits until everything is ready.
const UNTIL_READY: &[&str] = &["--wait", WAIT];

/// A release.
pub struct Release {
    /// Where it is.
    pub namespace: String,
    values: Vec<String>,
}

/// Sees to it that there is the definition of `SecretSync`, for releases that come without it.
async fn define() {
    // Two who apply it at once would both make it.
    static ONE: Mutex<()> = Mutex::const_new(());
    let _one = ONE.lock().await;
    if run("kubectl", &["get", CRD_NAME], "").await.code != 0 {
        apply("default", CRD).await;
    }
    kubectl(&[
        "wait",
        "--for=condition=Established",
        CRD_NAME,
        "--timeout=60s",
    ])
    .await;
}

impl Release {
    /// Installs one as `helm install` does when it is told nothing: with the definition of `SecretSync`, and an operator for all
    /// namespaces. No other test may run.
    pub async fn by_default() -> Self {
        kubectl(&["delete", CRD_NAME, "--ignore-not-found", "--timeout=60s"]).await;
        let release = Self::prepared(&[]).await;
        release.install().await;
        release
    }

    /// Installs one whose operator serves its own namespace only, so that there can be several in a cluster.
    pub async fn confined(values: &[&str]) -> Self {
        let release = Self::prepared_confined(values).await;
        release.install().await;
        release
    }

    /// The same, not installed yet.
    pub async fn prepared_confined(values: &[&str]) -> Self {
        let mut release = Self::prepared(values).await;
        let watch = format!("operator.watchNamespaces={{{}}}", release.namespace);
        let alone = ["crds.install=false".to_owned(), watch];
        release.values.extend(alone);
        define().await;
        release
    }

    async fn prepared(values: &[&str]) -> Self {
        let namespace = fresh("test");
        kubectl(&["create", "namespace", &namespace]).await;
        Self {
            namespace,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    /// Adds a value.
    pub fn set(&mut self, value: &str) {
        self.values.push(value.to_owned());
    }

    /// Installs it, also where it was uninstalled.
    pub async fn install(&self) {
        self.try_install().await.ok();
        self.answers().await;
    }

    /// Installs it, unless the chart has something against it.
    pub async fn try_install(&self) -> Ended {
        self.helm("install", UNTIL_READY, &[]).await
    }

    /// Upgrades it to its values and these.
    pub async fn upgrade(&self, more: &[&str]) {
        self.helm("upgrade", UNTIL_READY, more).await.ok();
        self.answers().await;
    }

    /// The same without waiting for what becomes of it.
    pub async fn begin_upgrade(&self, more: &[&str]) {
        self.helm("upgrade", &[], more).await.ok();
    }

    /// Waits until the Service leads to a server: kube-proxy hears of a pod that is ready a little later than helm does.
    pub async fn answers(&self) {
        let nobody = self.nobody().await;
        eventually(PATIENCE, "an answer at the Service", async || {
            let answer = nobody.request("GET", "/readyz").send().await?;
            ensure!(answer.status().is_success(), "{}", answer.status());
            Ok(())
        })
        .await
        .unwrap();
    }

    async fn helm(&self, verb: &str, flags: &[&str], more: &[&str]) -> Ended {
        let mut args = vec![verb, NAME, CHART, "--namespace", &self.namespace];
        args.extend(flags);
        let own = self.values.iter().map(String::as_str);
        for value in own.chain(more.iter().copied()) {
            args.extend(["--set", value]);
        }
        run("helm", &args, "").await
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
        self.answers().await;
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

    /// Runs the chart's own tests.
    pub async fn test(&self) {
        helm(&["test", NAME, "--namespace", &self.namespace, WAIT]).await;
    }

    /// Waits until none of its pods is left.
    pub async fn is_gone(&self) {
        eventually(PATIENCE, "its pods to be gone", async || {
            let selector = "--selector=app.kubernetes.io/name=simple-secrets-manager";
            let pods = self
                .try_kubectl(&["get", "pods", selector, "--output=name"])
                .await?;
            ensure!(pods.is_empty(), "{pods}");
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Takes it away with its namespace, and returns when nothing of it runs. After a test that failed it stays, to be looked at.
    pub async fn end(self) {
        self.uninstall().await;
        self.is_gone().await;
        kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]).await;
    }

    /// `kubectl` in its namespace.
    pub async fn kubectl(&self, args: &[&str]) -> String {
        kubectl(&self.own(args)).await
    }

    /// The same for what is tried again: where it fails, the error is what it said.
    pub async fn try_kubectl(&self, args: &[&str]) -> Result<String> {
        try_kubectl(&self.own(args)).await
    }

    /// These words, for its namespace.
    fn own<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["--namespace", self.namespace.as_str()];
        all.extend(args);
        all
    }

    /// Applies an object in its namespace.
    pub async fn apply(&self, object: &Value) {
        apply(&self.namespace, &object.to_string()).await;
    }

    /// The names of the pods of a component, `server` for instance.
    pub async fn pods(&self, component: &str) -> Result<Vec<String>> {
        let selector = format!("--selector=app.kubernetes.io/component={component}");
        let pods = self
            .try_kubectl(&["get", "pods", &selector, "--output=name"])
            .await?;
        Ok(pods.lines().map(str::to_owned).collect())
    }

    /// Waits until a pod of a component is ready, and returns its name. For a moment after one was killed there is none at all.
    pub async fn ready_pod(&self, component: &str) -> String {
        let selector = format!("--selector=app.kubernetes.io/component={component}");
        eventually(PATIENCE, "a pod that is ready", async || {
            let pods = self
                .try_kubectl(&["get", "pods", &selector, "--output=json"])
                .await?;
            let pods: Value = serde_json::from_str(&pods)?;
            let mut pods = pods["items"].as_array().into_iter().flatten();
            let ready = pods.find(|pod| {
                let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
                conditions.any(|it| it["type"] == "Ready" && it["status"] == "True")
            });
            let name = ready.and_then(|pod| pod["metadata"]["name"].as_str());
            Ok(format!("pod/{}", name.context("none is ready")?))
        })
        .await
        .unwrap()
    }

    /// Somebody without a token, who calls the server at its Service.
    pub async fn nobody(&self) -> Caller {
        let selector = "--selector=app.kubernetes.io/component=server";
        let address = "--output=jsonpath={.items[0].spec.clusterIP}:{.items[0].spec.ports[0].port}";
        let service = self.kubectl(&["get", "service", selector, address]).await;
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
        // As somebody who comes back.
        nobody.sign_in(OWNER).await
    }

    /// What the command in the notes writes.
    async fn setup_token(&self) -> String {
        let notes = helm(&["get", "notes", NAME, "--namespace", &self.namespace]).await;
        let mut lines = notes.lines().map(str::trim);
        let command = lines.find(|line| {
            line.starts_with("kubectl")
                && (line.contains("X-Setup-Token") || line.contains("SSM_SETUP_TOKEN"))
        });
        let command = command.expect("the notes tell how to get the setup token");
        eventually(PATIENCE, "the setup token", async || {
            let told = run("sh", &["-c", command], "").await;
            ensure!(told.code == 0, "{}", told.stderr);
            let told = told.text();
            let token = told.split_whitespace().next_back();
            Ok(token.context("nothing is told")?.to_owned())
        })
        .await
        .unwrap()
    }
}
