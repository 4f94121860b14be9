//! Who has which revision of a config.

use axum::Json;
use serde::Serialize;
use ssm_domain::access::Action;
use ssm_domain::entry::Subject;
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;
use ssm_engine::ConfigVersion;
use ssm_engine::activity::{self, ConsumerId};
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::errors::{ApiError, ApiResult, ReadErrors};
use crate::http::path::InConfig;
use crate::http::query::Params;

/// The most consumers of one answer.
const MAX_LIMIT: u64 = 1_000;

/// Who keeps a config elsewhere.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Consumer {
    #[schema(example = "eu-1")]
    cluster: String,
    #[schema(example = "shop")]
    namespace: String,
    #[schema(example = "web")]
    name: String,
    /// What `revision` counts within
    epoch: String,
    /// The revision that it has
    revision: u64,
    /// Whether that is the config's, or came after it
    current: bool,
    /// When it said so, within the last day
    #[schema(value_type = String, format = DateTime)]
    reported_at: Timestamp,
    /// The username, or the name of the service token, with whose token it said so
    #[schema(example = "cluster-eu-1")]
    reported_by: Option<String>,
    /// Whether that token was revoked or has expired since: then nothing more will be heard of it
    token_ended: bool,
}

impl Consumer {
    fn of(
        state: &State,
        now: Timestamp,
        config: ConfigVersion,
        found: &activity::Consumer,
    ) -> Self {
        let id = &found.id;
        let token = state.token(id.token);
        Self {
            cluster: id.cluster.to_string(),
            namespace: id.namespace.to_string(),
            name: id.name.to_string(),
            epoch: found.version.epoch.to_string(),
            revision: found.version.revision,
            current: is_current(config, found),
            reported_at: found.reported_at,
            reported_by: token.and_then(|token| match &token.subject {
                Subject::User(id) => state.user(*id).map(|user| user.username.to_string()),
                Subject::Service(name) => Some(name.to_string()),
            }),
            token_ended: !token.is_some_and(|token| token.is_alive(now)),
        }
    }
}

fn is_current(config: ConfigVersion, found: &activity::Consumer) -> bool {
    found.version.epoch == config.epoch && found.version.revision >= config.revision
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsumerPage {
    /// What the config's `revision` counts within
    epoch: String,
    /// The config's revision
    revision: u64,
    /// How many consumers there are
    total: usize,
    /// How many of them have the config's revision
    current: usize,
    /// By cluster, namespace and name
    consumers: Vec<Consumer>,
    /// What `cursor` takes for the next page; absent where there is none
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which consumers are asked for.
struct Wanted {
    /// Only those that have the config's revision, or that do not.
    current: Option<bool>,
    after: Option<ConsumerId>,
    limit: usize,
}

impl Wanted {
    fn parse(params: &Params) -> ApiResult<Self> {
        let current = match params.text("state")?.as_deref() {
            None | Some("") => None,
            Some("current") => Some(true),
            Some("behind") => Some(false),
            Some(_) => return Err(ApiError::invalid("state", "must be current or behind")),
        };
        Ok(Self {
            current,
            after: params.parsed("cursor")?,
            limit: params.limit_up_to(MAX_LIMIT)?,
        })
    }
}

/// Who has which revision of a config
///
/// As consumers said it within the last day, such as the operator for each of its resources; nobody vouches for it but
/// whoever has their token.
#[utoipa::path(
    get, path = "/api/projects/{project}/configs/{config}/consumers", operation_id = "listConsumers", tag = "Watching",
    params(
        ("project" = String, Path), ("config" = String, Path),
        ("state" = Option<String>, Query, description = "Only those that are `current`, or `behind`"),
        ("limit" = Option<u64>, Query, description = "How many: 50 unless told, 1,000 at most"),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses((status = 200, body = ConsumerPage), ReadErrors)
)]
pub(crate) async fn list(
    auth: Auth,
    path: InConfig,
    params: Params,
) -> ApiResult<Json<ConsumerPage>> {
    let engine = &auth.app.engine;
    let reader = engine.read(&auth.actor, Action::ConfigsRead, &path.0)?;
    let wanted = Wanted::parse(&params)?;
    let (config, found) = (reader.version(), engine.consumers(reader.config().id).await);
    let current = found.iter().filter(|one| is_current(config, one)).count();
    let is_wanted = |one: &&activity::Consumer| {
        let is_state = |current| is_current(config, one) == current;
        wanted.current.is_none_or(is_state) && wanted.after.as_ref() < Some(&one.id)
    };
    let mut left = found.iter().filter(is_wanted);
    let page: Vec<_> = left.by_ref().take(wanted.limit).collect();
    let next = left.next().and(page.last());
    let (state, now) = (engine.state(), engine.now());
    Ok(Json(ConsumerPage {
        epoch: config.epoch.to_string(),
        revision: config.revision,
        total: found.len(),
        current,
        next_cursor: next.map(|one| one.id.to_string()),
        consumers: page
            .into_iter()
            .map(|one| Consumer::of(&state, now, config, one))
            .collect(),
    }))
}
