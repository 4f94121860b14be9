//! The console's session: its cookie, which pages may use it, and how it ends.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::json;
use ssm_tests::caller::{Answer, Caller, OWNER, own_server};
use ssm_tests::{Server, ServerOptions, canary};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// A browser that has signed in or not.
struct Browser {
    caller: Caller,
    cookie: String,
}

impl Browser {
    fn at(server: &Server) -> Self {
        Self {
            caller: Caller::nobody(&server.url()),
            cookie: String::new(),
        }
    }

    /// A request with the cookie and nothing else that a browser sends.
    fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        self.caller
            .request(method, path)
            .header("cookie", &self.cookie)
    }

    /// A request as a page of the server's own sends it.
    fn page(&self, method: &str, path: &str) -> RequestBuilder {
        self.bare(method, path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
    }

    async fn sign_in(&mut self) -> Answer {
        self.sign_in_as(OWNER).await
    }

    async fn sign_in_as(&mut self, username: &str) -> Answer {
        let body = credentials(username);
        let answer = Caller::send(self.page("POST", "/api/auth/session").body(body)).await;
        let cookie = answer.header("set-cookie");
        if let Some((pair, _)) = cookie.split_once(';') {
            pair.clone_into(&mut self.cookie);
        }
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        Caller::send(self.bare("GET", path)).await
    }
}

fn credentials(username: &str) -> String {
    json!({"username": username, "password": canary::password()}).to_string()
}

/// A server, its owner's browser, signed in, and the owner.
async fn signed_in() -> (Server, Browser, Caller) {
    let (server, owner) = own_server(ServerOptions::default()).await;
    let mut browser = Browser::at(&server);
    browser.sign_in().await.ok();
    (server, browser, owner)
}

#[tokio::test]
async fn the_session_is_in_a_cookie_that_no_script_reads_and_nowhere_else() {
    let (server, _owner) = own_server(ServerOptions::default()).await;
    let mut browser = Browser::at(&server);
    let answer = browser.sign_in().await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("ssm_session=ssm_"), "{cookie}");
    for attribute in [
        "; HttpOnly",
        "; SameSite=Strict",
        "; Path=/;",
        "; Max-Age=86400",
    ] {
        assert!(cookie.contains(attribute), "{attribute} is not in {cookie}");
    }
    // On loopback there is no HTTPS that could carry it.
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert!(!canary::is_in(answer.text.as_bytes()), "{}", answer.text);
    let said = answer.ok();
    assert_eq!(
        (&said["username"], &said["insecure"]),
        (&json!(OWNER), &json!(false))
    );
    assert!(said["expiresAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(browser.get("/api/me").await.ok()["username"], OWNER);
}

#[tokio::test]
async fn a_cookie_counts_only_where_no_token_is_shown_not_even_a_blank_one() {
    let (_server, browser, _) = signed_in().await;
    for (name, value) in [
        ("authorization", "Bearer "),
        ("authorization", "Bearer    "),
        ("authorization", "Bearer"),
        ("authorization", ""),
        ("x-api-key", ""),
        ("x-api-key", " "),
        ("authorization", "Bearer ssm_nobody"),
    ] {
        let request = browser.bare("GET", "/api/me").header(name, value);
        Caller::send(request).await.refused(401, "unauthenticated");
    }
    let twice = format!("{0}; {0}", browser.cookie);
    let twice = browser
        .caller
        .request("GET", "/api/me")
        .header("cookie", twice);
    Caller::send(twice).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_change_needs_a_page_of_the_servers_own_and_json() {
    let (server, browser, _) = signed_in().await;
    let (own, json) = (server.url(), "application/json");
    for (site, origin, content_type, expected) in [
        (Some("same-origin"), None, Some(json), 201),
        (Some("none"), None, Some(json), 201),
        (
            None,
            Some(&*own),
            Some("application/json; charset=utf-8"),
            201,
        ),
        (Some("cross-site"), None, Some(json), 403),
        (Some("same-site"), Some(&*own), Some(json), 403),
        (None, Some("https://evil.example"), Some(json), 403),
        (None, Some("null"), Some(json), 403),
        (None, None, Some(json), 403),
        (Some("same-origin"), None, Some("text/plain"), 415),
        (
            Some("same-origin"),
            None,
            Some("application/x-www-form-urlencoded"),
            415,
        ),
        (Some("same-origin"), None, None, 415),
    ] {
        let mut request = browser.bare("POST", "/api/projects");
        let headers = [
            ("sec-fetch-site", site),
            ("origin", origin),
            ("content-type", content_type),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let slug = ssm_tests::caller::fresh("web");
        let answer = Caller::send(request.body(json!({"slug": slug}).to_string())).await;
        let case = format!("{site:?} {origin:?} {content_type:?}: {}", answer.text);
        assert_eq!(answer.status, expected, "{case}");
        match expected {
            403 => drop(answer.refused(403, "cross_site")),
            415 => drop(answer.refused(415, "unsupported_media_type")),
            _ => {}
        }
    }
    let delete = browser.bare("DELETE", "/api/projects/web?confirm=web");
    Caller::send(delete).await.refused(403, "cross_site");
}

#[tokio::test]
async fn a_file_is_imported_by_a_page_of_the_servers_own_and_by_no_form() {
    let (_server, browser, owner) = signed_in().await;
    let shop = owner.shop().await;
    let import = format!("{}/import", shop.secrets("prod"));
    let file = "# as it is\nexport A='1'\n";
    let form = |content_type: &'static str, site: &'static str| {
        let request = browser.bare("POST", &import);
        let request = request
            .header("sec-fetch-site", site)
            .header("content-type", content_type);
        Caller::send(request.body(file))
    };
    for content_type in ["text/plain", "multipart/form-data; boundary=x"] {
        form(content_type, "cross-site")
            .await
            .refused(403, "cross_site");
        let answer = form(content_type, "same-origin").await;
        answer.refused(415, "unsupported_media_type");
    }
    form("application/json", "cross-site")
        .await
        .refused(403, "cross_site");
    owner
        .get(&shop.secret("prod", "A"))
        .await
        .refused(404, "secret_not_found");

    let imported = Caller::send(browser.page("POST", &import).body(file)).await;
    imported.ok();
    assert_eq!(
        owner.get(&shop.secret("prod", "A")).await.ok()["value"],
        "1"
    );
}

#[tokio::test]
async fn a_session_may_do_all_that_the_console_does() {
    let (_server, browser, owner) = signed_in().await;
    let shop = owner.shop().await;
    let send = async |method: &str, path: &str, body: serde_json::Value| {
        Caller::send(browser.page(method, path).body(body.to_string()))
            .await
            .ok()
    };
    let none = json!(null);
    send("PUT", &shop.secret("base", "A"), json!({"value": "1"})).await;
    send(
        "PATCH",
        &shop.secrets("base"),
        json!({"set": {"B": "${A}2"}}),
    )
    .await;
    let resolved = format!(
        "{}?effective=true&resolve_references=true",
        shop.secret("prod", "B")
    );
    assert_eq!(browser.get(&resolved).await.ok()["value"], "12");
    let raw = format!("{}?effective=true", shop.secret("prod", "B"));
    assert_eq!(browser.get(&raw).await.ok()["value"], "${A}2");
    send("DELETE", &shop.secret("base", "B"), none.clone()).await;
    send(
        "PATCH",
        &format!("{}/prod", shop.configs),
        json!({"name": "Production"}),
    )
    .await;
    send("DELETE", &format!("{}/prod", shop.configs), none).await;
    assert_eq!(browser.get("/api/audit/export").await.status, 200);
    let watching = browser.bare("GET", "/api/watch");
    assert_eq!(Caller::send_for_head(watching).await.status, 200);
    let tokens = browser.get("/api/auth/tokens/v2").await.ok();
    let tokens = tokens["tokens"].as_array().unwrap();
    let current: Vec<_> = tokens
        .iter()
        .filter(|token| token["current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["purpose"], "console");
}

#[tokio::test]
async fn signing_in_too_needs_a_page_of_the_servers_own_and_json() {
    let (server, _owner) = own_server(ServerOptions::default()).await;
    let browser = Browser::at(&server);
    let sign_in = |site: &'static str, content_type: &'static str| {
        let request = browser.caller.request("POST", "/api/auth/session");
        let request = request
            .header("sec-fetch-site", site)
            .header("content-type", content_type);
        Caller::send(request.body(credentials(OWNER)))
    };
    sign_in("cross-site", "application/json")
        .await
        .refused(403, "cross_site");
    sign_in("same-origin", "text/plain")
        .await
        .refused(415, "unsupported_media_type");
    let bare = browser.caller.post("/api/auth/session", json!({})).await;
    bare.refused(403, "cross_site");
    let unknown = json!({"username": OWNER, "password": "x", "zzz": 1}).to_string();
    let unknown = Caller::send(browser.page("POST", "/api/auth/session").body(unknown)).await;
    unknown.refused(400, "unknown_fields");
}

#[tokio::test]
async fn a_cookie_that_was_there_before_a_login_dies_with_it() {
    let (_server, mut browser, _) = signed_in().await;
    let planted = Browser {
        caller: browser.caller.clone(),
        cookie: browser.cookie.clone(),
    };
    browser.sign_in().await.ok();
    assert_ne!(browser.cookie, planted.cookie);
    planted.get("/api/me").await.refused(401, "unauthenticated");
    browser.get("/api/me").await.ok();
}

#[tokio::test]
async fn a_failed_login_leaves_the_session_that_there_is() {
    let (_server, browser, _) = signed_in().await;
    let wrong = json!({"username": OWNER, "password": "wrong"}).to_string();
    let wrong = Caller::send(browser.page("POST", "/api/auth/session").body(wrong)).await;
    wrong.refused(401, "unauthenticated");
    assert!(wrong.header("set-cookie").is_empty());
    browser.get("/api/me").await.ok();
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie_back() {
    let (_server, browser, owner) = signed_in().await;
    let out = Caller::send(browser.page("DELETE", "/api/auth/session")).await;
    out.ok();
    let cookie = out.header("set-cookie");
    assert!(
        cookie.starts_with("ssm_session=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    browser.get("/api/me").await.refused(401, "unauthenticated");
    owner.get("/api/me").await.ok();
    owner
        .delete("/api/auth/session")
        .await
        .refused(400, "no_session");
}

#[tokio::test]
async fn a_session_is_a_token_that_can_be_seen_and_revoked() {
    let (_server, browser, owner) = signed_in().await;
    let tokens = owner.get("/api/auth/tokens/v2").await.ok();
    let tokens = tokens["tokens"].as_array().unwrap();
    let session = tokens
        .iter()
        .find(|token| token["purpose"] == "console")
        .unwrap();
    let revoke = json!({"token_id": session["token_id"]});
    owner.post("/api/auth/tokens/v2/revoke", revoke).await.ok();
    browser.get("/api/me").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn disabling_somebody_ends_all_their_sessions_and_streams_at_once_and_for_good() {
    let (server, owner) = own_server(ServerOptions::default()).await;
    let member = owner.member("viewer").await.username;
    let (mut browsers, mut streams) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let mut browser = Browser::at(&server);
        browser.sign_in_as(&member).await.ok();
        let mut stream = browser.bare("GET", "/api/watch").send().await.unwrap();
        assert_eq!(stream.status(), 200);
        assert!(stream.chunk().await.unwrap().is_some(), "it has begun");
        browsers.push(browser);
        streams.push(stream);
    }
    let path = format!("/api/workspace/members/{member}");
    owner.patch(&path, json!({"disabled": true})).await.ok();
    for browser in &browsers {
        browser.get("/api/me").await.refused(401, "unauthenticated");
    }
    for stream in streams {
        let rest = timeout(PATIENCE, stream.bytes()).await;
        rest.expect("the stream ends").expect("it ends whole");
    }
    let enabled = owner.patch(&path, json!({"disabled": false})).await;
    enabled.ok();
    for browser in &browsers {
        browser.get("/api/me").await.refused(401, "unauthenticated");
    }
}

/// What a login answers at this server, sent to `host` by a page of `origin`.
async fn login(server: &Server, host: &str, origin: &str) -> Answer {
    let request = Caller::nobody(&server.url()).request("POST", "/api/auth/session");
    let request = request.header("host", host).header("origin", origin);
    Caller::send(
        request
            .header("content-type", "application/json")
            .body(credentials(OWNER)),
    )
    .await
}

#[tokio::test]
async fn with_a_public_url_of_https_the_cookie_is_secure_and_that_origin_alone_is_its_own() {
    let options = ServerOptions::default().env("PUBLIC_URL", "https://ssm.example.com");
    let (server, _owner) = own_server(options).await;
    let own = login(&server, "10.0.0.1", "https://ssm.example.com").await;
    let cookie = own.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-ssm_session=") && cookie.contains("; Secure;"),
        "{cookie}"
    );
    assert_eq!(own.ok()["insecure"], false);
    assert!(
        own.header("strict-transport-security")
            .starts_with("max-age=")
    );
    for origin in [
        "http://ssm.example.com",
        "https://ssm.example.com:8443",
        "https://10.0.0.1",
    ] {
        login(&server, "10.0.0.1", origin)
            .await
            .refused(403, "cross_site");
    }
    // The name of a cookie that any page of the host's neighbours could have set.
    let plain = cookie.replace("__Host-", "");
    let plain = plain.split(';').next().unwrap();
    let request = Caller::nobody(&server.url()).request("GET", "/api/me");
    Caller::send(request.header("cookie", plain))
        .await
        .refused(401, "unauthenticated");
}

#[tokio::test]
async fn beyond_loopback_without_https_nobody_signs_in_unless_it_was_said_that_they_may() {
    let (server, _owner) = own_server(ServerOptions::default()).await;
    let refused = login(&server, "pi.lan:8080", "http://pi.lan:8080").await;
    refused.refused(403, "insecure_http");
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains("ALLOW_INSECURE_HTTP")
    );

    let options = ServerOptions::default().env("ALLOW_INSECURE_HTTP", "true");
    let (server, _owner) = own_server(options).await;
    let warned = login(&server, "pi.lan:8080", "http://pi.lan:8080").await;
    assert_eq!(warned.ok()["insecure"], true);
    assert!(warned.header("set-cookie").starts_with("ssm_session="));
    login(&server, "pi.lan:8080", "http://evil.lan")
        .await
        .refused(403, "cross_site");
}
