//! A real Kubernetes API server with its etcd: RBAC on, real tokens, real validation. Where it is asked for, a controller
//! manager collects garbage, finishes the deletion of namespaces, and rolls workloads out; without it nobody does. There is
//! no node, so no pod ever runs.

use std::{
    fs::File,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::{
    api::{
        authentication::v1::{TokenRequest, TokenRequestSpec},
        core::v1::{Namespace, ServiceAccount},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, PostParams},
};
use tokio::sync::OnceCell;

use crate::{
    certs::Certs, crypto::install_crypto, free_port, kubeconfig, launch::Launch, objects, paths,
    process::Process, scratch::DataDir, tools::Tools,
};

const READY: Duration = Duration::from_mins(1);
/// Those that the tests see at work, and what these stand on; each costs a little.
const CONTROLLERS: [&str; 8] = [
    "daemonset-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "statefulset-controller",
];
const STOP: Duration = Duration::from_secs(10);
const DAY_SECONDS: i64 = 24 * 60 * 60;
const ISSUER: &str = "https://kubernetes.default.svc";

/// How a control plane is started. The default is a throw-away one.
#[derive(Clone, Debug, Default)]
pub struct ControlPlaneOptions {
    /// Where its data, certificates and kubeconfigs are, kept for the next start; by default a directory of its own.
    pub data_dir: Option<PathBuf>,
    /// Where its logs go; by default where those of this test process are.
    pub log_dir: Option<PathBuf>,
    /// The API server's port; by default any free one.
    pub port: Option<u16>,
    /// Whether etcd syncs every write to disk. Without it a crash of the machine loses data, a crash of etcd does not.
    pub fsync: bool,
    /// Whether a controller manager runs, too.
    pub controllers: bool,
}

/// A running control plane, which ends when it is dropped.
#[derive(Debug)]
pub struct ControlPlane {
    // Dropped in this order.
    controller_manager: Option<Process>,
    api_server: Process,
    etcd: Process,
    api_server_launch: Launch,
    certs: Certs,
    url: String,
    config: kube::Config,
    kubeconfig: PathBuf,
    data: DataDir,
    _lock: File,
}

impl ControlPlane {
    /// Starts etcd and the API server and returns when the latter is ready.
    pub async fn start(options: ControlPlaneOptions) -> Result<Self> {
        install_crypto();
        let tools = Tools::find()?;
        let data = DataDir::new(options.data_dir, "control-plane")?;
        let lock = lock(data.path())?;
        let certs = Certs::in_dir(data.path().join("certs"))?;
        let log_dir = options.log_dir.as_deref();

        let etcd_url = format!("https://{}:{}", Ipv4Addr::LOCALHOST, free_port()?);
        let etcd = Launch::new("etcd", &tools.etcd(), log_dir)?;
        let etcd = etcd_flags(etcd, &certs, data.path(), &etcd_url, options.fsync)?.spawn()?;

        let port = options.port.map_or_else(free_port, Ok)?;
        let api_server_launch = Launch::new("kube-apiserver", &tools.kube_apiserver(), log_dir)?;
        let api_server_launch = api_server_flags(api_server_launch, &certs, port, &etcd_url);
        let api_server = api_server_launch.spawn()?;

        let url = format!("https://{}:{port}", Ipv4Addr::LOCALHOST);
        let admin = kubeconfig::admin(&url, &certs)?;
        let kubeconfig = kubeconfig::write(&data.path().join("admin.kubeconfig"), &admin)?;
        let config = kubeconfig::to_config(admin).await?;
        let controller_manager = if options.controllers {
            let program = tools.kube_controller_manager()?;
            let launch = Launch::new("kube-controller-manager", &program, log_dir)?;
            Some(controller_manager_flags(launch, &certs, &kubeconfig))
        } else {
            None
        };
        let mut control_plane = Self {
            controller_manager: None,
            api_server,
            etcd,
            api_server_launch,
            certs,
            url,
            config,
            kubeconfig,
            data,
            _lock: lock,
        };
        control_plane.ready().await?;
        // It gives up where there is no API server yet.
        control_plane.controller_manager = controller_manager
            .map(|launch| launch.spawn())
            .transpose()?;
        if control_plane.controller_manager.is_some() {
            control_plane.controllers_ready().await?;
        }
        Ok(control_plane)
    }

    /// The one that all tests of this process share, each in a [`namespace`](Self::namespace) of its own.
    ///
    /// # Panics
    ///
    /// When it cannot be started, with the reason: no test is skipped for that.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        SHARED
            .get_or_try_init(|| Self::start(ControlPlaneOptions::default()))
            .await
            .unwrap_or_else(|error| panic!("no control plane: {error:#}"))
    }

    /// The one with a controller manager that all tests of this process share, as [`shared`](Self::shared) is. It costs more,
    /// so it is for tests that need it.
    ///
    /// # Panics
    ///
    /// When it cannot be started, with the reason: no test is skipped for that.
    pub async fn shared_with_controllers() -> &'static Self {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        let options = ControlPlaneOptions {
            controllers: true,
            ..ControlPlaneOptions::default()
        };
        SHARED
            .get_or_try_init(|| Self::start(options))
            .await
            .unwrap_or_else(|error| panic!("no control plane: {error:#}"))
    }

    /// Ends it in order, so that a given data directory is left as tidy as can be.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(controller_manager) = &mut self.controller_manager {
            controller_manager.kill_now()?;
        }
        // Its own orderly end would wait for watches to be closed.
        self.api_server.kill_now()?;
        self.etcd.terminate(STOP).await.map(drop)
    }

    /// The API server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn certs(&self) -> &Certs {
        &self.certs
    }

    /// The administrator's client configuration.
    pub fn config(&self) -> kube::Config {
        self.config.clone()
    }

    /// A new client with the administrator's rights. It belongs to the runtime that it is made in, so each test makes its own.
    pub fn client(&self) -> Result<Client> {
        Ok(Client::try_from(self.config())?)
    }

    /// The administrator's kubeconfig file.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where its data is.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// What its programs have logged.
    pub fn log(&self) -> Result<String> {
        let controller_manager = self.controller_manager.as_ref();
        let controller_manager = controller_manager.map(Process::log).transpose()?;
        Ok(self.api_server.log()? + &self.etcd.log()? + &controller_manager.unwrap_or_default())
    }

    /// Makes a namespace that nothing else uses, and returns its name.
    pub async fn namespace(&self) -> Result<String> {
        let metadata = ObjectMeta {
            generate_name: Some("test-".to_owned()),
            ..ObjectMeta::default()
        };
        let namespace = Namespace {
            metadata,
            ..Namespace::default()
        };
        let made = Api::<Namespace>::all(self.client()?)
            .create(&PostParams::default(), &namespace)
            .await?;
        Ok(made.name_any())
    }

    /// Applies one object, given as YAML; a namespaced one that names no namespace goes to `namespace`.
    pub async fn apply(&self, namespace: &str, yaml: &str) -> Result<DynamicObject> {
        objects::apply(&self.client()?, yaml, namespace).await
    }

    /// Applies a `CustomResourceDefinition`, given as YAML, and waits until its resources are served.
    pub async fn apply_crd(&self, yaml: &str) -> Result<()> {
        objects::apply_crd(&self.client()?, yaml).await
    }

    /// Makes a service account and returns a kubeconfig file with a token for it, good for a day.
    ///
    /// `rbac` are objects to apply first. Each `Role` and `ClusterRole` among them is bound to the account, a `Role` in its own
    /// namespace, which by default is the account's.
    pub async fn service_account(
        &self,
        namespace: &str,
        name: &str,
        rbac: &[&str],
    ) -> Result<PathBuf> {
        let client = self.client()?;
        for yaml in rbac {
            let object = objects::apply(&client, yaml, namespace).await?;
            if object
                .types
                .as_ref()
                .is_some_and(|types| types.kind.ends_with("Role"))
            {
                objects::bind(&client, &object, namespace, name).await?;
            }
        }
        let account =
            format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{ name: {name} }}\n");
        objects::apply(&client, &account, namespace).await?;

        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                expiration_seconds: Some(DAY_SECONDS),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        let accounts: Api<ServiceAccount> = Api::namespaced(client, namespace);
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await?;
        let token = answer
            .status
            .and_then(|status| status.token)
            .context("the answer to the token request has no token")?;
        let document = kubeconfig::service_account(&self.url, &self.certs, &token, namespace)?;
        kubeconfig::write(
            &self
                .data_dir()
                .join(format!("{namespace}-{name}.kubeconfig")),
            &document,
        )
    }

    /// Ends the API server at once, as if its machine had died; etcd goes on.
    pub fn stop_api_server(&mut self) -> Result<()> {
        self.api_server.kill_now()
    }

    /// Starts the API server again on the same port and waits until it is ready.
    pub async fn start_api_server(&mut self) -> Result<()> {
        ensure!(!self.api_server.is_running()?, "the API server is running");
        self.api_server = self.api_server_launch.spawn()?;
        self.ready().await
    }

    /// The API server's process, to halt it for instance.
    pub fn api_server(&mut self) -> &mut Process {
        &mut self.api_server
    }

    async fn ready(&mut self) -> Result<()> {
        // Without the client's own retries, which would wait longer and longer.
        let mut config = self.config();
        config.default_retry = false;
        let client = Client::try_from(config)?;
        self.api_server
            .ready(READY, async || {
                client
                    .request_text(http::Request::get("/readyz").body(Vec::new())?)
                    .await?;
                Ok(())
            })
            .await
            .with_context(|| format!("etcd's log is {}", self.etcd.log_path().display()))
    }

    /// Waits for the first thing that the controller manager does by itself.
    async fn controllers_ready(&mut self) -> Result<()> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client()?, "default");
        let Some(controller_manager) = &mut self.controller_manager else {
            return Ok(());
        };
        controller_manager
            .ready(READY, async || {
                accounts.get("default").await?;
                Ok(())
            })
            .await
    }
}

/// Two control planes on one directory would wait for each other's database.
fn lock(data_dir: &Path) -> Result<File> {
    paths::make_dir(data_dir)?;
    let file = File::create(data_dir.join("control-plane.lock"))?;
    file.try_lock().with_context(|| {
        format!(
            "another control plane uses {}: end it first",
            data_dir.display()
        )
    })?;
    Ok(file)
}

fn etcd_flags(
    launch: Launch,
    certs: &Certs,
    data_dir: &Path,
    url: &str,
    fsync: bool,
) -> Result<Launch> {
    let peer_url = format!("https://{}:{}", Ipv4Addr::LOCALHOST, free_port()?);
    let (certificate, key) = certs.server();
    let launch = launch
        .flag("data-dir", data_dir.join("etcd"))
        .flag("listen-client-urls", url)
        .flag("advertise-client-urls", url)
        .flag("listen-peer-urls", &peer_url)
        .flag("initial-advertise-peer-urls", &peer_url)
        .flag("initial-cluster", format!("default={peer_url}"))
        .flag("cert-file", &certificate)
        .flag("key-file", &key)
        .flag("client-cert-auth", "true")
        .flag("trusted-ca-file", certs.authority())
        .flag("peer-cert-file", &certificate)
        .flag("peer-key-file", &key)
        .flag("peer-client-cert-auth", "true")
        .flag("peer-trusted-ca-file", certs.authority())
        // It would need a client certificate towards itself.
        .flag("enable-grpc-gateway", "false")
        .flag("log-level", "warn");
    Ok(if fsync {
        launch
    } else {
        launch.flag("unsafe-no-fsync", "true")
    })
}

fn controller_manager_flags(launch: Launch, certs: &Certs, kubeconfig: &Path) -> Launch {
    let (_, account_key) = certs.service_account();
    launch
        .flag("kubeconfig", kubeconfig)
        .flag("controllers", CONTROLLERS.join(","))
        .flag("use-service-account-credentials", "false")
        .flag("service-account-private-key-file", account_key)
        .flag("root-ca-file", certs.authority())
        .flag("leader-elect", "false")
        // It serves nothing that is asked for here.
        .flag("secure-port", "0")
}

fn api_server_flags(launch: Launch, certs: &Certs, port: u16, etcd_url: &str) -> Launch {
    let (certificate, key) = certs.server();
    let (etcd_certificate, etcd_key) = certs.etcd_client();
    let (account_public_key, account_key) = certs.service_account();
    launch
        .flag("etcd-servers", etcd_url)
        .flag("etcd-cafile", certs.authority())
        .flag("etcd-certfile", etcd_certificate)
        .flag("etcd-keyfile", etcd_key)
        .flag("bind-address", "127.0.0.1")
        .flag("advertise-address", "127.0.0.1")
        .flag("secure-port", port.to_string())
        .flag("tls-cert-file", certificate)
        .flag("tls-private-key-file", key)
        .flag("client-ca-file", certs.authority())
        .flag("authorization-mode", "RBAC")
        .flag("service-account-issuer", ISSUER)
        .flag("service-account-signing-key-file", account_key)
        .flag("service-account-key-file", account_public_key)
        .flag("service-cluster-ip-range", "10.0.0.0/24")
        // Endpoints on loopback are refused, and nobody here looks for the API server through its Service.
        .flag("endpoint-reconciler-type", "none")
}
