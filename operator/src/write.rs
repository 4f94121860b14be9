//! Writes of Secrets, each with a precondition, so that an operator that is behind overwrites nobody.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

use crate::fields::FIELD_MANAGER;
use crate::metrics;

/// Makes it, unless there is one of that name.
pub async fn create(api: &Api<Secret>, secret: &Secret) -> Result<ObjectMeta, kube::Error> {
    metrics::api_write("secret_create");
    api.create(&post(), secret)
        .await
        .map(|secret| secret.metadata)
}

/// Puts it in place of the version that it names.
pub async fn update(api: &Api<Secret>, secret: &Secret) -> Result<Secret, kube::Error> {
    metrics::api_write("secret_update");
    let name = secret.metadata.name.as_deref().unwrap_or_default();
    api.replace(name, &post(), secret).await
}

/// Replaces the whole data in one call. The version is checked by the API server: another one is a conflict.
pub async fn patch_data(
    api: &Api<Secret>,
    name: &str,
    resource_version: &str,
    data: &BTreeMap<String, ByteString>,
) -> Result<ObjectMeta, kube::Error> {
    metrics::api_write("secret_patch");
    let operations = json!([
        { "op": "replace", "path": "/metadata/resourceVersion", "value": resource_version },
        { "op": "add", "path": "/data", "value": data },
    ]);
    let operations = serde_json::from_value(operations).map_err(kube::Error::SerdeError)?;
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    api.patch_metadata(name, &parameters, &Patch::<()>::Json(operations))
        .await
        .map(|partial| partial.metadata)
}

/// Applies fields under a manager's name, without force. The unique id in `fields` keeps it from making a Secret.
pub async fn apply(
    api: &Api<Secret>,
    manager: &str,
    fields: &Secret,
) -> Result<ObjectMeta, kube::Error> {
    metrics::api_write("secret_apply");
    let name = fields.metadata.name.as_deref().unwrap_or_default();
    api.patch_metadata(name, &PatchParams::apply(manager), &Patch::Apply(fields))
        .await
        .map(|partial| partial.metadata)
}

/// Deletes the Secret of this unique id, and this version where one is given.
pub async fn delete(
    api: &Api<Secret>,
    name: &str,
    uid: Option<String>,
    resource_version: Option<String>,
) -> Result<(), kube::Error> {
    metrics::api_write("secret_delete");
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid,
            resource_version,
        }),
        ..DeleteParams::default()
    };
    api.delete(name, &parameters).await.map(|_| ())
}

fn post() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}
