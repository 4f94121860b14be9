//! The Kubernetes API server: one of our own, or an existing one when asked for by its context.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use ssm_tests::{ControlPlane, ControlPlaneOptions, Tools, install_crypto, objects, rbac};

use crate::sync::NAMESPACE;
use crate::{done, step};

const CRD: &str = include_str!("../../../../crds/secretsyncs.yaml");

/// A cluster with our resource defined in it.
pub struct Cluster {
    /// What people use.
    pub kubeconfig: PathBuf,
    /// What the operator uses.
    pub operator_kubeconfig: PathBuf,
    /// What the demonstration uses.
    pub client: Client,
    /// Ends with the demonstration, where it is ours.
    _plane: Option<ControlPlane>,
}

impl Cluster {
    /// An etcd and a kube-apiserver of our own, in which the operator has the rights of a service account. Where there is a
    /// controller manager, too, what is deleted takes along what it owns.
    pub async fn own(dir: &Path, logs: &Path) -> Result<Self> {
        step("Starting a control plane");
        let options = ControlPlaneOptions {
            data_dir: Some(dir.to_owned()),
            log_dir: Some(logs.to_owned()),
            controllers: Tools::find()?.kube_controller_manager().is_ok(),
            ..ControlPlaneOptions::default()
        };
        let plane = ControlPlane::start(options).await?;
        let client = plane.client()?;
        prepare(&client).await?;
        let rights = [rbac::OPERATOR_CLUSTER_ROLE];
        let operator_kubeconfig = plane
            .service_account(NAMESPACE, "ssm-operator", &rights)
            .await?;
        done(plane.url());
        let kubeconfig = plane.kubeconfig().to_owned();
        Ok(Self {
            kubeconfig,
            operator_kubeconfig,
            client,
            _plane: Some(plane),
        })
    }

    /// The cluster of a kubeconfig context, with that context's rights.
    pub async fn existing(context: &str, dir: &Path) -> Result<Self> {
        step(&format!("Connecting to the cluster of context {context}"));
        install_crypto();
        let mut kubeconfig = Kubeconfig::read().context("cannot read the kubeconfig")?;
        kubeconfig.current_context = Some(context.to_owned());
        let path = dir.join("kubeconfig");
        fs::write(&path, "")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        fs::write(&path, serde_yaml::to_string(&kubeconfig)?)?;
        let config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        let url = config.cluster_url.to_string();
        let client = Client::try_from(config)?;
        prepare(&client).await?;
        done(&url);
        Ok(Self {
            kubeconfig: path.clone(),
            operator_kubeconfig: path,
            client,
            _plane: None,
        })
    }
}

async fn prepare(client: &Client) -> Result<()> {
    objects::apply_crd(client, CRD).await?;
    let namespace = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {NAMESPACE} }}");
    objects::apply(client, &namespace, "").await.map(drop)
}
