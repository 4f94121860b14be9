//! The control plane that other tests stand on is a real one.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::{
    Api, Client, Config,
    api::{DeleteParams, ListParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use ssm_tests::{
    ControlPlane, ControlPlaneOptions, Scratch, Tools, eventually, install_crypto, rbac,
};

const CONFIG_MAP: &str = "
apiVersion: v1
kind: ConfigMap
metadata: { name: kept }
data: { from: the first start }
";

const CRD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boxes.tests.simplesecrets.io }
spec:
  group: tests.simplesecrets.io
  names: { kind: Box, plural: boxes }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            size:
              type: integer
              x-kubernetes-validations: [{ rule: self < 10, message: must be small }]
";

async fn client_of(kubeconfig: &std::path::Path) -> Result<Client> {
    install_crypto();
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    Ok(Client::try_from(
        Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?,
    )?)
}

fn code<T>(result: Result<T, kube::Error>) -> Option<u16> {
    match result {
        Err(kube::Error::Api(status)) => Some(status.code),
        _ => None,
    }
}

#[tokio::test]
async fn the_control_plane_knows_its_version() -> Result<()> {
    let client = ControlPlane::shared().await.client()?;
    let version = client.apiserver_version().await?.git_version;
    if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
        assert_eq!(version, format!("v{}", Tools::version()?));
    }
    assert!(version.starts_with("v1.36."), "{version}");
    Ok(())
}

#[tokio::test]
async fn a_service_account_without_rights_is_refused() -> Result<()> {
    let control_plane = ControlPlane::shared().await;
    let namespace = control_plane.namespace().await?;
    let client = client_of(
        &control_plane
            .service_account(&namespace, "nobody", &[])
            .await?,
    )
    .await?;
    let secrets: Api<Secret> = Api::namespaced(client, &namespace);
    assert_eq!(code(secrets.list(&ListParams::default()).await), Some(403));
    Ok(())
}

#[tokio::test]
async fn the_operators_rights_reach_no_further_than_they_say() -> Result<()> {
    let control_plane = ControlPlane::shared().await;
    let (own, other) = (
        control_plane.namespace().await?,
        control_plane.namespace().await?,
    );
    let role = rbac::operator_role_in(&own)?;
    let rights = [role.as_str(), rbac::OPERATOR_ROLE];
    let client = client_of(
        &control_plane
            .service_account(&own, "ssm-operator", &rights)
            .await?,
    )
    .await?;

    let secrets = |namespace: &str| Api::<Secret>::namespaced(client.clone(), namespace);
    secrets(&own).list(&ListParams::default()).await?;
    assert_eq!(
        code(secrets(&other).list(&ListParams::default()).await),
        Some(403)
    );
    let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), &own);
    assert_eq!(
        code(config_maps.list(&ListParams::default()).await),
        Some(403)
    );
    Ok(())
}

#[tokio::test]
async fn rights_in_all_namespaces_hold_in_each() -> Result<()> {
    let control_plane = ControlPlane::shared().await;
    let (own, other) = (
        control_plane.namespace().await?,
        control_plane.namespace().await?,
    );
    let rights = [rbac::OPERATOR_CLUSTER_ROLE];
    let client = client_of(
        &control_plane
            .service_account(&own, "ssm-operator", &rights)
            .await?,
    )
    .await?;
    let secret = serde_json::from_value(serde_json::json!({ "metadata": { "name": "web" } }))?;
    Api::<Secret>::namespaced(client, &other)
        .create(&PostParams::default(), &secret)
        .await?;
    Ok(())
}

#[tokio::test]
async fn an_applied_definition_is_served_and_validates() -> Result<()> {
    let control_plane = ControlPlane::shared().await;
    let namespace = control_plane.namespace().await?;
    control_plane.apply_crd(CRD).await?;
    let a_box = |size: u8| {
        format!(
            "{{ apiVersion: tests.simplesecrets.io/v1, kind: Box, metadata: {{ name: one }}, size: {size} }}"
        )
    };
    control_plane.apply(&namespace, &a_box(3)).await?;
    let refusal = control_plane
        .apply(&namespace, &a_box(30))
        .await
        .unwrap_err();
    assert!(
        format!("{refusal:#}").contains("must be small"),
        "{refusal:#}"
    );
    Ok(())
}

#[tokio::test]
async fn with_controllers_a_deleted_namespace_goes_with_all_that_is_in_it() -> Result<()> {
    let control_plane = ControlPlane::shared_with_controllers().await;
    let namespace = control_plane.namespace().await?;
    control_plane.apply(&namespace, CONFIG_MAP).await?;
    let namespaces: Api<Namespace> = Api::all(control_plane.client()?);
    namespaces
        .delete(&namespace, &DeleteParams::default())
        .await?;
    eventually(Duration::from_mins(1), "the namespace to go", async || {
        ensure!(namespaces.get_opt(&namespace).await?.is_none());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_control_plane_started_again_on_the_same_directory_still_has_its_objects() -> Result<()> {
    let scratch = Scratch::new("control-plane-twice")?;
    let options = ControlPlaneOptions {
        data_dir: Some(scratch.path().to_owned()),
        ..ControlPlaneOptions::default()
    };

    let first = ControlPlane::start(options.clone()).await?;
    first.apply("default", CONFIG_MAP).await?;
    let error = ControlPlane::start(options.clone()).await.unwrap_err();
    assert!(
        error.to_string().contains("another control plane uses"),
        "{error:#}"
    );
    first.stop().await?;

    let second = ControlPlane::start(options).await?;
    let client = client_of(second.kubeconfig()).await?;
    let kept = Api::<ConfigMap>::namespaced(client, "default")
        .get("kept")
        .await?;
    assert_eq!(
        kept.data
            .unwrap_or_default()
            .get("from")
            .map(String::as_str),
        Some("the first start")
    );
    Ok(())
}

#[tokio::test]
async fn an_api_server_that_was_stopped_comes_back_on_the_same_port() -> Result<()> {
    let mut control_plane = ControlPlane::start(ControlPlaneOptions::default()).await?;
    let config_maps: Api<ConfigMap> = Api::namespaced(control_plane.client()?, "default");
    control_plane.apply("default", CONFIG_MAP).await?;

    control_plane.stop_api_server()?;
    let error = config_maps.get("kept").await.unwrap_err();
    assert!(!matches!(error, kube::Error::Api(_)), "{error}");

    control_plane.start_api_server().await?;
    config_maps.get("kept").await?;
    Ok(())
}
