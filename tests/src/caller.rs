//! A signed-in caller of the real server, at the level of HTTP: what goes over the wire is what is tested.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{Server, ServerOptions, canary, install_crypto};

/// The owner's username.
pub const OWNER: &str = "owner";

/// What came back.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts the status and the error's code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert!(
            body["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        assert_eq!(body["requestId"], self.header("x-request-id"));
        assert!(
            !canary::is_in(self.text.as_bytes()),
            "an error repeats a secret: {body}"
        );
        self
    }

    /// Asserts success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        if self.text.starts_with('{') {
            self.json()
        } else {
            Value::Null
        }
    }
}

/// Somebody who calls a server.
#[derive(Clone)]
pub struct Caller {
    url: String,
    http: Client,
    token: Option<String>,
}

impl Caller {
    /// Somebody without a token.
    pub fn nobody(url: &str) -> Self {
        install_crypto();
        let http = Client::builder().redirect(reqwest::redirect::Policy::none());
        Self::by(http.build().unwrap(), url)
    }

    /// Somebody without a token who calls with this client.
    pub fn by(http: Client, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            http,
            token: None,
        }
    }

    /// Somebody with this token.
    #[must_use]
    pub fn with(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same without a token.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self {
            token: None,
            ..self.clone()
        }
    }

    /// The token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// A request with the token, to be finished and sent.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.http.request(
            method.parse::<Method>().unwrap(),
            format!("{}{path}", self.url),
        );
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request.
    pub async fn send(request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    /// Sends a request whose answer has no end, and goes away when it has begun well. A refusal is read whole.
    pub async fn send_for_head(request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = if status.is_success() {
            String::new()
        } else {
            response.text().await.unwrap()
        };
        Answer {
            status,
            headers,
            text,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        Self::send(self.request("GET", path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        Self::send(self.request("DELETE", path)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Self::send(self.request("POST", path).json(&body)).await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        Self::send(self.request("PUT", path).json(&body)).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        Self::send(self.request("PATCH", path).json(&body)).await
    }

    /// Any body of any type.
    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        Self::send(
            self.request(method, path)
                .header("content-type", content_type)
                .body(body),
        )
        .await
    }

    /// Somebody with a session of this user's, whose password is everybody's here.
    pub async fn sign_in(&self, username: &str) -> Self {
        let request = self.without_token().request("GET", "/api/auth/tokens/");
        let request = request.basic_auth(username, Some(canary::password()));
        let session = Self::send(request).await.ok();
        self.with(session["token"].as_str().unwrap())
    }

    /// A new member with this role in the workspace, signed in.
    pub async fn member(&self, role: &str) -> Member {
        let username = fresh(role);
        let body =
            json!({"username": username, "password": canary::password(), "workspaceRole": role});
        self.post("/api/workspace/members", body).await.ok();
        let caller = self.sign_in(&username).await;
        Member { username, caller }
    }

    /// POST, or another method, of a form.
    pub async fn form(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form_type = "application/x-www-form-urlencoded";
        self.raw(method, path, form_type, form(fields)).await
    }

    /// A project with `base` and `prod`, which inherits it; returns the path of its configs.
    pub async fn shop(&self) -> Shop {
        let slug = fresh("shop");
        self.post("/api/projects", json!({"slug": slug})).await.ok();
        let configs = format!("/api/projects/{slug}/configs");
        self.post(&configs, json!({"slug": "base"})).await.ok();
        self.post(&configs, json!({"slug": "prod", "parent": "base"}))
            .await
            .ok();
        Shop { slug, configs }
    }

    /// Somebody with a service token.
    pub async fn service(&self, body: Value) -> Self {
        let mut body = body;
        body["service_name"] = "ci".into();
        let issued = self.post("/api/auth/tokens/v2/service", body).await.ok();
        self.with(issued["token"].as_str().unwrap())
    }
}

/// A person of one test's own.
pub struct Member {
    /// What they sign in with.
    pub username: String,
    /// As whom they call.
    pub caller: Caller,
}

/// A project of one test's own.
pub struct Shop {
    /// Its slug.
    pub slug: String,
    /// The path of its configs.
    pub configs: String,
}

impl Shop {
    /// The path of a config's secrets.
    pub fn secrets(&self, config: &str) -> String {
        format!("{}/{config}/secrets", self.configs)
    }

    /// The path of one secret.
    pub fn secret(&self, config: &str, key: &str) -> String {
        format!("{}/{key}", self.secrets(config))
    }
}

/// The body of a form.
pub fn form<T: AsRef<str>>(fields: &[(&str, T)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// A name that no other test uses.
pub fn fresh(prefix: &str) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Makes the owner of a fresh server, and signs in as them.
pub async fn bootstrap(server: &Server) -> Caller {
    bootstrap_as(&Caller::nobody(&server.url())).await
}

/// Makes the owner of a fresh server and signs in as them, calling as this nobody does.
pub async fn bootstrap_as(nobody: &Caller) -> Caller {
    let body = json!({"username": OWNER, "password": canary::password()});
    let made = nobody.post("/api/onboarding/bootstrap", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    nobody.with(made.json()["token"].as_str().unwrap())
}

/// A server of one test's own, and its owner.
pub async fn own_server(options: ServerOptions) -> (Server, Caller) {
    let server = Server::start(options).await.unwrap();
    let owner = bootstrap(&server).await;
    (server, owner)
}

/// The owner on a server that tests share; each uses a project of its own.
pub async fn owner() -> Caller {
    static SHARED: OnceCell<(Server, String)> = OnceCell::const_new();
    let start = async || {
        let (server, owner) = own_server(ServerOptions::default()).await;
        (server, owner.token().to_owned())
    };
    let (server, token) = SHARED.get_or_init(start).await;
    // A client's connections belong to the runtime of the test that made it.
    Caller::nobody(&server.url()).with(token)
}
