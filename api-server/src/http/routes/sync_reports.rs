//! What consumers say to have.

use axum::Json;
use serde::{Deserialize, Serialize};
use ssm_domain::caller::Caller;
use ssm_domain::id::TokenId;
use ssm_domain::names::{ClusterName, ConfigPath, NamespaceName, ObjectName};
use ssm_domain::rejection::Rejection;
use ssm_engine::ConfigVersion;
use ssm_engine::activity::{ConsumerId, Told};
use utoipa::ToSchema;

use super::watch::{reads, reads_somewhere};
use crate::http::auth::Auth;
use crate::http::body::Unread;
use crate::http::errors::{ApiError, ApiResult, WriteErrors};

/// The most consumers of one report, and the most sources of one consumer.
const MOST_CONSUMERS: usize = 1_000;
const MOST_SOURCES: usize = 16;

#[derive(Deserialize, ToSchema)]
pub(crate) struct SyncReport {
    /// What the cluster is called, on one line
    #[schema(example = "eu-1", min_length = 1, max_length = 253)]
    cluster: String,
    #[schema(max_items = 1000)]
    consumers: Vec<ReportedConsumer>,
}

/// What a consumer has. What it said before with the same token does not hold any more.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ReportedConsumer {
    /// Its namespace in Kubernetes
    #[schema(example = "shop", min_length = 1, max_length = 63)]
    namespace: String,
    /// Its name in Kubernetes
    #[schema(example = "web", min_length = 1, max_length = 253)]
    name: String,
    /// Whether it has nothing any more
    gone: Option<bool>,
    /// Required unless it is gone
    #[schema(max_items = 16)]
    sources: Option<Vec<ReportedSource>>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ReportedSource {
    #[schema(example = "web")]
    project: String,
    #[schema(example = "prod")]
    config: String,
    /// As the watch stream says it
    #[schema(pattern = "^[0-9a-f]{24}$")]
    epoch: String,
    revision: u64,
}

/// A consumer whose every field is what it can be.
struct Said {
    cluster: ClusterName,
    namespace: NamespaceName,
    name: ObjectName,
    sources: Vec<(ConfigPath, ConfigVersion)>,
}

impl SyncReport {
    fn parse(self) -> ApiResult<Vec<Said>> {
        let cluster = self.cluster.parse::<ClusterName>();
        let cluster = cluster.map_err(|why| ApiError::invalid("cluster", &why))?;
        if self.consumers.len() > MOST_CONSUMERS {
            return Err(ApiError::invalid("consumers", "must be 1,000 at most"));
        }
        let consumers = self.consumers.into_iter().enumerate();
        let consumers = consumers.map(|(at, one)| one.parse(&cluster, &format!("consumers[{at}]")));
        consumers.collect()
    }
}

impl ReportedConsumer {
    fn parse(self, cluster: &ClusterName, place: &str) -> ApiResult<Said> {
        let invalid = |field, why: &dyn ToString| {
            ApiError::invalid(format!("{place}.{field}"), &why.to_string())
        };
        let namespace = self.namespace.parse();
        let name = self.name.parse();
        let is_gone = self.gone == Some(true);
        let sources = match self.sources {
            None if !is_gone => return Err(invalid("sources", &"is required unless gone")),
            sources => sources.unwrap_or_default(),
        };
        if sources.len() > MOST_SOURCES {
            return Err(invalid("sources", &"must be 16 at most"));
        }
        let sources = sources.into_iter().enumerate();
        let sources = sources.map(|(at, one)| one.parse(&format!("{place}.sources[{at}]")));
        let sources = sources.collect::<ApiResult<Vec<_>>>()?;
        Ok(Said {
            cluster: cluster.clone(),
            namespace: namespace.map_err(|why| invalid("namespace", &why))?,
            name: name.map_err(|why| invalid("name", &why))?,
            sources: if is_gone { Vec::new() } else { sources },
        })
    }
}

impl ReportedSource {
    fn parse(self, place: &str) -> ApiResult<(ConfigPath, ConfigVersion)> {
        let invalid = |field, why: &dyn ToString| {
            ApiError::invalid(format!("{place}.{field}"), &why.to_string())
        };
        let path = ConfigPath {
            project: (self.project.parse()).map_err(|why| invalid("project", &why))?,
            config: (self.config.parse()).map_err(|why| invalid("config", &why))?,
        };
        let epoch = self.epoch.parse();
        let version = ConfigVersion {
            epoch: epoch.map_err(|_| invalid("epoch", &"must be 24 of 0-9 and a-f"))?,
            revision: self.revision,
        };
        Ok((path, version))
    }
}

impl Said {
    /// The same of the configs that the caller can read; nothing is said about others.
    fn by(self, caller: &Caller<'_>, token: TokenId) -> Told {
        let readable = self.sources.into_iter().filter_map(|(path, version)| {
            let config = caller.config(&path).ok()?;
            reads(caller.authority(), config.place()).then_some((config.id, version))
        });
        Told {
            sources: readable.collect(),
            consumer: ConsumerId {
                cluster: self.cluster,
                namespace: self.namespace,
                name: self.name,
                token,
            },
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SyncReported {
    /// How many sources were taken down: those that the token can read
    recorded: usize,
}

/// Say which consumer has which revision
///
/// What somebody does who keeps configs elsewhere, with the token that reads them. It is shown beside the configs for a day
/// and is on no record, so that it has to be said again before. A source that the token cannot read is passed over.
#[utoipa::path(
    post, path = "/api/sync-reports", operation_id = "reportSyncs", tag = "Watching",
    request_body = SyncReport, responses((status = 200, body = SyncReported), WriteErrors)
)]
pub(crate) async fn report(auth: Auth, body: Unread) -> ApiResult<Json<SyncReported>> {
    auth.look(|_, caller| reads_somewhere(caller))?;
    let said = body.strict_json::<SyncReport>().await?.parse()?;
    let engine = &auth.app.engine;
    let recorded = auth.look(|state, caller| {
        let token = caller.token().ok_or(Rejection::Unauthenticated)?.id;
        let told: Vec<Told> = said.into_iter().map(|one| one.by(caller, token)).collect();
        let recorded = told.iter().map(|one| one.sources.len()).sum();
        let now = engine.now();
        let is_dead = |id| !state.token(id).is_some_and(|token| token.is_alive(now));
        engine.activity().reports().tell(told, now, is_dead);
        Ok(recorded)
    })?;
    Ok(Json(SyncReported { recorded }))
}
