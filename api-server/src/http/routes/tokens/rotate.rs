//! Replacing tokens.

use std::time::Duration;

use axum::Json;
use http::StatusCode;
use serde::Deserialize;
use ssm_domain::entry::Subject;
use ssm_domain::tokens::{RotateToken, replaceable};
use utoipa::ToSchema;

use super::NewToken;
use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiResult, WriteErrors};
use crate::http::path::TokenPath;

const DEFAULT_OVERLAP: u64 = 300;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rotate {
    /// For how many seconds the old token still works, if it would live that long: 0 to 86400
    #[schema(default = 300)]
    overlap_seconds: Option<u64>,
}

/// Replace a token by a new one with the same subject, scopes, addresses and lifetime
///
/// The old one dies after the overlap. Whoever could make such a token may; a personal one is replaced by its user, signed
/// in. A token of a session is not replaced: sign in again.
#[utoipa::path(
    post, path = "/api/auth/tokens/v2/{tokenId}/rotate", operation_id = "rotateToken", tag = "Tokens", request_body = Rotate,
    params(("tokenId" = String, Path, description = "The token's id")),
    responses((status = 201, body = NewToken), WriteErrors)
)]
pub(crate) async fn rotate(
    auth: Auth,
    TokenPath(token_id): TokenPath,
    body: Unread,
) -> ApiResult<(StatusCode, Json<NewToken>)> {
    let now = auth.app.engine.now();
    let kind = auth.look(|state, caller| {
        let old = replaceable(state, caller, token_id, now)?;
        Ok(match old.subject {
            Subject::User(_) => "personal",
            Subject::Service(_) => "service",
        })
    })?;
    let Rotate { overlap_seconds } = body.strict_json().await?;
    let overlap = Duration::from_secs(overlap_seconds.unwrap_or(DEFAULT_OVERLAP));
    let issued = auth.run(RotateToken { token_id, overlap }).await?;
    Ok(NewToken::of(&issued, kind))
}
