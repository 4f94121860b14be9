//! What a config's own secrets were, who made them so, and when. Values need `secrets:read`, everything else
//! `configs:read`.

pub(crate) mod diff;
pub(crate) mod revisions;
pub(crate) mod versions;

use serde::Serialize;
use ssm_domain::access::Action;
use ssm_domain::names::{ConfigPath, Key};
use ssm_domain::secret::SecretValue;
use ssm_domain::state::Secret;
use ssm_domain::time::Timestamp;
use ssm_engine::ConfigReader;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::errors::ApiResult;
use crate::http::query::Params;

/// A config whose history the caller may read, and whether values are asked for.
fn open(auth: &Auth, path: &ConfigPath, params: &Params) -> ApiResult<(ConfigReader, bool)> {
    let engine = &auth.app.engine;
    let reader = engine.read(&auth.actor, Action::ConfigsRead, path)?;
    let values = params.flag("values", false);
    if matches!(values, Ok(true)) {
        auth.may(Action::SecretsRead, path)?;
    }
    Ok((reader, values?))
}

/// A secret as it was at a revision.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PastSecret {
    /// Counts the values of this key in this config
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// A username, or the name of a service token
    updated_by: String,
    /// The icon that somebody chose
    icon_slug: Option<String>,
    note: Option<String>,
    /// With `values=true`; `null` for one that can no longer be opened
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    value: Option<Opened>,
}

impl PastSecret {
    fn of(reader: &ConfigReader, key: &Key, secret: &Secret, values: bool) -> Self {
        Self {
            version: secret.version,
            updated_at: secret.updated_at,
            updated_by: secret.updated_by.to_string(),
            icon_slug: secret.icon.as_deref().map(str::to_owned),
            note: secret.note.as_ref().map(ToString::to_string),
            value: values.then(|| Opened(reader.open_past(key, secret))),
        }
    }
}

/// A value that was asked for. It is wiped when the answer is written.
pub(super) struct Opened(pub(super) Option<SecretValue>);

impl Serialize for Opened {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0
            .as_ref()
            .map(SecretValue::reveal)
            .serialize(serializer)
    }
}
