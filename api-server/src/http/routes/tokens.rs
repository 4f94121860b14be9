//! Tokens to be kept, for people and machines.

pub(crate) mod create;
pub(crate) mod rotate;

use axum::Json;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use ssm_domain::access::{Action, Scope};
use ssm_domain::caller::Caller;
use ssm_domain::credential::PlainToken;
use ssm_domain::entry::Subject;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::state::{State, Token};
use ssm_domain::time::Timestamp;
use ssm_domain::tokens::{Issued, RevokeToken, may_handle};
use utoipa::ToSchema;

use super::{Done, Status};
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::body::{Plaintext, Unread};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, ReadErrors, WriteErrors};
use crate::http::query::Params;
use crate::state::App;

#[derive(Serialize, ToSchema)]
pub(crate) struct TokenInfo {
    token_id: String,
    /// `personal` or `service`
    #[serde(rename = "type")]
    #[schema(example = "service")]
    kind: &'static str,
    /// `api`; `session` for one made by signing in, `console` where that was to the console
    #[schema(example = "api")]
    purpose: &'static str,
    /// Whose personal token it is
    subject_user: Option<String>,
    /// Which machine's token it is
    subject_service_name: Option<String>,
    scopes: Vec<TokenScope>,
    /// The addresses at which alone the token is good; all where there are none
    #[serde(rename = "allowedCidrs")]
    allowed_cidrs: Vec<String>,
    /// Absent for a token without expiry
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// To the second; absent before the first use. A crash may lose the last seconds
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    created_by: String,
    /// How many watch streams are open with it at the server that answers; they end with it
    #[serde(rename = "openStreams")]
    open_streams: usize,
    /// Whether this is the token, or the session, that asks
    current: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TokenScope {
    actions: Vec<&'static str>,
    /// In this project only
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    /// In this config only
    #[serde(skip_serializing_if = "Option::is_none")]
    config_id: Option<String>,
    /// The project's slug, as long as it is there
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// The config's slug, as long as it is there
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<String>,
}

impl TokenScope {
    fn of(state: &State, scope: &Scope) -> Self {
        let (project_id, config_id) = (scope.place.project_id, scope.place.config_id);
        let project = project_id.and_then(|id| state.project(id));
        let config = config_id.and_then(|id| state.config(id));
        Self {
            actions: scope.actions.iter().map(Action::as_str).collect(),
            project_id: project_id.map(|id| id.to_string()),
            config_id: config_id.map(|id| id.to_string()),
            project: project.map(|project| project.slug.to_string()),
            config: config.map(|config| config.slug.to_string()),
        }
    }
}

impl TokenInfo {
    fn of(app: &App, state: &State, caller: &Caller<'_>, token: &Token) -> Self {
        let asking = caller.token().map(|asking| asking.id);
        let (kind, user, service) = match &token.subject {
            Subject::User(id) => (
                "personal",
                state.user(*id).map(|user| user.username.to_string()),
                None,
            ),
            Subject::Service(name) => ("service", None, Some(name.to_string())),
        };
        Self {
            token_id: token.id.to_string(),
            kind,
            purpose: token.purpose.as_str(),
            subject_user: user,
            subject_service_name: service,
            scopes: token
                .scopes
                .iter()
                .map(|scope| TokenScope::of(state, scope))
                .collect(),
            allowed_cidrs: token.cidrs.iter().map(ToString::to_string).collect(),
            expires_at: token.expires_at,
            last_used_at: app.engine.activity().last_used(token.id),
            revoked_at: token.revoked_at,
            created_at: token.created_at,
            created_by: token.created_by.to_string(),
            open_streams: app.streams.of(token.id),
            current: asking == Some(token.id),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    tokens: Vec<TokenInfo>,
    status: Status,
}

/// The tokens that the caller may see
#[utoipa::path(
    get, path = "/api/auth/tokens/v2", operation_id = "listTokens", tag = "Tokens",
    params(("include_revoked" = Option<bool>, Query, description = "Revoked ones, too; `false` unless told")),
    responses((status = 200, body = TokenList), ReadErrors)
)]
pub(crate) async fn list(auth: Auth, params: Params) -> ApiResult<Json<TokenList>> {
    auth.look(|_, caller| {
        caller
            .user()
            .map(drop)
            .or_else(|_| holds_somewhere(caller, Action::TokensRead))
    })?;
    let include_revoked = params.flag("include_revoked", false)?;
    let tokens = auth.look(|state, caller| {
        let mut tokens: Vec<&Token> = state
            .tokens()
            .filter(|token| include_revoked || token.revoked_at.is_none())
            .filter(|token| may_handle(caller, Action::TokensRead, token))
            .collect();
        tokens.sort_by_key(|token| (token.created_at, token.id));
        Ok(tokens
            .into_iter()
            .map(|token| TokenInfo::of(&auth.app, state, caller, token))
            .collect())
    })?;
    Ok(Json(TokenList {
        tokens,
        status: Status::Ok,
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OwnToken {
    status: Status,
    #[serde(flatten)]
    token: TokenInfo,
}

/// The calling token itself
#[utoipa::path(
    get, path = "/api/auth/tokens/self", operation_id = "ownToken", tag = "Tokens",
    responses(
        (status = 200, body = OwnToken),
        (status = 401, body = ErrorBody, description = "No token, or none that is good any more"),
    )
)]
pub(crate) async fn own(auth: Auth) -> ApiResult<Json<OwnToken>> {
    let token = auth.look(|state, caller| {
        let token = caller.token().ok_or(Rejection::Unauthenticated)?;
        Ok(TokenInfo::of(&auth.app, state, caller, token))
    })?;
    Ok(Json(OwnToken {
        status: Status::Ok,
        token,
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct NewToken {
    /// The token, shown this once
    token: String,
    status: Status,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// `personal` or `service`
    #[serde(rename = "type")]
    #[schema(example = "service")]
    kind: &'static str,
    token_id: String,
}

impl NewToken {
    fn of(issued: &Issued, kind: &'static str) -> (StatusCode, Json<Self>) {
        let answer = Self {
            token: issued.token.reveal().to_owned(),
            status: Status::Ok,
            expires_at: issued.expires_at,
            kind,
            token_id: issued.token_id.to_string(),
        };
        (StatusCode::CREATED, Json(answer))
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct Revoke {
    /// The token's id
    token_id: Option<String>,
    /// Or the token itself
    #[schema(value_type = Option<String>)]
    token: Option<Plaintext>,
}

/// Revoke a token; what it watches ends
#[utoipa::path(
    post, path = "/api/auth/tokens/v2/revoke", operation_id = "revokeToken", tag = "Tokens", request_body = Revoke,
    responses((status = 200, body = Done), WriteErrors)
)]
pub(crate) async fn revoke(auth: Auth, body: Unread) -> ApiResult<Json<Done>> {
    let token_id = match body.json().await? {
        Revoke {
            token_id: Some(id),
            token: None,
        } => id.parse().ok(),
        Revoke {
            token_id: None,
            token: Some(token),
        } => PlainToken::parse(token.reveal())
            .ok()
            .and_then(|token| auth.app.engine.token_id(&token)),
        _ => {
            return Err(ApiError::invalid(
                "token_id",
                "or token must be given, and not both",
            ));
        }
    };
    let token_id = token_id.ok_or(Rejection::NotFound(Noun::Token))?;
    auth.run(RevokeToken { token_id }).await?;
    Ok(Done::OK)
}
