//! Names in paths. A name that its grammar refuses cannot name anything, so it is answered like one that is absent: 404.
//! Only where a new thing gets its name from the path, the grammar is told: [`SecretPath::new_key`].

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use ssm_domain::entry::Seq;
use ssm_domain::id::{MappingId, TokenId};
use ssm_domain::names::{ConfigPath, InvalidName, Key, Slug, Username};
use ssm_domain::project_members::Member;
use ssm_domain::rejection::{Noun, Rejection};

use super::errors::ApiError;
use crate::state::App;

macro_rules! paths {
    ($($(#[$doc:meta])* $path:ident($name:ty): $param:literal, $noun:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $path(pub $name);

        impl FromRequestParts<Arc<App>> for $path {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
                let name = get(&params(parts, app).await?, $param).parse();
                Ok(Self(name.map_err(|_| Rejection::NotFound(Noun::$noun))?))
            }
        }
    )*};
}

paths! {
    /// `{project}`.
    ProjectPath(Slug): "project", Project;
    /// `{tokenId}`.
    TokenPath(TokenId): "tokenId", Token;
    /// `{username}`.
    UserPath(Username): "username", User;
    /// `{group}`.
    GroupPath(Slug): "group", Group;
    /// `{mappingId}`.
    MappingPath(MappingId): "mappingId", Mapping;
}

/// `{project}` and, in it, `{subjectType}` and `{subjectId}`. Whether these name anybody is asked after the project was
/// looked at.
pub(crate) struct ProjectMemberPath {
    /// The project.
    pub project: Slug,
    member: Option<Member>,
}

impl ProjectMemberPath {
    /// Somebody who may be there.
    pub(crate) fn member(self) -> Result<Member, Rejection> {
        self.member.ok_or(Rejection::NotFound(Noun::ProjectMember))
    }
}

impl FromRequestParts<Arc<App>> for ProjectMemberPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let params = params(parts, app).await?;
        let project = get(&params, "project").parse();
        let id = get(&params, "subjectId");
        Ok(Self {
            project: project.map_err(|_| Rejection::NotFound(Noun::Project))?,
            member: match get(&params, "subjectType") {
                "user" => id.parse().ok().map(Member::User),
                "group" => id.parse().ok().map(Member::Group),
                _ => None,
            },
        })
    }
}

/// `{project}` and `{config}`.
pub(crate) struct InConfig(pub ConfigPath);

/// `{project}`, `{config}` and `{key}`. What the key is worth is asked after the config was looked at.
pub(crate) struct SecretPath {
    /// The config.
    pub config: ConfigPath,
    key: Result<Key, InvalidName>,
}

impl SecretPath {
    /// The key of something that may be there.
    pub(crate) fn existing_key(self) -> Result<Key, Rejection> {
        self.key.map_err(|_| Rejection::NotFound(Noun::Secret))
    }

    /// The key of something that may be made.
    pub(crate) fn new_key(self) -> Result<Key, Rejection> {
        self.key.map_err(|why| Rejection::invalid("key", &why))
    }
}

/// `{project}` and `{key}`. What the key is worth is asked after the project was looked at.
pub(crate) struct KeyPath {
    /// The project.
    pub project: Slug,
    key: Result<Key, InvalidName>,
}

impl KeyPath {
    /// The key of something that may be there.
    pub(crate) fn existing_key(self) -> Result<Key, Rejection> {
        self.key.map_err(|_| Rejection::NotFound(Noun::Secret))
    }
}

/// `{project}`, `{config}` and `{revision}`.
pub(crate) struct RevisionPath {
    /// The config.
    pub config: ConfigPath,
    revision: Option<Seq>,
}

impl RevisionPath {
    /// The revision, which the config may never have been at.
    pub(crate) fn revision(&self) -> Result<Seq, Rejection> {
        self.revision.ok_or(Rejection::RevisionNotFound)
    }
}

impl FromRequestParts<Arc<App>> for InConfig {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        config(&params(parts, app).await?).map(Self)
    }
}

impl FromRequestParts<Arc<App>> for SecretPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let params = params(parts, app).await?;
        Ok(Self {
            config: config(&params)?,
            key: get(&params, "key").parse(),
        })
    }
}

impl FromRequestParts<Arc<App>> for KeyPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let params = params(parts, app).await?;
        let project = get(&params, "project").parse();
        Ok(Self {
            project: project.map_err(|_| Rejection::NotFound(Noun::Project))?,
            key: get(&params, "key").parse(),
        })
    }
}

impl FromRequestParts<Arc<App>> for RevisionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let params = params(parts, app).await?;
        Ok(Self {
            config: config(&params)?,
            revision: get(&params, "revision").parse().ok(),
        })
    }
}

fn config(params: &RawPathParams) -> Result<ConfigPath, ApiError> {
    let project = get(params, "project").parse();
    let config = get(params, "config").parse();
    Ok(ConfigPath {
        project: project.map_err(|_| Rejection::NotFound(Noun::Project))?,
        config: config.map_err(|_| Rejection::NotFound(Noun::Config))?,
    })
}

/// Percent-decoded; what is not UTF-8 then names nothing.
async fn params(parts: &mut Parts, app: &Arc<App>) -> Result<RawPathParams, ApiError> {
    RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| ApiError::no_such_endpoint())
}

fn get<'a>(params: &'a RawPathParams, name: &str) -> &'a str {
    let found = params.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, value)| value)
}
