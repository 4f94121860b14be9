//! The stream of revisions. A stream keeps no queue: whenever its client takes more, it is told what has changed since
//! it was told last, each config once. A wake-up looks at what changed and at nothing else, unless somebody's rights did.

mod events;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::entry::Seq;
use ssm_domain::names::{ConfigPath, InvalidName};
use ssm_domain::rejection::Rejection;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use utoipa::ToSchema;

pub(super) use self::events::reads;
use self::events::{READING, Told};
use crate::http::Endless;
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, ReadErrors};
use crate::http::query::Params;
use crate::http::streams::OpenStream;
use crate::state::App;

/// How often a silent stream says that it lives.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
const COMMENT: Bytes = Bytes::from_static(b": alive\n\n");
/// A token without expiry is looked at again after this long, which changes nothing.
const FAR: Duration = Duration::from_hours(24);

/// An event of the stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct WatchEvent {
    /// `hello`, `revision`, `synced` or `gone`
    #[schema(example = "revision")]
    event: String,
    /// An object in JSON, whose fields depend on the event
    #[schema(example = r#"{"project":"web","config":"prod","revision":812}"#)]
    data: String,
}

/// The revisions of every config that the token may read, now and whenever they change
///
/// First `event: hello` with `{"epoch"}`, then `event: revision` with `{"project","config","revision"}` for each config,
/// then `event: synced`, and from then on one `revision` event for every effective change, inherited ones and new
/// configs included. A slow client gets only the latest of each config. `event: gone` with
/// `{"project","config","reason"}` tells that a config is not there any more, since it was deleted or has another name
/// (`deleted`), or since the user may not read it any more (`forbidden`). Every 15 s there is a comment. The stream ends
/// when the token does, and when the database was put back to an earlier time, after which there is another epoch. A config that is absent or not readable is not named, and is as soon as it can be read.
#[utoipa::path(
    get, path = "/api/watch", operation_id = "watch", tag = "Watching",
    params(("config" = Option<Vec<String>>, Query, description = "Only this `project/config`; may be repeated")),
    responses(
        (status = 200, body = WatchEvent, content_type = "text/event-stream"), ReadErrors,
        (status = 429, body = ErrorBody, description = "There are too many streams with this token"),
    )
)]
pub(crate) async fn watch(auth: Auth, params: Params) -> ApiResult<Response> {
    auth.look(|_, caller| reads_somewhere(caller))?;
    let mut wanted = BTreeSet::new();
    for path in params.all("config") {
        wanted.insert(parse_path(&path).map_err(|why| ApiError::invalid("config", &why))?);
    }
    let watch = Watch::open(&auth, Some(wanted).filter(|wanted| !wanted.is_empty()))?;
    let events = stream::unfold(watch, async |mut watch| {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(event), watch))
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let mut response = (headers, Body::from_stream(Box::pin(events))).into_response();
    response.extensions_mut().insert(Endless);
    Ok(response)
}

/// Refuses a caller who can read no config, as [`holds_somewhere`] does.
pub(super) fn reads_somewhere(caller: &Caller<'_>) -> Result<(), Rejection> {
    let [one, other] = READING.map(|action| holds_somewhere(caller, action));
    one.or_else(|refused| other.map_err(|_| refused))
}

fn parse_path(text: &str) -> Result<ConfigPath, InvalidName> {
    let (project, config) = text.split_once('/').unwrap_or((text, ""));
    ConfigPath::parse(project, config)
}

/// One client's stream.
struct Watch {
    app: Arc<App>,
    actor: Actor,
    /// Only these, where there are any.
    wanted: Option<BTreeSet<ConfigPath>>,
    /// What the client was told of last; `None` before it was told anything.
    told: Option<Told>,
    published: watch::Receiver<Seq>,
    comments: Interval,
    _place: OpenStream,
    _counted: Box<dyn Send>,
}

impl Watch {
    fn open(auth: &Auth, wanted: Option<BTreeSet<ConfigPath>>) -> ApiResult<Self> {
        let token = auth.look(|_, caller| Ok(caller.token().map(|token| token.id)))?;
        let place = auth.app.streams.open(token)?;
        let mut comments = interval_at(Instant::now() + COMMENT_EVERY, COMMENT_EVERY);
        comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            app: auth.app.clone(),
            actor: auth.actor,
            wanted,
            told: None,
            // Taken before any state is looked at, so that no change falls between the two.
            published: auth.app.engine.published(),
            comments,
            _place: place,
            _counted: Box::new(auth.app.metrics.streams().count()),
        })
    }

    /// What the client is sent next. `None` at the end: of the token, of the history that it was told, or of the server.
    async fn next(&mut self) -> Option<Bytes> {
        let app = self.app.clone();
        loop {
            let events = self.untold().ok()??;
            if !events.is_empty() {
                return Some(events.into());
            }
            let dies_at = self.dies_at().ok()?;
            tokio::select! {
                () = app.stopping.cancelled() => return None,
                changed = self.published.changed() => changed.ok()?,
                () = sleep_until(dies_at) => {}
                _ = self.comments.tick() => return Some(COMMENT),
            }
        }
    }

    /// What the client has not been told of the present state; `None` where that does not come after what it was told.
    /// Refused once the token is dead.
    fn untold(&mut self) -> Result<Option<Vec<u8>>, Rejection> {
        let (wanted, told) = (self.wanted.as_ref(), self.told.as_ref());
        let app = &self.app;
        let untold = app.engine.look(&self.actor, |state, caller| {
            app.refuse_left_alone(caller)?;
            if told.is_some_and(|told| !told.goes_on_in(state)) {
                return Ok(None);
            }
            let text = events::untold(state, caller, wanted, told);
            // What a machine may do never changes.
            let is_new = told.is_none() || caller.user().is_ok();
            let authority = is_new.then(|| caller.authority().clone());
            let epoch = state.journal().map(|journal| journal.epoch);
            Ok(Some((text, state.head().seq, epoch, authority)))
        })?;
        let Some((text, seq, epoch, authority)) = untold else {
            return Ok(None);
        };
        match (&mut self.told, authority) {
            (Some(told), None) => told.seq = seq,
            (told, authority) => {
                *told = authority.map(|authority| Told {
                    seq,
                    epoch,
                    authority,
                });
            }
        }
        Ok(Some(text))
    }

    fn dies_at(&self) -> Result<Instant, Rejection> {
        let expiry = self.app.engine.look(&self.actor, |_, caller| {
            Ok(caller.token().and_then(|token| token.expires_at))
        })?;
        let left = expiry.map(|expiry| {
            let since_1970 = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            let expiry =
                Duration::from_millis(u64::try_from(expiry.as_millis()).unwrap_or_default());
            expiry.saturating_sub(since_1970) + Duration::from_millis(1)
        });
        Ok(Instant::now() + left.unwrap_or(FAR).min(FAR))
    }
}
