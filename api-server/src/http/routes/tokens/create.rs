//! Making tokens.

use std::time::Duration;

use axum::Json;
use http::StatusCode;
use serde::Deserialize;
use ssm_domain::access::{Action, ActionSet};
use ssm_domain::names::Cidr;
use ssm_domain::tokens::{Holder, IssueToken, ScopeRequest};
use utoipa::ToSchema;

use super::NewToken;
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, WriteErrors};

const DEFAULT_SERVICE_TTL: u64 = 3_600;
const DEFAULT_PERSONAL_TTL: u64 = 86_400;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ScopeInput {
    /// Such as `secrets:read`; a personal token without any has all of the user's
    actions: Option<Vec<String>>,
    /// Only in this project
    project: Option<String>,
    /// Only in this config of the project
    config: Option<String>,
}

impl ScopeInput {
    fn parse(self) -> ApiResult<ScopeRequest> {
        let names = self
            .actions
            .as_ref()
            .map(|names| names.iter().map(String::as_str));
        let actions = names.map(ActionSet::parse).transpose();
        let slug = |field, text: Option<String>| {
            let slug = text.map(|text| text.parse()).transpose();
            slug.map_err(|why: ssm_domain::names::InvalidName| ApiError::invalid(field, &why))
        };
        Ok(ScopeRequest {
            actions: actions.map_err(|why| ApiError::invalid("actions", &why))?,
            project: slug("project", self.project)?,
            config: slug("config", self.config)?,
        })
    }
}

/// One scope in the fields of version 1.4, or any number in a list.
fn scopes(one: ScopeInput, many: Option<Vec<ScopeInput>>) -> ApiResult<Vec<ScopeRequest>> {
    match many {
        None => Ok(vec![one.parse()?]),
        Some(many) if one.actions.is_none() && one.project.is_none() && one.config.is_none() => {
            many.into_iter().map(ScopeInput::parse).collect()
        }
        Some(_) => Err(ApiError::invalid(
            "scopes",
            "must stand alone, without actions, project and config beside it",
        )),
    }
}

fn cidrs(texts: &[String]) -> ApiResult<Vec<Cidr>> {
    let blocks = texts.iter().map(|text| Cidr::read(text));
    let blocks = blocks.collect::<Result<_, _>>();
    blocks.map_err(|why| ApiError::invalid("allowedCidrs", &why))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewServiceToken {
    /// What the machine is called
    service_name: String,
    /// Only in this project
    project: Option<String>,
    /// Only in this config of the project
    config: Option<String>,
    /// Such as `secrets:read`
    actions: Option<Vec<String>>,
    /// More than one place, instead of the three fields above
    scopes: Option<Vec<ScopeInput>>,
    /// Addresses, or blocks of them such as `10.0.0.0/8`, at which alone the token is good; 64 at most
    #[serde(rename = "allowedCidrs")]
    allowed_cidrs: Option<Vec<String>>,
    /// Life in seconds; 0 for a token without expiry
    #[schema(default = 3600)]
    ttl_seconds: Option<u64>,
}

/// Make a token for a machine, with no more than the caller has
#[utoipa::path(
    post, path = "/api/auth/tokens/v2/service", operation_id = "createServiceToken", tag = "Tokens", request_body = NewServiceToken,
    responses((status = 201, body = NewToken), WriteErrors)
)]
pub(crate) async fn create_service(
    auth: Auth,
    body: Unread,
) -> ApiResult<(StatusCode, Json<NewToken>)> {
    auth.look(|_, caller| holds_somewhere(caller, Action::TokensWrite))?;
    let NewServiceToken {
        service_name,
        project,
        config,
        actions,
        scopes: many,
        allowed_cidrs,
        ttl_seconds,
    } = body.json().await?;
    let name = service_name
        .parse()
        .map_err(|why| ApiError::invalid("service_name", &why))?;
    let scopes = scopes(
        ScopeInput {
            actions,
            project,
            config,
        },
        many,
    )?;
    if scopes.iter().any(|scope| scope.actions.is_none()) {
        return Err(ApiError::invalid(
            "actions",
            "must name at least one action",
        ));
    }
    let ttl = Some(ttl_seconds.unwrap_or(DEFAULT_SERVICE_TTL)).filter(|seconds| *seconds > 0);
    let command = IssueToken {
        holder: Holder::Service(name),
        scopes,
        cidrs: cidrs(&allowed_cidrs.unwrap_or_default())?,
        ttl: ttl.map(Duration::from_secs),
    };
    Ok(NewToken::of(&auth.run(command).await?, "service"))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct NewPersonalToken {
    /// Such as `secrets:read`; all of the user's where absent
    actions: Option<Vec<String>>,
    /// Only in this project
    project: Option<String>,
    /// Only in this config of the project
    config: Option<String>,
    /// More than one place, instead of the three fields above
    scopes: Option<Vec<ScopeInput>>,
    /// Life in seconds, 24 hours at most
    #[schema(default = 86400)]
    ttl_seconds: Option<u64>,
}

/// Make a token for oneself, limited by what one may do at any time
#[utoipa::path(
    post, path = "/api/auth/tokens/v2/personal", operation_id = "createPersonalToken", tag = "Tokens", request_body = NewPersonalToken,
    responses((status = 201, body = NewToken), WriteErrors)
)]
pub(crate) async fn create_personal(
    auth: Auth,
    body: Unread,
) -> ApiResult<(StatusCode, Json<NewToken>)> {
    auth.look(|_, caller| caller.user().map(drop))?;
    let NewPersonalToken {
        project,
        config,
        actions,
        scopes: many,
        ttl_seconds,
    } = body.json().await?;
    let scopes = scopes(
        ScopeInput {
            actions,
            project,
            config,
        },
        many,
    )?;
    let ttl = Some(Duration::from_secs(
        ttl_seconds.unwrap_or(DEFAULT_PERSONAL_TTL),
    ));
    let command = IssueToken {
        holder: Holder::Myself,
        scopes,
        cidrs: Vec::new(),
        ttl,
    };
    Ok(NewToken::of(&auth.run(command).await?, "personal"))
}
