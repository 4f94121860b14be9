//! The keys that values are sealed with.

use axum::Json;
use serde::{Deserialize, Serialize};
use ssm_domain::keys::{KeyStatus, RotateDataKeys};
use ssm_domain::names::Slug;
use ssm_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, ErrorBody, ReadErrors, WriteErrors};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyReport {
    root_key: RootKey,
    rotation: Rotation,
    data_keys: DataKeys,
}

/// The root key that new data keys are wrapped with
#[derive(Serialize, ToSchema)]
pub(crate) struct RootKey {
    /// Tells it from others, and says nothing else about it
    #[schema(example = "5a3f0c9d1b7e42868c0d9f1a2b3c4d5e")]
    fingerprint: String,
    /// Since when it is that one
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// How far the change to another root key has got
#[derive(Serialize, ToSchema)]
pub(crate) struct Rotation {
    state: RotationState,
    /// Fingerprint of the root key that is, or would be, changed to
    to: Option<String>,
    /// Fingerprints of the root keys that still wrap data keys; the server cannot start without these
    from: Vec<String>,
    /// How many data keys the root key in use wraps
    rewrapped: usize,
    /// How many data keys there are
    total: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RotationState {
    /// Nothing to be done: the root key wraps every data key
    Idle,
    /// The server was given another root key, and goes on with the one before until it is told to change
    Ready,
    /// Data keys are being wrapped anew
    Running,
}

/// The keys that seal values, all together
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataKeys {
    /// How many there are, former ones included
    total: usize,
    /// When the oldest of those that seal new values was made; absent without projects
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_in_use: Option<Timestamp>,
}

impl KeyReport {
    fn of(auth: &Auth) -> ApiResult<Json<Self>> {
        let status = auth.app.engine.key_status(&auth.actor)?;
        Ok(Json(status.into()))
    }
}

impl From<KeyStatus> for KeyReport {
    fn from(status: KeyStatus) -> Self {
        let (state, to) = match (status.ready, status.from.is_empty()) {
            (_, false) => (RotationState::Running, Some(status.root_key.clone())),
            (Some(ready), true) => (RotationState::Ready, Some(ready)),
            (None, true) => (RotationState::Idle, None),
        };
        Self {
            root_key: RootKey {
                fingerprint: status.root_key,
                since: status.since,
            },
            rotation: Rotation {
                state,
                to,
                from: status.from,
                rewrapped: status.rewrapped,
                total: status.total,
            },
            data_keys: DataKeys {
                total: status.total,
                oldest_in_use: status.oldest_in_use,
            },
        }
    }
}

/// Which keys there are, and how far a change of the root key has got
///
/// For owners only.
#[utoipa::path(get, path = "/api/keys", operation_id = "readKeys", tag = "Keys", responses((status = 200, body = KeyReport), ReadErrors))]
pub(crate) async fn read(auth: Auth) -> ApiResult<Json<KeyReport>> {
    KeyReport::of(&auth)
}

/// Change to the new root key
///
/// The server must have been started with the new one as `ENCRYPTION_KEY` and the present one as
/// `ENCRYPTION_KEY_PREVIOUS`. Answers when the change is begun. All data keys are then wrapped anew while everything else
/// goes on; `GET /api/keys` tells how far that is, and what is interrupted goes on at the next start. For owners only.
#[utoipa::path(
    post, path = "/api/keys/rotate-root", operation_id = "rotateRootKey", tag = "Keys",
    responses(
        (status = 200, body = KeyReport),
        (status = 409, description = "The server has no other root key", body = ErrorBody),
        WriteErrors
    )
)]
pub(crate) async fn rotate_root(auth: Auth) -> ApiResult<Json<KeyReport>> {
    auth.app.engine.rotate_root_key(auth.requester()).await?;
    KeyReport::of(&auth)
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct DataKeyRotation {
    /// The slug of the one project; all without it
    #[schema(example = "web")]
    project: Option<String>,
}

/// Seal new values with new data keys
///
/// Values that were sealed before stay as they are, and readable. For owners only.
#[utoipa::path(
    post, path = "/api/keys/rotate-data", operation_id = "rotateDataKeys", tag = "Keys", request_body = DataKeyRotation,
    responses((status = 200, body = KeyReport), WriteErrors)
)]
pub(crate) async fn rotate_data(auth: Auth, body: Unread) -> ApiResult<Json<KeyReport>> {
    // Who may not do this is told so before the body is read.
    auth.app.engine.key_status(&auth.actor)?;
    let project = body.strict_json::<DataKeyRotation>().await?.project;
    let project = project.map(|slug| slug.parse::<Slug>()).transpose();
    let project = project.map_err(|why| ApiError::invalid("project", &why))?;
    auth.run(RotateDataKeys { project }).await?;
    KeyReport::of(&auth)
}
