//! The stream of revisions. A stream keeps no queue: whenever its client takes more, it is told what has changed since
//! it was told last, each config once. A wake-up looks at what changed and at nothing else.

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
use serde::Serialize;
use ssm_domain::access::{Action, Place};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::entry::Seq;
use ssm_domain::names::{ConfigPath, InvalidName, Slug};
use ssm_domain::rejection::Rejection;
use ssm_domain::state::{Changed, Config, State};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use utoipa::ToSchema;

use crate::http::Endless;
use crate::http::auth::{Auth, holds_somewhere};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, ReadErrors};
use crate::http::query::Params;
use crate::http::streams::OpenStream;
use crate::state::App;

/// How often a silent stream says that it lives.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Whoever may do one of these in a config can read it.
const READING: [Action; 2] = [Action::SecretsRead, Action::SecretsExport];
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
/// `{"project","config","reason"}` tells that a config was deleted, or has another name. Every 15 s there is a comment. The stream ends when
/// the token does. A config that is absent or not readable is not named, and is as soon as it can be read.
#[utoipa::path(
    get, path = "/api/watch", operation_id = "watch", tag = "Watching",
    params(("config" = Option<Vec<String>>, Query, description = "Only this `project/config`; may be repeated")),
    responses(
        (status = 200, body = WatchEvent, content_type = "text/event-stream"), ReadErrors,
        (status = 429, body = ErrorBody, description = "There are too many streams with this token"),
    )
)]
pub(crate) async fn watch(auth: Auth, params: Params) -> ApiResult<Response> {
    auth.look(|_, caller| {
        let [one, other] = READING.map(|action| holds_somewhere(caller, action));
        one.or_else(|refused| other.map_err(|_| refused))
    })?;
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

fn parse_path(text: &str) -> Result<ConfigPath, InvalidName> {
    let (project, config) = text.split_once('/').unwrap_or((text, ""));
    ConfigPath::parse(project, config)
}

#[derive(Serialize)]
struct Hello {
    epoch: String,
}

#[derive(Serialize)]
struct Current<'a> {
    project: &'a Slug,
    config: &'a Slug,
    revision: u64,
}

#[derive(Serialize)]
struct Gone<'a> {
    project: &'a Slug,
    config: &'a Slug,
    reason: &'static str,
}

/// One client's stream.
struct Watch {
    app: Arc<App>,
    actor: Actor,
    /// Only these, where there are any.
    wanted: Option<BTreeSet<ConfigPath>>,
    /// The state that the client was told of last; `None` before it was told anything.
    told: Option<Seq>,
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

    /// What the client is sent next. `None` at the end: of the token, or of the server.
    async fn next(&mut self) -> Option<Bytes> {
        let app = self.app.clone();
        loop {
            let events = self.untold().ok()?;
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

    /// What the client has not been told of the present state. Refused once the token is dead.
    fn untold(&mut self) -> Result<Vec<u8>, Rejection> {
        let (wanted, told) = (self.wanted.as_ref(), self.told);
        let app = &self.app;
        let (events, head) = app.engine.look(&self.actor, |state, caller| {
            app.refuse_left_alone(caller)?;
            let mut events = Events {
                state,
                caller,
                wanted,
                text: Vec::new(),
            };
            match told {
                None => events.greet(),
                Some(told) => events.changes_since(told),
            }
            Ok((events.text, state.head().seq))
        })?;
        self.told = Some(head);
        Ok(events)
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

/// Events being written for one caller in one state.
struct Events<'a> {
    state: &'a State,
    caller: &'a Caller<'a>,
    wanted: Option<&'a BTreeSet<ConfigPath>>,
    text: Vec<u8>,
}

impl Events<'_> {
    fn greet(&mut self) {
        let epoch = self
            .state
            .journal()
            .map(|journal| journal.epoch.to_string());
        self.push(
            "hello",
            &Hello {
                epoch: epoch.unwrap_or_default(),
            },
        );
        let state = self.state;
        if let Some(wanted) = self.wanted {
            let configs = wanted.iter().filter_map(|path| state.config_at(path));
            configs.for_each(|config| self.revision(config));
        } else {
            let sees = |id| self.caller.authority().sees(Place::project(id));
            let projects = state.projects().filter(|project| sees(project.id));
            let configs = projects.flat_map(|project| state.configs_of(project));
            configs.for_each(|config| self.revision(config));
        }
        self.text.extend_from_slice(b"event: synced\ndata: {}\n\n");
    }

    fn changes_since(&mut self, told: Seq) {
        for changed in self.state.changed_since(told) {
            match changed {
                Changed::Config(config) => {
                    let former = config.former_slugs.iter();
                    let mut former = former.filter(|(seq, _)| *seq > told).peekable();
                    if former.peek().is_some()
                        && let Some(path) = self.state.path_of(config)
                    {
                        self.left(config.place(), &path, former);
                    }
                    self.revision(config);
                }
                Changed::Gone(id, gone) => {
                    let place = Place::config(gone.project_id, id);
                    let former = gone.former_slugs.iter();
                    self.left(place, &gone.path, former.filter(|(seq, _)| *seq > told));
                    self.gone(place, &gone.path);
                }
            }
        }
    }

    /// Tells that a config is not any more where it was when the client was told last.
    fn left<'a>(
        &mut self,
        place: Place,
        path: &ConfigPath,
        former: impl Iterator<Item = &'a (Seq, Slug)>,
    ) {
        for (_, slug) in former {
            let path = ConfigPath {
                config: slug.clone(),
                ..path.clone()
            };
            // What is there instead is told of by itself.
            let taken = self.state.config_at(&path);
            if taken.is_none_or(|config| !self.concerns(config.place(), &path)) {
                self.gone(place, &path);
            }
        }
    }

    fn gone(&mut self, place: Place, path: &ConfigPath) {
        if self.concerns(place, path) {
            let ConfigPath { project, config } = path;
            self.push(
                "gone",
                &Gone {
                    project,
                    config,
                    reason: "deleted",
                },
            );
        }
    }

    fn revision(&mut self, config: &Config) {
        let Some(path) = self.state.path_of(config) else {
            return;
        };
        if self.concerns(config.place(), &path) {
            let ConfigPath {
                project,
                config: slug,
            } = &path;
            self.push(
                "revision",
                &Current {
                    project,
                    config: slug,
                    revision: config.revision,
                },
            );
        }
    }

    fn concerns(&self, place: Place, path: &ConfigPath) -> bool {
        let authority = self.caller.authority();
        self.wanted.is_none_or(|wanted| wanted.contains(path))
            && READING.iter().any(|action| authority.may(*action, place))
    }

    fn push(&mut self, event: &str, data: &impl Serialize) {
        self.text.extend_from_slice(b"event: ");
        self.text.extend_from_slice(event.as_bytes());
        self.text.extend_from_slice(b"\ndata: ");
        serde_json::to_writer(&mut self.text, data).expect("slugs and numbers are JSON");
        self.text.extend_from_slice(b"\n\n");
    }
}
