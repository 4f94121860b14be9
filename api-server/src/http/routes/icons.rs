//! Icons.

use std::collections::BTreeSet;

use axum::Json;
use serde::Serialize;
use ssm_domain::access::{Action, Place};
use utoipa::ToSchema;

use super::Status;
use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, WriteErrors};
use crate::http::path::ProjectPath;

#[derive(Serialize, ToSchema)]
pub(crate) struct IconsRecomputed {
    status: Status,
    summary: IconsSummary,
}

/// What was looked at, and that nothing had to be changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IconsSummary {
    configs_scanned: usize,
    /// Different keys
    keys_scanned: usize,
    /// Always 0: no icon that a key suggests is stored
    keys_updated: usize,
    /// Always 0, for the same reason
    secrets_updated: usize,
    /// Different keys whose icon somebody chose in some config
    keys_skipped_manual: usize,
}

/// Count the icons of a project
///
/// Version 1.4 stored the icons that keys suggest, and worked them out anew here. They are now worked out whenever a key is
/// read, so there is nothing to do: this counts, changes nothing, makes no revision, and may be called at any time.
#[utoipa::path(
    post, path = "/api/projects/{project}/secrets/icons/recompute", operation_id = "recomputeIcons", tag = "Secrets",
    params(("project" = String, Path)),
    responses((status = 200, body = IconsRecomputed), WriteErrors)
)]
pub(crate) async fn recompute(auth: Auth, path: ProjectPath) -> ApiResult<Json<IconsRecomputed>> {
    let summary = auth.look(|state, caller| {
        let project = caller.project(&path.0)?;
        caller.require(Action::SecretsWrite, Place::project(project.id))?;
        let configs = state.configs_of(project);
        let (mut keys, mut manual, mut scanned) = (BTreeSet::new(), BTreeSet::new(), 0);
        for config in configs {
            scanned += 1;
            keys.extend(config.secrets.keys());
            let chosen = config
                .secrets
                .iter()
                .filter(|(_, secret)| secret.icon.is_some());
            manual.extend(chosen.map(|(key, _)| key));
        }
        Ok(IconsSummary {
            configs_scanned: scanned,
            keys_scanned: keys.len(),
            keys_updated: 0,
            secrets_updated: 0,
            keys_skipped_manual: manual.len(),
        })
    })?;
    Ok(Json(IconsRecomputed {
        status: Status::Ok,
        summary,
    }))
}
