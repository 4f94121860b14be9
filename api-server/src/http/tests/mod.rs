//! The router over a journal in a directory of its own: requests in, answers out, without a network.

mod audit;
mod conditions;
mod console;
mod faults;
mod history;
mod idempotency;
mod input;
mod openapi;
mod sessions;
mod tokens;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use ssm_domain::credential::TokenSalt;
use ssm_domain::seal::RootKey;
use ssm_engine::EngineOptions;
use ssm_engine::access::AccessOptions;
use ssm_engine::journal::Journal;
use ssm_engine::memory::MemoryJournal;
use ssm_engine::{Engine, Keys};
use ssm_journal_sqlite::SqliteJournal;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::{router, without_trailing_slash};
use crate::config::WebConfig;
use crate::state::{App, SetupToken};

const ROOT_KEY: &str = "q1Hc0sE5Zt8vKz2nBxW7yRj4mLd9uPf6aTgIoNwQeSk=";
const SALT: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";
const OWNER: &str = r#"{"username":"owner","password":"Str0ng!Passw0rd"}"#;

/// A server that nobody has asked for anything.
pub(crate) async fn idle_app() -> Arc<App> {
    let (root, salt) = (
        RootKey::parse(ROOT_KEY).unwrap(),
        TokenSalt::parse(SALT).unwrap(),
    );
    let journal = Arc::new(MemoryJournal::default());
    let engine = Engine::open(
        journal,
        Keys {
            root,
            salt,
            previous: Vec::new(),
        },
    )
    .await
    .unwrap();
    let web = WebConfig::default();
    Arc::new(App::new(engine, SetupToken::NONE, web, None))
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Self {
            status,
            headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    #[track_caller]
    fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// An error's code; every error has the same shape.
    #[track_caller]
    fn refused(&self, status: u16, code: &str) -> Value {
        self.is(status);
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert!(
            body["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        assert_eq!(
            body["requestId"],
            self.headers["x-request-id"].to_str().unwrap()
        );
        body
    }
}

/// A server and whoever calls it.
#[derive(Clone)]
struct Caller {
    app: Arc<App>,
    router: Router,
    token: String,
    _dir: Arc<TempDir>,
}

impl Caller {
    /// Nobody, at a server over `journal`.
    async fn over(journal: Arc<dyn Journal>, dir: TempDir) -> Self {
        Self::over_with(journal, dir, AccessOptions::default()).await
    }

    /// The same, with reads recorded as `access` says.
    async fn over_with(journal: Arc<dyn Journal>, dir: TempDir, access: AccessOptions) -> Self {
        let (root, salt) = (
            RootKey::parse(ROOT_KEY).unwrap(),
            TokenSalt::parse(SALT).unwrap(),
        );
        let keys = Keys {
            root,
            salt,
            previous: Vec::new(),
        };
        let engine = Engine::open_with(
            journal,
            keys,
            EngineOptions {
                access,
                ..EngineOptions::default()
            },
        )
        .await
        .unwrap();
        let app = Arc::new(App::new(
            engine,
            SetupToken::NONE,
            WebConfig::default(),
            None,
        ));
        Self {
            router: router(app.clone()),
            app,
            token: String::new(),
            _dir: Arc::new(dir),
        }
    }

    /// The owner of a new server.
    async fn owner() -> Self {
        let dir = TempDir::new().unwrap();
        let journal = Arc::new(SqliteJournal::open(dir.path()).unwrap());
        Self::over(journal, dir).await.made_owner().await
    }

    async fn made_owner(self) -> Self {
        let made = self
            .json("POST", "/api/onboarding/bootstrap", OWNER)
            .await
            .json();
        self.with(made["token"].as_str().unwrap())
    }

    fn with(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// The same server with project `web`, config `base`, and config `prod` that inherits from it.
    async fn with_configs(self) -> Self {
        self.json("POST", "/api/projects", r#"{"slug":"web"}"#)
            .await
            .is(201);
        for body in [r#"{"slug":"base"}"#, r#"{"slug":"prod","parent":"base"}"#] {
            self.json("POST", "/api/projects/web/configs", body)
                .await
                .is(201);
        }
        self
    }

    /// A token for a machine.
    async fn service(&self, scope: Value) -> Self {
        let mut body = scope;
        body["service_name"] = json!("ci");
        let made = self
            .json("POST", "/api/auth/tokens/v2/service", &body.to_string())
            .await;
        self.with(made.is(201).json()["token"].as_str().unwrap())
    }

    async fn respond(&self, request: http::request::Builder, body: impl Into<Body>) -> Response {
        let bearer = format!("Bearer {}", self.token);
        self.respond_to_nobody(request.header("authorization", bearer), body)
            .await
    }

    async fn respond_to_nobody(
        &self,
        request: http::request::Builder,
        body: impl Into<Body>,
    ) -> Response {
        let mut request: Request = request.body(body.into()).unwrap();
        without_trailing_slash(&mut request);
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn send(&self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        Answer::read(self.respond(request, body).await).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send(Request::delete(path), Body::empty()).await
    }

    async fn json(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        self.send(
            request.header("content-type", "application/json"),
            body.to_owned(),
        )
        .await
    }
}
