//! Releases on a real API server: what stays when one goes, and who can take that over.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, ResourceExt as _};
use ssm_tests::{CHART, ControlPlane, ControlPlaneOptions, Ended, Helm, Scratch, eventually};

const PATIENCE: Duration = Duration::from_secs(30);
const DEFINITION: &str = "secretsyncs.simplesecrets.io";
const SYNC: &str = r"
apiVersion: simplesecrets.io/v1alpha1
kind: SecretSync
metadata: { name: shop-env }
spec:
  sources: [{ project: shop, config: prod }]
";

struct Cluster {
    plane: ControlPlane,
    helm: Helm,
    namespace: String,
}

impl Cluster {
    /// One of its own, since definitions are the whole cluster's.
    async fn new() -> Result<Self> {
        let plane = ControlPlane::start(ControlPlaneOptions::default()).await?;
        Ok(Self {
            helm: Helm::find()?.on(plane.kubeconfig()),
            namespace: plane.namespace().await?,
            plane,
        })
    }

    fn helm(&self, args: &[&str]) -> Ended {
        let all = [args, &["--namespace", &self.namespace]];
        self.helm.run(all.concat()).unwrap()
    }

    async fn definition(&self) -> Result<CustomResourceDefinition> {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.plane.client()?);
        Ok(definitions.get(DEFINITION).await?)
    }

    /// Makes a resource as soon as the definition is served.
    async fn make_sync(&self) -> Result<()> {
        eventually(PATIENCE, "the resource to be taken", async || {
            let made = self.plane.apply(&self.namespace, SYNC).await;
            made.map(drop)
        })
        .await
    }

    async fn sync_is_there(&self) -> Result<bool> {
        let kind = GroupVersionKind::gvk("simplesecrets.io", "v1alpha1", "SecretSync");
        let resource = ApiResource::from_gvk(&kind);
        let syncs: Api<DynamicObject> =
            Api::namespaced_with(self.plane.client()?, &self.namespace, &resource);
        Ok(syncs.get_opt("shop-env").await?.is_some())
    }
}

#[tokio::test]
async fn definition_and_resources_outlive_a_release_and_the_next_one_takes_them_over() -> Result<()>
{
    let cluster = Cluster::new().await?;
    cluster.helm(&["install", "ssm", CHART]).ok();
    cluster.make_sync().await?;
    let before = cluster.definition().await?.uid();

    cluster.helm(&["uninstall", "ssm"]).ok();
    assert!(cluster.sync_is_there().await?);
    assert_eq!(cluster.definition().await?.uid(), before);

    cluster.helm(&["install", "ssm", CHART]).ok();
    let replicas = ["--set", "operator.replicas=2"];
    cluster
        .helm(&[&["upgrade", "ssm", CHART][..], &replicas].concat())
        .ok();
    cluster.helm(&["rollback", "ssm"]).ok();
    assert!(cluster.sync_is_there().await?);
    assert_eq!(cluster.definition().await?.uid(), before);

    cluster.helm(&["uninstall", "ssm"]).ok();
    let other = cluster.helm(&["install", "other", CHART]);
    other.refused(1, &[DEFINITION, "cannot be imported"]);
    cluster
        .helm(&["install", "other", CHART, "--set", "crds.install=false"])
        .ok();
    cluster.helm(&["uninstall", "other"]).ok();
    cluster
        .helm(&["install", "third", CHART, "--take-ownership"])
        .ok();
    assert!(cluster.sync_is_there().await?);
    assert_eq!(cluster.definition().await?.uid(), before);
    Ok(())
}

#[tokio::test]
async fn an_upgrade_renews_the_definition() -> Result<()> {
    let cluster = Cluster::new().await?;
    let scratch = Scratch::new("chart-older")?;
    let older = older_chart(scratch.path())?;
    cluster.helm(&["install", "ssm", &older]).ok();
    let short_names = async || {
        cluster
            .definition()
            .await
            .map(|found| found.spec.names.short_names)
    };
    assert_eq!(short_names().await?, Some(vec!["older".to_owned()]));
    cluster.helm(&["upgrade", "ssm", CHART]).ok();
    assert_eq!(short_names().await?, Some(vec!["ssync".to_owned()]));
    Ok(())
}

/// A chart whose definition has another short name.
fn older_chart(dir: &Path) -> Result<String> {
    let copied = Command::new("cp").args(["-R", CHART]).arg(dir).status()?;
    ensure!(copied.success());
    let chart = dir.join("simple-secrets-manager");
    let file = chart.join("files/secretsyncs.yaml");
    let definition = fs::read_to_string(&file)?;
    fs::write(&file, definition.replace("    - ssync\n", "    - older\n"))?;
    Ok(chart.display().to_string())
}
